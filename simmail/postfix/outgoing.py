"""NAME
    outgoing - addresses and content as they leave by SMTP

DESCRIPTION
    smtp_generic_maps give addresses of this machine a public form, in the envelope and in the primary headers;
    smtp_header_checks and their kin look at each line once more; and content that says it is 8-bit becomes
    quoted-printable for a server without 8BITMIME.

PARAMETERS
    smtp_generic_maps, propagate_unmatched_extensions, smtp_header_checks, smtp_mime_header_checks,
    smtp_nested_header_checks, smtp_body_checks, smtp_line_length_limit, disable_mime_output_conversion,
    recipient_delimiter, header_size_limit, mime_boundary_length_limit, mime_nesting_limit, each smtp_ one also as lmtp_

DIAGNOSTICS
    QUEUE_ID: replace: header TEXT: NEW TEXT
        and its kin: warning, info, prepend, strip
    unsupported command in smtp_header_checks map: ACTION
    QUEUE_ID: breaking line > N bytes with <CR><LF>SPACE
    QUEUE_ID: smtp header checks lookup error
        The content ends here, and with it the connection; the mail is tried again later.
    fatal: smtp_generic_maps map lookup problem for ADDRESS

SEE ALSO
    generic(5), header_checks(5), smtp(8)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from simmail.mail.address import quote_local, unquote_local
from simmail.mail.content import CONTINUED, Content, clipped, octets
from simmail.mail.errors import Fatal
from simmail.mail.message import Message
from simmail.mail.tokens import external_address
from simmail.postfix.address_maps import map_address, propagated
from simmail.postfix.header_rewrite import rewrite_header
from simmail.postfix.headers import HEADER, HeaderField, HeaderTable, field_name
from simmail.postfix.mime import MimeError, MimeOptions, MimeReader, Part
from simmail.postfix.program import Program
from simmail.postfix.tables import LINES, LookupFailure, Maps

MAX_SHOWN = 60
#: Actions that only log; the others that there are change the line.
_WORDS = {"WARN": "warning", "INFO": "info", "REPLACE": "replace", "PREPEND": "prepend", "STRIP": "strip"}
_SILENT = {"IGNORE": False, "DUNNO": True, "OK": True}


class DataError(Exception):
    """A table cannot tell what is to be sent.  `content`: what was sent before."""

    def __init__(self, content: Content) -> None:
        self.content = content
        super().__init__()


@lru_cache(maxsize=1024)
def _is_header(outline: tuple[str, ...]) -> bool:
    """Whether what looks like a header from afar is one."""
    return outline[:1] != (CONTINUED,) and all(name == CONTINUED or HEADER.fullmatch(name) for name in outline)


class Outgoing:
    """What one SMTP or LMTP client does to mail on its way out.

    Args:
        program: the client; what there is to log is put into its `pending`.
        prefix: `smtp` or `lmtp`.

    Attributes:
        rewrites: whether envelope addresses may change.
        idle: whether content leaves as it is, unless it has to become 7-bit.
    """

    def __init__(self, program: Program, prefix: str) -> None:
        config = program.config
        self.program = program
        self.generic = program.maps(f"{prefix}_generic_maps")
        self.header_checks = {
            Part.PRIMARY: program.maps(f"{prefix}_header_checks", LINES),
            Part.MULTIPART: program.maps(f"{prefix}_mime_header_checks", LINES),
            Part.NESTED: program.maps(f"{prefix}_nested_header_checks", LINES),
        }
        self.body_checks = program.maps(f"{prefix}_body_checks", LINES)
        self.line_limit: int = max(0, config[f"{prefix}_line_length_limit"])
        self.converts = not config["disable_mime_output_conversion"]
        self.delimiters: str = config["recipient_delimiter"]
        self.propagate = "generic" in propagated(config)
        limits = config["header_size_limit"], config["mime_nesting_limit"], config["mime_boundary_length_limit"]
        self.plain = MimeOptions(True, frozenset(), False, *limits)
        self.downgrade = MimeOptions(True, frozenset({MimeError.NESTING}), True, *limits)
        self.table = HeaderTable()
        self.rewrites = bool(self.generic)
        self.idle = not (self.generic or any(self.header_checks.values()) or self.body_checks)
        self.header_limit: int = limits[0]
        if self.rewrites:
            self._local = program.local_domains

    def address(self, address: str) -> str:
        """The public form of an envelope address (internal form)."""
        if not self.rewrites or not address:
            return address
        return unquote_local(self.generic_address(quote_local(address)))

    def generic_address(self, address: str) -> str:
        """The public form of an address in external form."""
        internal = unquote_local(address)
        try:
            found = map_address(self.generic, internal, self.delimiters, self._local.owns, internal, self.program.warn)
        except LookupFailure:
            raise Fatal(f"{self.generic.title} map lookup problem for {internal}") from None
        if found is None:
            return address
        results, extension = found
        if len(results) > 1:
            self.program.warn("warning", f"multi-valued {self.generic.title} result for {address}")
        public = self.program.rewriter.rewrite("local", external_address(results[0]))
        if self.propagate and extension:
            local, at, domain = public.rpartition("@")
            public = local + extension + at + domain if at else public + extension
        return public

    def content(self, message: Message, downgrade: bool) -> Content:
        """What is sent of a message.

        Args:
            message: the message.
            downgrade: whether 8-bit content has to become 7-bit.
        """
        content = message.content.at_hand()
        downgrade = downgrade and self.converts
        if self.idle and (not downgrade or self._stays(content)):
            if self._fits(content):
                return content
            return self._folded(content.lines, message.queue_id)
        writer = _Writer(self, message.queue_id)
        reader = MimeReader(self.downgrade if downgrade else self.plain, self.table, writer)
        reader.feed(content.lines)
        reader.end()
        return self._folded(writer.lines, message.queue_id)

    def _folded(self, lines: Iterable[str], queue_id: str) -> Content:
        """Lines that are short enough; the log hears of it where some were not."""
        before = tuple(lines)
        content = Content(line for text in before for line in self.folded(text))
        if len(content.lines) > len(before):
            text = f"breaking line > {self.line_limit} bytes with <CR><LF>SPACE"
            self.program.pending.append(self.program.note("text", queue_id, text))
        return content

    def _stays(self, content: Content) -> bool:
        """Whether it is seen from afar that nothing changes as content becomes 7-bit: none of it says that it is not.

        Nor has it a header that would be written otherwise: one that goes on too long, has a blank before its colon, or
        is followed by what is none.
        """
        if not content.ascii or content.size > self.header_limit:
            return False
        lines, end = content.lines, len(content.outline)
        if end == len(lines) or lines[end] or not _is_header(content.outline):
            return False
        text = "\n".join(lines)
        return not (" :" in text or "\t:" in text) and "content-transfer-encoding" not in text.lower()

    def _fits(self, content: Content) -> bool:
        return not self.line_limit or content.longest <= self.line_limit

    def folded(self, line: str) -> Iterator[str]:
        """A line in pieces of at most smtp_line_length_limit octets, those after the first with a blank before them."""
        limit = self.line_limit
        if not limit or (len(line) <= limit and octets(line) <= limit):
            yield line
            return
        data = line.encode("utf-8", "surrogateescape")
        yield data[:limit].decode("utf-8", "surrogateescape")
        step = max(limit - 1, 1)
        for start in range(limit, len(data), step):
            yield " " + data[start : start + step].decode("utf-8", "surrogateescape")


class _Writer:
    """Hears what is in a message and writes what is sent of it."""

    stopped = False

    def __init__(self, outgoing: Outgoing, queue_id: str) -> None:
        self.outgoing, self.queue_id = outgoing, queue_id
        self.lines: list[str] = []

    def header(self, part: Part, field: HeaderField | None, text: str) -> None:
        """A header."""
        outgoing = self.outgoing
        maps = outgoing.header_checks[Part.MULTIPART if field is not None and field.mime else part]
        if maps:
            checked = self._check(maps, "header", text)
            if checked is None:
                return
            text = checked
        if outgoing.rewrites and part is Part.PRIMARY and field is not None and (field.sender or field.recipient):
            size = len(field.key)  # that of the name before any check, which is what counts
            told = f"{'-' * size}:{text[size + 1 :]}"
            rewritten, warnings = rewrite_header(told, 0, outgoing.generic_address)
            if rewritten != told:
                text = text[:size] + rewritten[size:]
            for warning in warnings:
                outgoing.program.warn("warning", warning)
        self.lines += text.split("\n")

    def headers_done(self) -> None:
        """The primary headers have ended."""

    def body(self, line: str, offset: int, ended: bool) -> None:
        """A body line."""
        maps = self.outgoing.body_checks
        checked = self._check(maps, "body", line) if maps else line
        if checked is not None:
            self.lines.append(checked)

    def passage(self, lines: Sequence[str], text: str) -> bool:
        """Body lines in a row, which leave as they are where no check looks at them."""
        if self.outgoing.body_checks:
            return False
        self.lines += lines
        return True

    def mime_error(self, error: MimeError, text: str) -> None:
        """Content that is nested too deeply leaves as it is."""

    def _check(self, maps: Maps, context: str, text: str) -> str | None:
        """Ask a table about a line and do what it says; None where the line goes."""
        if not text:
            return text
        try:
            answer = maps.find(text)
        except LookupFailure:
            self.outgoing.program.warn("warning", f"{self.queue_id}: smtp {context} checks lookup error")
            raise DataError(Content(self.lines)) from None
        if answer is None:
            return text
        action, _, argument = answer.replace("\t", " ", 1).partition(" ")
        return self._act(maps.title, context, text, answer, action.upper(), argument.lstrip())

    def _act(self, table: str, context: str, text: str, answer: str, action: str, argument: str) -> str | None:
        if action in _SILENT:
            return text if _SILENT[action] else None
        warn = self.outgoing.program.warn
        if action not in _WORDS:
            warn("warning", f"unsupported command in {table} map: {answer}")
            return text
        if action in ("REPLACE", "PREPEND"):
            if not argument:
                warn("warning", f"{action} action without text in {table} map")
                return text
            if context == "header" and field_name(argument) is None:
                warn(
                    "warning",
                    f'bad {action} header text "{argument}" in {table} map -- need "headername: headervalue"',
                )
                return text
        program = self.outgoing.program
        tail = f": {argument}" if argument else ""
        program.pending.append(
            program.note("text", self.queue_id, f"{_WORDS[action]}: {context} {clipped(text, MAX_SHOWN)}{tail}")
        )
        if action == "PREPEND":
            self.lines.append(argument)
        return argument if action == "REPLACE" else None if action == "STRIP" else text
