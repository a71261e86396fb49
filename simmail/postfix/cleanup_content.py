"""NAME
    cleanup_content - the header and body of a message on its way into the queue

DESCRIPTION
    Headers are checked, counted, dropped or rewritten; those that are missing are added after the last one where the
    message begins here (or always_add_missing_headers says so).  A body that nobody wants to look at is passed on as
    it is.

SEE ALSO
    cleanup(8)
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.address import quote_local
from simmail.mail.content import Content, clipped, octets
from simmail.mail.errors import Fatal
from simmail.postfix.cleanup_address import Role, Trouble
from simmail.postfix.cleanup_status import CleanupStatus
from simmail.postfix.content_checks import ANY, BODY, HEADER, act, check
from simmail.postfix.header_rewrite import rewrite_header
from simmail.postfix.headers import CONTINUED, HeaderField, HeaderTable, field_name, outline, value_of
from simmail.postfix.headers import HEADER as FIELD
from simmail.postfix.mime import MimeError, MimeOptions, MimeReader, Part
from simmail.postfix.tables import Maps
from simmail.postfix.tables.literal import LONGEST

if TYPE_CHECKING:
    from simmail.postfix.cleanup import Cleanup
    from simmail.postfix.cleanup_transaction import Transaction

_EIGHT_BIT = re.compile(r"(8bit|binary)\Z", re.IGNORECASE)
_MESSAGE_IDS = ("message-id", "resent-message-id")
_VISIBLE = ("to", "resent-to", "cc", "resent-cc")
#: Headers that say what the body is.
_STRUCTURE = ("content-type", "content-transfer-encoding")
#: How many layouts are remembered.
_LAYOUTS = 1024
#: Lines that may belong to a header in the body, and be longer or another text than they seem.
_INNER = re.compile(r"[ \t]:|\n[ \t]")
_SPECIAL = re.compile(r'[()<>@,;:\\".\[\]]')
_QUOTED = re.compile(r'[\\"]')
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|([\s\S]))")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unescape(text: str) -> str:
    """Undo the escapes of the C language."""

    def plain(match: re.Match[str]) -> str:
        if match.group(1):
            return chr(int(match.group(1), 8) & 0xFF)
        return _ESCAPES.get(match.group(2), match.group(2))

    return _ESCAPE.sub(plain, text)


def phrase(name: str) -> str:
    """A person's name as it stands before an address (RFC 5322 section 3.2.5): quoted where it has to be."""
    if _SPECIAL.search(name):
        return '"' + _QUOTED.sub(r"\\\g<0>", name) + '"'
    return " ".join(name.split())


class Layout(NamedTuple):
    """What the names of a header's fields, in their order, tell of it.

    Args:
        end: how many lines it has.
        fields: (first line, line behind the last one) of each field.
        wanted: those of them that have to be looked at even if no check does.
        tallest: how many lines the longest of them has.
        types: those of them that tell what the body is made of.
        spaced: whether blanks stand between a name and its colon.
        seen: the known ones, in lower case.
        resent: `Resent-` where one tells that the message was sent on.
    """

    end: int
    fields: tuple[tuple[int, int], ...]
    wanted: tuple[tuple[int, int], ...]
    tallest: int
    types: tuple[tuple[int, int], ...]
    spaced: bool
    seen: frozenset[str]
    resent: str


