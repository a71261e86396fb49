"""NAME
    feed - which message comes into the active queue next

DESCRIPTION
    New mail comes in the order of its arrival, deferred mail when a queue run finds it due; the two take turns.  A
    flush takes all deferred mail, due or not, and may lift what holds mail back.

    Times are whole seconds, as those of files are: a queue run finds what is due within a second, in the order in
    which the folder is listed.

SEE ALSO
    qmgr(8), flush(8)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import inf

from simmail.mail.message import Message
from simmail.postfix.qmgr.entry import Flush
from simmail.postfix.spool import Spool


class Feed:
    """The mail that waits to become active.

    Args:
        spool: the queue directory.

    Attributes:
        new: what may be found in the incoming queue, in the order in which it came there.
        due: what a queue run found in the deferred queue.
        postponed: what the incoming queue has that was not due when it was looked at, or that somebody put there.
    """

    __slots__ = ("_flags", "_new_turn", "_run_flush", "_spool", "due", "new", "postponed")

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.new: deque[str] = deque()
        self.due: deque[str] = deque()
        self.postponed: list[str] = spool.unseen
        self._flags: dict[str, Flush] = {}
        self._run_flush = Flush.NONE
        self._new_turn = True

    def arrived(self, queue_ids: Iterable[str]) -> None:
        """Look at these in the incoming queue, and at those there that were not due."""
        self.new.extend(queue_ids)
        if self.postponed:
            self.new.extend(self.postponed)
            self.postponed.clear()

    def expedite(self, queue_ids: Iterable[str], flush: Flush, now: float) -> None:
        """Move deferred messages to the incoming queue, to be tried at once; so are those that wait there."""
        deferred, postponed = self._spool.deferred, self._spool.incoming if self.postponed else {}
        for queue_id in queue_ids:
            message = deferred.get(queue_id) or postponed.get(queue_id)
            if message is not None:
                message.due = int(now)
                self._flags[queue_id] = flush
                if queue_id in deferred:
                    self._spool.move(queue_id, "deferred", "incoming")
                self.new.append(queue_id)

    def run(self, flush: Flush, now: float) -> None:
        """Look through the deferred queue; a run that is not over yet goes on instead, unless this is a flush."""
        deferred = self._spool.deferred
        if Flush.ALL in flush:
            found = deferred.due(inf)
            self.expedite(self.postponed, flush, now)
        elif not self.due:
            found = deferred.due(int(now) + 1)
        else:
            return
        self.due, self._run_flush = deque(found), flush

    def next(self, now: float) -> tuple[Message, Flush] | None:
        """Take the next message out of its queue; None where none can become active."""
        incoming, deferred = self._spool.incoming, self._spool.deferred
        while self.new or self.due:
            self._new_turn = not self._new_turn
            if self.new and (not self._new_turn or not self.due):
                queue_id = self.new.popleft()
                new = incoming.get(queue_id)
                if new is not None and new.due <= int(now) + 1:
                    del incoming[queue_id]
                    return new, self._flags.pop(queue_id, Flush.NONE) if self._flags else Flush.NONE
                if new is not None:
                    self.postponed.append(queue_id)
            else:
                message = deferred.pop(self.due.popleft(), None)
                if message is not None:
                    return message, self._run_flush
        return None
