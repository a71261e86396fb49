"""NAME
    spool - the queue directory

DESCRIPTION
    What lies in /var/spool/postfix: the messages by queue.  It is the host's disk: it outlives the programs, a
    reload, a stop and a crash.  Each message is in exactly one queue.

SEE ALSO
    qmgr(8), QSHAPE_README
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simmail.mail.message import Message

QUEUES = ("maildrop", "incoming", "active", "deferred", "hold", "corrupt")


class Spool:
    """The messages of one host, by queue and queue id, in the order in which they came there.

    `jobs` is what the queue manager knows of the active ones; while a delivery is running, its queue file is locked.
    `deleted` hears of each message that an administrator deletes, by queue id.
    `left_logs` are logs of why messages waited whose queue files somebody removed, by queue id.
    """

    __slots__ = ("active", "corrupt", "deferred", "deleted", "hold", "incoming", "jobs", "left_logs", "maildrop")

    def __init__(self, deleted: Callable[[str], None] = lambda queue_id: None) -> None:
        self.deleted = deleted
        self.maildrop: dict[str, Message] = {}
        self.incoming: dict[str, Message] = {}
        self.active: dict[str, Message] = {}
        self.deferred: dict[str, Message] = {}
        self.hold: dict[str, Message] = {}
        self.corrupt: dict[str, Message] = {}
        self.jobs: dict[str, Any] = {}
        self.left_logs: dict[str, tuple[tuple[str, str], ...]] = {}

    def queue(self, name: str) -> dict[str, Message]:
        """One of QUEUES."""
        found: dict[str, Message] = getattr(self, name)
        return found

    def find(self, queue_id: str) -> tuple[str, Message] | None:
        """The queue a message is in, and the message."""
        for name in QUEUES:
            message = self.queue(name).get(queue_id)
            if message is not None:
                return name, message
        return None

    def delete(self, queue_id: str, queue: str) -> Message | None:
        """Delete a message from a queue, for an administrator; None where it is not there."""
        message = self.queue(queue).pop(queue_id, None)
        if message is not None and self.find(queue_id) is None:
            self.deleted(queue_id)
        return message

    def move(self, queue_id: str, source: str, target: str) -> Message:
        """Move a message from one queue to another's end."""
        message = self.queue(source).pop(queue_id)
        self.queue(target)[queue_id] = message
        return message
