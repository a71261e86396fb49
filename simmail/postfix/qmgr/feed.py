"""NAME
    feed - which message comes into the active queue next

DESCRIPTION
    New mail comes in the order of its arrival, deferred mail when a queue run finds it due; the two take turns.  A
    flush takes all deferred mail, due or not, and may lift what holds mail back.

    Times are whole seconds, as those of files are: a queue run finds what is due within a second.  The newest comes
    first, as a file system in memory lists its files; on a disk the order is anybody's guess.

SEE ALSO
    qmgr(8), flush(8)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from operator import attrgetter

from simmail.mail.message import Message
from simmail.postfix.qmgr.entry import Flush
from simmail.postfix.spool import Spool

_arrival = attrgetter("arrival")


class Feed:
    """The mail that waits to become active.

    Args:
        spool: the queue directory.
    """

    __slots__ = ("_arrived", "_due", "_flags", "_later", "_new_turn", "_run_flush", "_spool")

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._arrived: deque[str] = deque()
        self._later: list[str] = []
        self._flags: dict[str, Flush] = {}
        self._due: deque[Message] = deque()
        self._run_flush = Flush.NONE
        self._new_turn = True

    @property
    def waiting(self) -> bool:
        """Whether there may be a message that can become active."""
        return bool(self._arrived or self._due)

    @property
    def postponed(self) -> bool:
        """Whether the incoming queue has mail that was not due when it was looked at."""
        return bool(self._later)

    def arrived(self, queue_ids: Iterable[str]) -> None:
        """Look at these in the incoming queue, and at those there that were not due."""
        self._arrived.extend(queue_ids)
        if self._later:
            self._arrived.extend(self._later)
            self._later.clear()

    def expedite(self, queue_ids: Iterable[str], flush: Flush, now: float) -> None:
        """Move deferred messages to the incoming queue, to be tried at once."""
        for queue_id in queue_ids:
            message = self._spool.deferred.get(queue_id)
            if message is not None:
                message.due = int(now)
                self._flags[queue_id] = flush
                self._spool.move(queue_id, "deferred", "incoming")
                self._arrived.append(queue_id)

    def run(self, flush: Flush, now: float) -> None:
        """Look through the deferred queue; a run that is not over yet goes on instead, unless this is a flush."""
        deferred = self._spool.deferred
        if Flush.ALL in flush:
            found = list(deferred.values())
        elif not self._due:
            latest = int(now) + 1
            found = [message for message in deferred.values() if message.due <= latest]
        else:
            return
        found.reverse()
        found.sort(key=_arrival, reverse=True)
        self._due, self._run_flush = deque(found), flush

    def next(self, now: float) -> tuple[Message, Flush] | None:
        """Take the next message out of its queue; None where none can become active."""
        while self._arrived or self._due:
            self._new_turn = not self._new_turn
            if self._arrived and (not self._new_turn or not self._due):
                found = self._new(int(now) + 1)
            else:
                found = self._deferred()
            if found is not None:
                return found
        return None

    def _new(self, latest: int) -> tuple[Message, Flush] | None:
        queue_id = self._arrived.popleft()
        message = self._spool.incoming.get(queue_id)
        if message is None:
            return None
        if message.due > latest:
            self._later.append(queue_id)
            return None
        del self._spool.incoming[queue_id]
        return message, self._flags.pop(queue_id, Flush.NONE) if self._flags else Flush.NONE

    def _deferred(self) -> tuple[Message, Flush] | None:
        message = self._due.popleft()
        queue_id = message.queue_id
        if self._spool.deferred.get(queue_id) is not message:
            return None
        del self._spool.deferred[queue_id]
        return message, self._run_flush
