"""NAME
    destination - the queue for one destination of one transport, and how many deliveries it may have at a time

DESCRIPTION
    A destination begins with initial_destination_concurrency deliveries at a time.  Each delivery that finds the
    site well widens the window, each that does not narrows it; after as many failures as the window is wide, times
    failed_cohort_limit, the destination is dead: what waits for it is deferred untried, for minimal_backoff_time or
    until it is flushed.  With a rate delay the window is 1, and closed for the delay after each delivery.

    While one delivery follows another within a second, the agent is asked to keep its connection for the next one.

    A destination that nothing waits for is forgotten, its window with it, unless it is dead or in its delay.

PARAMETERS
    initial_destination_concurrency, default_destination_concurrency_limit,
    default_destination_concurrency_positive_feedback, default_destination_concurrency_negative_feedback,
    default_destination_concurrency_failed_cohort_limit, default_destination_rate_delay, each also for a transport;
    destination_concurrency_feedback_debug

DIAGNOSTICS
    qmgr_queue_throttle: feedback NUMBER, qmgr_queue_unthrottle: feedback NUMBER
    qmgr_queue_throttle: queue NAME: limit N window N success NUMBER failure NUMBER fail_cohorts NUMBER, ... unthrottle

SEE ALSO
    SCHEDULER_README, qmgr(8)
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from simmail.postfix.delivery import Caching, Dsn

if TYPE_CHECKING:
    from simmail.postfix.qmgr.entry import Entry
    from simmail.postfix.qmgr.transport import Transport


class Destination:
    """One queue of a transport.

    Args:
        transport: whose queue it is.
        name: `nexthop`, or `user@nexthop` where the transport takes one recipient at a time.
        nexthop: what the agent is told.

    Attributes:
        todo: tries that wait, in order.
        busy: how many are running.
        window: how many may run; 0 while it is dead or in its delay.
        dead: why it is dead, "delivery temporarily suspended: ..."; None while it is not.
        resumes: when it comes back by itself, seconds; 0 while it is open.
        listed: its turn in its transport's list of those that can go on; 0 where it is not there.
        warned: when its share of the active queue may be complained of again, seconds.
        done: when a delivery ended last, whole seconds; None where none has yet.
    """

    __slots__ = (
        "_caching", "_cohorts", "_failure", "_success", "busy", "dead", "done", "listed", "name", "nexthop", "resumes",
        "todo", "transport", "warned", "window",
    )  # fmt: skip

    def __init__(self, transport: Transport, name: str, nexthop: str) -> None:
        self.transport, self.name, self.nexthop = transport, name, nexthop
        self.todo: deque[Entry] = deque()
        self.busy = 0
        self.window = transport.limits.initial
        self.dead: Dsn | None = None
        self.resumes = 0.0
        self.listed = 0
        self.warned = 0.0
        self.done: int | None = None
        self._caching = Caching.NONE
        self._success = self._failure = self._cohorts = 0.0

    def caching(self, done: int, now: float) -> Caching:
        """What the agent may do about connections whose delivery is started now, and counted among the busy ones.

        It may keep them as soon as one delivery follows another, and as long as it does or there are several at a time;
        then it may still use those that are kept.

        Args:
            done: when a delivery ended last, whole seconds.
            now: seconds since the start.
        """
        if int(now) <= done + 1:
            self._caching = Caching.KEEP
        elif self._caching is Caching.KEEP and self.busy == 1:
            self._caching = Caching.FETCH
        return self._caching

    def praise(self) -> None:
        """A delivery found the site well."""
        self._cohorts = 0.0
        if self.dead is not None:
            self.dead, self.resumes = None, 0.0
            self.window = self.busy or self.transport.limits.initial
            self._success = self._failure = 0.0
        else:
            self._widen()
        if self.transport.heard is not None:
            self._told("unthrottle")

    def _widen(self) -> None:
        limits = self.transport.limits
        maximum = limits.maximum
        if (maximum and self.window >= maximum) or self.window >= self.busy + limits.initial:
            return
        feedback = limits.positive.at(self.window)
        if self.transport.heard is not None:
            self.transport.heard(f"qmgr_queue_unthrottle: feedback {feedback:g}")
        self._success += feedback
        while self._success + feedback / 2 >= 1:
            self.window += 1
            self._success -= 1
            self._failure = 0.0
        if maximum and self.window > maximum:
            self.window = maximum

    def blame(self, dsn: Dsn) -> bool:
        """A delivery found the site in trouble; whether the destination is dead now."""
        limits = self.transport.limits
        self._cohorts += 1.0 / self.window
        if limits.cohorts and self._cohorts >= limits.cohorts:
            self.window = 0
            self.dead = dsn
        else:
            self._narrow()
        if self.transport.heard is not None:
            self._told("throttle")
        return self.dead is not None

    def _narrow(self) -> None:
        feedback = self.transport.limits.negative.at(self.window)
        if self.transport.heard is not None:
            self.transport.heard(f"qmgr_queue_throttle: feedback {feedback:g}")
        self._failure -= feedback
        while self._failure - feedback / 2 < 0:
            self.window -= 1
            self._success = 0.0
            self._failure += 1
        self.window = max(self.window, 1)

    def _told(self, what: str) -> None:
        """Tell of the window as it is after a change."""
        assert self.transport.heard is not None
        self.transport.heard(
            f"qmgr_queue_{what}: queue {self.name}: limit {self.transport.limits.maximum} window {self.window} "
            f"success {self._success:g} failure {self._failure:g} fail_cohorts {self._cohorts:g}"
        )

    def suspend(self) -> None:
        """Close it for its rate delay."""
        self.window = 0

    def resume(self) -> None:
        """Its time is over: open it again."""
        if self.dead is not None:
            self.praise()
        else:
            self.window, self.resumes = 1, 0.0
