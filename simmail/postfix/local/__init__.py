"""local(8): delivery at home, a module for each thing that a recipient may lead to."""

from simmail.postfix.local.agent import Local

__all__ = ["Local"]
