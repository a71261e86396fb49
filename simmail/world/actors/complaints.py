"""What people complain of: mail that comes late, that comes back, and that never comes.

Nobody sees a queue.  A reader sees the date of what has come, and minds where it is old (people.late_s); a writer sees
what was refused or came back; and one who hears nothing for a day (people.missing_s) asks, and learns that the other
has nothing.  That holds for letters and answers, not for newsletters, which nobody waits for.

Figures: people.late_s, people.missing_s
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simmail.world.actors.figures import Figures
    from simmail.world.truth import Fate

#: What is missed where it does not come, and how a message ends whose writer is told.
MISSED, RETURNED = ("wanted", "reply"), ("bounced", "refused", "given up")


class Complaint(NamedTuple):
    """What one person has to say about one message.

    Args:
        time: seconds since the start.
        person: the address of who complains.
        identity: the message's Message-ID.
        what: `late` (its reader), `returned` or `missing` (its writer).
    """

    time: float
    person: str
    identity: str
    what: str


def complaints(fates: Iterable[Fate], figures: Figures, now: float) -> list[Complaint]:
    """All complaints up to a moment, in order of time.

    Args:
        fates: what became of mail.
        figures: of the world.
        now: seconds since the start.
    """
    late, missing = figures["people.late_s"], figures["people.missing_s"]
    found = (c for fate in fates if fate.kind in MISSED for c in _about(fate, late, missing))
    return sorted(complaint for complaint in found if complaint.time <= now)


def _about(fate: Fate, late: float, missing: float) -> Iterator[Complaint]:
    told = fate.ended is not None and fate.state in (*RETURNED, "delivered")
    if not told or fate.ended is None or fate.ended > fate.written + missing:
        yield Complaint(fate.written + missing, fate.sender, fate.identity, "missing")
    if fate.ended is None:
        return
    if fate.delay is not None and fate.delay > late:
        yield Complaint(fate.ended, fate.recipient, fate.identity, "late")
    if fate.state in RETURNED:
        yield Complaint(fate.ended, fate.sender, fate.identity, "returned")
