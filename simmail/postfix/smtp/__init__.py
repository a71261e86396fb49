"""The SMTP and LMTP client, smtp(8): see `simmail.postfix.smtp.client`."""

from simmail.postfix.smtp.client import Lmtp, Smtp

__all__ = ["Lmtp", "Smtp"]
