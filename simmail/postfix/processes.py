"""NAME
    processes - the idle processes of a service

DESCRIPTION
    A process serves one client after the other, up to max_use of them, and ends when it has been idle for max_idle.

PARAMETERS
    max_use, max_idle

BUGS
    Which of several idle processes takes the next client is chance in life; here it is the one that was idle last.

SEE ALSO
    master(8)
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from operator import attrgetter
from typing import Generic, TypeVar


class Process:
    """One process.

    Attributes:
        served: how many clients it has had.
        idle_since: when its last client left, seconds.
    """

    __slots__ = ("idle_since", "served")

    def __init__(self) -> None:
        self.served = 0
        self.idle_since = 0.0


P = TypeVar("P", bound=Process)
SINCE = attrgetter("idle_since")


class Processes(Generic[P]):
    """The idle processes of one service.

    Args:
        max_use: how many clients a process serves.
        max_idle: how long it waits for the next, seconds.
        make: makes a new one.
    """

    __slots__ = ("_idle", "_make", "max_idle", "max_use")

    def __init__(self, max_use: int, max_idle: float, make: Callable[[], P]) -> None:
        self.max_use, self.max_idle, self._make = max_use, max_idle, make
        self._idle: list[P] = []  # in the order in which their last clients left

    def take(self, now: float) -> P:
        """A process for a new client."""
        idle = self._idle
        at = len(idle)
        if at and idle[-1].idle_since >= now:
            # whoever asks at the moment in which it is done with another has asked before; a run through the deferred
            # queue leaves thousands behind at one moment
            at = bisect_left(idle, now, key=SINCE)
        while at:
            at -= 1
            process = idle.pop(at)
            if now - process.idle_since < self.max_idle:
                break
        else:
            process = self._make()
        process.served += 1
        return process

    def leave(self, process: P, now: float) -> None:
        """A client has left its process."""
        if process.served < self.max_use:
            process.idle_since = now
            idle = self._idle
            if idle and idle[-1].idle_since > now:
                insort(idle, process, key=SINCE)  # sessions run ahead of the clock
            else:
                idle.append(process)

    def idle(self, now: float) -> int:
        """How many wait for a client."""
        return sum(now - process.idle_since < self.max_idle for process in self._idle)
