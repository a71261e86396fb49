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

from collections.abc import Callable
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
        self._idle: list[P] = []

    def take(self, now: float) -> P:
        """A process for a new client."""
        idle = self._idle
        at = len(idle)
        while at and idle[at - 1].idle_since >= now:
            at -= 1  # whoever asks at the moment in which it is done with another has asked before
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
            self._idle.append(process)

    def idle(self, now: float) -> int:
        """How many wait for a client."""
        return sum(now - process.idle_since < self.max_idle for process in self._idle)
