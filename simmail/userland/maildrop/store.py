"""A user's mailbox as a server of mailboxes sees it: the messages that were there when it was opened."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from simmail.files.file_errors import FileError
from simmail.files.mailbox import split_mbox, unquoted
from simmail.files.tree import FileSystem
from simmail.mail.content import octets

SPOOL = "/var/mail"


class Maildrop:
    """A mailbox, opened.

    Args:
        files: the host's.
        user: whose it is.

    Attributes:
        messages: what was there, each without its From_ line.
    """

    def __init__(self, files: FileSystem, user: str) -> None:
        self.files, self.path = files, f"{SPOOL}/{user}"
        self._raw = split_mbox(self._read())
        self.messages = [unquoted(raw) for raw in self._raw]

    def _read(self) -> str:
        try:
            return self.files.read(self.path)
        except FileError:
            return ""

    def size(self, index: int) -> int:
        """Octets of a message as it travels, line ends CR LF."""
        text = self.messages[index]
        return octets(text) + text.count("\n")

    def unique(self, index: int) -> str:
        """A name that the message keeps as long as it is there."""
        return hashlib.sha256(self._raw[index].encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def remove(self, indexes: Collection[int]) -> None:
        """Take messages out of the mailbox; what came meanwhile, and what somebody changed, stays."""
        if not indexes:
            return
        gone = [self._raw[index] for index in sorted(indexes)]
        kept = []
        for raw in split_mbox(self._read()):
            if raw in gone:
                gone.remove(raw)
            else:
                kept.append(raw)
        before = self.files.file(self.path)
        self.files.write(self.path, "".join(kept), owner=before.owner, mode=before.mode)
