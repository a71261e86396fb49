"""postscreen(8): looks at clients before smtpd has to."""

from simmail.postfix.postscreen.program import Postscreen

__all__ = ["Postscreen"]
