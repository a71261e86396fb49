"""NAME
    part - what of a message one transport has to deliver, and which part goes before which

DESCRIPTION
    The parts of a transport are worked off in the order in which their messages became active.  A part with few tries
    may go before one with many: each delivery_slot_cost tries of a part that was chosen earn one slot, and for as many
    tries as there are slots another part may go first.  A part is let before the present one

      - where that has minimum_delivery_slots times the cost of tries or more, and a slot or a part of one;
      - where all its tries fit into the slots that the present one has and can still earn;
      - where there are enough slots for delivery_slot_discount percent of its tries fewer, once delivery_slot_loan more
        are lent.

    Of several the one that has waited longest for each of its tries is taken.  All its tries are paid for in the end,
    and it may be overtaken in turn.  A cost of 1 or 0 lets nobody go before anybody.

PARAMETERS
    TRANSPORT_delivery_slot_cost, TRANSPORT_delivery_slot_loan, TRANSPORT_delivery_slot_discount,
    TRANSPORT_minimum_delivery_slots; default_delivery_slot_cost, default_delivery_slot_loan,
    default_delivery_slot_discount, default_minimum_delivery_slots

BUGS
    A part whose destinations are all busy is passed over at once; the real queue manager may have to choose it to see
    that.  What has been earned is forgotten when further recipients of a message are read.

SEE ALSO
    SCHEDULER_README, qmgr(8)
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simmail.postfix.qmgr.entry import Entry, Job

#: Where a part stands: those of messages by number; one that goes before another just before that, behind those that
#: did so earlier.
Rank = tuple[float, ...]


class Price(NamedTuple):
    """What it takes to go before another part.

    Args:
        cost: tries that earn one slot.
        loan: slots that are lent.
        discount: percentage of a part's tries that need not be earned before.
        minimum: slots that a part must be good for.
    """

    cost: int = 5
    loan: int = 3
    discount: int = 50
    minimum: int = 3


class Part:
    """The part of a message that one transport delivers.

    Args:
        job: the message.

    Attributes:
        rank: its place.
        entries: its tries; one that is over, or under way, is a part of nothing.
        tries: how many there are in all.
        chosen: how many of them were started.
        slots: tries to the credit of parts that want to go before it; below zero where those are owed.
        used: tries for which it had no slots when it went before another one.
        parent: the part that it was let before; None for none.
        level: how many parts it went before.
        children: how many parts have gone before it that are not done.
        before, behind: the next parts of the transport in either direction.
    """

    __slots__ = (
        "_passed", "before", "behind", "children", "chosen", "entries", "job", "level", "parent", "rank", "slots",
        "tries", "used",
    )  # fmt: skip

    def __init__(self, job: Job) -> None:
        self.job = job
        self.rank: Rank = (job.number, inf)
        self.entries: list[Entry] = []
        self.tries = self.chosen = self.slots = self.used = self.level = self.children = self._passed = 0
        self.parent: Part | None = None
        self.before: Part | None = None
        self.behind: Part | None = None

    @property
    def most(self) -> int:
        """How many tries there may be in the end."""
        return self.tries + len(self.job.unread)

    @property
    def waiting(self) -> list[Entry]:
        """Its tries that have not been started."""
        return [entry for entry in self.entries if entry.part is self]

    @property
    def blocked(self) -> bool:
        """Whether no try of it can be started now."""
        return not any(entry.destination.window > entry.destination.busy for entry in self.waiting)

    def candidate(self, price: Price, now: float) -> Part | None:
        """The part that may go before this one at best, some day."""
        room = (self.tries - self.chosen + self.slots) // price.cost
        best: Part | None = None
        best_score = 0.0
        part = self.behind if room > 0 else None
        while part is not None:
            age = int(now) - int(part.job.queued) + 1
            needed = part.most - part.chosen
            if not part.children and 0 < needed <= room and age / part.most > best_score and not part.blocked:
                best, best_score = part, age / part.most
            if age <= best_score and not part.level:
                break
            part = part.behind
        return best

    def overtaking(self, price: Price, now: float) -> Part | None:
        """The part that goes before this one now; None where none does."""
        if price.cost < 2 or self.slots <= 0 or self.most < price.minimum * price.cost:
            return None
        part = self.candidate(price, now)
        if part is None:
            return None
        needed = part.most - part.chosen
        enough = self.slots // price.cost + price.loan >= needed * (100 - price.discount) / 100.0
        return part if enough else None

    def let_before(self, part: Part, price: Price) -> None:
        """Let another part go before this one."""
        self._passed += 1
        part.rank = (*self.rank[:-1], self._passed, inf)
        part.parent, part.level = self, self.level + 1
        self.children += 1
        needed = part.most - part.chosen
        self.slots -= needed * price.cost
        part.used = -needed

    def settle(self, price: Price) -> None:
        """This part goes before no other any more; what it did not need is given back."""
        if self.parent is not None:
            self.parent.slots -= self.used * price.cost
            self.parent.children -= 1
        self.parent, self.level = None, 0
