"""NAME
    headers - what is known of header fields

DESCRIPTION
    A field that is in the table may hold addresses of senders or of recipients, belong to MIME, or mark a message
    that was sent on (Resent-); message_drop_headers adds the fields that do not stay.

PARAMETERS
    message_drop_headers

SEE ALSO
    header_opts(3), RFC 5322 section 3.6
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Flag, auto
from typing import NamedTuple

_HEADER = re.compile(r"([!-9;-~]+)[ \t]*:")


class Use(Flag):
    """What a header field is for."""

    NONE = 0
    SENDER = auto()
    RECIPIENT = auto()
    MIME = auto()
    RESENT = auto()
    DROP = auto()


class HeaderField(NamedTuple):
    """A known header field: its name as it is written, the name in lower case, and its uses."""

    name: str
    key: str
    use: Use


_KNOWN: dict[str, Use] = {
    "Apparently-To": Use.RECIPIENT,
    "Bcc": Use.RECIPIENT,
    "Cc": Use.RECIPIENT,
    "Content-Description": Use.MIME,
    "Content-Disposition": Use.MIME,
    "Content-ID": Use.MIME,
    "Content-Length": Use.NONE,
    "Content-Transfer-Encoding": Use.MIME,
    "Content-Type": Use.MIME,
    "Delivered-To": Use.NONE,
    "Disposition-Notification-To": Use.SENDER,
    "Date": Use.NONE,
    "Errors-To": Use.SENDER,
    "From": Use.SENDER,
    "Mail-Followup-To": Use.SENDER,
    "Message-Id": Use.NONE,
    "MIME-Version": Use.MIME,
    "Received": Use.NONE,
    "Reply-To": Use.SENDER,
    "Resent-Bcc": Use.RECIPIENT | Use.RESENT,
    "Resent-Cc": Use.RECIPIENT | Use.RESENT,
    "Resent-Date": Use.RESENT,
    "Resent-From": Use.SENDER | Use.RESENT,
    "Resent-Message-Id": Use.RESENT,
    "Resent-Reply-To": Use.RECIPIENT | Use.RESENT,
    "Resent-Sender": Use.SENDER | Use.RESENT,
    "Resent-To": Use.RECIPIENT | Use.RESENT,
    "Return-Path": Use.SENDER,
    "Return-Receipt-To": Use.SENDER,
    "Sender": Use.SENDER,
    "To": Use.RECIPIENT,
}


class HeaderTable(dict[str, HeaderField]):
    """The known header fields by name in lower case.

    Args:
        drop: names of those that do not stay (message_drop_headers).
    """

    def __init__(self, drop: Iterable[str] = ()) -> None:
        super().__init__((name.lower(), HeaderField(name, name.lower(), use)) for name, use in _KNOWN.items())
        for name in map(str.lower, drop):
            known = self.get(name, HeaderField(name, name, Use.NONE))
            self[name] = known._replace(use=known.use | Use.DROP)

    def find(self, header: str) -> HeaderField | None:
        """What is known of a header (`Name: value`); None for an unknown field."""
        return self.get(header[: header.index(":")].rstrip(" \t").lower())


def field_name(line: str) -> str | None:
    """The field's name where a line begins a header, else None."""
    match = _HEADER.match(line)
    return match.group(1) if match else None


def normal_header(line: str) -> str | None:
    """A line that begins a header, without blanks before its colon; None where it begins none."""
    match = _HEADER.match(line)
    if match is None:
        return None
    name = match.group(1)
    return line if match.end() == len(name) + 1 else name + line[match.end() - 1 :]


def value_of(header: str) -> str:
    """What stands behind a header's colon and the white space there."""
    return header[header.index(":") + 1 :].lstrip(" \t\r\n\v\f")


_SKIP = re.compile(r"[ \t\r\n]+")


def header_tokens(text: str, position: int, specials: str, end: str, limit: int) -> tuple[list[tuple[str, str]], int]:
    """The tokens of a structured value up to a terminator.

    Args:
        text: the header.
        position: where to begin.
        specials: characters that are tokens of their own.
        end: the terminator, or "" to read `limit` tokens.
        limit: how many tokens to keep.

    Returns:
        (kind, text) of each token, kind `token`, `quoted` or the special itself; and where the next piece begins,
        -1 where nothing was left.
    """
    tokens: list[tuple[str, str]] = []
    length = len(text)
    while position < length and (end or len(tokens) < limit):
        char = text[position]
        position += 1
        if char in " \t\r\n":
            continue
        if char == end:
            return tokens[:limit], position
        if char == "(":
            position = _comment_end(text, position)
        elif char == '"':
            word, position = _quoted(text, position)
            tokens.append(("quoted", word))
        elif char in specials or char < " " or char == "\x7f":
            tokens.append((char, char))
        else:
            start = position - 1
            while position < length and not (
                text[position] in " \t\r\n" or text[position] in specials or text[position] < " "
            ):
                position += 1
            tokens.append(("token", text[start:position]))
    return tokens[:limit], position if tokens else -1


def _comment_end(text: str, position: int) -> int:
    level = 1
    while position < len(text) and level:
        char = text[position]
        position += 2 if char == "\\" else 1
        level += (char == "(") - (char == ")")
    return position


def _quoted(text: str, position: int) -> tuple[str, int]:
    """The inside of a quoted string that opens before `position`, unfolded, and where it ends."""
    out: list[str] = []
    while position < len(text):
        char = text[position]
        position += 1
        if char == '"':
            break
        if char == "\n":
            while out and out[-1] in " \t\r\n":
                out.pop()
            continue
        if char == "\\":
            if position == len(text):
                break
            char = text[position]
            position += 1
        out.append(char)
    return "".join(out), position
