"""An expression of procmail's egrep, ready to be searched for."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from simmail.userland.procmail.syntax import SPLIT, expand_macros, parse
from simmail.userland.regex import Pattern, PatternError
from simmail.userland.regex.machine import MOST_STEPS, Instruction, at_edge, compile_tree
from simmail.userland.regex.tree import CharSet, Either, Group, Node, Repeat, Sequence

TOO_LONG = "takes too long"
#: Where the mark of a thread stands that has not come to `\/` yet.
UNMARKED = -1


class Expression:
    r"""A regular expression.

    Every text that is searched has a newline in front of it and one behind, which `^`, `$` and `^^` take.

    Args:
        text: the expression, macros and all.
        fold: whether letters of either case are the same.

    Raises:
        PatternError: where it is none.

    Attributes:
        captures: whether it has a `\/`.
    """

    def __init__(self, text: str, fold: bool = True) -> None:
        tree = parse(expand_macros(text))
        self.fold = fold
        self.captures = _has_split(tree)
        self._pattern = Pattern(tree, fold=fold)
        self._code: list[Instruction] = compile_tree(self._pattern.tree)

    def matches(self, text: str, spend: Callable[[int], None] | None = None) -> bool:
        """Whether it matches anywhere; `spend` hears what that costs.  Raises PatternError where it takes too long."""
        self._pattern.count = spend or _nobody
        return self._pattern.test(f"\n{text}\n")

    def captured(self, text: str) -> str | None:
        r"""What MATCH becomes: the longest text right of `\/`, behind the shortest left of it."""
        padded = f"\n{text}\n"
        found = _Run(self._code, padded, self.fold).longest()
        if found is None or found[0] == UNMARKED:
            return None
        begin, end = found
        return padded[max(begin, 1) : min(end, len(padded) - 1)]

    def count(self, text: str, enough: int = 1_000_000) -> int | None:
        """How often it matches, each time as short as can be; None for without end (it matches nothing at all)."""
        number, position = 0, 0
        padded = f"\n{text}\n"
        run = _Run(self._code, padded, self.fold)
        while number < enough:
            # The newline that the last match ended with may begin the next one.
            end = run.shortest(position if padded[position] == "\n" else position + 1)
            if end is None:
                return number
            number += 1
            if position == len(text):
                return number
            moved = min(max(end - 1, position), len(text))
            if moved == position:
                return None
            position = moved
        return number


def _nobody(cost: int) -> None:
    """Counts nothing."""


@lru_cache(512)
def compiled(text: str, fold: bool) -> Expression:
    """The same expression as before, where it was read before.  Raises PatternError."""
    return Expression(text, fold)


def _has_split(node: Node) -> bool:
    match node:
        case Group(number, inner):
            return number == SPLIT or _has_split(inner)
        case Repeat(inner, _, _):
            return _has_split(inner)
        case Sequence(nodes) | Either(nodes):
            return any(map(_has_split, nodes))
    return False


class _Run:
    """One walk through a text with all alternatives side by side, each character looked at once.

    Args:
        code: the expression's instructions.
        text: the text.
        fold: whether letters of either case are the same.
    """

    def __init__(self, code: list[Instruction], text: str, fold: bool) -> None:
        self.code, self.text = code, text
        self.steps = 0
        self._takes: Callable[[Instruction, str], bool] = _takes_folded if fold else _takes

    def shortest(self, start: int) -> int | None:
        """Where the match ends that is complete first, of those that begin at a place or behind; None for none."""
        threads: dict[int, int] = {}
        for position in range(start, len(self.text) + 1):
            accepted = self._enter(threads, 0, position, UNMARKED)
            if accepted is not None:
                return position
            threads, accepted = self._advance(threads, position)
            if accepted is not None:
                return position + 1
        return None

    def longest(self) -> tuple[int, int] | None:
        """The mark and the end of the first match to be complete, gone on with as far as it goes; None for none."""
        threads: dict[int, int] = {}
        best: tuple[int, int] | None = None
        for position in range(len(self.text) + 1):
            accepted = self._enter(threads, 0, position, UNMARKED) if best is None else None
            if accepted is not None:
                best = (accepted, position)
            threads, accepted = self._advance(threads, position)
            if accepted is not None and (best is None or accepted <= best[0] or best[0] == UNMARKED):
                best = (accepted, position + 1)
                threads = {at: mark for at, mark in threads.items() if mark == accepted}
            if best is not None and not threads:
                break
        return best

    def _advance(self, threads: dict[int, int], position: int) -> tuple[dict[int, int], int | None]:
        """Let every thread take the character at a place: the threads behind it, and the mark of what is complete."""
        following: dict[int, int] = {}
        accepted: int | None = None
        if position >= len(self.text):
            return following, None
        char = self.text[position]
        for at, mark in threads.items():
            if self._takes(self.code[at], char):
                done = self._enter(following, at + 1, position + 1, mark)
                if done is not None and (accepted is None or UNMARKED < done < accepted):
                    accepted = done
        return following, accepted

    def _enter(self, threads: dict[int, int], at: int, position: int, mark: int) -> int | None:
        """Put a thread down at each instruction that takes a character; the mark where the match is complete."""
        accepted: int | None = None
        stack = [(at, mark)]
        seen: dict[int, int] = {}
        while stack:
            at, mark = stack.pop()
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise PatternError(TOO_LONG)
            if at in seen and not UNMARKED < mark < seen[at]:
                continue
            seen[at] = mark
            kind, argument, number = self.code[at]
            if kind == "fork":
                stack += [(number, mark), (at + 1, mark)]
            elif kind == "jump":
                stack.append((number, mark))
            elif kind == "save":
                stack.append((at + 1, position if number == 2 * SPLIT and mark == UNMARKED else mark))
            elif kind == "edge":
                if at_edge(str(argument), self.text, position):
                    stack.append((at + 1, mark))
            elif kind == "match":
                accepted = mark if accepted is None or UNMARKED < mark < accepted else accepted
            else:
                known = threads.get(at)
                if known is None or known == UNMARKED or UNMARKED < mark < known:
                    threads[at] = mark
        return accepted


def _takes(instruction: Instruction, char: str) -> bool:
    """Whether an instruction takes a character."""
    kind, argument, _ = instruction
    if kind == "char":
        return char == argument
    if kind == "set":
        return isinstance(argument, CharSet) and char in argument
    return kind == "any" or char != "\n"


def _takes_folded(instruction: Instruction, char: str) -> bool:
    kind, argument, _ = instruction
    return _takes(instruction, char) or (kind == "char" and char.isascii() and char.swapcase() == argument)
