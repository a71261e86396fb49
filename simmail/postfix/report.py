"""NAME
    report - what becomes of a recipient, said to the log and to the queue manager

DESCRIPTION
    Every delivery agent ends each recipient of a request in one of three ways: sent, deferred, bounced.  A report is
    the agent's log line, a `delivery` record, with the result for the queue manager.  Before it says so it tells
    bounce(8), behind the service `bounce`, `defer` or, of success that is to be told, `trace`; where that does not
    start the agent waits, and so does the message.

    With soft_bounce a bounce only defers.  A delivery status filter may put another status and text in place, and
    so turn a bounce into a deferral and the other way round.  Where a recipient is only looked at (`sendmail -bv`)
    the log says `deliverable` or `undeliverable`.

PARAMETERS
    soft_bounce, *_delivery_status_filter, notify_classes, address_verify_negative_cache, bounce_service_name,
    defer_service_name, trace_service_name

DIAGNOSTICS
    bounce_append: ignoring dsn code "CODE"; also `defer_append` and `sent`

    NAME or NAME service failure
        Nobody can be told that a recipient failed, which is deferred instead; what bounce_client(3) says stands before.

    ID: NAME service failure
        No listing of the queue has the reason why this message waits; or it is success that cannot be told, and the
        recipient is deferred though it has the message: `ID: NAME service failed`.

    ID: flush service failure
        A list of fast_flush_domains cannot be read.

BUGS
    The queue manager, which defers what need not be tried, does not wait for bounce(8).  Where defer_service_name or
    trace_service_name is the name of another of the three services, that has no effect; in life what they tell is found
    in a notification of another kind.

SEE ALSO
    bounce(3), defer(3), sent(3), dsn_filter(3), bounce_client
"""

from __future__ import annotations

import re
from functools import lru_cache

from simmail.mail.message import Notify, Recipient
from simmail.mail.questions import Await, Note
from simmail.postfix.bounce_client import BounceService, bounce_services
from simmail.postfix.delivery import PROBE, RECORD, VERIFY, Dsn, Request, Result, Status
from simmail.postfix.flush import flush_words, unasked
from simmail.postfix.program import Program
from simmail.postfix.tables import LookupFailure, Maps

#: arrival to active queue, active queue to agent, agent to connection, connection to end; seconds.
Delays = tuple[float, float, float, float]

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")

#: The status where nobody can be told what became of mail.
UNTOLD = "4.3.0"
#: What bounce(8) tells where an agent gave no reason; the log shows none.
UNDESCRIBED = "(description unavailable)"
#: What an agent says of a recipient, to the log and to the queue manager.
Report = tuple[Note | Await, Result]
#: The service behind which bounce(8) is told of a recipient, whatever the sender has asked for.
TOLD = {Status.BOUNCED.value: "bounce", Status.DEFERRED.value: "defer", Status.SOFTBOUNCE.value: "defer"}
#: The same of what it may have to be told, too.
TRACED = dict.fromkeys((Status.SENT.value, Status.DELIVERABLE.value, Status.UNDELIVERABLE.value), "trace")
#: Agents that talk to remote hosts.
CLIENTS = frozenset({"smtp", "lmtp"})


def valid_status(text: str) -> str:
    """The enhanced status code that `text` begins with; "" for none."""
    found = _STATUS.match(text)
    return found[0] if found else ""


@lru_cache(maxsize=1024)
def split_status(text: str, default: str) -> tuple[str, str]:
    """The enhanced status code before a text, and the text; `default` where there is none."""
    text = text.lstrip()
    status = valid_status(text)
    return (status, text[len(status) :].lstrip()) if status else (default, text)


def delays(request: Request, now: float, connected: float | None = None) -> Delays:
    """The four delays of a try that ends now.

    Args:
        request: the try.
        now: seconds since the world's start.
        connected: when the connection was set up; None where there was none to set up.
    """
    started, queued = request.started, request.queued
    arrival = request.message.arrival
    before = queued - arrival if queued > arrival else 0.0
    if connected is None:
        return before, started - queued, 0.0, now - started
    return before, started - queued, connected - started, now - connected


