"""NAME
    processes - the idle processes of a service

DESCRIPTION
    A process serves one client after the other, up to max_use of them, and ends when it has been idle for max_idle.
    master(8) starts one at a time: where clients come at once, each of whom is served in less time than that takes,
    those behind the first for whom no process is idle share a new one.

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
from math import inf
from operator import attrgetter
from typing import Generic, TypeVar

#: A program keeps one process id for the whole run, so that a log reads the same however its run was cut.
PIDS = {
    name: 1201 + 7 * number
    for number, name in enumerate(
        "postfix master smtpd cleanup qmgr smtp local bounce pickup virtual error discard".split()
    )
}
OTHER_PID = 1399


def pid(program: str) -> int:
    """The process id of a program by the name that the log has for it, `postfix/` left out or not."""
    return PIDS.get(program.rpartition("/")[2], OTHER_PID)


class Process:
    """One process.

    Attributes:
        served: how many clients it has had; `clients`: how many of them it has now.
        behind: while it starts, how many clients had come at that moment before the one that it is started for.
        idle_since: when its last client left, seconds.
    """

    __slots__ = ("behind", "clients", "idle_since", "served")

    def __init__(self) -> None:
        self.served = self.clients = self.behind = 0
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

    __slots__ = ("_ahead", "_idle", "_last", "_make", "_spare", "max_idle", "max_use")

    def __init__(self, max_use: int, max_idle: float, make: Callable[[], P]) -> None:
        self.max_use, self.max_idle, self._make = max_use, max_idle, make
        self._idle: list[P] = []  # in the order in which their last clients left
        self._last = -inf  # when a client came
        self._ahead = 0  # how many had come then before it
        self._spare: P | None = None  # started then while others were at work

    def take(self, now: float, brief: bool = False) -> P:
        """A process for a new client.

        Args:
            now: the time.
            brief: whether the client is served before another process has started.
        """
        burst = now == self._last
        if burst:
            self._ahead += 1
        else:
            self._last, self._ahead, self._spare = now, 0, None
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
            process = self._spare or self._started()
            if burst and brief:
                self._spare = process
        process.served += 1
        process.clients += 1
        return process

    def _started(self) -> P:
        process = self._make()
        process.behind = self._ahead
        return process

    def leave(self, process: P, now: float) -> None:
        """A client has left its process."""
        process.clients -= 1
        process.behind = 0
        if not process.clients and process.served < self.max_use:
            process.idle_since = now
            idle = self._idle
            if idle and idle[-1].idle_since > now:
                insort(idle, process, key=SINCE)  # sessions run ahead of the clock
            else:
                idle.append(process)

    def idle(self, now: float) -> int:
        """How many wait for a client."""
        return sum(now - process.idle_since < self.max_idle for process in self._idle)