class ContentRules:
    """What one cleanup(8) does with headers and bodies.

    Args:
        program: whose parameters these are.
    """

    def __init__(self, program: Cleanup) -> None:
        config = program.config
        self.memo = program.system.memo
        self._layouts: dict[tuple[bool, tuple[str, ...]], Layout] = {}
        self.table = HeaderTable(config.list("message_drop_headers"))
        self.header_checks = program.maps("header_checks")
        self.checks: dict[Part, Maps] = {
            Part.PRIMARY: self.header_checks,
            Part.MULTIPART: program.maps("mime_header_checks"),
            Part.NESTED: program.maps("nested_header_checks"),
        }
        self.body_checks = program.maps("body_checks")
        #: What a line needs for any of the checks to have an answer; None where that is not known.
        self.needs: tuple[tuple[str, ...], ...] | None = ()
        for maps in (*self.checks.values(), self.body_checks):
            self.needs = None if self.needs is None or maps.needs is None else (*self.needs, *maps.needs)
        if self.needs is not None:
            self.needs = tuple(dict.fromkeys(self.needs))
        self.body_limit: int = config["body_checks_size_limit"]
        self.rejected = frozenset(unescape(config["message_reject_characters"]))
        self.stripped = frozenset(unescape(config["message_strip_characters"]))
        self.line_limit: int = config["line_length_limit"]
        #: Octets of the longest line that needs no look of its own.
        self.longest = min(self.line_limit, LONGEST)
        self.hop_limit: int = config["hopcount_limit"]
        self.token_limit: int = config["header_address_token_limit"]
        self.always_add: bool = config["always_add_missing_headers"]
        self.undisclosed: str = config["undisclosed_recipients_header"]
        self.detect_8bit: bool = config["detect_8bit_encoding_header"]
        self.from_format = config["header_from_format"]
        if self.from_format not in ("standard", "obsolete"):
            raise Fatal(f"invalid setting: header_from_format = {self.from_format}")
        structure = not config["disable_mime_input_processing"]
        limits = config["header_size_limit"], config["mime_nesting_limit"], config["mime_boundary_length_limit"]
        strict = self._strict(program) if structure else frozenset()
        self.header_limit: int = config["header_size_limit"]
        self.options = MimeOptions(structure, frozenset(), False, *limits)
        self.strict_options = MimeOptions(structure, strict, False, *limits)
        #: Whether the filters look at no body, as far as the configuration goes.
        self.unfiltered = not (
            any(self.checks.values()) or self.body_checks or strict or self.rejected or self.stripped
        )

    def _strict(self, program: Cleanup) -> frozenset[MimeError]:
        """The errors that strict_ parameters look for."""
        config = program.config
        strict: set[MimeError] = set()
        if config["strict_8bitmime"] or config["strict_7bit_headers"]:
            strict.add(MimeError.EIGHT_BIT_HEADER)
        if config["strict_8bitmime"] or config["strict_8bitmime_body"]:
            strict.add(MimeError.EIGHT_BIT_BODY)
        if config["strict_mime_encoding_domain"]:
            strict.add(MimeError.ENCODING_DOMAIN)
        if strict or any(self.checks.values()):
            strict.add(MimeError.NESTING)
        return frozenset(strict)

    def layout(self, lines: tuple[str, ...], completes: bool) -> Layout:
        """The layout of the header that these lines begin with; `completes`: whether addresses in it are completed."""
        names = outline(lines)
        layout = self._layouts.get((completes, names))
        if layout is None:
            layout = self._laid_out(names, completes)
            if self.memo.enabled and layout.end == len(names):
                if len(self._layouts) >= _LAYOUTS:
                    self._layouts.clear()
                self._layouts[completes, names] = layout
        return layout

    def _laid_out(self, names: tuple[str, ...], completes: bool) -> Layout:
        starts: dict[int, str] = {}
        end = 0
        for name in names:
            match = FIELD.fullmatch(name)
            if match is not None:
                starts[end] = match[1].lower()
            elif not (starts and name == CONTINUED):
                break
            end += 1
        spans = dict(zip(starts, pairwise((*starts, end)), strict=True))
        loops = list(starts.values()).count("received") >= self.hop_limit
        wanted = []
        for start, key in starts.items():
            field = self.table.get(key)
            if len(names[start]) > len(key) + 1 or (field is not None and self._wants(field, completes, loops)):
                wanted.append(spans[start])
        known = [self.table[key] for key in starts.values() if key in self.table]
        return Layout(
            end=end,
            fields=tuple(spans.values()),
            wanted=tuple(wanted),
            tallest=max((behind - first for first, behind in spans.values()), default=0),
            types=tuple(spans[start] for start, key in starts.items() if key == "content-type"),
            spaced=any(len(names[start]) > len(key) + 1 for start, key in starts.items()),
            seen=frozenset(field.key for field in known),
            resent="Resent-" if any(field.resent for field in known) else "",
        )

    def _wants(self, field: HeaderField, completes: bool, loops: bool) -> bool:
        """Whether a known field has to be looked at; `loops`: whether the message has made too many hops."""
        return (
            field.drop
            or field.key in _MESSAGE_IDS
            or field.key in _STRUCTURE
            or (completes and (field.sender or field.recipient))
            or (field.key == "received" and loops)
        )

    def silent(self, content: Content, layout: Layout) -> bool:
        """Whether it is known without looking at each line that no check has anything to say of a message."""
        if self.needs is None or self.rejected or self.stripped or layout.spaced or not content.ascii:
            return False
        lines = content.lines
        if layout.tallest * (content.longest + 1) > LONGEST and any(
            len("\n".join(lines[first:behind])) > LONGEST for first, behind in layout.fields
        ):
            return False
        text = "\n".join(lines).lower()
        for first, behind in layout.types:
            kind = "\n".join(lines[first:behind]).lower()
            if ("multipart" in kind or "message" in kind) and _INNER.search(text):
                return False
        for needs in self.needs:
            for need in needs:
                if need not in text:
                    break
            else:
                return False
        return True


