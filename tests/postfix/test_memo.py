"""A remembered decision cannot be told from a fresh one."""

from __future__ import annotations

import pytest

from simmail.mail.questions import Decision, Dns
from simmail.postfix.memo import Memo, Memory


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


def test_what_is_remembered_is_bounded_for_all_together() -> None:
    """One table may grow far while others are small; beyond the limit the newer half of each stays."""
    memory = Memory(limit=10)
    busy, idle = Memo(memory=memory), Memo(memory=memory)
    large, small = dict[int, int](), dict[int, int]()
    for number in range(2):
        idle.keep(small, number, number)
    for number in range(8):
        busy.keep(large, number, number)
    assert (len(large), len(small)) == (8, 2)
    busy.keep(large, 8, 8)
    assert large == {5: 5, 6: 6, 7: 7, 8: 8}
    assert small == {}
    for number in range(100):
        busy.keep(large, number, -number)
        assert len(large) <= 10
    assert large[99] == -99


def test_nothing_is_kept_where_nothing_is_remembered() -> None:
    """A memo that is switched off keeps no answers of programs either."""
    table = dict[str, str]()
    Memo(enabled=False).keep(table, "a", "b")
    assert not table
