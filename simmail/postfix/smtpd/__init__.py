"""smtpd(8): the server side of SMTP."""

from simmail.postfix.smtpd.program import Smtpd

__all__ = ["Smtpd"]
