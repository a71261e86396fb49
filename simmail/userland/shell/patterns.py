"""Patterns of the shell: `*`, `?`, `[...]` (POSIX.1, Shell Command Language, section 2.13)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from simmail.userland.regex.syntax import CLASSES
from simmail.userland.regex.tree import CharSet

#: One place of a pattern: a character, None for any, or a set.
Place = str | CharSet | None


class Glob:
    """One pattern.

    A pattern is a row of pieces with a `*` between each two; a piece has a fixed width.  So a match is found by
    looking for each piece once, from the left, and no pattern takes more than its size times the text's.

    Args:
        pattern: the text; a backslash takes the next character's meaning away.
    """

    def __init__(self, pattern: str) -> None:
        self.pieces = _pieces(pattern)

    @cached_property
    def _forward(self) -> tuple[re.Pattern[str], ...]:
        return tuple(_compiled(piece) for piece in self.pieces)

    @cached_property
    def _backward(self) -> Glob:
        mirrored = Glob("")
        mirrored.pieces = [piece[::-1] for piece in reversed(self.pieces)]
        return mirrored

    def matches(self, text: str) -> bool:
        """Whether it matches all of a text."""
        if len(self.pieces) == 1:
            return self._forward[0].fullmatch(text) is not None
        end = self._leftmost(text, len(self.pieces) - 1)
        start = len(text) - len(self.pieces[-1])
        return end is not None and start >= end and self._forward[-1].match(text, start) is not None

    def _leftmost(self, text: str, count: int) -> int | None:
        """Where the first `count` pieces end, each taken as early as can be."""
        position = 0
        for index in range(count):
            piece = self._forward[index]
            found = piece.search(text, position) if index else piece.match(text)
            if found is None:
                return None
            position = found.end()
        return position

    def prefix(self, text: str, longest: bool) -> int:
        """The length of the shortest or longest beginning of a text that it matches; -1 for none."""
        count = len(self.pieces)
        if count == 1 or not longest:
            end = self._leftmost(text, count)
            return -1 if end is None else end
        end = self._leftmost(text, count - 1)
        if end is None:
            return -1
        last = self.pieces[-1]
        mirrored = _compiled(last[::-1]).search(text[end:][::-1]) if last else None
        if not last:
            return len(text)
        return -1 if mirrored is None else len(text) - mirrored.start()

    def suffix(self, text: str, longest: bool) -> int:
        """The same for a text's end."""
        return self._backward.prefix(text[::-1], longest)


def _compiled(piece: list[Place]) -> re.Pattern[str]:
    return re.compile("".join(map(_place, piece)), re.DOTALL)


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
