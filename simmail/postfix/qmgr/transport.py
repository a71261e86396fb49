"""NAME
    transport - a delivery service as the queue manager sees it

DESCRIPTION
    Each transport has its limits, its destinations, and as many processes as master.cf allows.  Of the destinations
    that may start a try the one with the oldest message comes first; those of one message take turns.

PARAMETERS
    default_destination_recipient_limit, default_transport_rate_delay, default_process_limit, and those of
    `simmail.postfix.qmgr.destination`; each is looked for as TRANSPORT_... first

BUGS
    A message with few recipients does not overtake one with many (default_delivery_slot_cost and its kin).

SEE ALSO
    SCHEDULER_README, master(5)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from simmail.mail.errors import Fatal
from simmail.postfix.config import Config
from simmail.postfix.delivery import Dsn
from simmail.postfix.parameters import parameters
from simmail.postfix.qmgr.destination import Destination
from simmail.postfix.qmgr.feedback import Feedback

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.qmgr.entry import Entry

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIME = re.compile(r"(\d+)([smhdw]?)", re.ASCII)


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

    @classmethod
    def read(cls, name: str, config: Config, service: Service | None, warn: Callable[[str, str], None]) -> Limits:
        """The limits of the transport `name`.  Raises Fatal for a bad number."""

        def value(suffix: str, default: str) -> Any:
            own = name + suffix
            if own in parameters():
                return config[own]
            return _read(own, config.text(own), default, config) if config.is_set(own) else config[default]

        def feedback(suffix: str) -> Feedback:
            text: str = value(suffix, "default" + suffix)
            found = Feedback.parse(text)
            if found is None:
                warn("warning", f"{name}{suffix}: ignoring malformed or unreasonable feedback: {text}")
            return found or Feedback()

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
        )


def _read(name: str, text: str, default: str, config: Config) -> Any:
    """A value of a parameter that only this configuration has, of the type of the default's."""
    kind = parameters()[default].type
    if kind == "int":
        try:
            return int(text)
        except ValueError:
            raise Fatal(f"bad numerical configuration: {name} = {text}") from None
    if kind == "time":
        found = _TIME.fullmatch(text)
        if found is None:
            raise Fatal(f"parameter {name}: bad time value or unit: {text}")
        return float(int(found[1]) * _SECONDS[found[2] or "s"])
    return text


class Transport:
    """One delivery service.

    Args:
        name: the service's name in master.cf.
        limits: its parameters.
        exists: whether there is such a service.
        single: whether each recipient has a queue of its own.

    Attributes:
        destinations: by name.
        listed: those that may go on, the one with the oldest message first.
        busy: how many deliveries run.
        dead: why it is dead; None while it is not.
        resumes: when a dead one is tried again, seconds.
        opens: with a rate delay, when the delivery that waits for its end may start, seconds; 0 where none does.
    """

    __slots__ = (
        "_turn", "busy", "dead", "destinations", "exists", "limits", "listed", "name", "opens", "resumes", "single",
    )  # fmt: skip

    def __init__(self, name: str, limits: Limits, exists: bool = True, single: bool = False) -> None:
        self.name, self.limits, self.exists, self.single = name, limits, exists, single
        self.destinations: dict[str, Destination] = {}
        self.busy = 0
        self.dead: Dsn | None = None
        self.resumes = self.opens = 0.0
        self.listed: list[tuple[int, int, Destination]] = []
        self._turn = 0

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
            destination.listed = True
            self._turn += 1
            heappush(self.listed, (todo[0].job.number, self._turn, destination))

    def select(self, now: float) -> Entry | None:
        """Start the next try; None where nothing may start."""
        limits = self.limits
        listed, processes = self.listed, limits.processes
        while listed and not (processes and self.busy >= processes):
            if limits.transport_delay and not self._waited(now):
                return None
            destination = heappop(listed)[2]
            destination.listed = False
            todo = destination.todo
            if todo and destination.window > destination.busy:
                entry = todo.popleft()
                entry.started = now
                destination.busy += 1
                self.busy += 1
                if destination.done is not None:
                    entry.caching = destination.caching(destination.done, now)
                if todo:
                    self.offer(destination)
                return entry
        return None

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
