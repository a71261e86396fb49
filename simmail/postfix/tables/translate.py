"""NAME
    translate - patterns run by Python's own `re`, where the real engine is missing

DESCRIPTION
    A pattern is read into a tree, and the tree written as an expression of `re`.  One that could backtrack without
    end (a repeat inside a repeat, or many of them against a long subject), and one whose groups must follow
    POSIX's rule of the longest match, is run by the stepping matcher instead, which counts its steps.

    The first use of either says so, by a Python warning.

BUGS
    pcre: recursion, conditions, verbs, callouts and properties are refused; offsets in messages may differ.
    regexp: sub-matches follow the first of the longest matches, not all of POSIX's rules.
"""

from __future__ import annotations

import re
import warnings
from functools import cache

from simmail.postfix.tables.patterns import BadPattern, Compiled, Groups, MatchFailed
from simmail.postfix.tables.perl_syntax import PerlParser
from simmail.postfix.tables.posix_syntax import PosixParser
from simmail.postfix.tables.stepping import INSTRUCTIONS, Stepping
from simmail.postfix.tables.syntax import (
    Atomic,
    Back,
    Choice,
    Edge,
    Group,
    Look,
    Node,
    One,
    Repeat,
    Sequence,
    Tree,
    nested,
    size,
    unbounded,
)  # fmt: skip

#: How many steps `re` may take at the worst before the stepping matcher is asked instead.
WORST = 3_000_000
_EDGES = {
    "start": r"\A", "end": r"\Z", "last": r"(?=\n?\Z)", "line-start": "(?m:^)", "line-end": "(?m:$)",
    "word": r"\b", "inside": r"\B", "word-start": r"(?:\b(?=\w))", "word-end": r"(?:\b(?<=\w))",
}  # fmt: skip
_MODES = {"greedy": "", "lazy": "?", "possessive": "+"}


class FallbackWarning(UserWarning):
    """Another engine than the real one runs the patterns."""


class Translated:
    """A pattern as an expression of `re`, or stepped through where that could take too long."""

    __slots__ = ("_expression", "_power", "_stepping", "groups")

    def __init__(self, tree: Tree, stepping: Stepping, anchored: bool) -> None:
        self.groups = tree.groups
        self._stepping = stepping
        self._power = unbounded(tree.node) + (not anchored)
        try:
            source = (r"\A" if anchored else "") + f"(?:{_written(tree.node)})"
            self._expression: re.Pattern[bytes] | None = re.compile(source.encode("latin-1"))
        except (re.error, OverflowError, RecursionError):
            self._expression = None
        if nested(tree.node):
            self._expression = None

    def search(self, subject: bytes, captures: bool) -> Groups | None:
        """The first match."""
        if self._expression is None or max(len(subject), 1) ** self._power > WORST:
            return self._stepping.search(subject, captures)
        found = self._expression.search(subject)
        if found is None:
            return None
        return [b"", *found.groups()] if captures else ()


def _written(node: Node) -> str:
    """A tree as the source of an expression."""
    if isinstance(node, One):
        return _set(node.octets)
    if isinstance(node, Sequence):
        return "".join(map(_written, node.items))
    if isinstance(node, Choice):
        return "(?:" + "|".join(map(_written, node.items)) + ")"
    if isinstance(node, Repeat):
        bounds = f"{{{node.low},{'' if node.high is None else node.high}}}"
        return f"(?:{_written(node.item)}){bounds}{_MODES[node.mode]}"
    if isinstance(node, Group):
        return f"({_written(node.item)})"
    if isinstance(node, Back):
        return f"(?i:(?:\\{node.number}))" if node.fold else f"(?:\\{node.number})"
    if isinstance(node, Edge):
        return _EDGES[node.kind]
    if isinstance(node, Atomic):
        return f"(?>{_written(node.item)})"
    return _look(node)


def _look(node: Look) -> str:
    sign = ("" if node.ahead else "<") + ("=" if node.positive else "!")
    choices = node.item.items if isinstance(node.item, Choice) and not node.ahead else (node.item,)
    looks = [f"(?{sign}{_written(item)})" for item in choices]
    if len(looks) == 1 or not node.positive:
        return "".join(looks)
    return "(?:" + "|".join(looks) + ")"


def _set(octets: frozenset[int]) -> str:
    if len(octets) == 256:
        return "(?s:.)"
    if not octets:
        return "(?!)"
    inverted = len(octets) > 128
    members = sorted(set(range(256)) - octets if inverted else octets)
    if len(members) == 1 and not inverted:
        return f"\\x{members[0]:02x}"
    ranges: list[list[int]] = []
    for octet in members:
        if ranges and ranges[-1][1] == octet - 1:
            ranges[-1][1] = octet
        else:
            ranges.append([octet, octet])
    inner = "".join(f"\\x{a:02x}" if a == b else f"\\x{a:02x}-\\x{b:02x}" for a, b in ranges)
    return f"[{'^' if inverted else ''}{inner}]"


# ---- engines


@cache
def _tell(text: str) -> None:
    """Warn of a substitute, once."""
    warnings.warn(text, FallbackWarning, stacklevel=3)


def pcre(pattern: bytes, options: frozenset[str], captures: bool) -> Compiled:
    """The substitute for PCRE2."""
    _tell("the package pcre2 is missing: patterns of pcre: tables are translated to Python's re")
    letters = frozenset("is") ^ options
    tree = PerlParser(pattern.decode("latin-1"), letters - {"A"}).parse()
    if size(tree.node) > INSTRUCTIONS:
        raise BadPattern("error in regex at offset 0: regular expression is too large")
    anchored = "A" in options
    return Translated(tree, Stepping(tree, longest=False, anchored=anchored), anchored)


def regexp(pattern: bytes, options: frozenset[str], captures: bool) -> Compiled:
    """The substitute for the C library's regcomp(3) and regexec(3)."""
    _tell("no C library that simmail knows: patterns of regexp: tables are translated to Python's re")
    return posix(pattern, options, captures)


def posix(pattern: bytes, options: frozenset[str], captures: bool) -> Compiled:
    """A POSIX pattern, translated where no group is asked for, stepped through otherwise."""
    letters = frozenset("ix") ^ options
    tree = PosixParser(pattern.decode("latin-1"), "x" in letters, "i" in letters, "m" in letters).parse()
    if size(tree.node) > INSTRUCTIONS:
        raise BadPattern("Memory exhausted")
    stepping = Stepping(tree, longest=True, failure="Memory exhausted")
    return stepping if captures else Translated(tree, stepping, anchored=False)


__all__ = ["FallbackWarning", "MatchFailed", "pcre", "posix", "regexp"]
