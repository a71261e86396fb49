"""Who remembers something read from files learns of their changes, and of no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simmail.files.mailbox import deposit
from simmail.files.tree import FileSystem
from simmail.mail.content import Content
from simmail.mail.message import Message
from simmail.mail.questions import Deposit

TABLE = "/etc/postfix/access.db"


def delivered(files: FileSystem, path: str) -> None:
    """Put a message into a mailbox."""
    message = Message("Q1", 0.0, "", [], Content(("Subject: x", "", "x")))
    assert deposit(files, Deposit(path, message, (), "ann"), 1.0, 1.0, "mail") == ""


CHANGES: dict[str, Callable[[FileSystem], None]] = {
    "it is written": lambda files: files.write(TABLE, "new"),
    "it is written under another form of its name": lambda files: files.write("/etc//postfix/./access.db", "new"),
    "it grows": lambda files: files.append(TABLE, "more"),
    "it is removed": lambda files: files.remove(TABLE),
    "mail is delivered to it": lambda files: delivered(files, TABLE),
}
OTHERS: dict[str, Callable[[FileSystem], None]] = {
    "another file is written": lambda files: files.write("/etc/postfix/access", "new"),
    "another file is removed": lambda files: files.remove("/etc/motd"),
    "mail is delivered to an mbox file": lambda files: delivered(files, "/var/mail/ann"),
    "mail is delivered to a Maildir": lambda files: delivered(files, "/home/ann/Maildir/"),
}


def grown(change: Callable[[FileSystem], None]) -> bool:
    """Whether a change lets those look again who watch the table."""
    files = FileSystem()
    files.write(TABLE, "old")
    files.write("/etc/motd", "welcome")
    files.watch(TABLE)
    before = files.version
    change(files)
    return files.version > before


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_a_watched_file_is_told(change: Callable[[FileSystem], None]) -> None:
    """Whatever is done to the file, its version is another one."""
    assert grown(change)


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_other_changes_are_not_told(change: Callable[[FileSystem], None]) -> None:
    """Mailboxes change with each message, and nobody has to look at his tables again for that."""
    assert not grown(change)


def test_a_file_may_be_watched_before_it_is_there() -> None:
    """A table that is made later is a change, too."""
    files = FileSystem()
    files.watch(TABLE)
    files.write(TABLE, "new")
    assert files.version == 1
