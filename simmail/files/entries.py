"""What lies in a simulated host's file system: files and links, whose they are, and views."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


class Owner(str):
    """Whose something is that belongs to a group of its own choice, not to its owner's.

    Args:
        name: the account, or the number of one that is not there.
        group: the group's number.
    """

    __slots__ = ("group",)
    group: int

    def __new__(cls, name: str, group: int) -> Owner:
        """Make one: a text cannot be changed later."""
        owner = super().__new__(cls, name)
        owner.group = group
        return owner


@dataclass(slots=True)
class File:
    """One file: its text (octets that are no UTF-8 as surrogate escapes), owner, mode and times (s).

    The owner is the name of an account, or the number of one that is not there.  The first time is that of the last
    change as it is told, which touch(1) can set; the other is when the file was last written or touched indeed.
    """

    text: str
    owner: str = "root"
    mode: int = 0o644
    modified: float = 0.0
    changed: float = 0.0


class Link(File):
    """A symbolic link; its text is the path that it leads to."""

    __slots__ = ()


class View(Protocol):
    """A part of the tree that is rendered when read: the log, the queue, mailboxes."""

    def names(self, below: str) -> Iterator[str]:
        """The paths that it has now, absolute, of those that begin with `below`."""

    def file(self, path: str) -> File:
        """The file at `path`; FileError where there is none."""

    def remove(self, path: str) -> None:
        """An administrator removes the file; FileError where that cannot be."""

    def write(self, path: str, text: str, modified: float) -> None:
        """An administrator puts another text there, or another time (s); FileError where that cannot be."""


def may_write(file: File, user: str) -> bool:
    """Whether a user may write to a file: root, its owner or anybody as its permissions say."""
    return user == "root" or bool(file.mode & (0o200 if user == file.owner else 0o002))


def may_read(file: File, user: str) -> bool:
    """Whether a user may read a file, in the same way."""
    return user == "root" or bool(file.mode & (0o400 if user == file.owner else 0o004))
