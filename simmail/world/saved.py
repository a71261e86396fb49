"""How a text was saved, where that is why nobody can read it: UTF-16, byte-order marks, other ends of line."""

from __future__ import annotations

from typing import NamedTuple

#: What some editors put in front of a text, unseen; here it is part of the first line.
BYTE_ORDER_MARK = "\ufeff"
#: The kind of a file of which nothing can be read.
NOT_PLAIN = "saved-otherwise"
#: What a file of UTF-16 begins with, read as UTF-8 with surrogate escapes.
_UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")
#: In so many characters of a text that has no mark each second one is a zero, if it is UTF-16.
_BEGINNING = 64


class Form(NamedTuple):
    """What is wrong with how a file was saved.

    Args:
        code: its kind.
        what: what is wrong; what is said of it behind "the file".
        instead: what would do.
    """

    code: str
    what: str
    instead: str

    def __str__(self) -> str:
        return f"the file {self.what}; {self.instead}"


MARKED = Form(
    "byte-order-mark",
    "begins with a byte-order mark (U+FEFF), which no editor shows, and which is part of the line here",
    "save it as UTF-8 without a byte-order mark (BOM)",
)
UTF_16 = Form(NOT_PLAIN, "is UTF-16, in which every other octet is a zero", "save it as UTF-8")
NO_TEXT = Form(NOT_PLAIN, "is no text: it holds octets of zero", "write it anew with an editor for plain text")
ONE_LINE = Form(
    NOT_PLAIN,
    "has carriage returns (CR) for ends of line, as old Macs had, and is one long line here",
    "save it with the ends of line of Unix (LF)",
)


def form(text: str) -> Form | None:
    """What is wrong with how a file was saved; None for nothing.

    Args:
        text: what it holds, octets that are no UTF-8 as surrogate escapes.
    """
    if text.startswith(BYTE_ORDER_MARK):
        return MARKED
    beginning = text[:_BEGINNING]
    zeros = beginning.count("\0")
    if text.startswith(_UTF_16) or (zeros and len(beginning) <= 2 * zeros + 1):
        return UTF_16
    if "\0" in text:
        return NO_TEXT
    return ONE_LINE if "\r" in text.rstrip("\r") and "\n" not in text else None
