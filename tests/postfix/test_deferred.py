"""Messages that wait are on disk, and are as they were when somebody looks."""

from __future__ import annotations

from dataclasses import fields

import pytest

from simmail.mail.content import Content
from simmail.mail.message import Message, Notify, Recipient
from simmail.postfix.deferred import Deferred
from simmail.world.spill import Texts


def letter(queue_id: str, arrival: float = 1.5, due: int = 300) -> Message:
    """A message with something in each corner."""
    recipient = Recipient("ann@a.example", "ann", "rfc822;ann", frozenset({Notify.DELAY}), "timed out", "4.4.1")
    done = Recipient("bob@b.example", end="sent", place=1)
    return Message(
        queue_id, arrival, "joe@c.example", [recipient], Content(("Subject: na\u00efve \udcff", "", "x")), 300,
        done=(done,), deferrals=(("ann@a.example", "timed out"),), due=due, expired=True, ret="HDRS",
    )  # fmt: skip


def told(message: Message) -> list[object]:
    """All that a message says of itself."""
    return [getattr(message, field.name) for field in fields(Message)]


@pytest.mark.parametrize("store", [None, Texts()], ids=["memory", "disk"])
def test_a_message_is_the_same_when_it_comes_back(store: Texts | None) -> None:
    """Whoever looks at it, or takes it out, has all of it; also what stands in another order than before."""
    deferred = Deferred(store)
    for queue_id in ("A", "B", "C"):
        deferred.put_away(letter(queue_id))
    assert list(deferred) == ["A", "B", "C"]
    assert [told(message) for message in deferred.values()] == [told(letter(queue_id)) for queue_id in "ABC"]
    assert [(queue_id, message.queue_id) for queue_id, message in deferred.items()] == [(q, q) for q in "ABC"]
    assert told(deferred.pop("B")) == told(letter("B"))
    assert "B" not in deferred
    assert deferred.get("B") is None
    assert len(deferred) == 2


def test_a_message_that_was_asked_for_is_the_one_that_waits() -> None:
    """What is changed of it stays changed, and it is the same one as long as it waits."""
    deferred = Deferred(Texts())
    deferred.put_away(letter("A"))
    for message in deferred.values():
        message.expired = False  # only looked at: nothing comes of it
    assert deferred["A"].expired
    deferred["A"].expired = False
    deferred["A"].due = 7
    assert not deferred["A"].expired
    assert deferred.due(7) == ["A"]
    deferred.put_away(deferred["A"])
    assert not deferred["A"].expired


def test_an_empty_message_comes_back_empty() -> None:
    """A content without lines is nowhere in the store."""
    deferred = Deferred(Texts())
    deferred.put_away(Message("A", 0.0, "", [], Content(())))
    assert deferred["A"].content.lines == ()


def test_the_newest_comes_first() -> None:
    """A queue run finds what is due; of one moment the one that came last into the queue."""
    deferred = Deferred(Texts())
    for queue_id, arrival, due in (("A", 3.0, 10), ("B", 1.0, 10), ("C", 3.0, 10), ("D", 4.0, 11)):
        deferred.put_away(letter(queue_id, arrival, due))
    assert deferred.due(10) == ["C", "A", "B"]
    assert deferred.due(11) == ["D", "C", "A", "B"]
    assert deferred.due(9) == []
