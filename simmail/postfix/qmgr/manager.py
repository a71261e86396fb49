"""NAME
    qmgr - the queue manager

DESCRIPTION
    Takes mail from the incoming queue into the active one, as long as there is room, finds the transport and the
    destination of each recipient, and hands out tries: requests for delivery agents.  What could not be delivered
    goes into the deferred queue until its time has come and a queue run finds it.  When all recipients of a message
    have been tried, those that failed are returned to the sender, and the message is deferred or removed.

    The manager has no clock: each of its methods is told the time, and returns the requests to start now.  Whoever
    runs it hands each request to its agent, and the agent's results to `finished`.

    A message's next try is due after a wait as long as the message is old, at least minimal_backoff_time and at most
    maximal_backoff_time; the first queue run from a second before then finds it.

PARAMETERS
    queue_run_delay, minimal_backoff_time, maximal_backoff_time, maximal_queue_lifetime, bounce_queue_lifetime,
    delay_warning_time, qmgr_message_active_limit, qmgr_message_recipient_limit, qmgr_message_recipient_minimum,
    transport_retry_time, qmgr_clog_warn_time, helpful_warnings; see also `qmgr.destination`, `qmgr.transport`,
    `qmgr.routing`

DIAGNOSTICS
    from=<SENDER>, size=N, nrcpt=N (queue active); removed; from=<SENDER>, status=expired, returned to sender

SEE ALSO
    qmgr(8), QSHAPE_README, SCHEDULER_README
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from simmail.mail.message import Message, Notify, Recipient
from simmail.mail.questions import Decision
from simmail.postfix.delivery import Dsn, Request, Result, Status
from simmail.postfix.program import Program
from simmail.postfix.qmgr.destination import Destination
from simmail.postfix.qmgr.entry import Entry, Flush, Job
from simmail.postfix.qmgr.routing import Router
from simmail.postfix.qmgr.transport import Transport
from simmail.postfix.report import Reporter, delays, shown

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

#: What stands before the reason why a destination is not tried.
SUSPENDED = "delivery temporarily suspended: "
DONE = frozenset({Status.SENT, Status.DELIVERABLE, Status.UNDELIVERABLE})
DEFERRED = frozenset({Status.DEFERRED, Status.SOFTBOUNCE})


class QueueManager(Program):
    """The queue manager of one generation of the configuration; the queue itself is the system's spool."""

    command = "qmgr"

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        self.spool = system.spool
        self.router = Router(self)
        self._reporter = Reporter(self)
        self._run_delay: float = config["queue_run_delay"]
        self._minimal = int(config["minimal_backoff_time"])
        self._maximal = int(config["maximal_backoff_time"])
        self._lifetime: float = config["maximal_queue_lifetime"]
        self._bounce_lifetime: float = config["bounce_queue_lifetime"]
        self._warn_after: float = config["delay_warning_time"]
        self._active_limit: int = config["qmgr_message_active_limit"]
        self._retry_transport: float = config["transport_retry_time"]
        if config["qmgr_message_recipient_limit"] < self._active_limit:
            self._adjusts("qmgr_message_recipient_limit", "smaller", "qmgr_message_active_limit")
        if self._bounce_lifetime > self._lifetime:
            self._adjusts("bounce_queue_lifetime", "larger", "maximal_queue_lifetime")
            self._bounce_lifetime = self._lifetime
        self._jobs: dict[str, Job] = {}
        self._number = 0
        self._arrived: deque[str] = deque()
        self._due: deque[Message] = deque()
        self._due_flush = Flush.NONE
        self._alarms: list[tuple[float, int, Destination | Transport]] = []
        self._next_run = 0.0

    def _adjusts(self, name: str, how: str, other: str) -> None:
        self.warn("warning", f"{name} is {how} than {other} - adjusting {name}")

    # ---- what happens

    def start(self, now: float) -> Decision[list[Request]]:
        """Postfix was started: take up what is in the queue."""
        yield from self.spoken()
        for queue_id in list(self.spool.active):
            self.spool.move(queue_id, "active", "incoming")
        self._arrived = deque(self.spool.incoming)
        self._next_run = now
        return (yield from self.scan(now))

    def incoming(self, message: Message, now: float) -> Decision[list[Request]]:
        """A message has been put into the incoming queue."""
        self._arrived.append(message.queue_id)
        yield from self._feed(now)
        return self._drain(now)

    def finished(self, request: Request, results: list[Result], now: float) -> Decision[list[Request]]:
        """An agent is done with a request."""
        assert isinstance(request, Entry)
        destination, job = request.destination, request.job
        assert destination is not None
        assert job is not None
        transport = destination.transport
        self._settle(job, results)
        hop = request.hop_status
        if transport.dead is not None:
            self.revive(transport)
        if hop is not None and any(result.status in DEFERRED for result in results):
            if destination.window:
                self._blame(destination, hop._replace(reason=SUSPENDED + hop.reason), now)
        elif destination.window or destination.dead is not None:
            destination.praise()
        self._release(destination, now)
        job.pending -= 1
        if not job.pending:
            yield from self._done(job, now)
        yield from self._feed(now)
        return self._drain(now)

    def scan(self, now: float) -> Decision[list[Request]]:
        """It is time for a queue run, or for what had to wait."""
        self._ring(now)
        if self._next_run <= now:
            self._start_run(Flush.NONE, now)
            while self._next_run <= now:
                self._next_run += self._run_delay
        yield from self._feed(now)
        return self._drain(now)

    def next_wakeup(self, now: float) -> float | None:
        """When `scan` wants to be called next, seconds; None for never as things are."""
        alarm = self._alarms[0][0] if self._alarms else None
        if not self.spool.deferred and not self._due:
            return alarm
        run = max(self._next_run, now)
        return run if alarm is None else min(alarm, run)

    def flush(self, now: float) -> Decision[list[Request]]:
        """Try everything in the deferred queue now (`postqueue -f`, `sendmail -q`)."""
        self._revive_all()
        self._start_run(Flush.ALL | Flush.DEFERRED_TRANSPORTS, now)
        yield from self._feed(now)
        return self._drain(now)

    # ---- the active queue

    def _feed(self, now: float) -> Decision[None]:
        """Fill up the active queue, from new and from deferred mail in turn."""
        spool = self.spool
        while (self._arrived or self._due) and len(spool.active) < self._active_limit:
            if self._arrived:
                message = spool.incoming.pop(self._arrived.popleft(), None)
                if message is not None:
                    yield from self._activate(message, Flush.NONE, now)
            if self._due and len(spool.active) < self._active_limit:
                message = self._due.popleft()
                if spool.deferred.get(message.queue_id) is message:
                    del spool.deferred[message.queue_id]
                    yield from self._activate(message, self._due_flush, now)

    def _activate(self, message: Message, flush: Flush, now: float) -> Decision[None]:
        queue_id = message.queue_id
        self.spool.active[queue_id] = message
        self._number += 1
        job = self._jobs[queue_id] = Job(message, self._number, now, flush)
        count = len(message.recipients) + len(message.done)
        yield self.note("active", queue_id, shown(message.sender), message.size, count)
        yield from self._assign(job, message.recipients, now)
        if not job.pending:
            yield from self._done(job, now)

    def _assign(self, job: Job, recipients: list[Recipient], now: float) -> Decision[None]:
        """Divide recipients into tries."""
        rewriter = yield from self.system.summon("rewrite")
        placed: list[tuple[Destination, Recipient]] = []
        for recipient in recipients:
            found = self.router.place(job, recipient, rewriter)
            if rewriter.pending:
                yield from rewriter.spoken()
            if isinstance(found, Destination):
                placed.append((found, recipient))
            else:
                yield from self._at_once(job, recipient, found, now)
        if len(placed) > 1:
            placed.sort(key=_order)
        entry: Entry | None = None
        message = job.message
        for destination, recipient in placed:
            limit = 1 if message.verp else destination.transport.limits.recipients
            if entry is None or entry.destination is not destination or (limit and len(entry.recipients) >= limit):
                entry = Entry(
                    message, [], destination.transport.name, destination.nexthop, message.sender, job.queued,
                    verify=message.trace == "verify", job=job, destination=destination,
                )  # fmt: skip
                job.pending += 1
                destination.todo.append(entry)
                destination.transport.offer(destination)
            entry.recipients.append(recipient)

    def _at_once(self, job: Job, recipient: Recipient, dsn: Dsn, now: float) -> Decision[None]:
        """End a recipient here, without an agent."""
        request = Request(job.message, [recipient], "", "", job.message.sender, job.queued, now)
        reporter = self._reporter
        report = reporter.sent if dsn.status[0] == "2" else reporter.failed
        note, result = report(request, recipient, dsn, "none", delays(request, now))
        yield note
        self._settle(job, [result])

    def _drain(self, now: float) -> list[Request]:
        """Start what may start."""
        started: list[Request] = []
        for transport in list(self.router.transports.values()):
            while transport.waiting:
                entry = transport.select(now)
                if entry is None:
                    break
                entry.started = now
                started.append(entry)
        return started

    # ---- outcomes

    def _settle(self, job: Job, results: list[Result]) -> None:
        """Enter what became of recipients."""
        waits: set[int] = set()
        for result in results:
            recipient, status = result.recipient, result.status
            if status in DEFERRED:
                job.deferred.append((recipient, result.dsn))
                listed = result.of or recipient
                listed.status, listed.dsn = result.dsn.reason, result.dsn.status
                waits.add(id(listed))
            elif status is Status.BOUNCED:
                job.failed.append((recipient, result.dsn))
            elif Notify.SUCCESS in recipient.notify or status is not Status.SENT:
                job.succeeded.append(result)
        for result in results:
            listed = result.of or result.recipient
            if id(listed) not in waits:
                _cross_off(job.message, listed)

    def _done(self, job: Job, now: float) -> Decision[None]:
        """All recipients have been tried: return what failed, then defer or remove the message."""
        message = job.message
        second = int(now)
        if job.failed or job.succeeded or job.deferred or message.traced:
            bounce = yield from self.system.summon("bounce")
            if job.failed:
                yield from bounce.notify(message, job.failed, now)
            if job.succeeded or message.traced:
                yield from bounce.trace(message, job.succeeded, now)
            if job.deferred:
                yield from self._late(job, second, bounce, now)
        queue_id = message.queue_id
        self._jobs.pop(queue_id, None)
        self.spool.active.pop(queue_id, None)
        if job.deferred:
            message.due = second + max(self._minimal, min(self._maximal, second - int(message.arrival)))
            self.spool.deferred[queue_id] = message
        else:
            yield self.note("removed", queue_id)

    def _late(self, job: Job, second: int, bounce: Any, now: float) -> Decision[None]:
        """Return a message that is too old, or tell its sender that it is late."""
        message = job.message
        created = int(message.arrival)
        if second >= created + (self._lifetime if message.sender else self._bounce_lifetime):
            yield self.note("expired", message.queue_id, shown(message.sender))
            yield from bounce.notify(message, job.deferred, now)
            message.done.extend(message.recipients)
            message.recipients.clear()
            job.deferred = []
        elif self._warn_after and message.sender and not message.warned and second >= created + self._warn_after - 1:
            yield from bounce.warn_late(message, job.deferred, now)
            message.warned = True

    # ---- trouble

    def _blame(self, destination: Destination, dsn: Dsn, now: float) -> None:
        """A delivery found a destination in trouble."""
        if destination.blame(dsn):
            self._alarm(destination, now + self._minimal)
            retry = self.router.suspended(dsn)
            for entry in destination.todo:
                entry.destination, entry.transport, entry.nexthop = retry, "retry", retry.nexthop
                retry.todo.append(entry)
            destination.todo.clear()
            retry.transport.offer(retry)

    def _release(self, destination: Destination, now: float) -> None:
        """A delivery's process is free again."""
        transport = destination.transport
        destination.busy -= 1
        transport.busy -= 1
        delay = transport.limits.destination_delay
        if delay:
            if destination.dead is not None:
                destination.praise()
            destination.suspend()
            self._alarm(destination, now + delay)
        if destination.todo:
            transport.offer(destination)
        else:
            transport.forget(destination)

    def reopen(self, destination: Destination) -> None:
        """A dead destination gets another chance."""
        destination.praise()
        destination.transport.offer(destination)

    def revive(self, transport: Transport) -> None:
        """A dead transport gets another chance."""
        transport.dead, transport.resumes = None, 0.0

    def _revive_all(self) -> None:
        for transport in self.router.transports.values():
            if transport.dead is not None:
                self.revive(transport)
            for destination in list(transport.destinations.values()):
                if destination.dead is not None:
                    self.reopen(destination)
                    transport.forget(destination)

    # ---- time

    def _alarm(self, which: Destination | Transport, time: float) -> None:
        which.resumes = time
        self._number += 1
        heappush(self._alarms, (time, self._number, which))

    def _ring(self, now: float) -> None:
        """Open what has waited long enough."""
        alarms = self._alarms
        while alarms and alarms[0][0] <= now:
            time, _, which = heappop(alarms)
            if which.resumes != time:
                continue
            if isinstance(which, Transport):
                self.revive(which)
                continue
            which.resume()
            which.transport.offer(which)
            which.transport.forget(which)

    def _start_run(self, flush: Flush, now: float) -> None:
        """Look through the deferred queue."""
        deferred = self.spool.deferred
        if flush & Flush.ALL:
            self._due, self._due_flush = deque(deferred.values()), flush
        elif not self._due:
            latest = int(now) + 1
            self._due = deque(message for message in deferred.values() if message.due <= latest)
            self._due_flush = flush


def _order(placed: tuple[Destination, Recipient]) -> tuple[str, str, str, str]:
    """Recipients by transport, queue, domain and address."""
    destination, recipient = placed
    address = recipient.address
    return destination.transport.name, destination.name, address.rpartition("@")[2].lower(), address


def _cross_off(message: Message, recipient: Recipient) -> None:
    """A recipient is done with."""
    recipients = message.recipients
    for index, other in enumerate(recipients):
        if other is recipient:
            del recipients[index]
            message.done.append(recipient)
            return