class ContentReader:
    """Reads the content of one transaction and writes what goes into its queue file."""

    __slots__ = ("_checked", "_out", "_piece", "_reader", "hops", "resent", "rules", "seen", "transaction")

    def __init__(self, transaction: Transaction, rules: ContentRules) -> None:
        self.transaction, self.rules = transaction, rules
        self._checked = False
        self._out: list[str] = []
        self._piece: list[str] = []
        self.seen: frozenset[str] = frozenset()
        self.resent = ""
        self.hops = 0

    def read(self, content: Content, received: tuple[str, ...]) -> None:
        """Take in the content; the transaction's message has the result."""
        transaction, rules = self.transaction, self.rules
        whole = content.under(received)
        layout = rules.layout(whole.lines, bool(transaction.context))
        short = content.longest <= rules.longest
        filtered = transaction.checked and not rules.unfiltered
        self._checked = filtered and not (short and rules.silent(whole, layout))
        reader = MimeReader(rules.strict_options if filtered else rules.options, rules.table, self)
        self._reader = reader
        lines = whole.lines
        if not short or (self._checked and (rules.rejected or rules.stripped)):
            for line in lines:
                self._line(reader, line)
        else:
            end = self._header(whole, layout)
            if self._checked:
                reader.feed(lines, end)
            else:
                self._out += lines[reader.feed(lines, end, skim=True) :]
        if not transaction.going:
            return
        reader.end()
        if reader.errors and not transaction.reason:
            self._judge(reader.errors)
        message = transaction.message
        done = tuple(self._out)
        message.content = whole if done == lines else Content(done)
        message.size = message.content.stored

    def _header(self, content: Content, layout: Layout) -> int:
        """Read the header of a message; how many lines it has."""
        reader, out, lines, end = self._reader, self._out, content.lines, layout.end
        if (
            self._checked
            or 4 * end * (content.longest + 1) >= self.rules.header_limit
            or not (content.ascii or all(map(str.isascii, lines[:end])))
        ):
            fields = layout.fields
        else:
            fields, self.seen, self.resent = layout.wanted, layout.seen, layout.resent
        passed = 0
        for first, behind in fields:
            out += lines[passed:first]
            passed = behind
            reader.header(lines[first:behind])
            if reader.stopped:
                break
        out += lines[passed:end]
        return end

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
                act(transaction, ANY, line, "REJECT disallowed character", "character reject")
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
        if self._checked and transaction.checked:
            maps = rules.checks[Part.MULTIPART if field is not None and field.mime else part]
            if maps:
                checked = check(transaction, HEADER, text, maps)
                transaction.gather()
                self._reader.stopped = not transaction.going
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
        if len(text) * 4 > limit:
            text = clipped(text, limit)
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
        self.seen |= {key}
        if key in _MESSAGE_IDS:
            transaction.note(key, value_of(text))
        elif key == "received":
            self.hops += 1
            if self.hops >= rules.hop_limit:
                transaction.warn(f"{transaction.queue_id}: message rejected: hopcount exceeded")
                transaction.fail(CleanupStatus.HOPS)
                self._reader.stopped = not transaction.going
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
        program = transaction.program
        role = Role.HEADER_SENDER if field.sender else Role.HEADER_RECIPIENT
        mapping = transaction.mapped

        def change(address: str) -> str:
            address = program.rewriter.rewrite(transaction.context, address)
            if not mapping:
                return address
            try:
                return program.mapper.external(address, role)
            except Trouble as trouble:
                transaction.trouble(trouble)
                return address

        rewritten, warnings = rewrite_header(text, field.name, self.rules.token_limit, change)
        transaction.gather()
        for warning in warnings:
            transaction.warn(warning)
        return rewritten

    # ---- between header and body

    def headers_done(self) -> None:
        """The primary headers have ended: add those that are missing."""
        transaction = self.transaction
        if not transaction.going:
            return
        add = bool(transaction.context) or self.rules.always_add
        if add:
            self._add_message_id()
        if "message-id" not in self.seen:
            transaction.note("message-id", "<>")
        if not add:
            return
        prefix = self.resent.lower()
        if prefix + "date" not in self.seen:
            calendar = transaction.program.system.machine.calendar
            self._out.append(f"{self.resent}Date: {calendar.header(transaction.message.arrival)}")
        if prefix + "from" not in self.seen:
            self._out.append(f"{self.resent}From: {self._author()}")
        if self.rules.undisclosed and self.seen.isdisjoint(_VISIBLE):
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
        if key in self.seen:
            return
        program = transaction.program
        stamp = program.system.machine.calendar.stamp(transaction.message.arrival)
        message_id = f"<{stamp}.{transaction.queue_id}@{program.hostname}>"
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
        return f"{phrase(name)} <{address}>"

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
            self._reader.stopped = not transaction.going
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

    def prepend(self, line: str) -> None:
        """Put a line before the one that is looked at."""
        self._out.append(line)

    def mime_error(self, error: MimeError, text: str) -> None:
        """The structure is wrong: log it."""
        if error is not MimeError.TRUNCATED_HEADER:
            transaction = self.transaction
            transaction.log(f"reject: mime-error {error.value}: {clipped(text, 100)} from {transaction.envelope()}")
