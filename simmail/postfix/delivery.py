"""A delivery: what the queue manager asks of a delivery agent, and what the agent answers.

Every agent (smtp, local, virtual, error, retry, discard, pipe, lmtp) takes the same request, notes its own
`delivery` records, and returns one result for each recipient.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from simmail.mail.message import Message, Recipient

#: `Message.trace` of mail that asks verify(8)'s question, of mail that is only looked at for somebody (`sendmail -bv`),
#: and of mail of which the sender wants to hear whatever becomes of it (`-v`).
PROBE, VERIFY, RECORD = "probe", "verify", "record"
#: `Message.trace` of mail that is not delivered, only looked at.
PROBES = frozenset({PROBE, VERIFY})


class Status(Enum):
    """How a try ended for one recipient; the value is what the log says after `status=`."""

    SENT = "sent"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    #: Bounced, and whoever has to hear of it has been told: a list's owner.
    RETURNED = "returned"
    UNDELIVERABLE = "undeliverable"
    UNCACHED = "undeliverable-but-not-cached"
    DELIVERABLE = "deliverable"
    SOFTBOUNCE = "SOFTBOUNCE"


class Caching(Enum):
    """What a delivery agent may do about connections, beyond making one and ending it (on-demand caching)."""

    NONE = 0
    #: Use one that was kept.
    FETCH = 1
    #: Use one that was kept, and keep one for others.
    KEEP = 2


#: Those who are tried again.
WAITING = (Status.DEFERRED, Status.SOFTBOUNCE)


class Dsn(NamedTuple):
    """Status and reason of a try, as a delivery status notification reports them (RFC 3464).

    Args:
        status: the enhanced status code, `5.1.1`.
        action: `failed`, `delayed`, `delivered`, `relayed`, `expanded`.
        reason: the text, as in the log's parentheses.
        diagnostic_type: `smtp` where a remote server spoke, `X-Postfix`, `x-unix`; "" for none.
        diagnostic: the remote server's own words, or the reason.
        remote_mta: the remote server's name; "" for none.
    """

    status: str
    action: str
    reason: str
    diagnostic_type: str = ""
    diagnostic: str = ""
    remote_mta: str = ""


class Result(NamedTuple):
    """What became of one recipient in one try.

    Args:
        recipient: the address, which local(8) may have found by expanding one of the request's recipients.
        status: how it ended.
        dsn: what a notification says of it.
        relay: who took the message, as in the log; `none` for nobody.
        of: the request's recipient that this belongs to; None where it is `recipient` itself.  That recipient is
            done with unless one of its results says DEFERRED or SOFTBOUNCE.
    """

    recipient: Recipient
    status: Status
    dsn: Dsn
    relay: str = "none"
    of: Recipient | None = None

    def relayed(self) -> Result:
        """The same, told of as handed on to somebody who may say nothing more."""
        return self._replace(dsn=self.dsn._replace(action="relayed"))


@dataclass(slots=True)
class Request:
    """One try to deliver one message to some of its recipients (Postfix's DELIVER_REQUEST).

    Args:
        message: the queue file.
        recipients: those of this try; all share transport and nexthop.
        transport: the service's name in master.cf, `smtp`.
        nexthop: where to; for error and retry, the text.
        sender: the envelope sender to use (VERP may differ from the message's).
        queued: when the message came into the active queue, seconds.
        started: when an agent got the request, seconds.
        caching: what the queue manager asks the agent to do about connections.
        conn_use: how often the present connection has been used, this time included.
        verify: whether the recipients are only looked at (`sendmail -bv`), not delivered to.
        hop_status: set by the agent where the whole destination is in trouble, not only this message.
        handed: how many agents have handed it on, each of which waits for the next.
    """

    message: Message
    recipients: list[Recipient]
    transport: str
    nexthop: str
    sender: str
    queued: float = 0.0
    started: float = 0.0
    caching: Caching = Caching.NONE
    conn_use: int = 1
    verify: bool = False
    hop_status: Dsn | None = None
    handed: int = 0


def enter(message: Message, result: Result) -> None:
    """Enter a failure where the queue's listings look while the message is under delivery."""
    if result.status in WAITING:
        message.deferrals += ((result.recipient.address, result.dsn.reason),)
    elif result.of is None and result.status is Status.BOUNCED:
        result.recipient.reported = ("bounced", result.dsn)
