"""NAME
    transport - a delivery service as the queue manager sees it

DESCRIPTION
    Each transport has its limits, its destinations, and as many processes as master.cf allows.  Of the destinations
    that may start a try the one with the oldest message comes first, unless a part of another message may go before
    that; those of one message take turns.

PARAMETERS
    default_destination_recipient_limit, default_recipient_limit, default_transport_rate_delay, default_process_limit,
    and those of `simmail.postfix.qmgr.destination` and `simmail.postfix.qmgr.part`; each is looked for as TRANSPORT_...
    first; destination_concurrency_feedback_debug

DIAGNOSTICS
    TRANSPORT: PARAMETER feedback type N value at CONCURRENCY: NUMBER

SEE ALSO
    SCHEDULER_README, master(5)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from simmail.postfix.config import Config
from simmail.postfix.delivery import Dsn
from simmail.postfix.parameters import parameters
from simmail.postfix.qmgr.destination import Destination
from simmail.postfix.qmgr.feedback import NUMBERS, Feedback
from simmail.postfix.qmgr.part import Part, Price, Rank
from simmail.postfix.values import read

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.qmgr.entry import Entry, Job

#: Whether the log hears of feedbacks and windows.
DEBUG = "destination_concurrency_feedback_debug"
#: What else is read of a transport, and makes no difference here.
UNUSED = ("extra_recipient_limit", "recipient_refill_limit", "recipient_refill_delay")


@dataclass(frozen=True, slots=True)
class Limits:
    """The parameters of one transport.

    Args:
        initial, maximum: a destination's concurrency at first and at most; 0 for no maximum.
        recipients: of one try; 0 for no limit.
        positive, negative: the feedback of a good and of a bad delivery.
        cohorts: pseudo-cohorts that may fail before a destination is dead; 0: it never is.
        destination_delay: seconds between two deliveries to one destination.
        transport_delay: seconds before each delivery, the first one too.
        processes: how many deliveries may run at a time; 0 for no limit.
        price: what it takes to go before others.
        memory: recipients of one message that it lets be read, beyond the usual.
    """

    initial: int
    maximum: int
    recipients: int
    positive: Feedback
    negative: Feedback
    cohorts: int
    destination_delay: float
    transport_delay: float
    processes: int
    price: Price
    memory: int

    @classmethod
    def read(cls, name: str, config: Config, service: Service | None, warn: Callable[[str, str], None]) -> Limits:
        """The limits of the transport `name`.  Raises Fatal for a bad number."""

        def value(suffix: str, default: str) -> Any:
            own = name + suffix
            if own in parameters():
                return config[own]
            if not config.is_set(own):
                return config[default]
            return read(parameters()[default]._replace(name=own), config.text(own))

        def feedback(suffix: str) -> Feedback:
            return _feedback(name, suffix, value(suffix, "default" + suffix), config, warn)

        memory: int = value("_recipient_limit", "default_recipient_limit")
        for suffix in UNUSED:
            value(f"_{suffix}", f"default_{suffix}")
        delay: float = value("_destination_rate_delay", "default_destination_rate_delay")
        maximum: int = value("_destination_concurrency_limit", "default_destination_concurrency_limit")
        if delay:
            maximum = 1
        initial: int = value("_initial_destination_concurrency", "initial_destination_concurrency")
        processes = service.maxproc if service is not None else 0
        return cls(
            min(initial, maximum) if maximum else initial,
            maximum,
            value("_destination_recipient_limit", "default_destination_recipient_limit"),
            feedback("_destination_concurrency_positive_feedback"),
            feedback("_destination_concurrency_negative_feedback"),
            value(
                "_destination_concurrency_failed_cohort_limit", "default_destination_concurrency_failed_cohort_limit"
            ),
            delay,
            value("_transport_rate_delay", "default_transport_rate_delay"),
            config["default_process_limit"] if processes is None else processes,
            Price(
                value("_delivery_slot_cost", "default_delivery_slot_cost"),
                value("_delivery_slot_loan", "default_delivery_slot_loan"),
                value("_delivery_slot_discount", "default_delivery_slot_discount"),
                value("_minimum_delivery_slots", "default_minimum_delivery_slots"),
            ),
            memory,
        )


def _feedback(name: str, suffix: str, text: str, config: Config, warn: Callable[[str, str], None]) -> Feedback:
    """A transport's feedback; the log hears of one that is none, and of each where it is to.

    Args:
        name: the transport.
        suffix: what its parameter ends with.
        text: the parameter's value.
        config: has what holds for all transports.
        warn: takes lines for the log.
    """
    usual = "default" + suffix
    known_as = usual if text == config[usual] else name + suffix
    found = Feedback.parse(text)
    if found is None:
        warn("warning", f"{known_as}: ignoring malformed or unreasonable feedback: {text}")
        found = Feedback()
    if config[DEBUG]:
        at = config["initial_destination_concurrency"]
        warn("text", f"{name}: {known_as} feedback type {NUMBERS[found.divisor]} value at {at}: {found.at(at):g}")
    return found


class Transport:
    """One delivery service.

    Args:
        name: the service's name in master.cf.
        limits: its parameters.
        exists: whether there is such a service.
        single: whether each recipient has a queue of its own.
        heard: told of each change of a destination's window; None where nobody wants to know.

    Attributes:
        destinations: by name.
        listed: those that may go on with their turns, the one with the part to come first; not all turns count still.
        busy: how many deliveries run.
        dead: why it is dead; None while it is not.
        resumes: when a dead one is tried again, seconds.
        opens: with a rate delay, when the delivery that waits for its end may start, seconds; 0 where none does.
    """

    __slots__ = (
        "_last", "_latest", "_turn", "busy", "dead", "destinations", "exists", "heard", "limits", "listed", "name",
        "opens", "resumes", "single",
    )  # fmt: skip

    def __init__(
        self, name: str, limits: Limits, exists: bool = True, single: bool = False,
        heard: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        self.name, self.limits, self.exists, self.single, self.heard = name, limits, exists, single, heard
        self.destinations: dict[str, Destination] = {}
        self.busy = 0
        self.dead: Dsn | None = None
        self.resumes = self.opens = 0.0
        self.listed: list[tuple[Rank, int, Destination]] = []
        self._turn = 0
        self._last: Part | None = None
        self._latest: Part | None = None  # of those that did not come last

    def destination(self, name: str, nexthop: str) -> Destination:
        """The destination of that name, made where there is none."""
        found = self.destinations.get(name)
        if found is None:
            found = self.destinations[name] = Destination(self, name, nexthop)
        return found

    def offer(self, destination: Destination) -> None:
        """List a destination that may go on."""
        todo = destination.todo
        if todo and not destination.listed and destination.window > destination.busy:
            part = todo[0].part
            assert part is not None
            destination.listed = self._turn = self._turn + 1
            heappush(self.listed, (part.rank, self._turn, destination))

    @property
    def startable(self) -> int:
        """How many tries its destinations would let start."""
        return sum(min(len(one.todo), one.window - one.busy) for _, _, one in self.listed)

    def select(self, now: float) -> Entry | None:
        """Start the next try; None where nothing may start."""
        limits = self.limits
        listed, processes = self.listed, limits.processes
        waited = not limits.transport_delay
        settled = False
        while listed and not (processes and self.busy >= processes):
            waited = waited or self._waited(now)
            if not waited:
                return None
            _, turn, destination = heappop(listed)
            if destination.listed != turn:
                continue
            destination.listed = 0
            todo = destination.todo
            if todo and destination.window > destination.busy:
                part = todo[0].part
                assert part is not None
                if part.slots > 0 and not settled:
                    settled = True
                    other = part.overtaking(limits.price, now)
                    if other is not None:
                        self._let_before(part, other)
                        self.offer(destination)
                        continue
                entry = todo.popleft()
                entry.started = now
                destination.busy += 1
                self.busy += 1
                if destination.done is not None:
                    entry.caching = destination.caching(destination.done, now)
                entry.part = None
                part.chosen += 1
                part.slots += 1
                part.used += 1
                if part.chosen == part.tries:
                    self._take_out(part)
                if todo:
                    self.offer(destination)
                return entry
        return None

    # ---- parts

    def part(self, job: Job) -> Part:
        """A new part of a message, in line."""
        part, last = Part(job), self._last
        if last is not None and last.rank > part.rank:
            # what is sent away by a dead destination comes in order, between what came long before and long after it
            self._insert(part, self._latest or last)
            return part
        part.before = last
        if last is not None:
            last.behind = part
        self._last = part
        return part

    def _insert(self, part: Part, near: Part) -> None:
        """Put a part into line at its place, which is not the last; another that stands near it is looked for there."""
        behind = near
        while behind.rank <= part.rank and behind.behind is not None:
            behind = behind.behind
        while behind.before is not None and behind.before.rank > part.rank:
            behind = behind.before
        before = behind.before
        part.before, part.behind, behind.before = before, behind, part
        if before is not None:
            before.behind = part
        self._latest = part

    def _take_out(self, part: Part) -> None:
        """A part leaves the line."""
        if part.parent is not None:
            part.settle(self.limits.price)
        before, behind = part.before, part.behind
        if part is self._latest:
            self._latest = before
        if before is not None:
            before.behind = behind
        if behind is None:
            self._last = before
        else:
            behind.before = before
        part.before = part.behind = None

    def drop(self, entry: Entry) -> None:
        """A try that waits will not be started by this transport."""
        part = entry.part
        if part is not None:
            entry.part = None
            part.tries -= 1
            if part.chosen == part.tries:
                self._take_out(part)

    def _let_before(self, part: Part, other: Part) -> None:
        """Let the tries of another part go before those of this one."""
        self._take_out(other)
        part.let_before(other, self.limits.price)
        self._insert(other, part)
        waiting = other.waiting
        for destination in dict.fromkeys(entry.destination for entry in waiting):
            todo = destination.todo
            mine = [entry for entry in waiting if entry.destination is destination]
            others = [entry for entry in todo if entry.part is not other]
            place = sum(entry.part is not None and entry.part.rank < other.rank for entry in others)
            todo.clear()
            todo.extend((*others[:place], *mine, *others[place:]))
            destination.listed = 0
            self.offer(destination)

    def _waited(self, now: float) -> bool:
        """Whether the rate delay before the next delivery is over; it begins when there is something to deliver."""
        if not self.opens:
            self.opens = now + self.limits.transport_delay
        if now < self.opens:
            return False
        self.opens = 0.0
        return True

    def forget(self, destination: Destination) -> None:
        """Drop a destination that nothing keeps."""
        if not destination.todo and not destination.busy and destination.window > 0:
            self.destinations.pop(destination.name, None)
