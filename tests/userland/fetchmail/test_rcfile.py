"""fetchmail's control file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmail.userland.fetchmail.delivery import sender_of
from simmail.userland.fetchmail.rcfile import Account, RcError, parse

READ = {
    'poll a.example proto pop3 user "bob" there with password "x y" is joe here mda "procmail -d %T" fetchall': [
        Account("a.example", login="bob", password="x y", locals=("joe",), mda="procmail -d %T", all=True)
    ],
    "poll a.example via b.example protocol IMAP, port 1143 timeout 9\n  username bob, pass x; no keep limit 100": [
        Account("a.example", "b.example", "IMAP", 1143, timeout=9, login="bob", password="x", locals=("me",), limit=100)
    ],
    "defaults proto imap keep\nskip a.example user one pass p user two pass q to two # end": [
        Account("a.example", protocol="IMAP", keep=True, skipped=True, login="one", password="p", locals=("me",)),
        Account("a.example", protocol="IMAP", keep=True, skipped=True, login="two", password="q", locals=("two",)),
    ],
    "poll a.example": [Account("a.example", login="me", locals=("me",))],
    "poll a.example smtphost b.example/2525 c.example user bob nokeep": [
        Account("a.example", login="bob", locals=("me",), smtp_hosts=("b.example/2525", "c.example"))
    ],
}


@pytest.mark.parametrize("text", READ)
def test_is_read(text: str) -> None:
    """Noise words, defaults, several users of a server, here and there."""
    assert parse(text, "me").accounts == READ[text]


def test_settings_are_read() -> None:
    """`set` with a value, without one, and with no."""
    found = parse("set daemon 300\nset logfile = /tmp/l\nset no bouncemail\nset syslog\n", "me").settings
    assert found == {"daemon": "300", "logfile": "/tmp/l", "nobouncemail": "", "syslog": ""}


MISTAKES = {
    "poll a proto foo": (1, "foo"),
    "poll a\n usr bob": (2, "usr"),
    "set daemon x": (1, "x"),
    "\n\nfetch a": (3, "fetch"),
    "poll a user": (1, "end of input"),
    'poll a user bob pass "x': (1, '"'),
    "poll a limit 9999999999": (1, "9999999999"),
    "set nonsense": (1, "nonsense"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_told_with_line_and_word(text: str) -> None:
    """The first word that has no place is named."""
    with pytest.raises(RcError) as caught:
        parse(text, "me")
    assert (caught.value.line, caught.value.token) == MISTAKES[text]


WORDS = [
    "poll",
    "a",
    "user",
    "is",
    "here",
    "there",
    "pass",
    "proto",
    "pop3",
    "set",
    "daemon",
    "3",
    '"',
    "\n",
    "no",
    "keep",
    "#",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_any_file_is_read_or_refused(text: str) -> None:
    """Whatever stands there, it is read, or refused with a line that is there."""
    line = 1
    try:
        found = parse(text, "me").accounts
    except RcError as error:
        found, line = [], error.line
    assert all(account.server for account in found)
    assert 1 <= line <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("Return-Path: <a@a.example>\nFrom: b@b.example\n\n", "a@a.example"),
        ("Return-Path: <>\nFrom: b@b.example\n\n", ""),
        ("From: B <b@b.example>\n\nReturn-Path: <c@c.example>\n", "b@b.example"),
        ("Subject: x\n\n", ""),
    ],
)
def test_sender(text: str, sender: str) -> None:
    """The envelope sender is the Return-Path:'s, else the author."""
    assert sender_of(text) == sender
