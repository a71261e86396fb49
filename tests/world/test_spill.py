"""Records that are no longer new are as they were."""

from __future__ import annotations

import pytest

from simmail.mail import records
from simmail.mail.records import Journal
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
    assert spilt.until(4.0) == whole.until(4.0)
    assert list(spilt.since(20)) == list(whole)[20:]
