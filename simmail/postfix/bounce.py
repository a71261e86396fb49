"""NAME
    bounce - delivery status notifications

DESCRIPTION
    Tells senders what became of their mail: that it failed, that it is late, that it arrived where they asked to be
    told, or what would become of it (`sendmail -bv`).  A failed notification goes to the postmaster, if to anybody; a
    failed notification of his goes to nobody.

PARAMETERS
    notify_classes, bounce_notice_recipient, 2bounce_notice_recipient, delay_notice_recipient, double_bounce_sender,
    disable_verp_bounces,
    and those of bounce_report(3) and bounce_template(3)

DIAGNOSTICS
    QUEUE_ID: sender non-delivery notification: NEW_ID
        also `postmaster non-delivery`, `sender delay`, `postmaster delay`, `sender delivery status notification`
    QUEUE_ID: undeliverable postmaster notification discarded
    QUEUE_ID: not sending trace/success notification for double-bounce message
        also `single-bounce`, unless the postmaster wants to be told of such (`2bounce`)
    fatal: FILE: undefined $name in failure template: LINE: nobody is told, and the message waits

BUGS
    There are no bounce, defer and trace log files: the queue manager says itself what failed.  cleanup(8) says what it
    has expanded whatever trace_service_name is; the real one refuses such mail where there is no such service.

SEE ALSO
    bounce(8), bounce(5), RFC 3464
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from simmail.mail.errors import Fatal
from simmail.mail.message import Message, Notify, Recipient
from simmail.mail.questions import Decision, Now
from simmail.postfix.bounce_report import Line, Report
from simmail.postfix.bounce_template import expanded
from simmail.postfix.bounce_template_file import load_templates
from simmail.postfix.delivery import Dsn, Result, Status
from simmail.postfix.post_mail import NOTIFY_CLASSES, Unsent, double_bounce_address, post_mail
from simmail.postfix.printable import printable
from simmail.postfix.program import Program
from simmail.postfix.qmgr.verp import verp_sender

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

#: What is said of success reports that would be about a notice.
NO_TRACE = "not sending trace/success notification for {}-bounce message"
#: How a try of `sendmail -bv` ends.
PROBED = frozenset({Status.DELIVERABLE, Status.UNDELIVERABLE})


class Bounce(Program):
    """Writes notifications."""

    command = "bounce"
    process_limit = 0

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        self.templates = load_templates(config, self.warn)
        self._fault = ""
        self.classes: frozenset[str] = frozenset()
        try:
            self.classes = config.mask("notify_classes", NOTIFY_CLASSES)
        except Fatal as fatal:  # it dies of it when it has to notify somebody
            self._fault = fatal.text
        self.double_bounce = double_bounce_address(config)
        self.bounce_notice: str = config["bounce_notice_recipient"]
        self.second_notice: str = config["2bounce_notice_recipient"]
        self.delay_notice: str = config["delay_notice_recipient"]
        self.verp_bounces = not config["disable_verp_bounces"]
        self._utf8: bool = config["smtputf8_enable"]

    def notify(self, message: Message, failures: Sequence[tuple[Recipient, Dsn]], now: float) -> Decision[str]:
        """Return a message that failed for some recipients.

        Args:
            message: the message.
            failures: the recipients and why each failed.
            now: the time, s.

        Returns:
            The queue id of the sender's notification, or the postmaster's in his place; "" where there is none.

        Raises:
            Unsent: where it cannot be queued.
        """
        if not message.verp or not message.sender or not self.verp_bounces:
            return (yield from self._failed(message, message.sender, failures, now))
        queue_id = ""
        for failure in failures:
            sender = verp_sender(message.sender, message.verp, failure[0].original or failure[0].address)
            queue_id = yield from self._failed(message, sender, [failure], now)
        return queue_id

    def notify_one(self, message: Message, owner: str, result: Result, now: float) -> Decision[str]:
        """Tell a mailing list's owner, who has asked for nothing, of one recipient that failed.  Raises Unsent."""
        plain = replace(message, envid="", ret="") if message.envid or message.ret else message
        rows = [self._line(result.recipient, result.dsn)]
        if _asked(rows, Notify.FAILURE):
            return (yield from self._failed(plain, owner, [(result.recipient, result.dsn)], now))
        if "bounce" in self.classes:
            yield from self._copy(plain, self.bounce_notice, "failure", "non-delivery", rows, now)
        return ""

    def _neutral(self, text: str) -> str:
        """A text as this service hears it: no client tells it of characters that cannot be shown."""
        return printable(text, self._utf8)

    def _line(self, recipient: Recipient, dsn: Dsn) -> Line:
        """What became of a recipient, as this service hears it."""
        told = (recipient.address, recipient.original, recipient.orcpt, dsn.reason)
        heard = tuple(map(self._neutral, told))
        if heard == told:
            return Line(recipient, dsn)
        address, original, orcpt, reason = heard
        return Line(Recipient(address, original, orcpt, recipient.notify), dsn._replace(reason=reason))

    def _failed(
        self, message: Message, sender: str, failures: Sequence[tuple[Recipient, Dsn]], now: float
    ) -> Decision[str]:
        if self._fault:
            yield from self._die(self._fault)
        rows = [self._line(*failure) for failure in failures]
        kind, sender = "non-delivery", self._neutral(sender)
        if sender.lower() == self.double_bounce.lower():
            yield self.note("warning", "", f"{message.queue_id}: undeliverable postmaster notification discarded")
            return ""
        if not sender:
            if not self.classes & {"bounce", "2bounce"}:
                return ""
            return (
                yield from self._to_postmaster(
                    message, self.second_notice, "failure", kind, rows, now, headers_only=False
                )
            )
        queue_id = yield from self._to_sender(
            message, sender, "failure", kind, _asked(rows, Notify.FAILURE), now, headers_only=message.ret == "HDRS"
        )
        if "bounce" in self.classes:
            yield from self._copy(message, self.bounce_notice, "failure", kind, rows, now)
        return queue_id

    def warn_late(self, message: Message, failures: Sequence[tuple[Recipient, Dsn]], now: float) -> Decision[str]:
        """Tell the sender that a message is late; the arguments are those of `notify`.  Raises Unsent."""
        rows = [self._line(*failure) for failure in failures]
        if message.sender.lower() == self.double_bounce.lower():
            yield self.note("warning", "", f"{message.queue_id}: undeliverable postmaster notification discarded")
            return ""
        if not message.sender:
            if not self.classes & {"delay", "2bounce"}:
                return ""
            postmaster = self.second_notice if "2bounce" in self.classes else self.delay_notice
            return (yield from self._to_postmaster(message, postmaster, "delay", "delay", rows, now))
        queue_id = yield from self._to_sender(
            message, self._neutral(message.sender), "delay", "delay", _asked(rows, Notify.DELAY), now
        )
        if "delay" in self.classes:
            yield from self._copy(message, self.delay_notice, "delay", "delay", rows, now)
        return queue_id

    def trace(self, message: Message, results: Sequence[Result], now: float) -> Decision[str]:
        """Report what was delivered to whom, or what would be; with what the message was expanded to on its way in.

        Raises Unsent.
        """
        rows = [self._line(recipient, dsn) for recipient, dsn in message.traced]
        rows += [self._line(result.recipient, _by_way_of(result)) for result in results]
        sender, recipient = "", self._neutral(message.sender)
        if recipient.lower() == self.double_bounce.lower():
            yield self.note("text", message.queue_id, NO_TRACE.format("double"))
            return ""
        if not recipient:
            if "2bounce" not in self.classes:
                yield self.note("text", message.queue_id, NO_TRACE.format("single"))
                return ""
            sender, recipient = self.double_bounce, self.second_notice
        if not rows:
            return ""
        template = "verify" if message.trace or any(r.status in PROBED for r in results) else "success"
        report = Report(self.config, self.system.machine.calendar, message, self.templates[template], now, self.warn)
        text = yield from self._text(template)
        lines = report.lines(recipient, rows, text, headers_only=True)
        yield from self.spoken()
        return (yield from self._post(message, sender, recipient, lines, "sender delivery status"))

    # ---- one notification

    def _text(self, template: str) -> Decision[list[str]]:
        """The words of a template; a name in them without a value ends the process."""
        try:
            return expanded(self.templates[template], self.config, self.warn)
        except Fatal as fatal:
            yield from self._die(fatal.text)
            raise

    def _die(self, fault: str) -> Decision[None]:
        """End this process, and so the present notification."""
        yield from self.spoken()
        yield self.note("fatal", "", fault)
        self.system.deaths.mourn(self.service.name, self.service.type, (yield Now()))
        raise Unsent

    def _to_sender(
        self,
        message: Message,
        sender: str,
        template: str,
        kind: str,
        rows: Sequence[Line],
        now: float,
        headers_only: bool = True,
    ) -> Decision[str]:
        report = Report(self.config, self.system.machine.calendar, message, self.templates[template], now, self.warn)
        text = yield from self._text(template)
        lines = report.lines(sender, rows, text, headers_only=headers_only)
        yield from self.spoken()
        return (yield from self._post(message, "", sender, lines, f"sender {kind}", cancel=not rows))

    def _to_postmaster(
        self,
        message: Message,
        postmaster: str,
        template: str,
        kind: str,
        rows: Sequence[Line],
        now: float,
        headers_only: bool = True,
    ) -> Decision[str]:
        warn = _nobody if message.sender else self.warn  # of what the sender's notification has told already
        report = Report(self.config, self.system.machine.calendar, message, self.templates[template], now, warn)
        lines = report.lines(postmaster, rows, (), headers_only=headers_only, postmaster=True)
        yield from self.spoken()
        return (yield from self._post(message, self.double_bounce, postmaster, lines, f"postmaster {kind}"))

    def _post(
        self, message: Message, sender: str, recipient: str, lines: Iterable[str], what: str, cancel: bool = False
    ) -> Decision[str]:
        """Send a notification; its queue id.

        Args:
            message: what it is about.
            sender, recipient: its envelope.
            lines: its text.
            what: how the log names it.
            cancel: begin it, and throw it away.

        Raises:
            Unsent: where it could not be queued.
        """
        try:
            queue_id = yield from post_mail(
                self, sender, recipient, lines, source="bounce", identity=message.identity, cancel=cancel,
                smtputf8=message.smtputf8,
            )  # fmt: skip
        except Fatal as fatal:
            yield from self._die(fatal.text)
            raise
        if queue_id:
            yield self.note("notification", message.queue_id, f"{what} notification", queue_id)
        elif not cancel:
            raise Unsent
        return queue_id

    def _copy(
        self, message: Message, postmaster: str, template: str, kind: str, rows: Sequence[Line], now: float
    ) -> Decision[None]:
        """Tell the postmaster what the sender was told; nothing waits for that."""
        try:
            yield from self._to_postmaster(message, postmaster, template, kind, rows, now)
        except Unsent:
            text = f"{message.queue_id}: postmaster notice failed while bouncing to {self.shown(message.sender)}"
            yield self.note("warning", "", text)


def _nobody(level: str, text: str) -> None:
    """Hears what nobody has to be told."""


def _asked(rows: Iterable[Line], what: Notify) -> list[Line]:
    """Those of whose fate the sender wants to be told."""
    return [row for row in rows if not row.recipient.notify or what in row.recipient.notify]


def _by_way_of(result: Result) -> Dsn:
    """What a report of success says of a delivery."""
    dsn = result.dsn
    if result.status in PROBED:
        dsn = dsn._replace(action=result.status.value)
    if result.relay in ("", "none"):
        return dsn
    return dsn._replace(reason=f"delivery via {result.relay}: {dsn.reason}")
