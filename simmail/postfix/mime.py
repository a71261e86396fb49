"""NAME
    mime - headers and bodies of a message and of the messages in it

DESCRIPTION
    Goes through a message line by line and knows for each whether it belongs to the primary headers, to those of a
    part of a multipart, to those of a message in the message, or to a body.  Boundaries are looked for in every body
    line; a missing one, or one that ends an outer multipart, is recovered from.

    With `downgrade`, 8-bit text becomes quoted-printable.

PARAMETERS
    header_size_limit, mime_nesting_limit, mime_boundary_length_limit, line_length_limit

DIAGNOSTICS
    Errors are told to the listener once each, the gravest last of all in `errors`.

SEE ALSO
    mime_state(3), RFC 2045, RFC 2046
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import NamedTuple, Protocol

from simmail.mail.content import octets
from simmail.postfix.headers import HEADER, HeaderField, HeaderTable, header_tokens

TSPECIALS = '()<>@,;:\\"/[]?='
SPECIALS = '()<>@,;:\\".[]'


class Part(Enum):
    """Where a header stands."""

    PRIMARY = "primary"
    MULTIPART = "multipart"
    NESTED = "nested"
    BODY = "body"


class MimeError(Enum):
    """What can be wrong with a message's structure, the gravest first; the value is what a reply says."""

    NESTING = "MIME nesting exceeds safety limit"
    TRUNCATED_HEADER = "message header length exceeds safety limit"
    EIGHT_BIT_HEADER = "improper use of 8-bit data in message header"
    EIGHT_BIT_BODY = "improper use of 8-bit data in message body"
    ENCODING_DOMAIN = "invalid message/* or multipart/* encoding domain"

    __hash__ = object.__hash__  # there is one of each


class MimeOptions(NamedTuple):
    """How to read a message.

    Args:
        structure: False takes all after the primary headers as body (disable_mime_input_processing).
        report: the errors to look for.
        downgrade: make 8-bit text quoted-printable.
        header_limit, nesting_limit, boundary_limit: the parameters of these names.
    """

    structure: bool = True
    report: frozenset[MimeError] = frozenset()
    downgrade: bool = False
    header_limit: int = 102400
    nesting_limit: int = 100
    boundary_limit: int = 2048


class MimeListener(Protocol):
    """Who hears what is in a message, in order."""

    #: Whether nothing more is wanted.
    stopped: bool

    def header(self, part: Part, field: HeaderField | None, text: str) -> None:
        """A header, its lines joined by newlines."""

    def headers_done(self) -> None:
        """The primary headers have ended."""

    def body(self, line: str, offset: int, ended: bool) -> None:
        """A body line; `offset`: octets before it in this body; `ended`: False for a piece of a long line."""

    def passage(self, lines: Sequence[str], text: str) -> bool:
        """Body lines in a row; whether they are taken together, so that none has to be told by itself.

        Args:
            lines: the lines.
            text: the same, joined by newlines.
        """

    def mime_error(self, error: MimeError, text: str) -> None:
        """Something is wrong; `text` is where."""


_TYPES = frozenset({"text", "message", "multipart"})
OTHER = "other"
_DOMAINS = {"7bit": "7bit", "8bit": "8bit", "binary": "binary", "base64": "7bit", "quoted-printable": "7bit"}


class _Boundary(NamedTuple):
    """A boundary that may come, and what its parts are unless they say otherwise."""

    text: str
    type: str
    subtype: str


@lru_cache(maxsize=1024)
def content_type(header: str) -> tuple[str, str, int]:
    """The type and subtype that a Content-Type: header gives, and where its parameters begin.

    The type is OTHER where it gives none, "" where it gives one without meaning here.
    """
    tokens, position = header_tokens(header, header.index(":") + 1, TSPECIALS, ";", 3)
    if not tokens:
        return OTHER, "", position
    type = tokens[0][1].lower() if tokens[0][0] == "token" else ""
    subtype = tokens[2][1].lower() if len(tokens) > 2 and tokens[1][0] == "/" and tokens[2][0] == "token" else ""
    return type if type in _TYPES else "", subtype, position


