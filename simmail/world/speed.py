"""How fast a host is: what its disk and its processors take for a message, and who waits for them.

The figures of `Speed` are those of a small server that was measured: smtp-source into a Postfix 3.7 with its queue on a
disk, two processors.  One session brought in 520 to 600 messages a second, five sessions 660 to 760; with the queue in
memory 930 to 1040 went through, at 1.8 to 2.6 ms of processor time each; into mailboxes went 570 to 760.
"""

from __future__ import annotations

from heapq import heapreplace
from typing import NamedTuple


class Speed(NamedTuple):
    """What a message costs on a host, seconds.

    Args:
        queue_file: of the disk, to write a queue file safely; one after the other.
        mailbox: of the disk, to append to a mailbox.
        receiving: of a processor, to take a message in.
        delivering: of a processor, to manage and deliver it.
        processors: how many there are.
        starting: until the first notification or forwarded message of a Postfix is begun, whose programs have to be
            started for it.
        forking: until a process is there that is started for a delivery, for each delivery by the same program that
            was begun at the same moment before it.
        queueing: the same for programs that are done with those before sooner than another process starts.
    """

    queue_file: float = 0.0014
    mailbox: float = 0.0002
    receiving: float = 0.0004
    delivering: float = 0.0016
    processors: int = 2
    starting: float = 0.0
    forking: float = 0.0
    queueing: float = 0.0

    def behind(self, deliveries: int, brief: bool) -> float:
        """How long a delivery waits, seconds, that was begun at the same moment as so many others.

        Args:
            deliveries: the others, by the same program.
            brief: whether that is done with each sooner than another process starts.
        """
        return deliveries * (self.queueing if brief else self.forking)


class Station:
    """Something that serves one after the other, or several at a time, in the order in which they come.

    Args:
        servers: how many at a time.

    Attributes:
        slower: so many times slower than usual it is.
    """

    __slots__ = ("_free", "slower")

    def __init__(self, servers: int = 1) -> None:
        self._free = [0.0] * servers
        self.slower = 1.0

    def serve(self, now: float, seconds: float) -> float:
        """When somebody is done who comes now and takes that long; to be asked at the clock's time."""
        first, takes = self._free[0], seconds * self.slower
        end = now + takes if now > first else first + takes
        heapreplace(self._free, end)
        return end
