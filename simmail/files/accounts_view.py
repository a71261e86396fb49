"""/etc/passwd, rendered from a machine's accounts when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from simmail.files.entries import File
from simmail.files.file_errors import NOT_DIRECTORY, FileError

PASSWD = "/etc/passwd"


class Entry(Protocol):
    """An account."""

    @property
    def line(self) -> str:
        """Its line."""


class AccountsView:
    """/etc/passwd as a file.

    An administrator may write another one; the accounts stay what they are.

    Args:
        accounts: login name -> account.
    """

    def __init__(self, accounts: Mapping[str, Entry]) -> None:
        self._accounts = accounts
        self._written: File | None = None

    def names(self, below: str) -> Iterator[str]:
        """The one file."""
        if PASSWD.startswith(below):
            yield PASSWD

    def file(self, path: str) -> File:
        """The accounts as they are now, or what was written in their place."""
        if path != PASSWD:
            raise FileError(path, NOT_DIRECTORY)
        if self._written is not None:
            return self._written
        return File("".join(f"{account.line}\n" for account in self._accounts.values()), "root", 0o644)

    def remove(self, path: str) -> None:
        """An administrator removes it: it is empty from then on."""
        self._written = File("", "root", 0o644)

    def write(self, path: str, text: str, modified: float) -> None:
        """An administrator writes another one."""
        self._written = File(text, "root", 0o644, modified)
