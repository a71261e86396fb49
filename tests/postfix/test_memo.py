"""A remembered decision cannot be told from a fresh one."""

from __future__ import annotations

import pytest

from simmail.mail.questions import Decision, Dns
from simmail.postfix.memo import Memo


def asks_twice(log: list[str]) -> Decision[str]:
    """A decision that needs two answers."""
    log.append("began")
    first = yield Dns("a.example", "A")
    second = yield Dns("b.example", "A")
    return f"{first}{second}"


def ended(decision: Decision[str], *answers: str) -> str:
    """The verdict, with the answers given in order."""
    next(decision)
    try:
        for answer in answers:
            decision.send(answer)
    except StopIteration as stop:
        return str(stop.value)
    raise AssertionError("asks more")


def test_two_that_decide_the_same_at_a_time() -> None:
    """While one waits for an answer, another that asks the same question comes to a verdict of its own."""
    memo, log = Memo(), list[str]()
    early = memo.decide("key", asks_twice, log)
    next(early)
    assert ended(memo.decide("key", asks_twice, log), "1", "2") == "12"
    early.send("1")
    third = memo.decide("key", asks_twice, log)
    next(third)
    third.send("9")
    fourth = memo.decide("key", asks_twice, log)
    assert ended(fourth, "9", "8") == "98"
    with pytest.raises(StopIteration) as end:
        early.send("3")
    assert end.value.value == "13"
    assert len(log) == 4
    assert ended(memo.decide("key", asks_twice, log), "1", "2") == "12"
    assert len(log) == 4
