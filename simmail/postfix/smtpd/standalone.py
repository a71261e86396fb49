"""NAME
    smtpd.standalone - smtpd(8) in stand-alone mode, as `sendmail -bs` runs it

DESCRIPTION
    Holds one session with whoever typed the command.  No restriction is heard and nobody is counted, logs in, has to
    use TLS or is told of to the postmaster: the one who types could use sendmail(1) as well.  What is accepted goes
    into the maildrop queue in that user's name, for pickup(8).

PARAMETERS
    those of smtpd(8) that the dialogue reads

DIAGNOSTICS
    warning: do not use ETRN in "sendmail -bs" mode

SEE ALSO
    smtpd(8), sendmail(1), postdrop(1)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from simmail.mail.content import Content
from simmail.mail.errors import Location
from simmail.mail.message import Message, Recipient
from simmail.mail.questions import Abandon, Commit, Decision, NewQueueId, Note, Now, Question, answered
from simmail.postfix.cleanup_status import CleanupFlag, CleanupOutcome, CleanupStatus
from simmail.postfix.mastercf import Service
from simmail.postfix.smtpd.program import LISTS, Smtpd
from simmail.postfix.smtpd.session import SmtpdSession
from simmail.postfix.smtpd.state import Client, NameStatus
from simmail.smtp.replies import Reply
from simmail.smtp.written import Written

if TYPE_CHECKING:
    from simmail.postfix.commands.login_senders import Refusal
    from simmail.postfix.control import Control
    from simmail.postfix.system import MailSystem

    Refuses = Callable[[str], Decision[Refusal | None]]
    Starts = Callable[[], None]

#: What smtpd runs as: no entry of master.cf.
SERVICE = Service("smtpd", "inet", False, False, False, 0, 1, "smtpd", (), {}, Location(""))
CALLER = Client("127.0.0.1", "localhost", "localhost", NameStatus.OK, NameStatus.OK)


class Dropping:
    """A message on its way into the maildrop queue; a `Transaction` to the session.

    Args:
        message: it, its text still to come.
        control: the host's Postfix.
        long_ids: enable_long_queue_ids.
        starts: starts postdrop(1).
        refusal: why postdrop(1) takes no mail in a sender's name; None where it does.
    """

    def __init__(self, message: Message, control: Control, long_ids: bool, starts: Starts, refusal: Refuses) -> None:
        self.message, self._control, self._long_ids = message, control, long_ids
        self._starts, self._refusal = starts, refusal
        self.flags = CleanupFlag(0)

    def begin(self) -> Decision[str]:
        """Open a file; its name."""
        self._starts()
        self.message.queue_id = yield NewQueueId(self._long_ids)
        self.message.arrival = yield Now()
        return self.message.queue_id

    def recipient(self, recipient: Recipient) -> None:
        """Add a recipient."""
        self.message.recipients.append(recipient)

    def finish(self, content: Content, received: tuple[str, ...]) -> Decision[CleanupOutcome]:
        """Put it into the queue.

        Args:
            content: its lines.
            received: those that go before them.
        """
        message = self.message
        refused = yield from self._refusal(message.sender)
        if refused is not None:
            yield Abandon(message.queue_id)
            return CleanupOutcome(CleanupStatus.WRITE, reply=Reply(451, (f"4.3.0 Error: {refused.reply}",)))
        message.content = content.under(received)
        message.size = message.content.size
        yield Commit(message, "maildrop")
        self._control.wake_pickup()
        return CleanupOutcome(CleanupStatus.OK)

    def abandon(self) -> Decision[None]:
        """Throw it away."""
        yield Abandon(self.message.queue_id)

    def hang_up(self, content: Content, received: tuple[str, ...]) -> Decision[None]:
        """Throw it away in the middle of its text."""
        return self.abandon()


class StandAlone(Smtpd):
    """The server of one run of `sendmail -bs`."""

    stands_alone: ClassVar[bool] = True

    def __init__(self, system: MailSystem) -> None:
        super().__init__(system, SERVICE)
        self.parameters.counted = False
        self.parameters.notify_classes = frozenset()

    def _restrictions(self) -> None:
        super()._restrictions()
        self.lists = dict.fromkeys(LISTS, ())
        self.recipient_lists = self.missed_guard = ()
        self.reject_unlisted_recipient = self.reject_unlisted_sender = False
        self.delay_reject = True


class StandAloneSession(SmtpdSession):
    """Its session.

    Args:
        smtpd: the program.
        uid: of the user who types.
        control: the host's Postfix.
        starts: starts postdrop(1).
        refusal: why postdrop(1) takes no mail in a sender's name; None where it does.
    """

    __slots__ = ("_control", "_refusal", "_starts", "_uid")

    def __init__(self, smtpd: StandAlone, uid: int, control: Control, starts: Starts, refusal: Refuses) -> None:
        super().__init__(smtpd, CALLER.address)
        self._uid, self._control, self._starts, self._refusal = uid, control, starts, refusal

    def greet(self) -> Decision[Reply | None]:
        """Say the greeting."""
        state, smtpd = self.state, self.smtpd
        state.met(CALLER, f"{CALLER.name}[{CALLER.address}]")
        yield smtpd.note("connect", "", CALLER.name, CALLER.address)
        yield from smtpd.heard()
        greeting = self.welcome()
        return greeting if isinstance(greeting, Reply) else (yield from greeting)

    def summon(self, service: str) -> Decision[Any]:
        """Whoever takes mail in: the session itself, for postdrop(1)."""
        return answered(self)

    def open(self, message: Message, context: str, flags: CleanupFlag) -> Dropping:
        """Begin a message, of which the queue file will not tell that it came by SMTP."""
        dropped = Message(
            sender=message.sender,
            encoding=message.encoding,
            smtputf8=message.smtputf8,
            verp=message.verp,
            origin="local",
            uid=self._uid,
        )
        long_ids = self.smtpd.config["enable_long_queue_ids"]
        return Dropping(dropped, self._control, long_ids, self._starts, self._refusal)


def converse(session: SmtpdSession, text: str) -> Decision[list[Reply]]:
    """Hold a session.

    Args:
        session: it.
        text: all that the client writes, whatever it is answered.

    Returns:
        What it is answered.
    """
    written, replies = Written(text), []
    reply = yield from session.greet()
    while reply is not None and not (reply.closes and not reply.code):
        if reply.code:
            replies.append(reply)
        if reply.closes:
            return replies
        if not written.left:
            yield from session.lost("lost connection")
            break
        reply = yield from session.handle(written.content() if reply.code == 354 else written.command())
    return replies


def unheard(question: Question) -> Decision[Any]:
    """Ask a question of such a session whose log nobody keeps: what smtpd(8) says is lost."""
    if type(question) is Note and question.program == SERVICE.command:
        return None
    return (yield question)
