"""NAME
    closing - what becomes of a message when all its recipients have been tried

DESCRIPTION
    Recipients that failed are told to the sender, and those that he wanted to hear of.  Where recipients are left, a
    message that is too old is returned for them, too; the sender of one that is late is told so, once; and it is
    deferred for as long as it is old, within bounds.  A requeued message is young again, but for the
    time at which its sender is told that it is late.  A message without recipients is removed.

PARAMETERS
    minimal_backoff_time, maximal_backoff_time, maximal_queue_lifetime, bounce_queue_lifetime,
    confirm_delay_cleared

DIAGNOSTICS
    from=<SENDER>, status=expired, returned to sender
    from=<SENDER>, status=force-expired, returned to sender
    status=deferred (bounce failed), (trace failed), (delay warning failed)
        The notice could not be queued, or bounce_client(3) does not find who writes it; it is tried again.
    removed

BUGS
    The sender of a message whose failure cannot be returned is not told that it is late.

SEE ALSO
    qmgr(8), bounce(8)
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from simmail.mail.message import Message, Notify, Recipient
from simmail.mail.questions import Decision, Level, Note
from simmail.postfix.bounce_client import bounce_services
from simmail.postfix.delivery import PROBE, RECORD, VERIFY, WAITING, Dsn, Result, Status
from simmail.postfix.post_mail import Unsent
from simmail.postfix.qmgr.entry import Job

if TYPE_CHECKING:
    from simmail.postfix.bounce import Bounce
    from simmail.postfix.qmgr.manager import QueueManager

_SENT, _BOUNCED = Status.SENT, Status.BOUNCED


class Closer:
    """Ends the stay of messages in the active queue."""

    def __init__(self, manager: QueueManager) -> None:
        config = manager.config
        self._manager = manager
        self._minimal = int(config["minimal_backoff_time"])
        self._maximal = int(config["maximal_backoff_time"])
        self._lifetime: float = config["maximal_queue_lifetime"]
        self._bounce_lifetime: float = config["bounce_queue_lifetime"]
        if self._bounce_lifetime > self._lifetime:
            manager.adjusts("bounce_queue_lifetime", "larger", "maximal_queue_lifetime")
            self._bounce_lifetime = self._lifetime
        self._services = bounce_services(manager.system, config)
        #: `Message.warn_after` of one whose sender has been warned.
        self._warned = -1.0 if config["confirm_delay_cleared"] else inf

    def notify(self, job: Job, now: float) -> Decision[None]:
        """Tell the sender what he has to be told: job.failed, job.told, message.traced."""
        message = job.message
        if message.trace == PROBE:
            yield from self._verified(job, now)
            return
        if job.failed and (
            yield from self._sent(message, "bounce", lambda bounce: bounce.notify(message, job.failed, now))
        ):
            job.failed = []
        if (job.told or job.success or message.traced) and (
            yield from self._sent(message, "trace", lambda bounce: bounce.trace(message, job.told, now), "trace")
        ):
            job.told, job.success, message.traced = [], False, ()

    def _sent(
        self, message: Message, service: str, notice: Callable[[Bounce], Decision[str]], what: str = "bounce"
    ) -> Decision[bool]:
        """Whether a notice is on its way; if not, the message waits with it.

        Args:
            message: what it is about.
            service: which of bounce(8)'s services has to do with it, by its usual name.
            notice: given bounce(8), how that sends it.
            what: how the log names it.
        """
        manager, found, sent = self._manager, self._services[service], True
        try:
            if found.missing and not found.dies:
                if found.trouble and found.complaint:  # of one that does not exist it says nothing
                    yield manager.note("warning", "", found.complaint)
                raise Unsent
            yield from notice((yield from manager.system.summon(found.name)))
        except Unsent:
            yield manager.note("text", message.queue_id, f"status=deferred ({what} failed)")
            sent = False
        yield Level()
        return sent

    def _verified(self, job: Job, now: float) -> Decision[None]:
        """Tell verify(8) what became of its probe."""
        verify = yield from self._manager.system.summon("verify")
        verify.update(job.told, now)
        job.told, job.message.traced = [], ()

    def close(self, job: Job, now: float) -> Decision[None]:
        """Return, defer or remove the message."""
        manager, message = self._manager, job.message
        queue_id, spool = message.queue_id, manager.spool
        if job.deferred or job.failed:
            yield from self._late(job, now)
        deferred = job.deferred
        message.unreturned, message.untold = tuple(job.failed), tuple(job.told)
        remember(job)
        if manager.jobs.get(queue_id) is not job:
            return  # it has been taken up anew while its sender was told
        del manager.jobs[queue_id]
        if spool.active.get(queue_id) is not message:
            return
        if deferred or job.crashed or message.unreturned or message.untold or message.traced or message.recipients:
            del spool.active[queue_id]
            message.due = int(now) + self._backoff(int(now) - int(message.created))
            spool.defer(message)
        else:
            spool.drop("active", queue_id, "lost")
            yield Note(manager.name, "removed", queue_id)

    def expire(self, job: Job, now: float) -> Decision[None]:
        """Return a message that an administrator declared too old, for whatever reasons its last try left."""
        manager, message = self._manager, job.message
        yield manager.note("force-expired", message.queue_id, manager.shown(message.sender))
        failures = [(one, Dsn(one.dsn, "failed", one.status)) for one in message.recipients if one.status]
        if failures:
            sent = yield from self._sent(message, "defer", lambda bounce: bounce.notify(message, failures, now))
            if not sent:
                yield from self.close(job, now)
                return
        end_all(message, "expired")
        yield from self.close(job, now)

    def _backoff(self, age: int) -> int:
        """How long a message of that age has to wait, seconds."""
        return max(self._minimal, min(self._maximal, age))

    def _is_late(self, message: Message, now: float) -> bool:
        """Whether the time has come to tell a sender; that counts from the arrival, of a requeued one too."""
        return int(now) - int(message.arrival) >= message.warn_after - 1

    def _late(self, job: Job, now: float) -> Decision[None]:
        """Return a message that is too old, or tell its sender that it is late."""
        message = job.message
        age = int(now) - int(message.created)
        if age >= (self._lifetime if message.sender else self._bounce_lifetime):
            yield self._manager.note("expired", message.queue_id, self._manager.shown(message.sender))
            failures = job.deferred or job.failed  # those that could not be returned a moment ago
            sent = yield from self._sent(message, "defer", lambda bounce: bounce.notify(message, failures, now))
            if sent:
                end_all(message, "expired")
                job.deferred = job.failed = []
        elif job.deferred and message.warn_after > 0 and message.sender and self._is_late(message, now):
            deferred = job.deferred
            if (
                yield from self._sent(
                    message, "defer", lambda bounce: bounce.warn_late(message, deferred, now), "delay warning"
                )
            ):
                message.warn_after = self._warned


def remember(job: Job) -> None:
    """Write the defer log: whom the last try has left waiting, and why; an agent that died over one has not said."""
    deferred = job.deferred
    reasons = [(recipient.address, dsn.reason) for recipient, dsn in deferred if dsn.reason] if deferred else ()
    job.message.deferrals = tuple(reasons)
    if job.unresolved:
        restore(job)


def restore(job: Job) -> None:
    """Give recipients their addresses back that could not be resolved."""
    for recipient, address in job.unresolved:
        recipient.address = address
    job.unresolved = []


def end_all(message: Message, end: str, keep: Recipient | None = None) -> None:
    """Be done with all recipients that are left, but one.

    Args:
        message: whose recipients they are.
        end: what became of them.
        keep: the one that stays, if any.
    """
    for recipient in message.recipients:
        if recipient is not keep:
            recipient.end = end
            message.done += (recipient,)
    message.recipients[:] = [] if keep is None else [keep]


def settle(job: Job, results: list[Result]) -> bool:
    """Enter what became of recipients; whether one of them is deferred."""
    message = job.message
    record, late = message.trace == RECORD, message.warn_after < 0
    waits: set[int] = set()
    ends: list[tuple[Recipient, str]] = []
    for result in results:
        recipient, status, dsn, relay, of = result
        listed = of or recipient
        told = record
        if status is _SENT:
            end = "sent" if relay != "none" else "discarded"
            notify = recipient.notify
            if (notify and Notify.SUCCESS in notify) or (late and (not notify or Notify.DELAY in notify)):
                told = True
        elif status in WAITING:
            end = ""
            job.deferred.append((recipient, dsn))
            if message.trace == VERIFY:  # what was found could not be told
                job.success = True
            listed.status, listed.dsn = dsn.reason, dsn.status
            waits.add(id(listed))
        elif status is _BOUNCED:
            end = "bounced"
            job.failed.append((recipient, dsn))
        elif status is Status.RETURNED:
            end = "bounced"
        else:
            end = "verified"
            told = True
        if told:
            job.told.append(result)
        ends.append((listed, end if listed is recipient else "expanded"))
    for listed, end in ends:
        if not waits or id(listed) not in waits:
            listed.end = end
            be_done_with(message, listed)
    return bool(waits)


def be_done_with(message: Message, listed: Recipient) -> None:
    """Take a recipient off those that wait."""
    for place, recipient in enumerate(message.recipients):
        if recipient is listed:
            del message.recipients[place]
            listed.place, listed.reported = place, None
            message.done += (listed,)
            break
