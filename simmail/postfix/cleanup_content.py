"""NAME
    cleanup_content - the header and body of a message on its way into the queue

DESCRIPTION
    A carriage return within a line becomes a blank before anybody looks at it (cleanup_replace_stray_cr_lf).

    Headers are checked, counted, dropped or rewritten; those that are missing are added after the last one where the
    message begins here (or always_add_missing_headers says so).  A body that nobody wants to look at is passed on as
    it is.

SEE ALSO
    cleanup(8), cleanup_rules
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simmail.mail.address import quote_local
from simmail.mail.content import Content, clipped, octets
from simmail.postfix.cleanup_address import Role, Trouble
from simmail.postfix.cleanup_rules import MESSAGE_IDS, ContentRules, Layout
from simmail.postfix.cleanup_status import CleanupStatus
from simmail.postfix.content_checks import ANY, BODY, HEADER, act, check
from simmail.postfix.header_rewrite import rewrite_header
from simmail.postfix.headers import HeaderField, field_name, value_of
from simmail.postfix.mime import MimeError, MimeOptions, MimeReader, Part

if TYPE_CHECKING:
    from simmail.postfix.cleanup_transaction import Transaction

_EIGHT_BIT = re.compile(r"(8bit|binary)\Z", re.IGNORECASE)
_SPECIAL = re.compile(r'[()<>@,;:\\".\[\]]')
_QUOTED = re.compile(r'[\\"]')


def phrase(name: str, limit: int) -> str:
    """A person's name as it stands before an address (RFC 5322 section 3.2.5): quoted where it has to be.

    Args:
        name: as somebody typed it.
        limit: how many words of one that needs no quotes are kept.
    """
    if _SPECIAL.search(name):
        return '"' + _QUOTED.sub(r"\\\g<0>", name) + '"'
    return " ".join(name.split()[:limit])


def _without_cr(content: Content) -> Content:
    """The content with a blank for each CR."""
    text = "\n".join(content.lines)
    return Content(text.replace("\r", " ").split("\n")) if "\r" in text else content


def _cut(text: str, limit: int) -> str:
    """So much of a header, up to a line's end where that takes less than a tenth of the limit away."""
    kept: list[str] = []
    start = 0
    for line in text.split("\n"):
        if start + octets(line) > limit:
            if start <= 0.9 * limit:
                kept.append(clipped(line, limit - start))
            break
        kept.append(line)
        start += octets(line) + 1
    return "\n".join(kept)


