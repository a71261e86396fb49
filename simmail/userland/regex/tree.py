"""What a regular expression is made of."""

from __future__ import annotations

from dataclasses import dataclass

from simmail.mail.errors import SimmailError


class PatternError(SimmailError):
    """A pattern that is none, or that takes too long; the text is regerror(3)'s."""


class CharSet:
    """A set of characters.

    Args:
        ranges: first and last of each range.
        negated: whether all others are meant.
    """

    __slots__ = ("ascii", "negated", "ranges")

    def __init__(self, ranges: tuple[tuple[str, str], ...], negated: bool = False) -> None:
        self.ranges, self.negated = ranges, negated
        self.ascii = frozenset(chr(code) for low, high in ranges for code in range(ord(low), min(ord(high), 127) + 1))

    def __contains__(self, char: str) -> bool:
        if char < "\x80":
            return (char in self.ascii) is not self.negated
        return any(low <= char <= high for low, high in self.ranges) is not self.negated

    def without_case(self) -> CharSet:
        """The set that letters of either case belong to if one of them does."""
        more = tuple((c.swapcase(), c.swapcase()) for c in sorted(self.ascii) if c.isalpha())
        return CharSet(self.ranges + more, self.negated)


@dataclass(frozen=True, slots=True)
class Char:
    """One character."""

    char: str


@dataclass(frozen=True, slots=True)
class Any:
    """Any character, or any but a newline."""

    newline: bool = True


@dataclass(frozen=True, slots=True)
class OneOf:
    """One character of a set."""

    chars: CharSet


@dataclass(frozen=True, slots=True)
class Edge:
    """A place between characters.

    `^` the text's begin, `$` its end, `(` a line's begin, `)` a line's end, `<` a word's begin, `>` its end, `b` either
    of the two, `B` neither.
    """

    kind: str


@dataclass(frozen=True, slots=True)
class Group:
    """A part that is remembered under a number."""

    number: int
    node: Node


@dataclass(frozen=True, slots=True)
class Same:
    """What a group matched, again."""

    number: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """At least `low` times, at most `high` (None: any number)."""

    node: Node
    low: int
    high: int | None


Node = Char | Any | OneOf | Edge | Group | Same | Sequence | Either | Repeat
