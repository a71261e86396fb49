"""How users reach the mailboxes of a host from outside: POP3 (RFC 1939) and IMAP (RFC 3501), as far as clients ask."""

from __future__ import annotations

from simmail.userland.maildrop.imap import Imap
from simmail.userland.maildrop.pop3 import Pop3
from simmail.userland.maildrop.store import Maildrop

__all__ = ["Imap", "Maildrop", "Pop3"]