class Reporter:
    """Makes the reports of one agent.

    Args:
        program: the agent, in whose name the notes are.
        filters: the parameter with its delivery status filter; "" for an agent that has none.
        waits: whether it waits for bounce(8).

    Attributes:
        services: those of bounce(8), by their usual names.
    """

    __slots__ = ("_cached", "_filter", "_flushes", "_program", "_shown", "_soft", "_told", "_waits", "services")

    def __init__(self, program: Program, filters: str = "", waits: bool = True) -> None:
        self._waits = waits
        self._program, self._shown = program, program.shown
        self._soft: bool = program.config["soft_bounce"]
        self._cached: bool = program.config["address_verify_negative_cache"]
        self._filter: Maps | None = (filters and program.maps(filters)) or None
        patterns, old = program.fast_flush.patterns, program.fast_flush.old
        unsure = any(pattern.table and not pattern.table.available for pattern in patterns)
        #: Whether the log may hear of it when flush(8) is told of deferred mail: it cannot be, or has words of its own.
        self._flushes = unsure or old or bool(patterns and (program.opening or unasked(program.system)))
        self.services = bounce_services(program.system, program.config)
        #: How a recipient may end -> the service that has, or may have, to hear of it.
        self._told = {**TOLD, **TRACED} if self.services["trace"].missing else TOLD

    def sent(
        self, request: Request, recipient: Recipient, dsn: Dsn, relay: str, delays: Delays, of: Recipient | None = None
    ) -> Report:
        """Delivered, or handed on; `of`: as in `Result`."""
        if dsn.status[:1] != "2":
            dsn = self._corrected(dsn, "sent", "2.0.0")
        if request.verify:
            return self._report(request, recipient, dsn, relay, delays, Status.DELIVERABLE, of)
        if self._filter is not None:
            dsn = self._filtered(self._filter, dsn, "2")
        return self._report(request, recipient, dsn, relay, delays, Status.SENT, of)

    def deferred(self, request: Request, recipient: Recipient, dsn: Dsn, relay: str, delays: Delays) -> Report:
        """To be tried again."""
        if dsn.status[:1] != "4":
            dsn = self._corrected(dsn, "defer_append", "4.0.0")
        return self._failed(request, recipient, dsn, relay, delays)

    def bounced(self, request: Request, recipient: Recipient, dsn: Dsn, relay: str, delays: Delays) -> Report:
        """Given up."""
        if dsn.status[:1] != "5":
            dsn = self._corrected(dsn, "bounce_append", "5.0.0")
        return self._failed(request, recipient, dsn, relay, delays)

    def failed(self, request: Request, recipient: Recipient, dsn: Dsn, relay: str, delays: Delays) -> Report:
        """Deferred or bounced, as the status code has it."""
        report = self.deferred if dsn.status[:1] == "4" else self.bounced
        return report(request, recipient, dsn, relay, delays)

    def _corrected(self, dsn: Dsn, function: str, status: str) -> Dsn:
        """The same with a status code that fits what is reported; the log hears which function complains."""
        self._program.warn("warning", f'{function}: ignoring dsn code "{dsn.status}"')
        return dsn._replace(status=status)

    def _undeliverable(self, request: Request, recipient: Recipient, dsn: Dsn, relay: str, delays: Delays) -> Report:
        uncached = request.message.trace == PROBE and not self._cached
        status = Status.UNCACHED if uncached else Status.UNDELIVERABLE
        return self._report(request, recipient, dsn, relay, delays, status)

    def _failed(self, request: Request, recipient: Recipient, dsn: Dsn, relay: str, delays: Delays) -> Report:
        if request.verify:
            return self._undeliverable(request, recipient, dsn, relay, delays)
        if self._filter is not None:
            dsn = self._filtered(self._filter, dsn, "45")
        status, action = Status.DEFERRED, "delayed"
        if dsn.status[:1] != "4":
            if self._soft:
                status, dsn = Status.SOFTBOUNCE, dsn._replace(status="4" + dsn.status[1:])
            elif missing := self._missing(request):
                self._complain(missing, request, relay)
                dsn = dsn._replace(status=UNTOLD, reason=self.untold)
            else:
                status, action = Status.BOUNCED, "failed"
        if self._flushes and status is not Status.BOUNCED:
            self._flush_later(request.message.queue_id, recipient.address)
        if dsn.action != action:
            dsn = dsn._replace(action=action)
        return self._report(request, recipient, dsn, relay, delays, status)

    # ---- telling bounce(8)

    @property
    def untold(self) -> str:
        """Why a recipient waits who failed, and of whom nobody can be told."""
        return f"{self.services['bounce'].name} or {self.services['trace'].name} service failure"

    def _missing(self, request: Request) -> BounceService | None:
        """The service without which a recipient that failed cannot be returned; None where all is there."""
        bounce, trace = self.services["bounce"], self.services["trace"]
        if bounce.missing:
            return bounce
        return trace if trace.missing and request.message.trace == RECORD else None

    def _complain(self, service: BounceService, request: Request, relay: str) -> None:
        """Say that a service is missing."""
        program = self._program
        connected = relay not in ("", "none") and program.command in CLIENTS
        bounce = program.system.config.log_name("bounce")
        program.pending += service.said(program.name, bounce, request.message.queue_id, connected)

    def _fails(self, service: BounceService, request: Request, relay: str) -> None:
        """Say so, and that it is needed."""
        self._complain(service, request, relay)
        self._program.warn("warning", f"{request.message.queue_id}: {service.name} service failure")

    def _tell(self, usual: str, request: Request, note: Note, result: Result, delays: Delays) -> Report:
        """Tell bounce(8) of a recipient, behind the service that is usually called so."""
        service, system = self.services[usual], self._program.system
        if service.missing:
            if usual == "trace":
                return self._untraced(service, request, note, result, delays)
            self._fails(service, request, result.relay)
            return note, result._replace(dsn=result.dsn._replace(reason=""))
        if usual == "bounce" and service.name != usual:  # no queue manager looks into its log there
            result = result._replace(status=Status.RETURNED)
        if self._waits and system.running(service.name) is None:
            return Await(service.name, note), result
        return note, result

    def _untraced(self, service: BounceService, request: Request, note: Note, result: Result, delays: Delays) -> Report:
        """Defer a recipient of whose success nobody can be told, if somebody has to be."""
        recipient, trace = result.recipient, request.message.trace
        if request.verify:
            if trace != VERIFY:
                return note, result
            self._fails(service, request, result.relay)
            dsn = result.dsn._replace(status=UNTOLD, action="delayed", reason="")
            return self._program.pending.pop(), result._replace(status=Status.DEFERRED, dsn=dsn)
        if trace != RECORD and (not recipient.notify or Notify.SUCCESS not in recipient.notify):
            return note, result
        self._fails(service, request, result.relay)
        dsn = Dsn(UNTOLD, "delayed", f"{request.message.queue_id}: {service.name} service failed")
        report, deferred = self.deferred(request, recipient, dsn, result.relay, delays)
        return report, deferred._replace(of=result.of)

    def _report(
        self, request: Request, recipient: Recipient, dsn: Dsn, relay: str, delays: Delays, status: Status,
        of: Recipient | None = None,
    ) -> Report:  # fmt: skip
        address, original = recipient.address, recipient.original
        if original and (original == address or original.lower() == address.lower()):
            original = ""
        note = Note(
            self._program.name, "delivery", request.message.queue_id, self._shown(address),
            original and self._shown(original), relay, delays, dsn.status, status._value_, dsn.reason, request.conn_use,
        )  # fmt: skip
        if not dsn.reason and not request.verify:
            dsn = dsn._replace(reason=UNDESCRIBED)
        result = Result(recipient, status, dsn, relay, of)
        service = self._told.get(status._value_) or (
            recipient.notify and Notify.SUCCESS in recipient.notify and "trace"
        )
        return self._tell(service, request, note, result, delays) if service else (note, result)

    def _flush_later(self, queue_id: str, address: str) -> None:
        """Tell flush(8) of a deferred message, if its domain is one of those."""
        program = self._program
        try:
            if program.fast_flush.serves(address.rpartition("@")[2], "update fast-flush logfile"):
                program.pending += flush_words(program.system)
                failure = unasked(program.system)
                if failure:
                    program.warn("warning", failure)
                    program.warn("warning", f"{queue_id}: flush service failure")
        except LookupFailure:
            program.warn("warning", f"{queue_id}: flush service failure")

    def _filtered(self, filter: Maps, dsn: Dsn, classes: str) -> Dsn:
        """What a delivery status filter makes of a status and its text; `classes`: the first digits it may give."""
        try:
            found = filter.find(f"{dsn.status} {dsn.reason}")
        except LookupFailure:
            return dsn
        if found is None:
            return dsn
        status, reason = split_status(found, "")
        if status[:1] not in classes or not status:
            title = filter.title.replace("lmtp_", "smtp_")  # the LMTP client names its own so, too
            self._program.warn("warning", f"{title}: bad status code: {found}")
            return dsn
        return dsn._replace(status=status, reason=reason or dsn.reason)
