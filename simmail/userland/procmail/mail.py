"""A message as procmail holds it: header and body as texts, the From_ line first if there is one."""

from __future__ import annotations

import re
from functools import cached_property

FROM = "From "
_CONTINUED = re.compile(r"\n(?=[ \t])")
_QUOTABLE = re.compile(r"^From ", re.MULTILINE)


class Mail:
    """One message.

    Args:
        text: all of it; `head` ends behind the empty line, or with the text where there is none.
    """

    def __init__(self, text: str) -> None:
        end = text.find("\n\n")
        cut = 1 if text.startswith("\n") else len(text) if end < 0 else end + 2
        self.head, self.body = text[:cut], text[cut:]

    @property
    def text(self) -> str:
        """All of it."""
        return self.head + self.body

    @property
    def size(self) -> int:
        """Its length, octets."""
        text = self.text
        return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))

    @property
    def from_line(self) -> str:
        """The From_ line, without its newline; "" for none."""
        return self.head.split("\n", 1)[0] if self.head.startswith(FROM) else ""

    @cached_property
    def unfolded(self) -> str:
        """The header with each continued field on one line, as conditions see it."""
        return _CONTINUED.sub(" ", self.head)

    def field(self, name: str) -> str:
        """The first line of the first field of that name, name and all; "" for none."""
        wanted = name.lower() + ":"
        return next((line for line in self.head.split("\n") if line.lower().startswith(wanted)), "")

    def area(self, letters: str) -> str:
        """What a condition searches: `H` the header, `B` the body, both the whole."""
        return (self.unfolded if "H" in letters else "") + (self.body if "B" in letters else "")

    def part(self, head: bool = True, body: bool = True, raw: bool = False) -> str:
        """What an action is fed; unless it is raw, a newline is added where it does not end with an empty line."""
        text = (self.head if head else "") + (self.body if body else "")
        return text if raw else ended(text)

    def without_from_line(self, text: str) -> str:
        """A part of it as a Maildir keeps it."""
        return text.split("\n", 1)[1] if text.startswith(FROM) and "\n" in text else text


def ended(text: str) -> str:
    """A text with one newline more, unless it ends with an empty line."""
    return text if text.endswith("\n\n") else text + "\n"


def quoted(text: str) -> str:
    """A message whose lines that begin with `From `, but for the first, could not be taken for the begin of another."""
    first, newline, rest = text.partition("\n")
    return first + newline + _QUOTABLE.sub(">From ", rest)
