"""NAME
    spool - the queue directory

DESCRIPTION
    What lies in /var/spool/postfix: the messages by queue.  It is the host's disk: it outlives the programs, a
    reload, a stop and a crash.  Each message is in exactly one queue.

    A file system in memory lists its files the newest first; on a disk the order is anybody's guess.

SEE ALSO
    qmgr(8), QSHAPE_README
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, MutableMapping
from math import inf
from typing import Any

from simmail.files.file_errors import NO_FILE
from simmail.mail.answers import REFUSED
from simmail.mail.content import TextStore
from simmail.mail.message import Message
from simmail.postfix.deferred import Deferred
from simmail.postfix.queue_id import Hashing

#: The queues of mail that is to be delivered, or kept from it; and all of them.
LIVE_QUEUES = ("incoming", "active", "deferred", "hold")
QUEUES = ("maildrop", *LIVE_QUEUES, "corrupt")
#: How a message ends that an administrator takes out of a queue, whoever is still to get it.
WITHDRAWN = frozenset({"deleted", "requeued"})


class Spool:
    """The messages of one host, by queue and queue id, in the order in which they came there.

    Args:
        told: hears of each message that an administrator takes out of it: one of WITHDRAWN, and its queue id.
        store: keeps deferred messages; None for memory.

    Attributes:
        jobs: what the queue manager knows of active messages, by queue id; while a delivery is running, its queue file
            is locked.
        left_logs: the logs of why messages waited whose queue files somebody removed, by queue id.
        sockets: those of services that have ever run, `private/local`; they stay, and refuse when nobody listens.
        hashing: in which folders their files lie.
        came: how many recipients of messages have come into it by way of cleanup(8).
        left: how the recipients of messages that are not here any more have ended -> how many.
        verified: what verify(8) knows: address -> `simmail.postfix.verify.Verdict`.
        withdrawn: the messages that administrators took out of it: queue id -> `deleted`, `requeued`.
        unseen: what the incoming queue has that the queue manager is to look at when it looks there next.
    """

    __slots__ = (
        "active", "came", "corrupt", "deferred", "hashing", "hold", "incoming", "jobs", "left", "left_logs", "maildrop",
        "sockets", "told", "unseen", "verified", "withdrawn",
    )  # fmt: skip

    def __init__(
        self, told: Callable[[str, str], None] = lambda end, queue_id: None, store: TextStore | None = None
    ) -> None:
        self.told = told
        self.maildrop: dict[str, Message] = {}
        self.incoming: dict[str, Message] = {}
        self.active: dict[str, Message] = {}
        self.deferred = Deferred(store)
        self.hold: dict[str, Message] = {}
        self.corrupt: dict[str, Message] = {}
        self.jobs: dict[str, Any] = {}
        self.left_logs: dict[str, str] = {}
        self.sockets: set[str] = set()
        self.hashing = Hashing()
        self.came = 0
        self.left: Counter[str] = Counter()
        self.verified: dict[str, Any] = {}
        self.withdrawn: dict[str, str] = {}
        self.unseen: list[str] = []

    @property
    def no_answer(self) -> str:
        """Why a service cannot be connected to while Postfix does not run."""
        return REFUSED if self.sockets else NO_FILE

    def unanswered(self, socket: str) -> str:
        """Why a service cannot be connected to that does not run; one without a name has the folder for a socket."""
        return REFUSED if socket in self.sockets or socket[-1:] == "/" else NO_FILE

    def queue(self, name: str) -> MutableMapping[str, Message]:
        """One of QUEUES."""
        found: MutableMapping[str, Message] = getattr(self, name)
        return found

    def listed(self, name: str) -> list[str]:
        """What lies in one of QUEUES, as its folder is listed: what came there last comes first."""
        return self.deferred.due(inf) if name == "deferred" else list(self.queue(name))[::-1]

    def holds(self, queue_id: str) -> bool:
        """Whether a message is in any queue."""
        return any(queue_id in self.queue(name) for name in QUEUES)

    def find(self, queue_id: str) -> tuple[str, Message] | None:
        """The queue a message is in, and the message."""
        for name in QUEUES:
            message = self.queue(name).get(queue_id)
            if message is not None:
                return name, message
        return None

    def shown(self, queue_id: str, queue: str) -> Message:
        """A message in one of QUEUES, for who only looks at it.  Raises KeyError."""
        return self.deferred.shown(queue_id) if queue == "deferred" else self.queue(queue)[queue_id]

    def delete(self, queue_id: str, queue: str) -> Message | None:
        """Delete a message from a queue, for an administrator; None where it is not there."""
        if queue_id not in self.queue(queue):
            return None
        if any(queue_id in self.queue(name) for name in QUEUES if name != queue):
            return self.queue(queue).pop(queue_id)  # it was put into another queue before
        message = self.drop(queue, queue_id, "deleted")
        self.told("deleted", queue_id)
        return message

    def requeue(self, queue_id: str, queue: str) -> Message:
        """Put a message back into maildrop, for an administrator, from where it comes in again under another name."""
        message = self.maildrop[queue_id] = self.drop(queue, queue_id, "requeued")
        self.told("requeued", queue_id)
        return message

    def take(self, message: Message, queue: str) -> None:
        """Take in a message that is complete, from cleanup(8); those of maildrop are still to come by way of it."""
        if queue != "maildrop":
            self.came += len(message.recipients)
        getattr(self, queue)[message.queue_id] = message

    def defer(self, message: Message) -> None:
        """Let a message wait for another try."""
        self.deferred.put_away(message)

    def drop(self, queue: str, queue_id: str, end: str) -> Message:
        """Let a message go.

        Args:
            queue: the queue it is in.
            queue_id: its name.
            end: what that means for recipients who are not done with: `deleted`, `requeued`; `lost` where there are
                none.
        """
        message: Message = getattr(self, queue).pop(queue_id)
        job = self.jobs.get(queue_id)
        if job is not None and not job.running:
            del self.jobs[queue_id]  # what its sender was still to be told goes with it
        if queue != "maildrop":
            left = self.left
            for recipient in message.done:
                left[recipient.end] += 1
            if message.recipients:
                left[end] += len(message.recipients)
            if end in WITHDRAWN:
                self.withdrawn[queue_id] = end
        return message

    def move(self, queue_id: str, source: str, target: str) -> Message:
        """Move a message from one queue to another's end."""
        message = self.queue(source).pop(queue_id)
        self.queue(target)[queue_id] = message
        return message
