"""NAME
    qmgr - the queue manager

DESCRIPTION
    Takes mail from the incoming queue into the active one, as long as there is room, finds the transport and the
    destination of each recipient, and hands out tries: requests for delivery agents.  What could not be delivered
    goes into the deferred queue until its time has come and a queue run finds it.  When all recipients of a message
    have been tried, those that failed are returned to the sender, and the message is deferred or removed.

    The manager has no clock: each of its methods is told the time, and returns the requests to start now.  Whoever
    runs it hands each request to its agent, and the agent's results to `finished`; and calls `scan` at the time that
    `next_wakeup` tells.

    Commands may move messages between queues or remove them at any time; a delivery that runs then goes on, and its end
    changes nothing of where the message is.  One that waits is handed out in its turn, and the agent finds no file.

PARAMETERS
    queue_run_delay, qmgr_message_active_limit, qmgr_message_recipient_limit, minimal_backoff_time,
    qmgr_message_recipient_minimum; see also `qmgr.closing`, `qmgr.dispatch`, `qmgr.destination`, `qmgr.transport`,
    `qmgr.routing`

DIAGNOSTICS
    fatal: service NAME requires a process limit of 1
    fatal: ID: timeout receiving delivery status from transport: NAME
        An agent died that had not been done within daemon_timeout; what is active waits for another queue manager.
    from=<SENDER>, size=N, nrcpt=N (queue active)
    skipped, still being delivered

BUGS
    Recipients of all messages together are not counted, only those of each: a message with more than
    qmgr_message_recipient_limit of them, and more than qmgr_message_recipient_minimum and its transports'
    default_recipient_limit make together, is worked off in parts.

    A message with whose recipients an agent was done before it died is removed at once; the real queue manager keeps
    it, without recipients, until it looks at it once more.

    One that stands still over an address without a transport does so for ever; in life its watchdog ends it after some
    hours (daemon_timeout), and another one begins.  After a stop the old one may still hold the message in life.

    Of a message that is held while it is delivered the sender hears when it is released, and of one that is deleted or
    requeued never; in life he is told as soon as all its tries are over, in a notice without the message, and the log
    has `qmgr_active_done_3_generic: remove QUEUEID from active: No such file or directory`, if no recipient is left.

    A private service that is no delivery agent (a transport `bounce:x`) is not started where it does not run yet, and
    anvil(8) is taken for one that is not there; in life the queue manager waits for ever for what anvil(8) says first.

SEE ALSO
    qmgr(8), QSHAPE_README, SCHEDULER_README
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from simmail.mail.message import Message, Notify, Recipient
from simmail.mail.questions import NOW, Decision, Note, Sleep
from simmail.postfix.delivery import PROBE, PROBES, Dsn, Request, Result
from simmail.postfix.program import Program
from simmail.postfix.qmgr.closing import Closer, be_done_with, end_all, remember, restore, settle
from simmail.postfix.qmgr.destination import Destination
from simmail.postfix.qmgr.dispatch import Dispatcher
from simmail.postfix.qmgr.entry import Entry, Flush, Job
from simmail.postfix.qmgr.feed import Feed
from simmail.postfix.qmgr.part import Part
from simmail.postfix.qmgr.routing import Router
from simmail.postfix.qmgr.verp import verp_sender
from simmail.postfix.report import Reporter, delays
from simmail.postfix.resolve_client import stand_still

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem
    from simmail.postfix.trivial_rewrite import TrivialRewrite

WHOLE_RUN = Flush.ALL | Flush.DEFERRED_TRANSPORTS
ONE_MESSAGE = Flush.EACH | Flush.DEFERRED_TRANSPORTS


def unheard(request: Entry, results: list[Result]) -> None:
    """An agent is done with a request, and no queue manager runs: what it marked in the queue file stays."""
    job = request.job
    job.running -= 1
    job.pending -= 1
    settle(job, results)
    restore(job)
    job.deferred.clear()


class QueueManager(Program):
    """The queue manager of one generation of the configuration; the queue itself is the system's spool.

    Attributes:
        spool: the queue directory.
        jobs: what is known of active messages, by queue id.
        dispatcher: the transports.
        started: whether it has taken up what was in the queue.
        stands: whether it stands still over an address that has no transport, and hears of nothing.
    """

    command = "qmgr"
    watches = True
    process_limit = 1

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        self.spool = system.spool
        self.jobs: dict[str, Job] = self.spool.jobs
        self.dispatcher = Dispatcher(self)
        self._router = Router(self)
        self._feed = Feed(self.spool)
        self._reporter = Reporter(self, waits=False)
        self._run_delay: float = config["queue_run_delay"]
        self._active_limit: int = config["qmgr_message_active_limit"]
        self._recipient_limit: int = config["qmgr_message_recipient_limit"]
        self._recipient_minimum: int = config["qmgr_message_recipient_minimum"]
        if self._recipient_limit < self._active_limit:
            self.adjusts("qmgr_message_recipient_limit", "smaller", "qmgr_message_active_limit")
            self._recipient_limit = self._active_limit
        self._closer = Closer(self)
        self._backoff = int(config["minimal_backoff_time"])
        self._number = 0
        self._next_run = self._next_look = 0.0
        self.started = self.stands = self._late = False

    def adjusts(self, name: str, how: str, other: str) -> None:
        """Say that a parameter is out of proportion to another."""
        self.warn("warning", f"{name} is {how} than {other} - adjusting {name}")

    def idle(self, now: float) -> int:
        """There is one process, which never ends for want of work."""
        return 1

    # ---- what happens

    def start(self, now: float) -> Decision[list[Entry]]:
        """Postfix was started or reloaded: take up what is in the queue."""
        yield from self.spoken()
        self.started = True
        spool = self.spool
        for queue_id, job in list(self.jobs.items()):
            job.running -= job.waiting
            job.pending, job.waiting = job.running, 0
            if not (job.running or job.failed or job.told):
                del self.jobs[queue_id]
        for queue_id in spool.listed("active"):
            spool.move(queue_id, "active", "incoming")
        for message in spool.incoming.values():  # what waits there because it was still being delivered
            message.due = min(message.due, int(now))
        self._feed.arrived(spool.listed("incoming"))
        self._next_run = now
        self._next_look = now + self.service.wakeup
        return (yield from self.scan(now))

    def incoming(self, message: Message, now: float) -> Decision[list[Entry]]:
        """A message has been put into the incoming queue."""
        feed = self._feed
        feed.new.append(message.queue_id)
        if feed.postponed:
            feed.arrived(())
        return self._go_on(now)

    def finished(self, request: Entry, results: list[Result], now: float) -> Decision[list[Entry]]:
        """An agent is done with a request."""
        job = request.job
        job.running -= 1
        deferred = settle(job, results)
        self.dispatcher.ended(request, request.hop_status if deferred else None, now)
        job.pending -= 1
        yield from self._ended(job, now)
        return (yield from self._go_on(now))

    def crashed(self, request: Entry, now: float) -> Decision[list[Entry]]:
        """An agent died over a request, with a line of its own in the log: those it was not done with wait."""
        job = request.job
        job.running -= 1
        job.crashed = True
        if self.dispatcher.transports.get(request.transport) is request.destination.transport:  # else nobody listens
            yield self.note("warning", "", f"private/{request.transport} socket: malformed response")
        for recipient in request.recipients:
            if recipient.reported is None:
                job.deferred.append((recipient, Dsn("4.3.0", "", "")))
                continue
            recipient.end, dsn = recipient.reported
            be_done_with(job.message, recipient)
            if dsn is not None:
                job.failed.append((recipient, dsn))
        self.dispatcher.release(request, now)
        job.pending -= 1
        yield from self._ended(job, now)
        return (yield from self._go_on(now))

    def unserved(self, request: Entry, now: float) -> Decision[list[Entry]]:
        """An agent died before it had read a request."""
        request.job.running -= 1
        yield self.note("warning", "", f"write to process ({request.transport}): Broken pipe")
        self.dispatcher.unserved(request, now)
        return (yield from self._go_on(now))

    def scan(self, now: float) -> Decision[list[Entry]]:
        """It is time for a queue run, or for what had to wait."""
        if self.stands:
            return []
        self.dispatcher.ring(now)
        if int(self._next_run) <= int(now):
            self._feed.run(Flush.NONE, now)
            self._feed.arrived(())
            while int(self._next_run) <= int(now):
                self._next_run += self._run_delay
        if self._feed.postponed and self.service.wakeup and int(self._next_look) <= int(now):
            self._feed.arrived(())
        while self.service.wakeup and int(self._next_look) <= int(now):
            self._next_look += self.service.wakeup
        return (yield from self._go_on(now))

    def next_wakeup(self, now: float) -> float:
        """When `scan` wants to be called next, seconds."""
        if self.stands:
            return inf
        alarms, wake = self.dispatcher.alarms, self._next_run
        if self._feed.postponed and self.service.wakeup:
            wake = min(wake, max(now, self._next_look))
        return alarms[0][0] if alarms and alarms[0][0] < wake else wake

    # ---- what an administrator wants

    def flush(self, now: float) -> Decision[list[Entry]]:
        """Try everything in the deferred queue now (`postqueue -f`, `sendmail -q`)."""
        self.dispatcher.revive_all()
        self._feed.run(WHOLE_RUN, now)
        self._feed.arrived(())
        return (yield from self._go_on(now))

    def run_queue(self, now: float) -> Decision[list[Entry]]:
        """Run through the deferred queue, and try what is due."""
        self._feed.run(Flush.NONE, now)
        return (yield from self._go_on(now))

    def flush_message(self, queue_id: str, now: float) -> Decision[list[Entry]]:
        """Try one deferred message now (`postqueue -i`)."""
        self._feed.expedite((queue_id,), ONE_MESSAGE, now)
        return (yield from self._go_on(now))

    def flush_site(self, site: str, now: float) -> Decision[list[Entry]]:
        """Try what waits for one domain now (`postqueue -s`, ETRN)."""
        site = site.lower()
        deferred = self.spool.deferred
        waiting = [
            queue_id
            for queue_id in self.spool.listed("deferred")
            if any(r.address.rpartition("@")[2].lower() == site for r in deferred.shown(queue_id).recipients)
        ]
        if waiting:
            self.dispatcher.revive_all()
        self._feed.expedite(waiting, Flush.DEFERRED_TRANSPORTS, now)
        return (yield from self._go_on(now))

    # ---- the active queue

    def _go_on(self, now: float) -> Decision[list[Entry]]:
        """Fill up the active queue, and start what may start."""
        if self.stands:  # it finds what is new when it comes to that
            return []
        feed, active, jobs = self._feed, self.spool.active, self.jobs
        while (feed.new or feed.due) and len(active) < self._active_limit:
            found = feed.next(now)
            if found is None:
                break
            yield from self._activate(*found, now)
            if self.dispatcher.vain:
                self.dispatcher.seek(now)
                yield from self.spoken()
            if self._late:
                self._late, now = False, (yield NOW)
        dispatcher = self.dispatcher
        started: list[Entry] = []
        while True:
            for entry in dispatcher.start(now):
                job, message = entry.job, entry.message
                queue_id = message.queue_id
                if active.get(queue_id) is not message or jobs.get(queue_id) is not job:
                    entry.gone = True
                job.running += 1
                started.append(entry)
            if self.pending:
                yield from self.spoken()
            if not dispatcher.stranded:
                return started
            yield from self._end_stranded(now)

    def _end_stranded(self, now: float) -> Decision[None]:
        stranded, self.dispatcher.stranded = self.dispatcher.stranded, []
        for entry, dsn in stranded:
            for recipient in entry.recipients:
                yield from self._at_once(entry.job, recipient, dsn, now)
            entry.job.pending -= 1
            yield from self._ended(entry.job, now)

    def _activate(self, message: Message, flush: Flush, now: float) -> Decision[None]:
        queue_id = message.queue_id
        before = self.jobs.get(queue_id)
        if before is not None and before.running:
            message.due = int(now) + self._backoff
            self.spool.incoming[queue_id] = message
            self._feed.arrived((queue_id,))
            yield self.note("text", queue_id, "skipped, still being delivered")
            return
        self.spool.active[queue_id] = message
        self._number += 1
        job = self.jobs[queue_id] = Job(message, self._number, now, flush)
        message.deferrals = ()
        for recipient in message.recipients:
            recipient.reported = None
            if recipient.notify and Notify.SUCCESS in recipient.notify:
                job.success = True
        if before is not None:
            job.failed, job.told = before.failed, before.told
        elif message.unreturned or message.untold:
            job.failed, job.told = list(message.unreturned), list(message.untold)
        count = len(message.recipients) + len(message.done)
        yield Note(self.name, "active", queue_id, self.shown(message.sender), message.size, count)
        if message.expired:
            yield from self._closer.expire(job, now)
            return
        job.unread = message.recipients[:]
        yield from self._read(job, now, self._recipient_limit)
        if not job.pending:
            yield from self._ended(job, now)

    def _read(self, job: Job, now: float, room: int = 0) -> Decision[None]:
        """Divide recipients into tries, as many as there is room for: some of each message, more for its transports.

        Args:
            job: the message's.
            now: the time, seconds since the start of the world.
            room: how many are read in any case.
        """
        message, part, job.unread = job.message, job.unread, []
        room = max(room, self._recipient_minimum)
        extra: dict[str, int] = {}
        if message.redirect:
            first = min(message.recipients, key=_by_domain)
            end_all(message, "replaced", first)
            part = [first]
        rewriter = self.system.at_hand("rewrite") or (yield from self.system.summon("rewrite"))
        placed: list[tuple[Destination, Recipient]] = []
        for number, recipient in enumerate(part):
            if number >= room:
                job.unread = part[number:]
                break
            found = self._router.place(job, recipient, rewriter, now)
            if found is None:
                found, rewriter, now = yield from self._stand_still(job, recipient)
            if rewriter.pending:
                yield from rewriter.spoken()
            if isinstance(found, Destination):
                placed.append((found, recipient))
                if room < len(part):
                    extra[found.transport.name] = found.transport.limits.memory
                    room = max(room, self._recipient_minimum + sum(extra.values()))
            else:
                yield from self._at_once(job, recipient, found, now)
        if len(placed) > 1:
            placed.sort(key=_order)
        self._enqueue(job, placed, now)

    def _reads_on(self, job: Job, now: float) -> Decision[bool]:
        """Read on where recipients are left; whether there is something to try now."""
        while job.unread and not job.pending:
            yield from self._read(job, now)
        return job.pending > 0

    def _stand_still(self, job: Job, recipient: Recipient) -> Decision[tuple[Destination | Dsn, TrivialRewrite, float]]:
        """Where a recipient waits who leads nowhere yet, as soon as he does; and the time then (s)."""
        self.stands = self._late = True
        while True:
            now = yield from stand_still(self, recipient.address)
            if self.system.successor is not None:
                yield Sleep(inf)  # another queue manager sees to it
            rewriter = self.system.at_hand("rewrite") or (yield from self.system.summon("rewrite"))
            found = self._router.place(job, recipient, rewriter, now)
            if found is not None:
                self.stands = False
                return found, rewriter, now

    def _enqueue(self, job: Job, placed: list[tuple[Destination, Recipient]], now: float) -> None:
        """Let tries wait for their destinations; recipients are in order of these."""
        message = job.message
        last: Entry | None = None
        part: Part | None = None
        for destination, recipient in placed:
            transport = destination.transport
            limit = 1 if message.verp else transport.limits.recipients
            if last is not None and last.destination is destination and not (limit and len(last.recipients) >= limit):
                last.recipients.append(recipient)
                continue
            sender = message.sender
            if message.verp and sender:
                sender = verp_sender(sender, message.verp, recipient.original or recipient.address)
            if part is None or (last is not None and last.transport != transport.name):
                part = transport.part(job)
            last = Entry(
                message, [recipient], transport.name, destination.nexthop, sender, job.queued,
                verify=message.trace in PROBES, job=job, destination=destination, part=part,
            )  # fmt: skip
            part.entries.append(last)
            part.tries += 1
            job.pending += 1
            self.dispatcher.enqueue(last, now)

    def _at_once(self, job: Job, recipient: Recipient, dsn: Dsn, now: float) -> Decision[None]:
        """End a recipient here, without an agent."""
        message = job.message
        probed = message.trace in PROBES
        request = Request(message, [recipient], "", "", message.sender, job.queued, now, verify=probed)
        report = self._reporter.sent if dsn.status[0] == "2" else self._reporter.failed
        note, result = report(request, recipient, dsn, "none", delays(request, now))
        yield note
        settle(job, [result])

    def _ended(self, job: Job, now: float) -> Decision[None]:
        """See to a message with no try left: read on where recipients are left, or tell the sender and close it."""
        message = job.message
        queue_id = message.queue_id
        if job.pending or self.jobs.get(queue_id) is not job:
            return  # there are other tries, or the message has been taken up anew
        if self.spool.active.get(queue_id) is not message:
            remember(job)
            if not (job.failed or job.told) or not self.spool.holds(queue_id):
                self.jobs.pop(queue_id, None)
            return
        if (yield from self._reads_on(job, now)):
            return
        if job.failed or job.told or job.success or message.traced or message.trace == PROBE:
            yield from self._closer.notify(job, now)
        yield from self._closer.close(job, now)


def _order(placed: tuple[Destination, Recipient]) -> tuple[str, str, str, str]:
    """Recipients by transport, queue, domain and address."""
    destination, recipient = placed
    address = recipient.address
    return destination.transport.name, destination.name, address.rpartition("@")[2].lower(), address


def _by_domain(recipient: Recipient) -> tuple[str, str]:
    """The order of recipients: by domain, then by address."""
    address = recipient.address.lower()
    return address.rpartition("@")[2], address
