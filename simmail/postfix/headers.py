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
from typing import NamedTuple

#: The beginning of a header: its name, and blanks that the name may have behind it.
HEADER = re.compile(r"([!-9;-~]+)[ \t]*:")


class HeaderField(NamedTuple):
    """A known header field.

    Args:
        name: as it is written.
        key: the name in lower case.
        sender, recipient: whether its addresses write or receive mail.
        mime: whether it belongs to MIME.
        resent: whether it tells that the message was sent on.
        drop: whether it does not stay.
    """

    name: str
    key: str
    sender: bool = False
    recipient: bool = False
    mime: bool = False
    resent: bool = False
    drop: bool = False


_SENDERS = (
    "Disposition-Notification-To", "Errors-To", "From", "Mail-Followup-To", "Reply-To", "Resent-From", "Resent-Sender",
    "Return-Path", "Return-Receipt-To", "Sender",
)  # fmt: skip
_RECIPIENTS = ("Apparently-To", "Bcc", "Cc", "Resent-Bcc", "Resent-Cc", "Resent-Reply-To", "Resent-To", "To")
_MIME = (
    "Content-Description", "Content-Disposition", "Content-ID", "Content-Transfer-Encoding", "Content-Type",
    "MIME-Version",
)  # fmt: skip
_OTHERS = ("Content-Length", "Delivered-To", "Date", "Message-Id", "Received", "Resent-Date", "Resent-Message-Id")


def _known(name: str) -> HeaderField:
    return HeaderField(
        name,
        name.lower(),
        sender=name in _SENDERS,
        recipient=name in _RECIPIENTS,
        mime=name in _MIME,
        resent=name.startswith("Resent-"),
    )


KNOWN = tuple(map(_known, (*_SENDERS, *_RECIPIENTS, *_MIME, *_OTHERS)))


class HeaderTable(dict[str, HeaderField]):
    """The known header fields by name in lower case.

    Args:
        drop: names of those that do not stay (message_drop_headers).
    """

    def __init__(self, drop: Iterable[str] = ()) -> None:
        super().__init__((field.key, field) for field in KNOWN)
        for name in map(str.lower, drop):
            self[name] = self.get(name, HeaderField(name, name))._replace(drop=True)

    def find(self, header: str) -> HeaderField | None:
        """What is known of a header (`Name: value`); None for an unknown field."""
        return self.get(header[: header.index(":")].rstrip(" \t").lower())


def field_name(line: str) -> str | None:
    """The field's name where a line begins a header, else None."""
    match = HEADER.match(line)
    return match.group(1) if match else None


def value_of(header: str) -> str:
    """What stands behind a header's colon and the white space there."""
    return header[header.index(":") + 1 :].lstrip(" \t\r\n\v\f")


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
