"""NAME
    agent - what the agents share that deliver on this machine

DESCRIPTION
    Each recipient ends with a report (report(3)), made at the moment it is done with.

DIAGNOSTICS
    mail forwarding loop for ADDRESS
    mail system configuration error

SEE ALSO
    local(8), virtual(8), pipe(8)
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from simmail.mail.message import Recipient
from simmail.mail.questions import NOW, Decision
from simmail.postfix.delivery import WAITING, Dsn, Request, Result, Status, enter
from simmail.postfix.program import Program
from simmail.postfix.report import Reporter, delays

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem


class DeliveryAgent(Program):
    """An agent that delivers on this machine."""

    watches = True
    brief = True
    #: The parameter with its delivery status filter.
    status_filter: ClassVar[str]

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        self.reporter = Reporter(self, self.status_filter)

    def sent(
        self, request: Request, recipient: Recipient, text: str, results: list[Result], of: Recipient | None = None
    ) -> Decision[bool]:
        """The recipient is done with; False: nothing has to be tried again.

        Args:
            request: the delivery request.
            recipient: the address, perhaps an expanded one.
            text: how it went.
            results: where its result is put.
            of: the queue file's recipient that it was expanded from; None where it is that itself.
        """
        now = yield NOW
        dsn = success("deliverable" if request.verify else "delivered", text)
        note, result = self.reporter.sent(request, recipient, dsn, request.transport, delays(request, now), of)
        if self.pending:
            yield from self.spoken()
        yield note
        results.append(result)
        return False

    def failed(
        self, request: Request, recipient: Recipient, dsn: Dsn, results: list[Result], of: Recipient | None = None
    ) -> Decision[bool]:
        """The recipient cannot be delivered to: now, where the status begins with a 4, or ever.

        The arguments are those of `sent`, but for `dsn`, whose reason may end in a blank that only the log shows.

        Returns:
            Whether it has to be tried again.
        """
        now = yield NOW
        if request.verify:
            dsn = dsn._replace(action="undeliverable")
        note, result = self.reporter.failed(request, recipient, dsn, request.transport, delays(request, now))
        if self.pending:
            yield from self.spoken()
        yield note
        told = result.dsn
        told = told._replace(reason=told.reason.rstrip(), diagnostic=told.diagnostic.rstrip())
        result = result._replace(dsn=told, of=of)
        results.append(result)
        enter(request.message, result)
        if self.system.starting and result.status is Status.BOUNCED:
            self.system.start_writer("bounce", now)
        return result.status in WAITING


@lru_cache(maxsize=1024)
def success(action: str, text: str) -> Dsn:
    """What a recipient that is done with comes to, and how it went."""
    return Dsn("2.0.0", action, text)


def failure(status: str, text: str, unix: str = "") -> Dsn:
    """Why a recipient cannot be delivered to.

    Args:
        status: the enhanced status code.
        text: the reason, for people.
        unix: what a failed command said, or what its exit status means; "" where no command failed.
    """
    action = "delayed" if status[0] == "4" else "failed"
    return Dsn(status, action, text, "x-unix", unix) if unix else Dsn(status, action, text)


#: What an agent comes to whose configuration makes no sense.
MISCONFIGURED = failure("4.3.5", "mail system configuration error")
#: The flags in master.cf that make no sense for several recipients at once.
ALONE = ("D", "O")


def looped(address: str) -> Dsn:
    """What becomes of mail that has been delivered to an address before."""
    return failure("5.4.6", f"mail forwarding loop for {address}")


def crowded(request: Request, flags: Collection[str], service: str) -> str:
    """What is wrong with a request for several recipients, if flags want one a delivery; "" for nothing.

    Args:
        request: the delivery request.
        flags: those of the entry in master.cf.
        service: the name of that entry.
    """
    alone = next((flag for flag in ALONE if flag in flags), "")
    if not alone or len(request.recipients) < 2:
        return ""
    return f"flag `{alone}' requires {service}_destination_recipient_limit = 1"


def unopened(agent: Program, request: Request) -> Decision[list[Result]]:
    """What an agent does about a request whose queue file is not in the active queue any more: nothing."""
    yield agent.note("warning", "", f"open active {request.message.queue_id}: No such file or directory")
    return []
