"""A link's bandwidth: shared evenly by all that is sent over it at one time.

Each transfer gets the same part of the bandwidth, as connections of TCP do in the long run.  The line keeps count of
the octets that each transfer that was there all along would have got by now (`_given`); one that begins ends when
that count has grown by its own size, so a change of the number of transfers moves no more than one alarm.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from simmail.mail.questions import Question
from simmail.world.clock import WAIT, Alarm, Task

if TYPE_CHECKING:
    from simmail.network.graph import Network, Path


class Transfer(Question):
    """Send over a line.  Answer: None, once all is sent.  Args: the `line`, and how many `octets`."""

    __slots__ = ("line", "octets")

    def __init__(self, line: Line, octets: float) -> None:
        self.line, self.octets = line, octets


class Lines:
    """All lines of a network, made when they are first needed.

    Args:
        network: whose links they are.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._lines: dict[tuple[str, str], Line] = {}

    def of(self, path: Path, start: str) -> Line:
        """The line that a transfer along a path has to share: its narrowest link's, in the direction from `start`."""
        edges = self._network.graph.edges
        pairs = [pair for pair in pairwise(path.hops) if pair in edges]
        narrow = min(pairs, key=lambda pair: float(edges[pair]["bandwidth"]))
        ends = narrow if path.hops[0] == start else narrow[::-1]
        found = self._lines.get(ends)
        if found is None:
            found = self._lines[ends] = Line(edges[ends]["bandwidth"])
        return found


class Line:
    """One direction of a link.

    Args:
        bandwidth: octets a second.
    """

    __slots__ = ("_alarm", "_given", "_since", "_under_way", "bandwidth")

    def __init__(self, bandwidth: float) -> None:
        self.bandwidth = bandwidth
        self._given = self._since = 0.0
        self._under_way: list[tuple[float, int, Task]] = []
        self._alarm: Alarm | None = None

    @property
    def busy(self) -> int:
        """How many transfers are under way."""
        return len(self._under_way)

    def send(self, task: Task, octets: float) -> Any:
        """Begin a transfer, at the clock's time."""
        self._count(task.now)
        heappush(self._under_way, (self._given + octets, task.serial, task))
        self._appoint(task)
        return WAIT

    def _count(self, now: float) -> None:
        """Give everybody his part up to now."""
        if self._under_way:
            self._given += (now - self._since) * self.bandwidth / len(self._under_way)
        self._since = now

    def _appoint(self, task: Task) -> None:
        if self._alarm is not None:
            self._alarm.call_off()
            self._alarm = None
        if self._under_way:
            left = self._under_way[0][0] - self._given
            end = self._since + max(left, 0.0) * len(self._under_way) / self.bandwidth
            first = self._under_way[0][2]
            self._alarm = Alarm(task.clock, end, first.serial, lambda: self._ended(first, end))

    def _ended(self, task: Task, now: float) -> None:
        self._count(now)
        self._given = max(self._given, self._under_way[0][0])
        heappop(self._under_way)
        self._alarm = None
        self._appoint(task)
        task.resume(None)


def transfer(task: Task, question: Transfer) -> Any:
    """The handler of Transfer."""
    return question.line.send(task, question.octets)
