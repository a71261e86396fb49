"""A matcher whose time is bounded by the pattern's size times the text's.

It goes through the alternatives one after the other, but never twice through the same instruction at the same place,
so that no pattern takes exponential time, and it goes on to the longest match, as POSIX wants it.
"""

from __future__ import annotations

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

MOST_INSTRUCTIONS = 20_000
MOST_STEPS = 2_000_000
TOO_BIG = "Regular expression too big"
EXHAUSTED = "Memory exhausted"

#: An instruction: its kind and its argument.
Instruction = tuple[str, object, int]


def compile_tree(node: Node) -> list[Instruction]:
    """The instructions of a pattern.  Raises PatternError."""
    code: list[Instruction] = []
    _emit(node, code)
    code.append(("match", None, 0))
    return code


def _emit(node: Node, code: list[Instruction]) -> None:
    if len(code) > MOST_INSTRUCTIONS:
        raise PatternError(TOO_BIG)
    match node:
        case Char(char):
            code.append(("char", char, 0))
        case Any(newline):
            code.append(("any" if newline else "line", None, 0))
        case OneOf(chars):
            code.append(("set", chars, 0))
        case Edge(kind):
            code.append(("edge", kind, 0))
        case Same(number):
            code.append(("same", None, number))
        case Group(number, inner):
            code.append(("save", None, 2 * number))
            _emit(inner, code)
            code.append(("save", None, 2 * number + 1))
        case Sequence(nodes):
            for part in nodes:
                _emit(part, code)
        case Either(nodes):
            _emit_either(nodes, code)
        case Repeat(inner, low, high):
            _emit_repeat(inner, low, high, code)


def _emit_either(nodes: tuple[Node, ...], code: list[Instruction]) -> None:
    jumps = []
    for part in nodes[:-1]:
        fork = len(code)
        code.append(("fork", None, 0))
        _emit(part, code)
        jumps.append(len(code))
        code.append(("jump", None, 0))
        code[fork] = ("fork", None, len(code))
    _emit(nodes[-1], code)
    for jump in jumps:
        code[jump] = ("jump", None, len(code))


def _emit_repeat(inner: Node, low: int, high: int | None, code: list[Instruction]) -> None:
    for _ in range(low):
        _emit(inner, code)
    if high is None:
        fork = len(code)
        code.append(("fork", None, 0))
        _emit(inner, code)
        code.append(("jump", None, fork))
        code[fork] = ("fork", None, len(code))
        return
    forks = []
    for _ in range(high - low):
        forks.append(len(code))
        code.append(("fork", None, 0))
        _emit(inner, code)
    for fork in forks:
        code[fork] = ("fork", None, len(code))


def _is_word(text: str, position: int) -> bool:
    return 0 <= position < len(text) and (text[position].isalnum() or text[position] == "_")


def at_edge(kind: str, text: str, position: int) -> bool:
    """Whether an edge of that kind (`tree.Edge`) is at that place."""
    if kind in "^(":
        return position == 0 or (kind == "(" and text[position - 1] == "\n")
    if kind in "$)":
        return position == len(text) or (kind == ")" and text[position] == "\n")
    before, after = _is_word(text, position - 1), _is_word(text, position)
    if kind == "<":
        return after and not before
    if kind == ">":
        return before and not after
    return (before != after) is (kind == "b")


class Search:
    """What one search of a text has gone through.

    Attributes:
        visited: instructions and places that led to nothing, from whatever start.
        steps: how many instructions were run.
    """

    __slots__ = ("steps", "visited")

    def __init__(self) -> None:
        self.visited: set[int] = set()
        self.steps = 0


class Machine:
    """Runs a pattern's instructions.

    Args:
        code: from `compile_tree`.
        groups: how many groups there are.
        fold: whether letters of either case are the same.
    """

    def __init__(self, code: list[Instruction], groups: int, fold: bool) -> None:
        self.code, self.groups, self.fold = code, groups, fold
        self.remembers = not any(kind == "same" for kind, _, _ in code)

    def match(self, text: str, start: int, search: Search) -> tuple[int, ...] | None:
        """The longest match that begins at `start`, as the ends of all groups, -1 for none.

        Raises:
            PatternError: where it takes too long.
        """
        code, size, remembers, visited = self.code, len(self.code), self.remembers, search.visited
        best: tuple[int, ...] | None = None
        stack: list[tuple[int, int, tuple[int, ...]]] = [(0, start, (-1,) * (2 * self.groups + 2))]
        while stack:
            at, position, saved = stack.pop()
            while True:
                search.steps += 1
                if search.steps > MOST_STEPS:
                    raise PatternError(EXHAUSTED)
                if remembers:
                    key = position * size + at
                    if key in visited:
                        break
                    visited.add(key)
                kind, argument, number = code[at]
                at += 1
                if kind == "fork":
                    stack.append((number, position, saved))
                elif kind == "jump":
                    at = number
                elif kind == "save":
                    saved = (*saved[:number], position, *saved[number + 1 :])
                elif kind == "match":
                    if best is None or position > best[1]:
                        best = (start, position, *saved[2:])
                    break
                else:
                    width = self._consume(kind, argument, saved, number, text, position)
                    if width < 0:
                        break
                    position += width
        return best

    def _consume(
        self, kind: str, argument: object, saved: tuple[int, ...], number: int, text: str, position: int
    ) -> int:
        """How many characters an instruction takes; -1 where it does not match."""
        if kind == "edge":
            return 0 if at_edge(str(argument), text, position) else -1
        if kind == "same":
            begin, end = saved[2 * number], saved[2 * number + 1]
            again = text[position : position + end - begin]
            wanted = text[begin:end]
            if end < 0 or not (again == wanted or (self.fold and again.lower() == wanted.lower())):
                return -1
            return end - begin
        if position >= len(text):
            return -1
        char = text[position]
        if kind == "char":
            return 1 if char == argument or (self.fold and char.isascii() and char.swapcase() == argument) else -1
        if kind == "set":
            return 1 if isinstance(argument, CharSet) and char in argument else -1
        return 1 if kind == "any" or char != "\n" else -1
