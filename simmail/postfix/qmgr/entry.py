"""What the queue manager keeps in memory: messages in the active queue, and the tries they are divided into."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Flag, auto
from typing import TYPE_CHECKING

from simmail.mail.message import Message, Recipient
from simmail.postfix.delivery import Dsn, Request, Result

if TYPE_CHECKING:
    from simmail.postfix.qmgr.destination import Destination
    from simmail.postfix.qmgr.part import Part


class Flush(Flag):
    """What a flush allows a message."""

    NONE = 0
    #: Look at it even before its time.
    ALL = auto()
    #: Go through transports that defer_transports holds back.
    DEFERRED_TRANSPORTS = auto()
    #: Revive each dead transport and destination that it meets.
    EACH = auto()


class Job:
    """A message in the active queue.

    Attributes:
        message: the queue file.
        number: its place in the order of activation.
        queued: when it came into the active queue, seconds.
        flush: what a flush allows it.
        pending: how many of its tries are not over.
        running: how many of those an agent is busy with, or is to be started for.
        waiting: for how many of those an agent has still to be started.
        unread: recipients that are not divided into tries yet.
        deferred: those to be tried again, with the reason.
        failed: those given up, with the reason.
        told: what else the sender is to be told.
        crashed: whether an agent died over it: it waits, even if nobody is left to deliver it to.
        success: whether he asked to be told of somebody's success, which bounce(8) may say that it does not do.
        unresolved: those whose address nobody could resolve, with it; they go by another name while they are tried.
    """

    __slots__ = (
        "crashed", "deferred", "failed", "flush", "message", "number", "pending", "queued", "running", "success",
        "told", "unread", "unresolved", "waiting",
    )  # fmt: skip

    def __init__(self, message: Message, number: int, queued: float, flush: Flush) -> None:
        self.message, self.number, self.queued, self.flush = message, number, queued, flush
        self.pending = self.running = self.waiting = 0
        self.unread: list[Recipient] = []
        self.deferred: list[tuple[Recipient, Dsn]] = []
        self.failed: list[tuple[Recipient, Dsn]] = []
        self.told: list[Result] = []
        self.crashed = self.success = False
        self.unresolved: list[tuple[Recipient, str]] = []


@dataclass(slots=True, eq=False)
class Entry(Request):
    """A try of a message, with the job it belongs to and the destination it waits for.

    Args:
        job: what is known of the message.
        destination: where it waits for its turn.
        part: what it is a part of as long as it waits; None afterwards.
        gone: whether an administrator has taken the message out of the active queue while it waited.
    """

    job: Job = field(kw_only=True)
    destination: Destination = field(kw_only=True)
    part: Part | None = None
    gone: bool = False
