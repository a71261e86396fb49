"""A user's mail folders on a computer: mbox files, Maildirs, MH folders, the system mailbox."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from simmail.files.mailbox import split_mbox, unquoted
from simmail.files.tree import FileSystem

INBOX = "inbox"
#: Folders that mail programs keep a user's folders in; their names are left out.
SHELVES = ("Mail", "mail")
_MAILDIR = re.compile(r"(.+)/(?:new|cur)/[^/]+")
_MH = re.compile(r"(.+)/[0-9]+")
_HEADER = re.compile(r"[!-9;-~]+:")
#: What an mbox file begins with, and a log does not.
_MBOX = re.compile(r"From [^\n]*\n>?[!-9;-~]+:")


def folders(files: FileSystem, home: str, user: str) -> dict[str, list[str]]:
    """The messages of each folder, oldest first, by the folder's name.

    Args:
        files: the computer's.
        home: where the user's folders lie.
        user: whose system mailbox is the inbox.
    """
    found: dict[str, list[str]] = {}
    spool = f"/var/mail/{user}"
    if files.exists(spool) and not files.is_folder(spool):
        found[INBOX] = [unquoted(piece) for piece in split_mbox(files.read(spool))]
    paths = sorted(files.names(home), key=_by_number)
    for path in paths:
        for name, text in _messages(files, path, posixpath.relpath(path, home)):
            found.setdefault(_without_shelf(name), []).append(text)
    return dict(sorted(found.items(), key=lambda item: (item[0] != INBOX, item[0])))


def _by_number(path: str) -> tuple[str, int, str]:
    folder, name = posixpath.split(path)
    return (folder, int(name) if name.isdecimal() and len(name) < 10 else 0, name)


def _without_shelf(name: str) -> str:
    shelf, slash, rest = name.partition("/")
    return rest if slash and shelf in SHELVES else name


def _messages(files: FileSystem, path: str, name: str) -> Iterator[tuple[str, str]]:
    """What a file holds of which folder: the folder's name and a message's text."""
    in_maildir, in_mh = _MAILDIR.fullmatch(name), _MH.fullmatch(name)
    text = files.read(path)
    if in_maildir:
        yield in_maildir[1], text
    elif in_mh and (text.startswith("From ") or _HEADER.match(text)):
        yield in_mh[1], unquoted(text) if text.startswith("From ") else text
    elif _MBOX.match(text):
        for piece in split_mbox(text):
            yield name, unquoted(piece)
