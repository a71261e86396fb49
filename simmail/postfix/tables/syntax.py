"""Patterns as trees: what the translation to `re` and the stepping matcher are made from.

Patterns are octets, and so are the sets here.  Differences of case, of `.` and of the anchors are settled when a tree
is made, so that a tree means the same to everybody.
"""

from __future__ import annotations

from typing import NamedTuple

OCTETS = frozenset(range(256))
NEWLINE = frozenset({10})


def octet_range(first: int, last: int) -> frozenset[int]:
    """All octets from `first` to `last`."""
    return frozenset(range(first, last + 1))


DIGIT = octet_range(48, 57)
LOWER = octet_range(97, 122)
UPPER = octet_range(65, 90)
WORD = DIGIT | LOWER | UPPER | {95}
SPACE = frozenset(b" \t\n\v\f\r")
#: The classes of POSIX in the C locale.
CLASSES: dict[str, frozenset[int]] = {
    "alnum": DIGIT | LOWER | UPPER,
    "alpha": LOWER | UPPER,
    "ascii": octet_range(0, 127),
    "blank": frozenset(b" \t"),
    "cntrl": octet_range(0, 31) | {127},
    "digit": DIGIT,
    "graph": octet_range(33, 126),
    "lower": LOWER,
    "print": octet_range(32, 126),
    "punct": octet_range(33, 126) - DIGIT - LOWER - UPPER,
    "space": SPACE,
    "upper": UPPER,
    "word": WORD,
    "xdigit": DIGIT | octet_range(97, 102) | octet_range(65, 70),
}


def both_cases(octets: frozenset[int]) -> frozenset[int]:
    """The octets, and each letter's other case."""
    return octets | {o ^ 32 for o in octets if o in LOWER or o in UPPER}


class One(NamedTuple):
    """One octet of a set."""

    octets: frozenset[int]


class Sequence(NamedTuple):
    """One after the other; empty matches the empty text."""

    items: tuple[Node, ...] = ()


class Choice(NamedTuple):
    """One of several, the first preferred."""

    items: tuple[Node, ...]


class Repeat(NamedTuple):
    """Again and again.

    Args:
        item: what.
        low: at least so often.
        high: at most so often; None for no limit.
        mode: `greedy`, `lazy`, or `possessive` (gives nothing back).
    """

    item: Node
    low: int
    high: int | None
    mode: str = "greedy"


class Group(NamedTuple):
    """What matched here is kept under `number`."""

    item: Node
    number: int


class Back(NamedTuple):
    """The text of a group again; `fold`: whatever its case."""

    number: int
    fold: bool


class Edge(NamedTuple):
    """A place: `start`, `end`, `last` (the end, or before a final newline), `line-start`, `line-end`, `word`, `inside`
    (no edge of a word), `word-start`, `word-end`."""

    kind: str


class Look(NamedTuple):
    """A look ahead or behind, which takes nothing."""

    item: Node
    ahead: bool
    positive: bool


class Atomic(NamedTuple):
    """Gives nothing back once it has matched."""

    item: Node


Node = One | Sequence | Choice | Repeat | Group | Back | Edge | Look | Atomic


class Tree(NamedTuple):
    """A pattern: its tree, and how many groups it has."""

    node: Node
    groups: int


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below one."""
    if isinstance(node, Sequence | Choice):
        return node.items
    if isinstance(node, Repeat | Group | Look | Atomic):
        return (node.item,)
    return ()


def size(node: Node) -> int:
    """How many nodes there are once each repeat is written out."""
    inner = 1 + sum(map(size, children(node)))
    if isinstance(node, Repeat):
        return inner * max(node.low, node.high or 0, 1)
    return inner


def has_back(node: Node) -> bool:
    """Whether a group's text is asked for again."""
    return isinstance(node, Back) or any(map(has_back, children(node)))


def unbounded(node: Node) -> int:
    """How many repeats without limit one way through the tree can pass."""
    below = [unbounded(child) for child in children(node)]
    if isinstance(node, Choice):
        return max(below, default=0)
    return sum(below) + (isinstance(node, Repeat) and (node.high is None or node.high > 20))


def nested(node: Node, inside: bool = False) -> bool:
    """Whether a repeat without limit stands inside another: the shape that backtracks without end."""
    repeats = isinstance(node, Repeat) and node.mode != "possessive" and (node.high is None or node.high > 4)
    if repeats and inside:
        return True
    return any(nested(child, inside or repeats) for child in children(node))
