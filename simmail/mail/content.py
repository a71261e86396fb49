"""A message's content: lines without their line ends, shared wherever nothing changes them."""

from __future__ import annotations

from collections.abc import Iterable

#: The most octets of a record whose length takes one octet; the most that a record of text can have.
RECORD, PIECE = 127, 2048


def octets(line: str) -> int:
    """The size of a line on the wire in octets, its line end not counted."""
    return len(line) if line.isascii() else len(line.encode("utf-8", "surrogateescape"))


def _beyond(size: int) -> int:
    """What the records of a long line take more than two octets each line and the text."""
    pieces, last = divmod(size - 1, PIECE)
    return 3 * pieces + (last >= RECORD)


class Content:
    """Header lines, an empty line, body lines; immutable, so that a million messages can share one.

    Args:
        lines: text of each line, without CR LF; octets that are no UTF-8 stand as surrogate escapes.

    Attributes:
        size: octets with one-octet line ends.
    """

    __slots__ = ("_size", "lines")

    def __init__(self, lines: Iterable[str], size: int | None = None) -> None:
        self.lines: tuple[str, ...] = lines if type(lines) is tuple else tuple(lines)
        self._size = size

    @property
    def size(self) -> int:
        """Octets, each line end counted as one."""
        if self._size is None:
            self._size = octets("\n".join(self.lines)) + bool(self.lines)
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
        try:
            return self.lines[: self.lines.index("")]
        except ValueError:
            return self.lines

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
