"""NAME
    routing - which queue of which transport a recipient waits in

DESCRIPTION
    A message's recipients are resolved one by one: a REDIRECT and a content filter come before the address resolver, a
    transport that defer_transports names and one that is dead become the retry transport, whose nexthop is the reason.
    Where a transport takes one recipient at a time, each recipient has a queue of its own, its extension left out.

PARAMETERS
    defer_transports, default_filter_nexthop, double_bounce_sender, recipient_delimiter, myhostname

DIAGNOSTICS
    status=deferred (address resolver failure), status=bounced (bad address syntax), both in the queue manager's name

SEE ALSO
    trivial-rewrite(8), error(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.address import split_extension
from simmail.mail.message import Recipient
from simmail.postfix.delivery import Dsn
from simmail.postfix.qmgr.destination import Destination
from simmail.postfix.qmgr.entry import Flush, Job
from simmail.postfix.qmgr.transport import Limits, Transport
from simmail.postfix.trivial_rewrite import AddressClass, Resolved, ResolveFlag

if TYPE_CHECKING:
    from simmail.postfix.qmgr.manager import QueueManager
    from simmail.postfix.trivial_rewrite import TrivialRewrite

RETRY, ERROR = "retry", "error"
UNRESOLVED = Dsn("4.3.0", "delayed", "address resolver failure")
BAD_SYNTAX = Dsn("5.1.3", "failed", "bad address syntax")
NOTICE_DISCARDED = Dsn("2.0.0", "delivered", "undeliverable postmaster notification discarded")


class Router:
    """Finds the destinations of recipients.

    Args:
        manager: whose transports they are.
    """

    def __init__(self, manager: QueueManager) -> None:
        config = manager.config
        self._manager = manager
        self.transports: dict[str, Transport] = {}
        self._held_back = frozenset(config.list("defer_transports"))
        self._filter_nexthop: str = config["default_filter_nexthop"]
        self._double_bounce: str = str(config["double_bounce_sender"]).lower()
        self._delimiters: str = config["recipient_delimiter"]
        self._myhostname: str = config["myhostname"]

    def transport(self, name: str) -> Transport:
        """The transport of that name."""
        found = self.transports.get(name)
        if found is None:
            manager = self._manager
            limits = Limits.read(name, manager.config, manager.system.service(name), manager.warn)
            found = self.transports[name] = Transport(name, limits)
        return found

    def place(self, job: Job, recipient: Recipient, rewriter: TrivialRewrite) -> Destination | Dsn:
        """Where a recipient waits, its address now the one that is delivered to; or what became of it at once."""
        resolved = self._resolve(job, recipient, rewriter)
        if resolved.flags & ResolveFlag.FAIL:
            return UNRESOLVED
        if resolved.flags & ResolveFlag.ERROR:
            return BAD_SYNTAX
        recipient.address = resolved.recipient
        if resolved.address_class is AddressClass.LOCAL and self._notice(resolved.recipient):
            return NOTICE_DISCARDED
        name, nexthop = resolved.transport, resolved.nexthop
        if not recipient.address:
            name, nexthop = ERROR, "5.1.3 null recipient address"
        if name in self._held_back and not job.flush & Flush.DEFERRED_TRANSPORTS:
            name, nexthop = RETRY, "4.3.2 deferred transport"
        transport = self.transport(name)
        if transport.dead is not None:
            if job.flush & Flush.EACH:
                self._manager.revive(transport)
            else:
                return self._suspended(transport.dead)
        destination = self._queue(transport, nexthop, recipient)
        if destination.dead is not None:
            if job.flush & Flush.EACH:
                self._manager.reopen(destination)
            else:
                return self._suspended(destination.dead)
        return destination

    def suspended(self, dsn: Dsn) -> Destination:
        """Where recipients of a dead transport or destination go."""
        text = f"{dsn.status} {dsn.reason}"
        return self.transport(RETRY).destination(text, text)

    def _suspended(self, dsn: Dsn) -> Destination | Dsn:
        if self.transport(RETRY).dead is not None:
            return dsn
        destination = self.suspended(dsn)
        return dsn if destination.dead is not None else destination

    def _resolve(self, job: Job, recipient: Recipient, rewriter: TrivialRewrite) -> Resolved:
        message = job.message
        if message.filter:
            transport, _, nexthop = message.filter.partition(":")
            nexthop = nexthop or self._filter_nexthop or recipient.address.rpartition("@")[2] or self._myhostname
            return Resolved(transport, nexthop, recipient.address, AddressClass.NONE)
        return rewriter.resolve(message.sender, recipient.address)

    def _notice(self, address: str) -> bool:
        """Whether an address of this machine is the sender of double bounces."""
        return address.rpartition("@")[0].lower() == self._double_bounce

    def _queue(self, transport: Transport, nexthop: str, recipient: Recipient) -> Destination:
        name = nexthop
        if transport.limits.recipients == 1 and transport.name not in (ERROR, RETRY):
            local = recipient.address.rpartition("@")[0] or recipient.address
            name = f"{split_extension(local, self._delimiters)[0]}@{nexthop}"
        return transport.destination(name.lower(), nexthop)
