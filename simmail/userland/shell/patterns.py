"""Patterns of the shell: `*`, `?`, `[...]` (POSIX.1, Shell Command Language, section 2.13)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from simmail.userland.regex.syntax import CLASSES
from simmail.userland.regex.tree import CharSet

#: One place of a pattern: a character, None for any, or a set.
Place = str | CharSet | None


class Piece:
    """A part of a pattern without `*`: a row of places, as wide as what it matches.

    Args:
        places: what may stand at each place.
    """

    __slots__ = ("_compiled", "_literal", "places", "width")

    def __init__(self, places: list[Place]) -> None:
        self.places, self.width = places, len(places)
        self._literal = "".join(place for place in places if isinstance(place, str))
        self._compiled: re.Pattern[str] | None = None
        if len(self._literal) != self.width:
            self._compiled = re.compile("".join(map(_place, places)), re.DOTALL)

    def is_at(self, text: str, position: int) -> bool:
        """Whether it matches at a place of a text."""
        if self._compiled is None:
            return text.startswith(self._literal, position)
        return self._compiled.match(text, position) is not None

    def find(self, text: str, position: int) -> int:
        """The first place at or behind a position where it matches; -1 for none."""
        if self._compiled is None:
            return text.find(self._literal, position)
        found = self._compiled.search(text, position)
        return -1 if found is None else found.start()


class Glob:
    """One pattern.

    A pattern is a row of pieces with a `*` between each two.  So a match is found by looking for each piece once, from
    the left, and no pattern takes more than its size times the text's.

    Args:
        pattern: the text; a backslash takes the next character's meaning away.
    """

    def __init__(self, pattern: str) -> None:
        self.pieces = [Piece(places) for places in _pieces(pattern)]

    @cached_property
    def _backward(self) -> Glob:
        mirrored = Glob("")
        mirrored.pieces = [Piece(piece.places[::-1]) for piece in reversed(self.pieces)]
        return mirrored

    def matches(self, text: str) -> bool:
        """Whether it matches all of a text."""
        last = self.pieces[-1]
        start = len(text) - last.width
        if len(self.pieces) == 1:
            return start == 0 and last.is_at(text, 0)
        end = self._leftmost(text, len(self.pieces) - 1)
        return 0 <= end <= start and last.is_at(text, start)

    def _leftmost(self, text: str, count: int) -> int:
        """Where the first `count` pieces end, each taken as early as can be; -1 where they do not match."""
        first = self.pieces[0]
        if not first.is_at(text, 0):
            return -1
        position = first.width
        for piece in self.pieces[1:count]:
            start = piece.find(text, position)
            if start < 0:
                return -1
            position = start + piece.width
        return position

    def prefix(self, text: str, longest: bool) -> int:
        """The length of the shortest or longest beginning of a text that it matches; -1 for none."""
        count = len(self.pieces)
        if count == 1 or not longest:
            return self._leftmost(text, count)
        end = self._leftmost(text, count - 1)
        if end < 0:
            return -1
        last = self.pieces[-1]
        if not last.width:
            return len(text)
        start = Piece(last.places[::-1]).find(text[end:][::-1], 0)
        return -1 if start < 0 else len(text) - start

    def suffix(self, text: str, longest: bool) -> int:
        """The same for a text's end."""
        return self._backward.prefix(text[::-1], longest)


def _place(place: Place) -> str:
    if place is None:
        return "."
    if isinstance(place, str):
        return re.escape(place)
    inside = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in place.ranges)
    if not inside:
        return "." if place.negated else "(?!)"
    return f"[{'^' if place.negated else ''}{inside}]"


def _pieces(pattern: str) -> list[list[Place]]:
    """The pieces of a pattern."""
    pieces: list[list[Place]] = [[]]
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            if len(pieces) == 1 or pieces[-1]:
                pieces.append([])
        elif char == "?":
            pieces[-1].append(None)
        elif char == "\\" and position < len(pattern):
            pieces[-1].append(pattern[position])
            position += 1
        elif char == "[" and (found := _bracket(pattern, position)) is not None:
            pieces[-1].append(found[0])
            position = found[1]
        else:
            pieces[-1].append(char)
    return pieces


def _bracket(pattern: str, position: int) -> tuple[CharSet, int] | None:
    """The set whose `[` stands before a position, and where it ends; None where it has no end."""
    negated = pattern[position : position + 1] in ("!", "^")
    position += negated
    ranges: list[tuple[str, str]] = []
    first = True
    while position < len(pattern):
        char = pattern[position]
        if char == "]" and not first:
            return CharSet(tuple(ranges), negated), position + 1
        first = False
        if pattern.startswith("[:", position) and (end := pattern.find(":]", position)) > 0:
            ranges.extend(CLASSES.get(pattern[position + 2 : end], ()))
            position = end + 2
            continue
        low, position = _member(pattern, position)
        high = low
        if pattern[position : position + 1] == "-" and pattern[position + 1 : position + 2] not in ("]", ""):
            high, position = _member(pattern, position + 1)
        if low <= high:
            ranges.append((low, high))
    return None


def _member(pattern: str, position: int) -> tuple[str, int]:
    if pattern[position] == "\\" and position + 1 < len(pattern):
        position += 1
    return pattern[position], position + 1


def escaped(text: str) -> str:
    """A pattern that matches just a text."""
    return re.sub(r"([*?\[\]\\!^-])", r"\\\1", text)


def unescaped(pattern: str) -> str:
    """The text that a pattern with no magic in it stands for."""
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)


def expand(pattern: str, listing: Callable[[str], list[str]], exists: Callable[[str], bool]) -> list[str]:
    """The names of files that a pattern matches, sorted.

    Args:
        pattern: with slashes.
        listing: the names in a folder; empty where it cannot be read.
        exists: whether there is such a file.
    """
    parts = re.split("(/+)", pattern)
    found = [""]
    for index in range(0, len(parts), 2):
        part, slash = parts[index], parts[index + 1] if index + 1 < len(parts) else ""
        if not part:
            found = [name + slash for name in found]
            continue
        if not has_magic(part):
            plain = unescaped(part)
            found = [name + plain + slash for name in found if exists(name + plain)]
            continue
        glob = Glob(part)
        hidden = part.startswith((".", "\\."))
        found = [
            name + entry + slash
            for name in found
            for entry in ([".", "..", *listing(name or ".")] if hidden else listing(name or "."))
            if entry.startswith(".") <= hidden and glob.matches(entry) and (not slash or exists(name + entry + "/."))
        ]
    return sorted(found)


def has_magic(pattern: str) -> bool:
    """Whether a pattern is more than a text."""
    return re.search(r"[*?\[]", re.sub(r"\\.", "", pattern, flags=re.DOTALL)) is not None
