"""NAME
    cleanup_transaction - one message on its way into the queue

DESCRIPTION
    What cleanup(8) knows of a message while it comes in: its envelope, mapped and expanded as it is read, what is wrong
    with it, what its content's checks asked for, and in the end its queue file, or its return to the sender.

PARAMETERS
    those of cleanup(8)

DIAGNOSTICS
    QUEUE_ID: MAPS map lookup problem -- message not accepted, try again later
    QUEUE_ID: write queue file: No space left on device

SEE ALSO
    cleanup(8), cleanup_content, cleanup_address
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from simmail.mail.content import Content, clipped
from simmail.mail.errors import Fatal
from simmail.mail.message import Message, Notify, Recipient
from simmail.mail.questions import Abandon, Commit, Decision, Note, Now
from simmail.postfix import milters
from simmail.postfix.address_maps import find_address
from simmail.postfix.cleanup_address import Role, Trouble
from simmail.postfix.cleanup_bounce import give_back
from simmail.postfix.cleanup_content import ContentReader
from simmail.postfix.cleanup_status import CANNOT_BOUNCE, INCOMPLETE, CleanupFlag, CleanupOutcome, CleanupStatus
from simmail.postfix.content_checks import MAX_SHOWN, Match
from simmail.postfix.delivery import PROBE, Dsn, Result, Status
from simmail.postfix.queue_file import queue_file
from simmail.postfix.tables import LookupFailure, Maps

if TYPE_CHECKING:
    from simmail.postfix.cleanup import Cleanup

CLOSE_ERROR = "mail_stream_cleanup: close error"
#: The address of a client of whom XFORWARD does not tell it.
UNKNOWN = "unknown"
#: Where a local program's mail seems to come from.
EMULATED = "localhost[127.0.0.1]"
#: More than the envelope takes in the queue file, octets: a part for each recipient, and one for the rest.
MOST_ENVELOPE = 2500
ACCEPTED = CleanupOutcome(CleanupStatus.OK)


class Transaction:
    """One message on its way into the queue.

    Attributes:
        flags, filter, redirect, copies: may be changed by who brings the message until `finish`.
        queue_id: "" before `begin`.
        status, reason: what is wrong with it so far.
        going: whether reading goes on.
        checked, mapped, held: whether lines are checked, addresses mapped, the message put on hold (in `finish`).
        message: the queue file in the making.
    """

    __slots__ = (
        "_copied",
        "_duplicates",
        "_finds_utf8",
        "_given",
        "_given_arrival",
        "_last_recipient",
        "_late",
        "_notes",
        "_reader",
        "checked",
        "context",
        "copies",
        "flags",
        "going",
        "held",
        "mapped",
        "message",
        "program",
        "reason",
        "status",
        "stop",
    )

    def __init__(
        self,
        program: Cleanup,
        message: Message,
        context: str,
        flags: CleanupFlag,
        arrival: float | None,
    ) -> None:
        self.program, self.message, self.context, self.flags = program, message, context, flags
        self._given_arrival = arrival
        self.status, self.reason = CleanupStatus.OK, ""
        self.stop = _stops(flags)
        self.copies: list[str] = []
        self._given: list[Recipient] = []
        self._late: list[Recipient] = []
        self._notes: list[Note] = []
        self._duplicates: set[Any] = set()
        self._last_recipient: str | None = None
        self._reader: ContentReader | None = None
        self.going = True
        self.checked = self.mapped = self.held = self._finds_utf8 = False

    # ---- what the content's checks see (content_checks.Subject)

    @property
    def queue_id(self) -> str:
        """The queue file's name."""
        return self.message.queue_id

    @property
    def filter(self) -> str:
        """Where FILTER sends the message."""
        return self.message.filter

    @filter.setter
    def filter(self, value: str) -> None:
        self.message.filter = value

    @property
    def redirect(self) -> str:
        """The only recipient, where REDIRECT chose one."""
        return self.message.redirect

    @redirect.setter
    def redirect(self, value: str) -> None:
        self.message.redirect = value

    def fail(self, status: CleanupStatus) -> None:
        """Something is wrong with the message."""
        self.status |= status
        if self.status & self.stop:
            self.going = False

    def discard(self) -> None:
        """Throw the message away."""
        self.flags |= CleanupFlag.DISCARD
        self.going = False

    def finds_utf8(self, header: str) -> None:
        """Look at a header for what needs SMTPUTF8."""
        if self._finds_utf8 and not header.isascii():
            self.message.smtputf8 = True

    def log(self, text: str) -> None:
        """Say something of this message."""
        self.note("text", text)

    def warn(self, text: str) -> None:
        """Log a warning."""
        self._notes.append(self.program.note("warning", "", text))

    def note(self, event: str, *fields: object) -> None:
        """Record something of this message."""
        self._notes.append(Note(self.program.name, event, self.message.queue_id, *fields))

    def prepend(self, line: str) -> None:
        """Put a line before the one that is looked at."""
        if self._reader is not None:
            self._reader.prepend(line)

    def envelope(self) -> str:
        """Who brought it, and for whom, as log lines show them."""
        recipient = "" if self._last_recipient is None else f" to=<{self.program.shown(self._last_recipient)}>"
        return f"{self._client()}; from=<{self.program.shown(self.message.sender)}>{recipient}"

    def _client(self) -> str:
        name, address = self.message.client_name, self.message.client_address
        if address == UNKNOWN:
            return name
        return f"{name}[{address}]" if address else "local"

    def decided(self, action: str, match: Match, reply: str) -> None:
        """Record what header_checks or body_checks made of a line."""
        message, shown = self.message, self.program.shown
        recipient = None if self._last_recipient is None else shown(self._last_recipient)
        self.note(
            "content", action, match.context, clipped(match.text, MAX_SHOWN), self._client(), shown(message.sender),
            recipient, message.protocol, message.helo, reply, match.table, match.answer,
        )  # fmt: skip

    def gather(self) -> None:
        """Take over what tables and the rewriter had to say."""
        program = self.program
        rewriter = program.system.rewriter
        if rewriter.pending:
            self._notes += rewriter.pending
            rewriter.pending = []
        if program.pending:
            self._notes += program.pending
            program.pending = []
        if program.mapper.warnings:
            for warning in program.mapper.warnings:
                self.warn(f"{self.queue_id}: {warning}")
            program.mapper.warnings = []

    def trouble(self, trouble: Trouble) -> None:
        """A table failed or led nowhere."""
        self.gather()
        event, queue_id = ("warning", "") if trouble.warns else ("text", self.queue_id)
        text = f"{self.queue_id}: {trouble.text}" if trouble.warns else trouble.text
        self._notes.append(self.program.note(event, queue_id, text))
        self.fail(trouble.status)
        self.reason = trouble.reason or self.reason

    # ---- the client's side

    def begin(self) -> Decision[str]:
        """Make the queue file; returns its queue id."""
        self.message.queue_id = yield self.program.new_queue_id
        now: float = yield Now()
        self.message.arrival = now if self._given_arrival is None else self._given_arrival
        self.message.created = now
        return self.message.queue_id

    def recipient(self, recipient: Recipient, late: bool = False) -> None:
        """Add a recipient as the client gave it (internal form), `late` behind the content."""
        (self._late if late else self._given).append(recipient)

    def abandon(self) -> Decision[None]:
        """The client goes away without a message; its envelope has been looked at all the same."""
        self._start()
        self._envelope()
        if self._overflows():
            self.warn(CLOSE_ERROR)
        self.gather()
        if self._notes:
            yield from self._notes
            self._notes = []
        yield Abandon(self.queue_id)

    def finish(self, content: Content, received: tuple[str, ...] = ()) -> Decision[CleanupOutcome]:
        """Take the content and queue the message.

        Args:
            content: header, empty line and body as they came.
            received: the lines of the Received: header to put before it.

        Returns:
            What was wrong, if anything.
        """
        self._start()
        if self.message.origin in ("local", "gateway") and self.program.milters:
            yield from self._ask_milters()
        self._envelope()
        if self.going:
            self._reader = ContentReader(self, self.program.rules)
            self._reader.read(content, received)
            if self._reader.ended:
                self._stopped(self._reader)
            self._reader = None  # it knows this transaction, too
        if self.going and (self._late or self.copies or self.program.always_bcc):
            self._behind()
        if self.going and self._overflows():
            self._cut_off()
        self.gather()
        yield from self._notes
        self._notes = []
        if self.going and self._last_recipient is None:
            self.fail(CleanupStatus.NO_RECIPIENTS)
        if self.going and not self.status:
            trouble = yield Commit(self.message, "hold" if self.held else "incoming")
            if not trouble:
                return ACCEPTED
            yield self.program.note("warning", "", f"{self.queue_id}: write queue file: {trouble}")
            self.fail(CleanupStatus.WRITE)
        if CleanupFlag.DISCARD in self.flags:
            self.status = CleanupStatus.OK
            yield self.program.note("discarded", self.queue_id)
        if self.status and CleanupFlag.BOUNCE in self.flags and not self.status & CANNOT_BOUNCE:
            self.status = yield from give_back(self.program, self.message, self.status, self.reason)
        yield Abandon(self.queue_id)
        return CleanupOutcome(self.status, self.reason)

    def _ask_milters(self) -> Decision[None]:
        """A local program's message is shown to Milters as if it came by SMTP."""
        try:
            answer = yield from milters.ask(self.program, self.program.milters)
        except Fatal as fatal:
            yield self.program.note("fatal", "", fatal.text)
            self.fail(CleanupStatus.WRITE)
            return
        if not answer:
            return
        if answer == milters.HOLD:
            action, text, self.held = "hold", milters.HELD, True
        else:
            action, text = "reject", answer[4:]
            self.reason = text
        sender = self._canonical(self.message.sender, Role.ENVELOPE_SENDER)
        where = f"CONNECT from {EMULATED}: {text}; from=<{self.program.shown(sender)}>"
        yield self.program.note("text", self.queue_id, f"milter-{action}: {where}")
        if action == "reject":
            self.fail(CleanupStatus.DEFER if answer[0] == "4" else CleanupStatus.CONTENT)

    def hang_up(self, content: Content, received: tuple[str, ...] = ()) -> Decision[None]:
        """The client sends this much of a message and goes away."""
        self._start()
        self._envelope()
        if self.going:
            self._reader = ContentReader(self, self.program.rules)
            self._reader.read_begun(content, received)
            if self._reader.ended:
                self._stopped(self._reader)
            self._reader = None
        if self.going and self._overflows():
            self.warn(CLOSE_ERROR)
        self.gather()
        yield from self._notes
        self._notes = []
        yield Abandon(self.queue_id)

    def read_in_vain(self, content: Content, received: tuple[str, ...] = ()) -> Decision[CleanupOutcome]:
        """Take the content, and hear only then that it is to be thrown away."""
        self.flags &= ~CleanupFlag.DISCARD
        yield from self.hang_up(content, received)
        yield self.program.note("discarded", self.queue_id)
        return CleanupOutcome(CleanupStatus.OK)

    def _cut_off(self) -> None:
        """The queue file is too large, and ends before the recipients behind its content."""
        self.warn(f"{self.queue_id}: queue file size limit exceeded")
        if CleanupFlag.BOUNCE not in self.flags:
            self.warn(CLOSE_ERROR)
        self.fail(CleanupStatus.SIZE)
        recipients, behind = self.message.recipients, self.message.sections[1]
        del recipients[len(recipients) - behind :]

    def _stopped(self, reader: ContentReader) -> None:
        """A message that its content has ended: what was written of it may be too much nonetheless."""
        message = self.message
        if CleanupFlag.BOUNCE in self.flags:
            return
        content, size = message.content, message.size
        message.content = reader.written()
        message.size = message.content.stored
        if self._overflows():
            self.warn(CLOSE_ERROR)
        message.content, message.size = content, size

    def _overflows(self) -> bool:
        """Whether the queue file, envelope and all, would be larger than message_size_limit."""
        program, message = self.program, self.message
        limit = program.size_limit
        if limit <= 0 or message.size + MOST_ENVELOPE * (1 + len(message.recipients)) <= limit:
            return False
        file = queue_file(message, "incoming", program.system.machine)
        return sum(record.size for record in file.records()) > limit

    # ---- the envelope

    def _start(self) -> None:
        """What is to be done with the message is known now."""
        self.checked, self.mapped, self.held, self._copied, discarded, self._finds_utf8 = _meaning(self.flags)
        if discarded:
            self.going = False

    def _envelope(self) -> None:
        program, message = self.program, self.message
        self.gather()
        message.sender = self._canonical(message.sender, Role.ENVELOPE_SENDER)
        self._finds_utf8 = self._finds_utf8 and not message.smtputf8
        if self._finds_utf8 and not message.sender.isascii():
            message.smtputf8 = True
        if self._copied and message.sender and program.sender_bcc is not None:
            self._copy_by(program.sender_bcc, message.sender)
            message.sections = (len(message.recipients), 0)
        self._recipients(self._given)

    def _recipients(self, given_ones: list[Recipient]) -> None:
        program, message = self.program, self.message
        for given in given_ones:
            if not self.going:
                break
            address = self._canonical(given.address or program.empty_recipient, Role.ENVELOPE_RECIPIENT)
            if self._finds_utf8 and not address.isascii():
                message.smtputf8 = True
            orcpt = given.orcpt or original_recipient(address, message.smtputf8)
            self._put(address, given.original or given.address, orcpt, given.notify)
            self._last_recipient = address
            if self._copied and address and program.recipient_bcc is not None:
                self._copy_by(program.recipient_bcc, address)

    def _canonical(self, address: str, role: Role) -> str:
        program = self.program
        if self.mapped:
            known = program.known(address, role)
            if known is not None:
                return known
            try:
                done = program.canonical(address, role)
            except Trouble as trouble:
                self.trouble(trouble)
                return address
        else:
            done = program.completion.complete(program.rewriter, address)
        self.gather()
        return done

    def _copy_by(self, maps: Maps, address: str) -> None:
        """Add the copy that a bcc table has for an address."""
        program = self.program
        try:
            found = find_address(maps, address, program.delimiters, program.local_domains.owns)
        except LookupFailure:
            self.gather()
            self.warn(f"{self.queue_id}: {maps.title} map lookup problem -- message not accepted, try again later")
            self.fail(CleanupStatus.WRITE)
            return
        self.gather()
        if found is not None:
            self._copy(found.value)

    def _copy(self, address: str) -> None:
        """Add a recipient whom nobody will hear of."""
        done = self._canonical(address, Role.ENVELOPE_RECIPIENT)
        self._put(done, done, "", frozenset({Notify.NEVER}))

    def _behind(self) -> None:
        """The recipients behind the content: given ones, and copies that are added at the end."""
        message = self.message
        before = len(message.recipients)
        self._recipients(self._late)
        if self._copied and self._last_recipient is not None and self.program.always_bcc:
            self._copy(self.program.always_bcc)
        for address in self.copies:
            self._copy(address)
        message.sections = (message.sections[0], len(message.recipients) - before)

    def _put(self, address: str, original: str, orcpt: str, notify: frozenset[Notify]) -> None:
        """Add a recipient to the queue file, its aliases expanded, unless it is there already."""
        program, message = self.program, self.message
        addresses = [address]
        if self.mapped and program.aliases is not None:
            try:
                addresses = program.mapper.expand(address)
            except Trouble as trouble:
                self.trouble(trouble)
            self.gather()
            if message.trace == PROBE and len(addresses) > 1:
                self._many(Recipient(address, original, orcpt, notify))
                return
            if Notify.SUCCESS in notify and addresses != [address]:
                expanded = Recipient(address, original, orcpt, notify)
                message.traced += ((expanded, Dsn("2.0.0", "expanded", "alias expanded")),)
                notify = notify - {Notify.SUCCESS} or frozenset({Notify.NEVER})
        for found in addresses:
            key: Any = found.lower()
            if program.original_recipient:
                key = (orcpt.lower(), notify, original.lower(), key)
            if key in self._duplicates:
                continue
            if len(self._duplicates) < program.duplicate_limit or program.duplicate_limit <= 0:
                self._duplicates.add(key)
            message.recipients.append(Recipient(found, original, orcpt, notify))
            if self._finds_utf8 and not found.isascii():
                message.smtputf8 = True

    def _many(self, recipient: Recipient) -> None:
        """A probe of an address that stands for several ends here: it is taken to be good."""
        dsn = Dsn("2.0.0", "deliverable", "aliased to multiple recipients")
        self.note(
            "delivery", recipient.address, "", "none", (0.0, 0.0, 0.0, 0.0), dsn.status, Status.DELIVERABLE.value,
            dsn.reason, 1,
        )  # fmt: skip
        verify: Any = self.program.system.running("verify")
        if verify is not None:
            verify.update([Result(recipient, Status.DELIVERABLE, dsn)], self.message.arrival)


@cache
def _stops(flags: CleanupFlag) -> CleanupStatus:
    """What keeps a message from being read on."""
    return INCOMPLETE if flags & CleanupFlag.BOUNCE else ~CleanupStatus.OK


@cache
def _meaning(flags: CleanupFlag) -> tuple[bool, ...]:
    """Whether to check lines, map addresses, hold the message, add copies, throw it away, look for UTF-8."""
    each = (CleanupFlag.FILTER, CleanupFlag.MAP, CleanupFlag.HOLD, CleanupFlag.BCC, CleanupFlag.DISCARD,
            CleanupFlag.AUTO_UTF8)  # fmt: skip
    return tuple(flag in flags for flag in each)


def original_recipient(address: str, utf8: bool) -> str:
    """An ORCPT of our own for an address; none for the one that a table has emptied."""
    return address and f"{'utf-8' if utf8 and not address.isascii() else 'rfc822'};{address}"
