"""A typed session and a mail program's are the same session."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import simmail
from simmail.mail.content import Content
from simmail.mail.questions import Connect, Decision, Receive, Send
from simmail.smtp.commands import Command, Data, Sent
from simmail.smtp.replies import Reply
from simmail.world.world import World

ADDRESSES = [
    "bledger@creativeacct.com",
    "taxes+2026@creativeacct.com",
    "nobody@creativeacct.com",
    "x@elsewhere.example",
]
LINES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
SENDERS = st.sampled_from(["<alice@domain.ork>", "<>", "bad address", "<a b@c>", "<alice>"])
SERVER = "198.51.100.10"


def steps(sender: str, recipients: list[str], lines: list[str]) -> list[Sent]:
    """What a client sends that does as it likes."""
    return [
        Command("EHLO", "pc1.domain.ork"), Command("MAIL", f"FROM:{sender}"),
        *(Command("RCPT", f"TO:<{to}>") for to in recipients), Command("DATA"), Data(Content(lines)),
        Command("NOOP"), Command("QUIT"),
    ]  # fmt: skip


def simulated(world: World, sent: list[Sent]) -> list[list[str]]:
    """A program's session; the replies.  Content is only sent where it was asked for."""
    replies: list[list[str]] = []

    def session() -> Decision[None]:
        connection = yield Connect(SERVER)
        reply: Any = yield Receive(connection)
        replies.append(reply.wire())
        for step in sent:
            if isinstance(step, Data) and reply.code != 354:
                continue
            reply = (yield Send(connection, (step,), (300.0,)))[0]
            if not isinstance(reply, Reply):
                break
            replies.append(reply.wire())

    world.complete(world.host("pc1.domain.ork"), session())
    return replies


def typed(world: World, sent: list[Sent]) -> list[list[str]]:
    """The same, rendered as lines and typed."""
    line = world.telnet("pc1.domain.ork", SERVER)
    replies = [[t.removeprefix("S: ") for t in line.transcript]]
    for step in sent:
        if isinstance(step, Data):
            if not replies[-1][0].startswith("354"):
                continue
            text = "\n".join([*("." + x if x.startswith(".") else x for x in step.content.lines), "."])
        else:
            assert isinstance(step, Command)
            text = step.line()
        replies.append(line.type(text).split("\n"))
    return replies


@settings(max_examples=25, deadline=None)
@given(SENDERS, st.lists(st.sampled_from(ADDRESSES), max_size=3), st.lists(LINES, max_size=5))
def test_typed_and_simulated_sessions_are_one(sender: str, recipients: list[str], lines: list[str]) -> None:
    """The same commands give the same replies, records and mailboxes, whoever says them."""
    sent = steps(sender, recipients, lines)
    one, other = simmail.load("01"), simmail.load("01")

    assert simulated(one, sent) == typed(other, sent)

    one.run(60.0)
    other.run(60.0)
    assert [r._replace(task=0) for r in one.journal.until(60.0)] == [
        r._replace(task=0) for r in other.journal.until(60.0)
    ]
