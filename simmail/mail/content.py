"""A message's content: lines without their line ends, shared wherever nothing changes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

#: The most octets of a record whose length takes one octet; the most that a record of text can have.
RECORD, PIECE = 127, 2048


def octets(line: str) -> int:
    """The size of a line on the wire in octets, its line end not counted."""
    return len(line) if line.isascii() else len(line.encode("utf-8", "surrogateescape"))


def clipped(text: str, limit: int) -> str:
    """The first `limit` octets of a text."""
    if len(text) <= limit and text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape")[:limit].decode("utf-8", "surrogateescape")


def _beyond(size: int) -> int:
    """What the records of a long line take more than two octets each line and the text."""
    pieces, last = divmod(size - 1, PIECE)
    return 3 * pieces + (last >= RECORD)


class TextStore(Protocol):
    """Where texts are kept that are many and seldom read."""

    def keep(self, text: str) -> int:
        """Keep a text; the number to ask for it by."""
        ...

    def read(self, number: int) -> str:
        """The text of that number."""
        ...


class Content:
    """Header lines, an empty line, body lines; immutable, so that a million messages can share one.

    Args:
        lines: text of each line, without CR LF; octets that are no UTF-8 stand as surrogate escapes.

    Attributes:
        size: octets with one-octet line ends.
    """

    __slots__ = ("_lines", "_number", "_size", "_store")

    def __init__(self, lines: Iterable[str], size: int | None = None) -> None:
        self._lines: tuple[str, ...] | None = lines if type(lines) is tuple else tuple(lines)
        self._size = size
        self._store: TextStore | None = None
        self._number = 0

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line."""
        lines = self._lines
        if lines is None:
            assert self._store is not None
            return tuple(self._store.read(self._number).split("\n"))
        return lines

    def put_away(self, store: TextStore) -> None:
        """Keep the lines in a store from now on: nobody will ask for them for a while."""
        if self._lines:
            self._size = self.size
            self._store, self._number = store, store.keep("\n".join(self._lines))
            self._lines = None

    @property
    def size(self) -> int:
        """Octets, each line end counted as one."""
        if self._size is None:
            lines = self.lines
            self._size = octets("\n".join(lines)) + bool(lines)
        return self._size

    @property
    def stored(self) -> int:
        """Octets that the lines take as records of a queue file, which is what Postfix calls a message's size.

        A record has two octets besides its text, three where that has more than 127; a long line is cut into pieces.
        """
        lines = self.lines
        least = RECORD if self.size == len(lines) + sum(map(len, lines)) else RECORD // 4  # all ASCII, or not
        longest = max(map(len, lines), default=0)
        if longest <= least:
            return self.size + len(lines)
        longer = [octets(line) for line in lines if len(line) > least]
        return self.size + len(lines) + sum(_beyond(size) for size in longer if size > RECORD)

    def header(self) -> tuple[str, ...]:
        """The physical lines before the first empty one (continuation lines stand by themselves)."""
        lines = self.lines
        try:
            return lines[: lines.index("")]
        except ValueError:
            return lines

    def text(self) -> str:
        """All lines, each ended by a newline."""
        return "".join(line + "\n" for line in self.lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Content) and self.lines == other.lines

    def __hash__(self) -> int:
        return hash(self.lines)

    @classmethod
    def from_text(cls, text: str) -> Content:
        """The content whose `text()` is `text` (a missing last newline is added)."""
        lines = text.split("\n")
        if lines and lines[-1] == "":
            lines.pop()
        return cls(lines)
