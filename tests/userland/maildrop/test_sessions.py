"""Sessions of the servers of POP3 and IMAP."""

from __future__ import annotations

from simmail.files.tree import FileSystem
from simmail.userland.maildrop import Imap, Maildrop, Pop3

MBOX = """\
From a@a.example  Mon Jan  5 10:00:00 2026
Subject: one

.dot
>From me

From b@b.example  Mon Jan  5 11:00:00 2026
Subject: two

text

"""
PASSWORDS = {"bob": "secret"}


def files() -> FileSystem:
    """A host's, with two messages for Bob."""
    tree = FileSystem()
    tree.write("/var/mail/bob", MBOX, owner="bob", mode=0o600)
    return tree


def pop3(tree: FileSystem, *lines: str) -> list[str]:
    """What a session of POP3 answers."""
    session = Pop3(tree, PASSWORDS, "mx.example")
    said = session.greeting().wire()
    for line in lines:
        verb, _, argument = line.partition(" ")
        said += session.answer(verb, argument).wire()
    return said


def imap(tree: FileSystem, *lines: str, seen: set[str] | None = None) -> list[str]:
    """What a session of IMAP answers."""
    session = Imap(tree, PASSWORDS, "mx.example", set() if seen is None else seen)
    return [said for line in lines for said in session.answer("A", line).wire()]


def test_pop3_session() -> None:
    """Log in, look, fetch with dots stuffed, delete; with QUIT the message goes and the other stays as it was."""
    tree = files()
    said = pop3(
        tree, "STAT", "USER bob", "PASS secret", "STAT", "LIST", "RETR 1", "DELE 1", "RETR 1", "TOP 2 0", "QUIT"
    )
    assert said == [
        "+OK mx.example POP3 server ready", "-ERR log in first", "+OK", "+OK logged in", "+OK 2 53", "+OK",
        "1 31", "2 22", ".", "+OK 31 octets", "Subject: one", "", "..dot", "From me", ".", "+OK deleted",
        "-ERR no such message", "+OK 22 octets",
        "Subject: two", "", ".", "+OK bye",
    ]  # fmt: skip
    assert tree.read("/var/mail/bob") == MBOX[MBOX.index("From b@") :]
    assert tree.file("/var/mail/bob").owner == "bob"


def test_nothing_goes_without_quit() -> None:
    """A session that breaks off leaves the mailbox as it was, and a wrong password opens none."""
    tree = files()
    pop3(tree, "USER bob", "PASS secret", "DELE 1")
    assert pop3(tree, "USER bob", "PASS wrong")[-1] == "-ERR [AUTH] authentication failed"
    assert pop3(tree, "USER ann", "PASS ")[-1] == "-ERR [AUTH] authentication failed"
    assert tree.read("/var/mail/bob") == MBOX


def test_what_came_meanwhile_stays() -> None:
    """Removing messages leaves those that were delivered after the mailbox was opened."""
    tree = files()
    drop = Maildrop(tree, "bob")
    more = "From c@c.example  Mon Jan  5 12:00:00 2026\nSubject: three\n\ntext\n\n"
    tree.append("/var/mail/bob", more)
    drop.remove({0, 1})
    assert tree.read("/var/mail/bob") == more


def test_imap_session() -> None:
    """Log in, select, sizes and flags, a message, which is then read, deletion, and expunging."""
    tree = files()
    seen: set[str] = set()
    login = 'LOGIN "bob" "secret"'
    said = imap(tree, login, "SELECT INBOX", "FETCH 1:* (RFC822.SIZE FLAGS)", "FETCH 2 RFC822", seen=seen)
    assert said[1] == "* 2 EXISTS"
    assert said[5:7] == ["* 1 FETCH (RFC822.SIZE 31 FLAGS ())", "* 2 FETCH (RFC822.SIZE 22 FLAGS ())"]
    assert said[8:] == ["* 2 FETCH (RFC822 {22}", "Subject: two", "", "text", ")", "A OK FETCH completed"]
    again = imap(
        tree, login, "SELECT INBOX", "FETCH 2 FLAGS", "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE", "LOGOUT", seen=seen
    )
    assert "* 2 FETCH (FLAGS (\\Seen))" in again
    assert "* 1 EXPUNGE" in again
    assert tree.read("/var/mail/bob").count("From ") == 1


def test_imap_refuses() -> None:
    """What is out of turn, unknown or malformed is refused, and nothing is given out."""
    assert imap(files(), "FETCH 1 RFC822") == ["A NO log in first"]
    assert imap(files(), "LOGIN bob wrong", "SELECT INBOX")[-1] == "A NO log in first"
    assert imap(files(), "LOGIN bob secret", "FETCH 1 RFC822")[-1] == "A NO select a mailbox first"
    assert imap(files(), "LOGIN bob secret", "SELECT /etc/passwd")[-1] == "A NO there is no such mailbox"
    assert imap(files(), 'LOGIN "bob')[-1] == "A BAD unbalanced quotes"
    assert imap(files(), "DANCE")[-1] == "A BAD unknown command"
    assert len(imap(files(), "LOGIN bob secret", "SELECT INBOX", "FETCH 1:99999999,x,0,9999999:3 FLAGS")) < 12