class ContentReader:
    """Reads the content of one transaction and writes what goes into its queue file."""

    __slots__ = (
        "_breaks_off",
        "_checked",
        "_out",
        "_piece",
        "hops",
        "resent",
        "rules",
        "seen",
        "stopped",
        "transaction",
    )

    def __init__(self, transaction: Transaction, rules: ContentRules) -> None:
        self.transaction, self.rules = transaction, rules
        self._breaks_off = self._checked = self.stopped = False
        self._out: list[str] = []
        self._piece: list[str] = []
        self.seen: frozenset[str] = frozenset()
        self.resent = ""
        self.hops = 0

    def read(self, content: Content, received: tuple[str, ...]) -> None:
        """Take in the content; the transaction's message has the result."""
        transaction, rules = self.transaction, self.rules
        if not content.ascii and rules.replaces_cr:
            content = _without_cr(content)
        whole = content.under(received)
        layout = rules.layout(whole, bool(transaction.context))
        plain = rules.plain(whole, layout)
        filtered = transaction.checked and not rules.unfiltered
        self._checked = filtered and not (plain and rules.silent(whole, layout))
        if plain and not self._checked:
            done = self._pass(whole, layout)
        else:
            done = self._look(whole, rules.strict_options if filtered else rules.options)
        if done is not None:
            transaction.message.content = done
            transaction.message.size = done.stored

    def read_begun(self, content: Content, received: tuple[str, ...]) -> None:
        """Take in a content that breaks off: a header's last line may have gone on, and is not looked at."""
        whole = content.under(received)
        layout = self.rules.layout(whole, bool(self.transaction.context))
        if layout.fields and layout.end == len(whole.lines):
            self._breaks_off = True
            content = Content((*whole.lines[len(received) : layout.fields[-1][1]], ""))
        self.read(content, received)

    @property
    def ended(self) -> bool:
        """Whether something in the content has ended the message."""
        return not self.transaction.going

    def written(self) -> Content:
        """What is in the queue file, where it was stopped."""
        return Content(tuple(self._out))

    def _pass(self, content: Content, layout: Layout) -> Content | None:
        """What comes of a message of which nothing but some headers has to be looked at; None for nothing."""
        lines, end = content.lines, layout.end
        self.seen, self.resent = layout.seen, layout.resent
        if layout.stays and not lines[end]:
            for name, first, behind in layout.wanted:
                self.transaction.note(name, value_of("\n".join(lines[first:behind])))
            self.headers_done()
            return content
        out, passed = self._out, 0
        for name, first, behind in layout.wanted:
            out += lines[passed:first]
            passed = behind
            self.header(Part.PRIMARY, self.rules.table.get(name), "\n".join(lines[first:behind]))
            if self.stopped:
                return None
        out += lines[passed:end]
        self.headers_done()
        if lines[end]:
            out.append("")  # they end before what is no header
        out += lines[end:]
        return Content(tuple(out)) if self.transaction.going else None

    def _look(self, content: Content, options: MimeOptions) -> Content | None:
        """What comes of any other message."""
        rules, lines = self.rules, content.lines
        reader = MimeReader(options, rules.table, self)
        if content.longest > rules.longest or (self._checked and (rules.rejected or rules.stripped)):
            for line in lines:
                self._line(reader, line)
        else:
            reader.feed(lines)
        if not self.transaction.going:
            return None
        reader.end()
        if reader.errors and not self.transaction.reason:
            self._judge(reader.errors)
        done = tuple(self._out)
        return content if done == lines else Content(done)

    def _judge(self, errors: set[MimeError]) -> None:
        """Refuse the message for the gravest of its errors."""
        for error in MimeError:
            if error in errors and error is not MimeError.TRUNCATED_HEADER:
                self.transaction.fail(CleanupStatus.CONTENT)
                self.transaction.reason = f"5.6.0 {error.value}"
                return

    def _line(self, reader: MimeReader, line: str) -> None:
        """Hand a line on, without characters that are not wanted, in pieces where it is long."""
        rules, transaction = self.rules, self.transaction
        if transaction.checked:
            if rules.rejected and not rules.rejected.isdisjoint(line):
                shown = line.partition("\0")[0]
                act(transaction, ANY, shown, "REJECT disallowed character", "character reject")
                return
            if rules.stripped and not rules.stripped.isdisjoint(line):
                line = "".join(char for char in line if char not in rules.stripped)
        limit = rules.line_limit
        if len(line) <= limit and (line.isascii() or octets(line) <= limit):
            reader.feed((line,))
            return
        data = line.encode("utf-8", "surrogateescape")
        for start in range(0, len(data), limit):
            piece = data[start : start + limit].decode("utf-8", "surrogateescape")
            reader.piece(piece, start + limit >= len(data))

    # ---- headers

    def header(self, part: Part, field: HeaderField | None, text: str) -> None:
        """A header: check it, and do with it what its kind asks for."""
        transaction, rules = self.transaction, self.rules
        if part is Part.PRIMARY and field is not None and field.key == "received":
            self.hops += 1  # whatever a check makes of it
        if self._checked and transaction.checked:
            maps = rules.checks[Part.MULTIPART if field is not None and field.mime else part]
            if maps:
                checked = check(transaction, HEADER, text, maps)
                transaction.gather()
                self.stopped = not transaction.going
                if checked is None:
                    return
                if checked is not text:
                    text, field = checked, rules.table.find(checked)
        if field is not None:
            if field.key == "content-transfer-encoding" and rules.detect_8bit and _EIGHT_BIT.match(value_of(text)):
                transaction.message.encoding = "8bit"
            if part is Part.PRIMARY:
                self._primary(field, text)
                return
        if part is Part.PRIMARY and not text.isascii():
            transaction.finds_utf8(text)
        self._put(text)

    def _put(self, text: str) -> None:
        limit = self.rules.header_limit
        if len(text) * 4 > limit and octets(text) > limit:
            text = _cut(text, limit)
        if "\n" in text:
            self._out += text.split("\n")
        else:
            self._out.append(text)

    def _primary(self, field: HeaderField, text: str) -> None:
        """A known header among the primary ones."""
        transaction, rules = self.transaction, self.rules
        if not text.isascii():
            transaction.finds_utf8(text)
        key = field.key
        if key not in self.seen:
            self.seen |= {key}
        if key in MESSAGE_IDS:
            transaction.note(key, value_of(text))
        elif key == "received" and self.hops >= rules.hop_limit:
            transaction.warn(f"{transaction.queue_id}: message rejected: hopcount exceeded")
            transaction.fail(CleanupStatus.HOPS)
            self.stopped = not transaction.going
        if not transaction.going:
            return
        if field.resent:
            self.resent = "Resent-"
        if transaction.context and (field.sender or field.recipient):
            text = self._rewrite(field, text)
        if not field.drop:
            self._put(text)

    def _rewrite(self, field: HeaderField, text: str) -> str:
        transaction = self.transaction
        program, mapping = transaction.program, transaction.mapped
        key = (transaction.context, mapping, field.sender, text)
        known = program.rewritten.get(key)
        if known is not None:
            return known
        role = Role.HEADER_SENDER if field.sender else Role.HEADER_RECIPIENT
        said = program.said()
        troubles: list[Trouble] = []

        def change(address: str) -> str:
            address = program.completion.complete_external(program.rewriter, transaction.context, address)
            if not mapping:
                return address
            try:
                return program.mapper.external(address, role)
            except Trouble as trouble:
                troubles.append(trouble)
                transaction.trouble(trouble)
                return address

        rewritten, warnings = rewrite_header(text, self.rules.token_limit, change)
        if not troubles and not warnings and program.said() == said:
            program.system.memo.keep(program.rewritten, key, rewritten)
        transaction.gather()
        for warning in warnings:
            transaction.warn(warning)
        return rewritten

    # ---- between header and body

    def headers_done(self) -> None:
        """The primary headers have ended: add those that are missing."""
        transaction = self.transaction
        if self._breaks_off or not transaction.going:
            return
        if not self.hops and "received" not in self.seen:
            transaction.warn(f"{transaction.queue_id}: message rejected: no Received: header")
            transaction.fail(CleanupStatus.BAD)
            return
        missing = self.rules.missing(self.seen, self.resent, bool(transaction.context))
        if "message-id" in missing:
            self._add_message_id()
        if "message-id" not in self.seen:
            transaction.note("message-id", "<>")
        if "date" in missing:
            calendar = transaction.program.system.machine.calendar
            self._out.append(f"{self.resent}Date: {calendar.header(transaction.message.arrival)}")
        if "from" in missing:
            self._out.append(f"{self.resent}From: {self._author()}")
        if "to" in missing:
            if field_name(self.rules.undisclosed) is None:
                transaction.warn(
                    f'bad undisclosed_recipients_header header text "{self.rules.undisclosed}" -- '
                    'need "headername: headervalue"'
                )
            else:
                self._out.append(self.rules.undisclosed)

    def _add_message_id(self) -> None:
        transaction = self.transaction
        key = f"{self.resent.lower()}message-id"
        program = transaction.program
        name = transaction.queue_id
        if not program.new_queue_id.long:
            name = f"{program.system.machine.calendar.stamp(transaction.message.arrival)}.{name}"
        message_id = f"<{name}@{program.hostname}>"
        self._out.append(f"{self.resent}Message-Id: {message_id}")
        transaction.note(key, message_id)
        self.seen |= {key}

    def _author(self) -> str:
        """The value of a From: header for the envelope sender."""
        sender, name = self.transaction.message.sender, self.transaction.message.fullname
        address = quote_local(sender or "MAILER-DAEMON")
        if not sender or not name:
            return address
        if self.rules.from_format == "obsolete":
            return f"{address} ({name})"
        return f"{phrase(name, self.rules.token_limit)} <{address}>"

    # ---- body

    def body(self, line: str, offset: int, ended: bool) -> None:
        """A body line: check it."""
        transaction, rules = self.transaction, self.rules
        if not transaction.going:
            return
        if (
            self._checked
            and rules.body_checks
            and transaction.checked
            and (not rules.body_limit or offset < rules.body_limit)
        ):
            checked = check(transaction, BODY, line, rules.body_checks)
            transaction.gather()
            self.stopped = not transaction.going
            if checked is None:
                return
            line = checked
        if ended and not self._piece:
            self._out.append(line)
            return
        self._piece.append(line)
        if ended:
            self._out.append("".join(self._piece))
            self._piece = []

    def passage(self, lines: Sequence[str], text: str) -> bool:
        """Body lines in a row: take them together where no check can have anything to say of one."""
        rules = self.rules
        if self._checked and rules.body_checks and self.transaction.checked and not rules.quiet(text):
            return False
        self._out += lines
        return True

    def prepend(self, line: str) -> None:
        """Put a line before the one that is looked at."""
        self._out.append(line)

    def mime_error(self, error: MimeError, text: str) -> None:
        """The structure is wrong: log it."""
        if error is not MimeError.TRUNCATED_HEADER:
            transaction = self.transaction
            transaction.log(f"reject: mime-error {error.value}: {clipped(text, 100)} from {transaction.envelope()}")