class MimeReader:
    """Reads one message.

    Args:
        options: how.
        table: the known header fields.
        listener: who hears.

    Attributes:
        errors: those met so far.
    """

    def __init__(self, options: MimeOptions, table: HeaderTable, listener: MimeListener) -> None:
        self.options, self.table, self.listener = options, table, listener
        self.errors: set[MimeError] = set()
        self.part = Part.PRIMARY
        self._describe("text", "plain")
        self._header: list[str] = []
        self._key = ""
        self._continued = False
        self._offset = 0
        self._stack: list[_Boundary] = []
        self._line = ""

    def _describe(self, type: str, subtype: str) -> None:
        self.type, self.subtype, self.encoding, self.domain = type, subtype, "7bit", "7bit"

    def _report(self, error: MimeError, text: str) -> None:
        if error not in self.errors:
            self.errors.add(error)
            self.listener.mime_error(error, text)

    # ---- lines in

    def feed(self, lines: Sequence[str]) -> None:
        """Read lines, of which none is too long."""
        index, end = 0, len(lines)
        listener = self.listener
        while index < end and not listener.stopped:
            if self.part is not Part.BODY:
                index = self._headers(lines, index)
                if index == end or listener.stopped:
                    break
                self._end_headers()
                self._begin_body(lines[index])
            behind = self._behind(lines, index) if self.part is Part.BODY else index + 1
            if behind > index + 1 and self._together(lines[index:behind]):
                index = behind
            while index < behind and not listener.stopped:
                self._body(lines[index], True)
                index += 1

    def _behind(self, lines: Sequence[str], index: int) -> int:
        """The index behind body lines that begin there: up to the next that may be a boundary, or that one alone."""
        end = len(lines)
        if not self._stack:
            return end
        for number in range(index, end):
            if lines[number].startswith("--"):
                return max(number, index + 1)
        return end

    def _together(self, lines: Sequence[str]) -> bool:
        """Whether body lines can be read as one."""
        text = "\n".join(lines)
        if self.options.downgrade or (MimeError.EIGHT_BIT_BODY in self.options.report and not text.isascii()):
            return False
        taken = self.listener.passage(lines, text)
        if taken:
            self._offset += octets(text) + 1
        return taken

    def piece(self, text: str, ended: bool) -> None:
        """Read a piece of a line that is too long; `ended`: its last one."""
        if self.part is not Part.BODY:
            if self._header:
                if self._continued:
                    self._extend(text, True)
                    self._continued = not ended
                    return
                if text[:1] in (" ", "\t"):
                    self._extend(text, False)
                    self._continued = not ended
                    return
            if HEADER.match(text):
                self._headers((text,), 0)
                self._continued = not ended
                return
            if self._header:
                self._put_header()
            self._end_headers()
            self._begin_body(text)
        self._body(text, ended)

    def end(self) -> None:
        """There are no more lines."""
        if self._continued and not self._header:
            self._body("", True)
        if self.part is not Part.BODY and not self.listener.stopped:
            if self._header:
                self._put_header()
            self._end_headers()
            self.part = Part.BODY

    # ---- headers

    def _headers(self, lines: Sequence[str], index: int) -> int:
        """Read headers as long as there are; returns the index of the first line that is none."""
        header = self._header
        begins = HEADER.match
        for number in range(index, len(lines)):
            text = lines[number]
            match = begins(text)
            if match is None:
                if header and text[:1] in (" ", "\t"):
                    self._extend(text, False)
                    continue
                if header:
                    self._put_header()
                return number
            if header:
                self._put_header()
                if self.listener.stopped:
                    return number
            name, end = match[1], match.end()
            self._key = name.lower()
            header.append(text if end == len(name) + 1 else name + text[end - 1 :])
        return len(lines)

    def _extend(self, text: str, same_line: bool) -> None:
        header = self._header
        limit = self.options.header_limit
        if 4 * sum(map(len, header), len(header)) >= limit and octets("\n".join(header)) >= limit:
            if MimeError.TRUNCATED_HEADER in self.options.report:
                self._report(MimeError.TRUNCATED_HEADER, "\n".join(header))
        elif same_line:
            header[-1] += text
        else:
            header.append(text)

    def _put_header(self) -> None:
        header, options = self._header, self.options
        text = header[0] if len(header) == 1 else "\n".join(header)
        if "\0" in text:  # where each of its lines ends
            text = "\n".join(line.partition("\0")[0] for line in header)
        header.clear()
        self._continued = False
        field = self.table.get(self._key)
        if field is not None and field.mime and options.structure:
            if self._key == "content-type":
                self._content_type(text)
            elif self._key == "content-transfer-encoding":
                self._content_encoding(text)
                if options.downgrade and self.domain != "7bit":
                    return
        if not text.isascii() and MimeError.EIGHT_BIT_HEADER in options.report:
            self._report(MimeError.EIGHT_BIT_HEADER, text)
        self.listener.header(self.part, field, text)

    def _content_type(self, header: str) -> None:
        type, subtype, position = content_type(header)
        if not type:
            return
        self.type = type
        if type == OTHER:
            return
        self.subtype = subtype
        if type != "multipart":
            return
        inner = ("message", "rfc822") if subtype == "digest" else ("text", "plain")
        while position >= 0:
            tokens, position = header_tokens(header, position, TSPECIALS, ";", 3)
            if [kind for kind, _ in tokens[:2]] == ["token", "="] and tokens[0][1].lower() == "boundary":
                if len(tokens) < 3:
                    continue
                if len(self._stack) - 1 > self.options.nesting_limit:
                    if MimeError.NESTING in self.options.report:
                        self._report(MimeError.NESTING, header)
                else:
                    self._stack.append(_Boundary(tokens[2][1][: self.options.boundary_limit], *inner))

    def _content_encoding(self, header: str) -> None:
        tokens, _ = header_tokens(header, header.index(":") + 1, SPECIALS, "", 1)
        name = tokens[0][1].lower() if tokens and tokens[0][0] == "token" else ""
        if name in _DOMAINS:
            self.encoding, self.domain = name, _DOMAINS[name]

    def _end_headers(self) -> None:
        if self.options.downgrade and self.domain != "7bit":
            encoding = "7bit" if self.type in ("message", "multipart") else "quoted-printable"
            self.listener.header(self.part, None, f"Content-Transfer-Encoding: {encoding}")
        if self.part is Part.PRIMARY:
            self.listener.headers_done()
        if MimeError.ENCODING_DOMAIN in self.options.report and self._encodes_parts():
            self._report(MimeError.ENCODING_DOMAIN, self.encoding)

    def _encodes_parts(self) -> bool:
        """Whether what has headers of its own is encoded as a whole."""
        if self.type == "multipart" or (self.type == "message" and self.subtype == "rfc822"):
            return self.encoding != self.domain
        return self.type == "message" and self.subtype in ("partial", "external-body") and self.domain != "7bit"

    def _begin_body(self, text: str) -> None:
        """A line that is no header: the empty one that ends them, or garbage."""
        self._offset = 0
        if text:
            if self.part is Part.PRIMARY:
                self.listener.body("", 0, True)
                self._offset = 0
            self.part = Part.BODY
        elif self.type == "message" and self.subtype in ("rfc822", "global"):
            self.part = Part.NESTED
            self._describe("text", "plain")
        elif self.type == "multipart":
            self.part = Part.BODY
            self._describe(OTHER, OTHER)
        else:
            self.part = Part.BODY

    # ---- bodies

    def _body(self, text: str, ended: bool) -> None:
        if not text.isascii() and self.encoding == "7bit" and MimeError.EIGHT_BIT_BODY in self.options.report:
            self._report(MimeError.EIGHT_BIT_BODY, text)
        if self._stack and not self._continued and len(text) > 2 and text.startswith("--"):
            self._look_for_boundary(text)
        self._continued = not ended
        if self.options.downgrade and self.domain != "7bit":
            self._quoted_printable(text, ended)
        else:
            self._out(text, ended)

    def _look_for_boundary(self, text: str) -> None:
        for depth in range(len(self._stack) - 1, -1, -1):
            boundary = self._stack[depth]
            if text.startswith(boundary.text, 2):
                del self._stack[depth + 1 :]
                if text.startswith("--", 2 + len(boundary.text)):
                    self._stack.pop()
                    self.part = Part.BODY
                    self._offset = 0
                    self._describe(OTHER, OTHER)
                else:
                    self.part = Part.MULTIPART
                    self._describe(boundary.type, boundary.subtype)
                return

    def _out(self, text: str, ended: bool) -> None:
        self.listener.body(text, self._offset, ended)
        self._offset += octets(text) + 1

    def _quoted_printable(self, text: str, ended: bool) -> None:
        """Encode a line (RFC 2045 section 6.7); soft line breaks come after column 72."""
        line = self._line
        for octet in text.encode("utf-8", "surrogateescape"):
            if len(line) > 72:
                self._out(line + "=", True)
                line = ""
            if (octet < 32 and octet != 9) or octet == 61 or octet > 126:
                line += f"={octet:02X}"
            else:
                line += chr(octet)
        if ended:
            if line[-1:] in (" ", "\t"):
                line = f"{line[:-1]}={ord(line[-1]):02X}"
            self._out(line, True)
            line = ""
        self._line = line
