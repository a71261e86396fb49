"""NAME
    pickup - local mail pickup

DESCRIPTION
    Takes what sendmail(1) left in the maildrop queue, and what postsuper(1) put back there, to cleanup(8).  A content
    that begins with a blank has no header: an empty line goes before it.

PARAMETERS
    content_filter, receive_override_options, smtputf8_autodetect_classes, myhostname, mail_name, cleanup_service_name

DIAGNOSTICS
    maildrop/NAME: error writing ID: queue file write error
    remove maildrop/NAME: No such file or directory
    fatal: service NAME requires a process limit of 1
    QUEUE_ID: uid=UID from=<SENDER>
        with ` orig_id=ID` for a message that was requeued.

BUGS
    The real program tries a message that cleanup(8) cannot take at once again and again; here it waits for the next
    wake-up.

SEE ALSO
    pickup(8), sendmail(1)
"""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from simmail.mail.errors import Fatal
from simmail.mail.message import Message, Recipient
from simmail.mail.questions import Abandon, Decision
from simmail.postfix.cleanup_status import CleanupFlag, CleanupStatus, external_flags
from simmail.postfix.post_mail import utf8_flags
from simmail.postfix.program import Program
from simmail.postfix.queue_file import OWNER, in_sections

if TYPE_CHECKING:
    from simmail.postfix.cleanup import Cleanup
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

#: `Message.origin` of what `sendmail -G` hands on, which is not from here.
GATEWAY = "gateway"
#: What is wrong with a message that is thrown away.
HOPELESS = CleanupStatus.BAD | CleanupStatus.NO_RECIPIENTS
#: What of a message in maildrop goes into the queue file with it.
KEPT = (
    "sender", "origin", "client_name", "client_address", "helo", "protocol", "envid", "ret", "encoding", "smtputf8",
    "fullname", "verp", "identity", "trace", "warn_after",
)  # fmt: skip


class Pickup(Program):
    """Takes in local submissions."""

    command = "pickup"
    process_limit = 1

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        self._external = external_flags(config) | CleanupFlag.BOUNCE
        self.filter: str = config["content_filter"]
        self.by = f"Received: by {config['myhostname']} ({config['mail_name']}, from userid "
        self.owner_uid = system.machine.accounts[OWNER].uid

    @cached_property
    def flags(self) -> CleanupFlag:
        """What cleanup(8) is to do with what was left.  Raises Fatal over a class that there is not."""
        return self._external | utf8_flags(self.config, "sendmail")

    def scan(self) -> Decision[None]:
        """Take in all that lies in the maildrop queue."""
        maildrop = self.system.spool.maildrop
        for name in self.system.spool.listed("maildrop"):
            dropped = maildrop.get(name)
            if dropped is not None:
                cleanup: Cleanup = yield from self.system.summon(
                    self.config["cleanup_service_name"], client=self.name, alone=True
                )
                if maildrop.get(name) is dropped and (yield from self.take(dropped, cleanup)):
                    maildrop.pop(name, None)

    def take(self, dropped: Message, cleanup: Cleanup) -> Decision[bool]:
        """Take in one message.

        Args:
            cleanup: who puts it into the queue.
            dropped: as it lies in the maildrop queue: sender and recipients as they were given (an empty `original`
                for a new message), `uid` and `fullname` of who submitted it; Postfix's own uid for one that was
                requeued, which keeps its client and its time of arrival.

        Returns:
            Whether it is done with.
        """
        requeued = dropped.uid == self.owner_uid
        message = Message(filter=self.filter, **{name: getattr(dropped, name) for name in KEPT})
        context = "remote" if dropped.client_address or dropped.origin == GATEWAY else "local"
        transaction = cleanup.open(message, context, self.flags, dropped.arrival if requeued else None)
        queue_id = yield from transaction.begin()
        yield self.note(
            "pickup", queue_id, dropped.uid, self.shown(dropped.sender), dropped.queue_id if requeued else ""
        )
        if cleanup.system.rewriting is None and not (yield from self._resolves(cleanup, dropped)):
            yield Abandon(queue_id)
            return False
        late = {id(one) for one in in_sections(dropped)[2]} if dropped.sections[1] else ()
        for one in dropped.recipients:
            transaction.recipient(Recipient(one.address, one.original, one.orcpt, one.notify), late=id(one) in late)
        date = self.system.machine.calendar.header(transaction.message.arrival)
        received = (f"{self.by}{dropped.uid})", f"\tid {queue_id}; {date}")
        content = dropped.content
        if content.lines[:1] and content.lines[0][:1] in (" ", "\t"):  # it would go on from our header
            content = content.under(("",))
        outcome = yield from transaction.finish(content, received)
        if outcome.status and not outcome.reason:  # cleanup has logged one that it gives
            name = dropped.queue_id
            yield self.note("warning", "", f"maildrop/{name}: error writing {queue_id}: {outcome.logged}")
        return not outcome.status or bool(outcome.status & HOPELESS)

    def _resolves(self, cleanup: Cleanup, dropped: Message) -> Decision[bool]:
        """Wait until cleanup(8) can have addresses resolved; whether it goes on: no stop, and nobody deleted it."""
        system = cleanup.system
        yield from system.summon("rewrite", client=cleanup.name)
        if system.stopped:
            return False
        if system.spool.maildrop.get(dropped.queue_id) is not dropped:
            yield self.note("warning", "", f"remove maildrop/{dropped.queue_id}: No such file or directory")
            return False
        with suppress(Fatal):  # after a reload there may be none for the one from before
            return bool(system.rewriter)
        return False
