"""Who remembers something read from files learns of their changes, and of no others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simmail.files.file_errors import FileError
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
    "it is written by way of a link": lambda files: files.write("/etc/link/access.db", "new"),
    "it is written by another name": lambda files: files.write("/etc/second", "new"),
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
    files.make_link("/etc/link", "postfix")
    files.make_hard_link("/etc/second", TABLE)
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


def test_a_watched_link_tells_of_what_it_leads_to() -> None:
    """Who reads by way of a link looks again when the file changes, or the link."""
    files = FileSystem()
    files.write("/srv/access", "old")
    files.make_link(TABLE, "../../srv/access")
    files.watch(TABLE)
    before = files.version
    files.write("/srv/access", "new")
    written = files.version
    files.remove(TABLE)
    assert before < written < files.version
    assert files.read("/srv/access") == "new"


def test_a_link_in_a_circle_leads_nowhere() -> None:
    """Two links that lead to each other are no file, and reading them says why."""
    files = FileSystem()
    files.make_link("/tmp/a", "b")
    files.make_link("/tmp/b", "/tmp/a")
    assert not files.exists("/tmp/a")
    assert files.find("/tmp/b") is None
    with pytest.raises(FileError, match="Too many levels"):
        files.read("/tmp/a")


def test_a_file_may_be_watched_before_it_is_there() -> None:
    """A table that is made later is a change, too."""
    files = FileSystem()
    files.watch(TABLE)
    files.write(TABLE, "new")
    assert files.version == 1
