"""Records that are no longer new are as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmail.mail import records
from simmail.mail.records import Journal, Record, in_order
from simmail.world.spill import Spill


def test_records_come_back_from_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal of which the beginning is on disk tells the same as one that has all at hand."""
    monkeypatch.setattr(records, "LATEST", 10)
    monkeypatch.setattr(records, "PACK", 3)
    spilt, whole = Journal(Spill()), Journal()
    for number in range(40):
        row = (float(-number % 7), "mail", "qmgr", "text", f"Q{number}", (number, None, ("a", 0.5)), number)
        spilt.append(row)
        whole.append(row)
        spilt.pack()
    assert len(spilt) == len(whole) == 40
    assert list(spilt) == list(whole)
    assert list(spilt.until(4.0)) == list(whole.until(4.0))
    assert list(spilt.since(20)) == list(whole)[20:]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["active", "removed"]), st.integers(0, 3)), max_size=60),
    st.integers(0, 30),
)
def test_many_records_are_read_in_the_order_of_few(told: list[tuple[int, str, int]], now: int) -> None:
    """What is too much to be held comes pack by pack, in the same order, however far ahead some of it was written."""
    with pytest.MonkeyPatch.context() as patch:
        for name, number in (("LATEST", 4), ("PACK", 3), ("HELD", 0)):
            patch.setattr(records, name, number)
        journal = Journal(Spill())
        for time, event, task in told:
            journal.append((float(time), "mail", "qmgr", event, "", (len(journal),), task))
            journal.pack()
        ordered = journal.until(now)
        journal.append((0.0, "mail", "qmgr", "active", "", ("later",), 0))
        written = [Record(float(t), "mail", "qmgr", e, "", (n,), k) for n, (t, e, k) in enumerate(told)]
        expected = in_order(record for record in written if record.time <= now)
        assert list(ordered) == expected
        assert list(ordered.of("removed")) == [record for record in expected if record.event == "removed"]
