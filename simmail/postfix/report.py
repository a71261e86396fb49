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
    soft_bounce, *_delivery_status_filter, notify_classes, address_verify_negative_cache, defer_service_name

DIAGNOSTICS
    bounce_append: ignoring dsn code "CODE"; also `defer_append` and `sent`

    connect to private/bounce: Connection refused
        master.cf has no such service: recipients are deferred instead.

    connect to private/defer: No such file or directory; ID: defer service failure
        No listing of the queue has the reason why this message waits.

    ID: flush service failure
        A list of fast_flush_domains cannot be read.

BUGS
    The queue manager, which defers what need not be tried, does not wait for bounce(8).  Success is reported where
    master.cf has no service `trace`, too; the real program defers such mail.

SEE ALSO
    bounce(3), defer(3), sent(3), dsn_filter(3)
"""

from __future__ import annotations

import re
from functools import lru_cache

from simmail.mail.message import Notify, Recipient
from simmail.mail.questions import Await, Note
from simmail.postfix.delivery import PROBE, Dsn, Request, Result, Status
from simmail.postfix.flush import flush_words
from simmail.postfix.program import Program
from simmail.postfix.tables import LookupFailure, Maps

#: arrival to active queue, active queue to agent, agent to connection, connection to end; seconds.
Delays = tuple[float, float, float, float]

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")

#: The status where nobody can be told that mail was not delivered.
UNTOLD = ("4.3.0", "bounce or trace service failure")
#: What bounce(8) tells where an agent gave no reason; the log shows none.
UNDESCRIBED = "(description unavailable)"
#: What an agent says of a recipient, to the log and to the queue manager.
Report = tuple[Note | Await, Result]
#: The service behind which bounce(8) is told of a recipient.
TOLD = {Status.BOUNCED.value: "bounce", Status.DEFERRED.value: "defer", Status.SOFTBOUNCE.value: "defer"}


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
    """

    __slots__ = ("_cached", "_filter", "_flushes", "_program", "_shown", "_soft", "_unreturned", "_unwritten", "_waits")

    def __init__(self, program: Program, filters: str = "", waits: bool = True) -> None:
        self._waits = waits
        self._program, self._shown = program, program.shown
        self._soft: bool = program.config["soft_bounce"]
        self._cached: bool = program.config["address_verify_negative_cache"]
        self._filter: Maps | None = (filters and program.maps(filters)) or None
        patterns, old = program.fast_flush.patterns, program.fast_flush.old
        unsure = any(pattern.table and not pattern.table.available for pattern in patterns)
        #: Whether the log may hear of it when flush(8) is told of deferred mail: it cannot be, or has words of its own.
        self._flushes = unsure or old or bool(patterns and program.opening)
        #: What is said where bounce(8) is not there to return mail; nothing where it is.
        self._unreturned = program.system.unreturned()
        #: The service that writes down why mail waits, where it is missing; "" where it is there.
        self._unwritten = "" if program.system.has("defer") else str(program.config["defer_service_name"])

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
            elif self._unreturned:
                for text in self._unreturned:
                    self._program.warn("warning", text)
                dsn = dsn._replace(status=UNTOLD[0], reason=UNTOLD[1])
            else:
                status, action = Status.BOUNCED, "failed"
        if self._flushes and status is not Status.BOUNCED:
            self._flush_later(request.message.queue_id, recipient.address)
        if dsn.action != action:
            dsn = dsn._replace(action=action)
        note, result = self._report(request, recipient, dsn, relay, delays, status)
        if self._unwritten and status is not Status.BOUNCED:
            self._program.warn("warning", self._program.system.unreachable(f"private/{self._unwritten}"))
            self._program.warn("warning", f"{request.message.queue_id}: {self._unwritten} service failure")
            result = result._replace(dsn=dsn._replace(reason=""))
        return note, result

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
        service = TOLD.get(status._value_) or (recipient.notify and Notify.SUCCESS in recipient.notify and "trace")
        if service and self._waits and (system := self._program.system).running(service) is None:
            return Await(service, note) if system.has(service) else note, result
        return note, result

    def _flush_later(self, queue_id: str, address: str) -> None:
        """Tell flush(8) of a deferred message, if its domain is one of those."""
        program = self._program
        try:
            if program.fast_flush.serves(address.rpartition("@")[2], "update fast-flush logfile"):
                program.pending += flush_words(program.system)
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
            self._program.warn("warning", f"{filter.title}: bad status code: {found}")
            return dsn
        return dsn._replace(status=status, reason=reason)
