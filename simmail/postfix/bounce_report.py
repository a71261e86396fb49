"""NAME
    bounce_report - the text of a delivery status notification

DESCRIPTION
    A multipart/report of three parts: words for people, a message/delivery-status for programs, and the message the
    report is about, or its headers.

PARAMETERS
    bounce_size_limit, myhostname, mail_name, smtputf8_enable, header_from_format, maximal_queue_lifetime,
    enable_threaded_bounces

DIAGNOSTICS
    QUEUE_ID: ignoring malformed Message-ID

SEE ALSO
    RFC 3462, RFC 3464, bounce(5)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from simmail.mail.address import quote_local
from simmail.mail.calendar import Calendar
from simmail.mail.content import octets
from simmail.mail.message import Message, Recipient
from simmail.postfix.bounce_template import PLAIN_CHARSET, Template, sender
from simmail.postfix.config import Config
from simmail.postfix.delivery import Dsn
from simmail.postfix.headers import field_name

WIDTH, INDENT = 79, 4
#: The types of a whole message and of its headers, without and with SMTPUTF8.
ORIGINAL_TYPES = (("message/rfc822", "text/rfc822-headers"), ("message/global", "message/global-headers"))
_NO_ATOM = re.compile(r'[ \t\r\n()<>@,;:\\".\[\]]')
_WORD = re.compile(r"[ \t]")
#: An octet that is no UTF-8 text.
_LONE_OCTET = re.compile("[\udc80-\udcff]")


class Line(NamedTuple):
    """What became of one recipient."""

    recipient: Recipient
    dsn: Dsn


def wrap(text: str, width: int = WIDTH, indent: int = INDENT) -> list[str]:
    """Break a text at blanks; lines after the first are indented."""
    out: list[str] = []
    start = word = 0
    room, margin = width, ""
    while True:
        blank = _WORD.search(text, word)
        end = blank.start() if blank else len(text)
        if word > start and octets(text[start:end]) > room:
            out.append(margin + text[start:word].rstrip())
            if not margin:
                margin, room = " " * indent, room - indent
            while word < len(text) and text[word].isspace():
                word += 1
            start = word
            end = max(end, word)
        if blank is None:
            break
        word = end + 1
    out.append(margin + text[start:].rstrip())
    return out


class Report:
    """One notification in the making.

    Args:
        config: the bounce daemon's parameters.
        calendar: writes dates.
        message: what the report is about.
        template: the kind of report.
        now: when it is made, s.
        warn: hears of what is wrong with the message.
    """

    def __init__(
        self, config: Config, calendar: Calendar, message: Message, template: Template, now: float,
        warn: Callable[[str, str], None],
    ) -> None:  # fmt: skip
        self.warn = warn
        self.config, self.calendar, self.message, self.template = config, calendar, message, template
        self.hostname: str = config["myhostname"]
        self.mail_name = _NO_ATOM.sub("-", config["mail_name"])
        self.boundary = f"{message.queue_id}.{int(calendar.unix(now))}/{self.hostname}"
        self.utf8 = message.smtputf8
        self.eight_bit = bool(config["smtputf8_enable"]) or message.encoding == "8bit"
        self.from_address = message.sender or f"MAILER-DAEMON@{self.hostname}"
        self.sender = _octets_quoted(self.from_address)
        header = message.content.header()
        #: Whether addresses beyond ASCII are of the type utf-8: the client, the sender or the header has told of UTF-8.
        self._typed_utf8 = self.utf8 or not (message.sender.isascii() and all(line.isascii() for line in header))

    def lines(
        self, recipient: str, rows: Sequence[Line], text: Iterable[str], *, headers_only: bool, postmaster: bool = False
    ) -> list[str]:
        """The whole notification.

        Args:
            recipient: to whom it goes.
            rows: what became of whom.
            text: the template's words.
            headers_only: leave out the body of the message.
            postmaster: whether this is the postmaster's copy.
        """
        return [
            *self._header(recipient, postmaster),
            *text,
            *(line for row in rows for line in self._words(row)),
            *self._status(rows),
            *self._original(headers_only),
        ]

    def _header(self, recipient: str, postmaster: bool) -> list[str]:
        template = self.template
        charset = template.charset or ("utf-8" if self.eight_bit else PLAIN_CHARSET)
        lines = [
            f"From: {sender(template, self.config)}",
            f"Subject: {template.postmaster_subject if postmaster else template.subject}",
            f"To: {quote_local(recipient)}",
            *self._thread(),
            f"Auto-Submitted: {'auto-generated' if postmaster else 'auto-replied'}",
            "MIME-Version: 1.0",
            "Content-Type: multipart/report; report-type=delivery-status;",
            f'\tboundary="{self.boundary}"',
        ]
        if self.eight_bit or self.message.encoding:
            lines.append(f"Content-Transfer-Encoding: {'8bit' if self.eight_bit else self.message.encoding}")
        lines += ["", "This is a MIME-encapsulated message.", "", f"--{self.boundary}"]
        lines += ["Content-Description: Notification", f"Content-Type: text/plain; charset={charset}"]
        return [*lines, *self._encoding(), ""]

    def _thread(self) -> list[str]:
        """What makes a mail program show the notification below the message (enable_threaded_bounces)."""
        if not self.config["enable_threaded_bounces"]:
            return []
        for line in self.message.content.header():
            name, _, value = line.partition(":")
            if name.lower() == "message-id":
                value = value.lstrip()
                if value.startswith("<"):
                    return [f"References: {value}", f"In-Reply-To: {value}"]
                self.warn("warning", f"{self.message.queue_id}: ignoring malformed Message-ID")
        return []

    def _typed(self, address: str) -> str:
        """An address in external form with its type (RFC 3461 section 4.2, RFC 6533 section 3)."""
        wide = self._typed_utf8 and not address.isascii() and not _LONE_OCTET.search(address)
        return f"{'utf-8' if wide else 'rfc822'}; {address}"

    def _encoding(self) -> list[str]:
        return ["Content-Transfer-Encoding: 8bit"] if self.eight_bit else []

    def _words(self, row: Line) -> list[str]:
        """A recipient's paragraph for people."""
        recipient = row.recipient
        origin = ""
        if recipient.original and recipient.original.lower() != recipient.address.lower():
            origin = f" (expanded from <{quote_local(recipient.original)}>)"
        return ["", *wrap(f"<{quote_local(recipient.address)}>{origin}: {row.dsn.reason}")]

    def _status(self, rows: Sequence[Line]) -> list[str]:
        """The part for programs."""
        message = self.message
        lines = [
            "",
            f"--{self.boundary}",
            "Content-Description: Delivery report",
            f"Content-Type: message/{'global-' if self.utf8 else ''}delivery-status",
            *(self._encoding() if self.utf8 else ()),
            "",
            f"Reporting-MTA: dns; {self.hostname}",
        ]
        if message.envid:
            lines.append(f"Original-Envelope-Id: {message.envid}")
        lines += [
            f"X-{self.mail_name}-Queue-ID: {message.queue_id}",
            f"X-{self.mail_name}-Sender: {self._typed(self.sender)}",
            f"Arrival-Date: {self.calendar.header(message.arrival)}",
        ]
        for row in rows:
            lines += self._recipient(row)
        return lines

    def _recipient(self, row: Line) -> list[str]:
        recipient, dsn = row
        kind = self.template.kind
        lines = ["", f"Final-Recipient: {self._typed(quote_local(recipient.address))}"]
        if recipient.orcpt:
            lines.append(f"Original-Recipient: {recipient.orcpt}")
        elif recipient.original and recipient.original.lower() != recipient.address.lower():  # a copy, aliased
            lines.append(f"Original-Recipient: {self._typed(quote_local(recipient.original))}")
        lines.append(f"Action: {'failed' if kind == 'failure' else dsn.action}")
        lines.append(f"Status: {dsn.status}")
        if dsn.remote_mta:
            lines += wrap(f"Remote-MTA: dns; {dsn.remote_mta}")
        if dsn.diagnostic_type and dsn.diagnostic:
            lines += wrap(f"Diagnostic-Code: {dsn.diagnostic_type}; {dsn.diagnostic}")
        else:
            lines += wrap(f"Diagnostic-Code: X-{self.mail_name}; {dsn.reason}")
        if kind == "delay":
            until = self.message.arrival + self.config["maximal_queue_lifetime"]
            lines.append(f"Will-Retry-Until: {self.calendar.header(until)}")
        return lines

    def _original(self, headers_only: bool) -> list[str]:
        """The message, or its headers."""
        message = self.message
        limit: int = self.config["bounce_size_limit"]
        headers_only = headers_only or (limit > 0 and not 0 < message.size <= limit)
        lines = message.content.lines
        if headers_only:
            lines = lines[: _first(lines, lambda line: line[:1] not in (" ", "\t") and field_name(line) is None)]
        undelivered = "Undelivered " if self.template.kind in ("failure", "delay") else ""
        return [
            "",
            f"--{self.boundary}",
            f"Content-Description: {undelivered}{'Message Headers' if headers_only else 'Message'}",
            f"Content-Type: {ORIGINAL_TYPES[self.utf8][headers_only]}",
            *self._encoding(),
            "",
            f"Return-Path: <{self.sender}>",
            *lines,
            "",
            f"--{self.boundary}--",
        ]


def _octets_quoted(address: str) -> str:
    """The external form of a sender's address: in a local part beyond ASCII each octet of that is quoted."""
    local, at, domain = address.rpartition("@")
    if local.isascii():
        return quote_local(address)
    octets = re.sub(rb'(["\\\\\r\x80-\xff])', rb"\\\1", local.encode("utf-8", "surrogateescape"))
    return f'"{octets.decode("ascii", "surrogateescape")}"{at}{domain}'


def _first(lines: Sequence[str], wanted: Callable[[str], bool]) -> int:
    """The index of the first line of a kind, their number where there is none."""
    return next((index for index, line in enumerate(lines) if wanted(line)), len(lines))
