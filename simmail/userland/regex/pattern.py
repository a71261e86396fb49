"""A compiled pattern: Python's own engine where that is known to be quick, the bounded machine where it may not be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from simmail.userland.regex.machine import Machine, Search, compile_tree
from simmail.userland.regex.tree import (
    Any,
    Char,
    CharSet,
    Edge,
    Either,
    Group,
    Node,
    OneOf,
    PatternError,
    Repeat,
    Same,
    Sequence,
)

#: How many ways through a text Python's engine may be left to try.
MOST_WAYS = 3_000_000
WAYS_PER_UNIT, STEPS_PER_UNIT = 30_000, 1_000
EDGES = {
    "^": r"\A",
    "$": r"\Z",
    "(": r"(?m:^)",
    ")": r"(?m:$)",
    "<": r"\b(?=\w)",
    ">": r"\b(?<=\w)",
    "b": r"\b",
    "B": r"\B",
}


class Match(NamedTuple):
    """Where a pattern matched.

    Args:
        text: what was searched.
        ends: begin and end of the match, then of each group; -1 for one that took no part.
    """

    text: str
    ends: tuple[int, ...]

    @property
    def start(self) -> int:
        """Where the match begins."""
        return self.ends[0]

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.ends[1]

    def group(self, number: int) -> str:
        """The text of a group; "" for one that took no part."""
        begin, end = self.ends[2 * number : 2 * number + 2]
        return self.text[begin:end] if begin >= 0 else ""


def _nobody(cost: int) -> None:
    """Counts nothing."""


class Pattern:
    """A regular expression ready for use.

    Args:
        tree: from `basic` or `extended`.
        fold: whether letters of either case are the same.
        count: is told what a search costs, in units of about a millisecond; may raise.

    Raises:
        PatternError: where it is too big.
    """

    def __init__(self, tree: Node, *, fold: bool = False, count: Callable[[int], None] = _nobody) -> None:
        if fold:
            tree = _without_case(tree)
        self.tree, self.fold, self.count = tree, fold, count
        self.groups = _groups(tree)
        self._plain = not _needs_longest(tree)
        self._stars = None if _is_exponential(tree) else _stars(_flat(tree))
        first = _first(tree)
        self._first = None if first is None else re.compile(first, re.DOTALL | (re.IGNORECASE if fold else 0))
        self._python: re.Pattern[str] | None = None
        self._machine: Machine | None = None
        if self._stars is not None:
            try:
                self._python = re.compile(_python(tree), re.DOTALL | re.ASCII | (re.IGNORECASE if fold else 0))
            except (re.error, OverflowError, RecursionError):
                raise PatternError("Regular expression too big") from None

    def _quick(self, text: str) -> re.Pattern[str] | None:
        """Python's engine for this pattern, if it is sure to be quick on a text."""
        if self._stars is None:
            return None
        size = len(text) + 1
        ways = size
        if self._stars:
            folded = text.lower() if self.fold else text
            for literal in self._stars:
                ways *= folded.count(literal.lower() if self.fold else literal) + 1 if literal else size
                if ways > MOST_WAYS:
                    return None
        if ways > WAYS_PER_UNIT:
            self.count(ways // WAYS_PER_UNIT)
        return self._python

    def _run(self, text: str, starts: Iterable[int]) -> Match | None:
        """Let the bounded machine match at the first of some places where it does."""
        if self._machine is None:
            self._machine = Machine(compile_tree(self.tree), self.groups, self.fold)
        search = Search()
        ends = None
        first = self._first
        for start in starts:
            if first is not None and not first.match(text, start):
                continue
            ends = self._machine.match(text, start, search)
            if ends is not None:
                break
        if search.steps > STEPS_PER_UNIT:
            self.count(search.steps // STEPS_PER_UNIT)
        return Match(text, ends) if ends is not None else None

    def test(self, text: str) -> bool:
        """Whether it matches anywhere.  Raises PatternError where that takes too long."""
        python = self._quick(text)
        if python is not None:
            return python.search(text) is not None
        return self._run(text, range(len(text) + 1)) is not None

    def search(self, text: str, start: int = 0) -> Match | None:
        """The first, and there the longest, match at or behind `start`.

        Raises:
            PatternError: where that takes too long.
        """
        python = self._quick(text)
        if python is None:
            return self._run(text, range(start, len(text) + 1))
        found = python.search(text, start)
        if found is None:
            return None
        if self._plain:
            return Match(text, tuple(end for group in range(self.groups + 1) for end in found.span(group)))
        return self._run(text, (found.start(),))

    def all(self, text: str) -> Iterator[Match]:
        """All matches from left to right, none touching the one before with an empty one."""
        position, last = 0, -1
        while position <= len(text):
            match = self.search(text, position)
            if match is None:
                return
            if match.end > match.start or match.start != last:
                yield match
            last = match.end
            position = match.end if match.end > match.start else match.end + 1


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Group(_, inner) | Repeat(inner, _, _):
            return (inner,)
        case Sequence(nodes) | Either(nodes):
            return nodes
    return ()


def _groups(node: Node) -> int:
    number = node.number if isinstance(node, Group) else 0
    return max((number, *map(_groups, _children(node))))


def _is_exponential(node: Node) -> bool:
    """Whether the number of ways through a text may grow exponentially: something with a choice in it is repeated."""
    if isinstance(node, Repeat) and (node.high is None or node.high > 1) and not _fixed(node.node):
        return True
    return any(map(_is_exponential, _children(node)))


def _flat(node: Node) -> list[Node | None]:
    """The pattern as one row of atoms, for counting: None stands for what is no single character."""
    match node:
        case Sequence(nodes):
            return [atom for part in nodes for atom in _flat(part)]
        case Group(_, inner):
            return _flat(inner)
        case Either(nodes):
            row: list[Node | None] = [None]
            for part in nodes:
                row += [*_flat(part), None]
            return row
        case Repeat(Char(_) | OneOf(_) | Any(_), _, _):
            return [node]
        case Repeat(inner, _, high):
            return [None, *_flat(inner), None] if high == 1 else [Repeat(Any(), 0, None), None]
        case Char(_):
            return [node]
    return [None]


def _stars(row: list[Node | None]) -> list[str]:
    """For each repetition, the literal text that must follow it: only where that stands must the engine look further.

    A repetition at the very end never fails, so it does not count.
    """
    found = []
    for index, node in enumerate(row[:-1]):
        if isinstance(node, Repeat) and (node.high is None or node.high > 4):
            literal = ""
            for after in row[index + 1 :]:
                if not isinstance(after, Char):
                    break
                literal += after.char
            found.append(literal)
    return found


def _fixed(node: Node) -> bool:
    """Whether there is only one way through it: no choice in it, and it takes something."""
    match node:
        case Either(_) | Repeat(_, _, _) | Edge(_) | Same(_):
            return False
        case Sequence(nodes):
            return bool(nodes) and all(map(_fixed, nodes))
        case Group(_, inner):
            return _fixed(inner)
    return True


def _needs_longest(node: Node) -> bool:
    """Whether the first match that Python's engine finds may be shorter than another."""
    if isinstance(node, Either) or (isinstance(node, Repeat) and not isinstance(node.node, Char | OneOf | Any)):
        return True
    return any(map(_needs_longest, _children(node)))


def _first(node: Node) -> str | None:
    """An expression for the character that a match must begin with; None where that cannot be said."""
    match node:
        case Char(_) | OneOf(_):
            return _python(node)
        case Group(_, inner):
            return _first(inner)
        case Repeat(inner, low, _) if low:
            return _first(inner)
        case Sequence(nodes) if nodes:
            return _first(nodes[0])
        case Either(nodes):
            firsts = [first for first in map(_first, nodes) if first is not None]
            return f"(?:{'|'.join(firsts)})" if len(firsts) == len(nodes) else None
    return None


def _without_case(node: Node) -> Node:
    match node:
        case OneOf(chars):
            return OneOf(chars.without_case())
        case Group(number, inner):
            return Group(number, _without_case(inner))
        case Repeat(inner, low, high):
            return Repeat(_without_case(inner), low, high)
        case Sequence(nodes):
            return Sequence(tuple(map(_without_case, nodes)))
        case Either(nodes):
            return Either(tuple(map(_without_case, nodes)))
    return node


def _python_set(chars: CharSet) -> str:
    inside = "".join(
        re.escape(low) if low == high else f"{re.escape(low)}-{re.escape(high)}" for low, high in chars.ranges
    )
    if not inside:
        return r"[\s\S]" if chars.negated else r"(?!)"
    return f"[{'^' if chars.negated else ''}{inside}]"


def _python(node: Node) -> str:
    """The expression in Python's syntax."""
    match node:
        case Char(char):
            return re.escape(char)
        case Any(newline):
            return "." if newline else r"[^\n]"
        case OneOf(chars):
            return _python_set(chars)
        case Edge(kind):
            return EDGES[kind]
        case Same(number):
            return f"(?:\\{number})"
        case Group(_, inner):
            return f"({_python(inner)})"
        case Sequence(nodes):
            return "".join(map(_python, nodes))
        case Either(nodes):
            return f"(?:{'|'.join(map(_python, nodes))})"
        case Repeat(inner, low, high):
            return f"(?:{_python(inner)}){{{low},{'' if high is None else high}}}"
