"""NAME
    routing - which queue of which transport a recipient waits in

DESCRIPTION
    A message's recipients are resolved one by one: a REDIRECT and a content filter come before the address resolver, a
    transport that defer_transports names and one that is dead become the retry transport, whose nexthop is the reason.
    Where a transport takes one recipient at a time, each recipient has a queue of its own, its extension left out.

PARAMETERS
    defer_transports, default_filter_nexthop, double_bounce_sender, recipient_delimiter, myhostname

DIAGNOSTICS
    status=deferred (address resolver failure), of the retry transport
    status=bounced (bad address syntax), of the error transport

SEE ALSO
    trivial-rewrite(8), error(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.address import split_extension
from simmail.mail.message import Recipient
from simmail.postfix.delivery import PROBE, PROBES, Dsn
from simmail.postfix.qmgr.destination import Destination
from simmail.postfix.qmgr.dispatch import ERROR, RETRY
from simmail.postfix.qmgr.entry import Flush, Job
from simmail.postfix.resolved import AddressClass, Resolved, ResolveFlag

if TYPE_CHECKING:
    from simmail.postfix.qmgr.manager import QueueManager
    from simmail.postfix.trivial_rewrite import TrivialRewrite

#: How long the last answer of trivial-rewrite(8) is good for, seconds.
KEEP_S = 30
_NOTHING, _LOCAL = ResolveFlag.NONE, AddressClass.LOCAL
#: What stands for an address whose domain could not be looked up in mydestination.
NOT_UPDATED = "NEXTRCPT NOT UPDATED"
NOTICE_DISCARDED = Dsn("2.0.0", "delivered", "undeliverable postmaster notification discarded")


class Router:
    """Finds the destinations of recipients.

    Args:
        manager: whose recipients they are.
    """

    def __init__(self, manager: QueueManager) -> None:
        config = manager.config
        self._dispatcher = manager.dispatcher
        self._transports = manager.dispatcher.transports
        self._held_back = frozenset(config.list("defer_transports"))
        self._filter_nexthop: str = config["default_filter_nexthop"]
        self._double_bounce: str = str(config["double_bounce_sender"]).lower()
        self._delimiters: str = config["recipient_delimiter"]
        self._myhostname: str = config["myhostname"]
        self._asked: tuple[str, ...] | None = None
        self._answer = Resolved("", "", "", AddressClass.NONE)
        self._keeps_until = 0.0

    def place(self, job: Job, recipient: Recipient, rewriter: TrivialRewrite, now: float) -> Destination | Dsn | None:
        """Where a recipient waits, its address now the one that is delivered to; or what became of it at once.

        None where it leads nowhere yet: that has to be asked again.
        """
        name, nexthop, address, address_class, flags = self._resolve(job, recipient, rewriter, now)
        if flags is not _NOTHING:
            if ResolveFlag.NOWHERE in flags:
                self._asked = None
                return None
            if ResolveFlag.ERROR in flags:
                name, nexthop = ERROR, "5.1.3 bad address syntax"
            if ResolveFlag.FAIL in flags:
                name, nexthop = RETRY, "4.3.0 address resolver failure"
                address = address or self._unresolved(job, recipient)
        if address != recipient.address:
            recipient.original = recipient.original or recipient.address
            recipient.address = address
        local = address.rpartition("@")[0]
        if address_class is _LOCAL and local.lower() == self._double_bounce:
            return NOTICE_DISCARDED
        if not address:
            name, nexthop = ERROR, "5.1.3 null recipient address"
        if name in self._held_back and Flush.DEFERRED_TRANSPORTS not in job.flush:
            name, nexthop = RETRY, "4.3.2 deferred transport"
        transport = self._transports.get(name) or self._dispatcher.transport(name)
        if transport.dead is not None:
            if Flush.EACH not in job.flush:
                return self._dispatcher.suspended(transport.dead) or transport.dead
            self._dispatcher.revive(transport)
        queue = nexthop
        if transport.single:
            queue = f"{split_extension(local or address, self._delimiters)[0]}@{nexthop}"
        destination = transport.destination(queue.lower() if queue.isascii() else _lowered(queue), nexthop)
        if destination.dead is not None:
            if Flush.EACH not in job.flush:
                return self._dispatcher.suspended(destination.dead) or destination.dead
            self._dispatcher.reopen(destination)
        return destination

    def _unresolved(self, job: Job, recipient: Recipient) -> str:
        """What stands for an address where trivial-rewrite(8) did not get as far as that."""
        job.unresolved.append((recipient, recipient.address))
        return NOT_UPDATED

    def _resolve(self, job: Job, recipient: Recipient, rewriter: TrivialRewrite, now: float) -> Resolved:
        """Where a recipient leads; the last answer counts for a while, whatever happens to trivial-rewrite(8)."""
        message = job.message
        asked = message.sender, recipient.address, message.filter, message.redirect, message.trace
        if asked == self._asked and now < self._keeps_until:
            return self._answer
        if message.redirect:
            redirect = rewriter.rewrite_internal(message.redirect)
            answer = rewriter.resolve(message.sender, redirect, message.trace == PROBE)
        elif message.filter and message.trace not in PROBES:
            transport, _, nexthop = message.filter.partition(":")
            nexthop = nexthop or self._filter_nexthop or recipient.address.rpartition("@")[2] or self._myhostname
            answer = Resolved(transport, nexthop, recipient.address, AddressClass.NONE)
        else:
            answer = rewriter.resolve(message.sender, recipient.address, message.trace == PROBE)
        self._asked, self._answer, self._keeps_until = asked, answer, now + KEEP_S
        return answer


def _lowered(name: str) -> str:
    """A destination's name beyond ASCII, of which only ASCII letters are made small."""
    return name.encode("utf-8", "surrogateescape").lower().decode("utf-8", "surrogateescape")
