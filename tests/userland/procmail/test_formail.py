"""formail and lockfile, as recipes use them."""

from __future__ import annotations

import pytest

from simmail.files.machine import Machine
from tests.userland.procmail.sorting import ours

MAIL = """\
From al@a.example  Mon Jan  5 10:00:00 2026
Received: from x
\tby y
From: Al <al@a.example>
To: bob@b.example, carol@c.example
Subject:Hello
 world
Reply-To: al2@a.example
Message-ID: <1@a>
References: <0@a>
X-Loop: me
Subject: two
X-Empty:\x20

Hi
From here
bye
"""
REPLY = "X-Loop: me\nTo: {}\nSubject: Re: two\nReferences: <0@a> <1@a>\nIn-Reply-To: <1@a>\n"

PRINTED = [
    ("-x Subject", "Hello\n world\n two\n"),
    ("-c -x Subject:", "Hello  world\n two\n"),
    ("-zx Subject:", "Hello\n world\ntwo\n"),
    ("-X Subject: -x To", " bob@b.example, carol@c.example\nSubject:Hello\n world\nSubject: two\n"),
    ("-r", REPLY.format("al@a.example") + "\n"),
    ("-rt -A X-A:b", REPLY.format("al2@a.example") + "X-A:b\n\n"),
    ("-rk", REPLY.format("al@a.example") + "\n>Hi\n>>From here\n>bye\n\n"),
    ("-rtzxTo:", "al2@a.example\n"),
]
"""Options, and what formail 3.22 prints."""


@pytest.mark.parametrize(("options", "printed"), PRINTED)
def test_prints(options: str, printed: str) -> None:
    """Extracted fields and answers are what the real one prints."""
    assert ours(Machine("home.example"), ("formail", *options.split()), MAIL)[1] == printed


def test_fields_are_changed() -> None:
    """-i keeps the old field under another name, -I does not, -a adds what is not there, -A adds, -R renames."""
    words = (
        "-i",
        "To: x",
        "-I",
        "Subject:",
        "-a",
        "X-Loop: no",
        "-a",
        "X-New: n",
        "-A",
        "X-B: 1",
        "-R",
        "Received",
        "X-R",
    )
    assert ours(Machine("home.example"), ("formail", *words), MAIL)[1] == (
        "From al@a.example  Mon Jan  5 10:00:00 2026\nX-R: from x\n\tby y\nFrom: Al <al@a.example>\n"
        "Old-To: bob@b.example, carol@c.example\nReply-To: al2@a.example\nMessage-ID: <1@a>\nReferences: <0@a>\n"
        "X-Loop: me\nX-Empty: \nX-New: n\nX-B: 1\nTo: x\n\nHi\n>From here\nbye\n\n"
    )


def test_mailbox_is_split() -> None:
    """-s starts a program for each message and numbers them; messages can be skipped."""
    machine = Machine("home.example")
    ours(
        machine, ("formail", "+1", "-s", "sh", "-c", "cat > /tmp/$FILENO"), MAIL.replace("From here", "x") + "\n" + MAIL
    )
    assert machine.files.listing("/tmp") == ["000"]
    assert "From here" in machine.files.read("/tmp/000")


def test_duplicates_are_known() -> None:
    """-D tells by its exit status whether it saw a Message-ID before."""
    machine = Machine("home.example")
    assert [ours(machine, ("formail", "-D", "100", "/tmp/ids"), MAIL)[0] for _ in range(2)] == [1, 0]


def test_lockfile_gives_up() -> None:
    """A lock that is there is waited for as often as -r says."""
    machine = Machine("home.example")
    assert ours(machine, ("lockfile", "/tmp/l"), "")[0] == 0
    status, _, complaint = ours(machine, ("lockfile", "-1", "-r", "2", "/tmp/l"), "")
    assert (status, complaint) == (73, 'lockfile: Sorry, giving up on "/tmp/l"\n')
