"""A message's content: lines without their line ends, shared wherever nothing changes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

#: The most octets of a record whose length takes one octet; the most that a record of text can have.
RECORD, PIECE = 127, 2048
#: Stands in an outline for a line that goes on from the one before.
CONTINUED = " "


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


class Texts(Protocol):
    """Where texts are kept."""

    def keep(self, text: str) -> int:
        """Keep a text; the number to ask for it by."""
        ...

    def read(self, number: int) -> str:
        """The text of that number."""
        ...


def _measured(lines: tuple[str, ...]) -> tuple[int, int, bool]:
    """Octets of lines, each line end counted as one; those of the longest line; whether all are ASCII, nothing odd."""
    text = "\n".join(lines)
    if text.isascii() and "\0" not in text and "\r" not in text:
        return len(text) + bool(lines), max(map(len, lines), default=0), True
    return octets(text) + bool(lines), max(map(octets, lines)), False


class TextStore(Texts, Protocol):
    """Where texts, and what belongs to them, are kept that are many and seldom read."""

    def put(self, values: tuple[Any, ...]) -> int:
        """Keep something else; the number to ask for it by."""
        ...

    def get(self, number: int) -> Any:
        """A copy of what has that number."""
        ...


class TextList:
    """Texts in memory."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def keep(self, text: str) -> int:
        """Keep a text; the number to ask for it by."""
        self._texts.append(text)
        return len(self._texts) - 1

    def read(self, number: int) -> str:
        """The text of that number."""
        return self._texts[number]


def _outlined(lines: tuple[str, ...]) -> tuple[str, ...]:
    """What each line of a header begins with, as far as they look like one from afar."""
    found = []
    for line in lines:
        if line < "!":  # empty, or it begins with a blank, or with what no name has
            if line[:1] not in ("\t", " "):
                break
            found.append(CONTINUED)
        else:
            name = line[: line.find(":") + 1]
            if not name:
                break
            found.append(name)
    return tuple(found)


class Content:
    """Header lines, an empty line, body lines; immutable, so that a million messages can share one.

    Args:
        lines: text of each line, without CR LF; octets that are no UTF-8 stand as surrogate escapes.
    """

    __slots__ = ("_ascii", "_lines", "_longest", "_number", "_outline", "_size", "_store")

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines: tuple[str, ...] | None = lines if type(lines) is tuple else tuple(lines)
        self._store: Texts | None = None
        self._number = 0  # of the lines in the store, once they are put away
        self._size = -1  # not measured yet
        self._outline: tuple[str, ...] | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line."""
        lines = self._lines
        if lines is None:
            assert self._store is not None
            return tuple(self._store.read(self._number).split("\n"))
        return lines

    def put_away(self, store: Texts) -> None:
        """Keep the lines in a store from now on: nobody will ask for them for a while."""
        lines = self._lines
        self._measure()
        if lines:
            self._store, self._number = store, store.keep("\n".join(lines))
            self._lines = self._outline = None

    def at_hand(self) -> Content:
        """The same with its lines in memory, for somebody who asks for them more than once."""
        if self._lines is not None:
            return self
        content = Content(self.lines)
        content._size, content._longest, content._ascii = self._size, self._longest, self._ascii
        return content

    def under(self, head: tuple[str, ...]) -> Content:
        """This content with lines before it; what is known of it need not be found out again."""
        if self._lines is None:
            return self.at_hand().under(head)
        whole = Content((*head, *self._lines))
        above = _outlined(head)
        whole._outline = above + self.outline if len(above) == len(head) else above
        size, longest, ascii = _measured(head)
        whole._size = size + self.size
        whole._longest = max(longest, self._longest)
        whole._ascii = ascii and self._ascii
        return whole

    @property
    def outline(self) -> tuple[str, ...]:
        """What each line of the header begins with: a name and its colon, or CONTINUED.

        It goes as far as lines look like a header from afar: the names are still to be looked at.  Who knows an equal
        one may put it in its place, so that many share one.
        """
        if self._outline is None:
            self._outline = _outlined(self.lines)
        return self._outline

    @outline.setter
    def outline(self, outline: tuple[str, ...]) -> None:
        self._outline = outline

    def _measure(self) -> None:
        if self._size < 0:
            self._size, self._longest, self._ascii = _measured(self.lines)

    @property
    def place(self) -> tuple[int, int, int, bool]:
        """Where the store has the lines that were put away, and what is known of them."""
        return self._number, self._size, self._longest, self._ascii

    @classmethod
    def put_away_at(cls, store: Texts, place: tuple[int, int, int, bool]) -> Content:
        """The content whose lines were put away there."""
        content = cls(())
        content._number, content._size, content._longest, content._ascii = place
        if content._size:
            content._lines, content._store = None, store
        return content

    @property
    def size(self) -> int:
        """Octets, each line end counted as one."""
        if self._size < 0:
            self._measure()
        return self._size

    @property
    def longest(self) -> int:
        """Octets of the longest line."""
        if self._size < 0:
            self._measure()
        return self._longest

    @property
    def ascii(self) -> bool:
        """Whether no line has other characters, or a NUL or CR."""
        if self._size < 0:
            self._measure()
        return self._ascii

    @property
    def stored(self) -> int:
        """Octets that the lines take as records of a queue file, which is what Postfix calls a message's size.

        A record has two octets besides its text, three where that has more than 127; a long line is cut into pieces.
        """
        lines = self.lines
        size = self.size + len(lines)
        if self._longest <= RECORD:
            return size
        least = RECORD if self._ascii else RECORD // 4
        longer = [octets(line) for line in lines if len(line) > least]
        return size + sum(_beyond(octets) for octets in longer if octets > RECORD)

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


#: No lines at all.
EMPTY = Content(())
