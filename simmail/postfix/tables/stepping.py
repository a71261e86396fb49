"""A matcher that counts its steps: for patterns that would keep another engine busy without end.

A tree becomes a short program, run with a list of the places to come back to.  Without back references a place that
has failed once is not tried again, so the time is bounded by the length of pattern times subject; with them, by the
number of steps.
"""

from __future__ import annotations

from typing import Any

from simmail.postfix.tables.patterns import Groups, MatchFailed
from simmail.postfix.tables.syntax import (
    WORD,
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
    has_back,
)  # fmt: skip

#: Steps of one match, and instructions of one pattern.
STEPS, INSTRUCTIONS = 200_000, 10_000
ONE, SPLIT, JUMP, SAVE, EDGE, BACK, LOOK, ATOMIC, DONE = range(9)
Instruction = tuple[Any, ...]
Spans = tuple[int, ...]


class Steps:
    """What is left of a match's steps."""

    __slots__ = ("failure", "left")

    def __init__(self, failure: str) -> None:
        self.left, self.failure = STEPS, failure

    def take(self) -> None:
        """Take a step.  Raises MatchFailed after the last."""
        self.left -= 1
        if self.left < 0:
            raise MatchFailed(self.failure)


class Stepping:
    """A compiled pattern.

    Args:
        tree: the pattern.
        longest: whether the longest match wins (POSIX), or the first found (Perl).
        anchored: whether it has to match where the subject begins.
        failure: what is said when the steps are used up.
    """

    def __init__(
        self, tree: Tree, longest: bool, anchored: bool = False, failure: str = "match limit exceeded"
    ) -> None:
        self.groups, self.longest, self.anchored, self.failure = tree.groups, longest, anchored, failure
        self.program: list[Instruction] = []
        self.pure = not has_back(tree.node)
        self._emit(tree.node)
        self.program.append((DONE,))

    def search(self, subject: bytes, captures: bool) -> Groups | None:
        """The first match."""
        steps = Steps(self.failure)
        visited: set[tuple[int, int]] = set()
        for start in range(1 if self.anchored else len(subject) + 1):
            spans = self._run(0, start, (-1,) * (2 * self.groups + 2), subject, steps, visited)
            if spans is not None:
                return [b"", *(_kept(subject, spans, n) for n in range(1, self.groups + 1))] if captures else ()
        return None

    # ---- the program

    def _emit(self, node: Node) -> None:
        program = self.program
        if isinstance(node, One):
            program.append((ONE, node.octets))
        elif isinstance(node, Sequence):
            for item in node.items:
                self._emit(item)
        elif isinstance(node, Choice):
            self._emit_choice(node)
        elif isinstance(node, Repeat):
            self._emit_repeat(node)
        elif isinstance(node, Group):
            program.append((SAVE, 2 * node.number))
            self._emit(node.item)
            program.append((SAVE, 2 * node.number + 1))
        elif isinstance(node, Back):
            program.append((BACK, node.number, node.fold))
        elif isinstance(node, Edge):
            program.append((EDGE, node.kind))
        elif isinstance(node, Atomic):
            self._emit_apart(node.item, (ATOMIC,))
        elif isinstance(node, Look):
            self._emit_apart(node.item, (LOOK, node.ahead, node.positive))

    def _emit_apart(self, item: Node, head: Instruction) -> None:
        """A part that is run by itself: its head knows where what follows it begins."""
        program = self.program
        at = len(program)
        program.append(head)
        self._emit(item)
        program.append((DONE,))
        program[at] = (head[0], len(program), *head[1:])

    def _emit_choice(self, node: Choice) -> None:
        program = self.program
        jumps: list[int] = []
        for item in node.items[:-1]:
            split = len(program)
            program.append(())
            self._emit(item)
            jumps.append(len(program))
            program.append(())
            program[split] = (SPLIT, split + 1, len(program))
        self._emit(node.items[-1])
        for jump in jumps:
            program[jump] = (JUMP, len(program))

    def _emit_repeat(self, node: Repeat) -> None:
        if node.mode == "possessive":
            self._emit_apart(node._replace(mode="greedy"), (ATOMIC,))
            return
        program = self.program
        lazy = node.mode == "lazy"
        for _ in range(node.low):
            self._emit(node.item)
        if node.high is None:
            split = len(program)
            program.append(())
            self._emit(node.item)
            program.append((JUMP, split))
            program[split] = self._split(split + 1, len(program), lazy)
            return
        splits: list[int] = []
        for _ in range(node.high - node.low):
            splits.append(len(program))
            program.append(())
            self._emit(node.item)
        for split in splits:
            program[split] = self._split(split + 1, len(program), lazy)

    @staticmethod
    def _split(inside: int, outside: int, lazy: bool) -> Instruction:
        return (SPLIT, outside, inside) if lazy else (SPLIT, inside, outside)

    # ---- running it

    def _run(
        self, at: int, position: int, spans: Spans, subject: bytes, steps: Steps, visited: set[tuple[int, int]]
    ) -> Spans | None:
        """Run from instruction `at` to its DONE; the spans with the end of the match in place 1, or None."""
        program = self.program
        waiting = [(at, position, spans)]
        best: Spans | None = None
        while waiting:
            at, position, spans = waiting.pop()
            while True:
                steps.take()
                if self.pure:
                    if (at, position) in visited:
                        break
                    visited.add((at, position))
                instruction = program[at]
                code = instruction[0]
                if code == SPLIT:
                    waiting.append((instruction[2], position, spans))
                    at = instruction[1]
                elif code == JUMP:
                    at = instruction[1]
                elif code == DONE:
                    if best is None or position > best[1]:
                        best = (spans[0], position, *spans[2:])
                    if not self.longest:
                        return best
                    break
                elif code in (LOOK, ATOMIC):
                    found = self._apart(at, instruction, position, spans, subject, steps)
                    if found is None:
                        break
                    position = found[1] if code == ATOMIC else position
                    spans, at = found, instruction[1]
                else:
                    after = _step(instruction, subject, position, spans)
                    if after is None:
                        break
                    position, spans = after
                    at += 1
        return best

    def _apart(
        self, at: int, instruction: Instruction, position: int, spans: Spans, subject: bytes, steps: Steps
    ) -> Spans | None:
        """Run a part by itself; the spans after it, or None where it fails."""
        if instruction[0] == ATOMIC:
            return self._run(at + 1, position, spans, subject, steps, set())
        ahead, positive = instruction[2], instruction[3]
        found: Spans | None = None
        if ahead:
            found = self._run(at + 1, position, spans, subject, steps, set())
        else:
            for start in range(position, -1, -1):
                found = self._run(at + 1, start, spans, subject[:position], steps, set())
                if found is not None and found[1] == position:
                    break
                found = None
        if (found is not None) is not positive:
            return None
        return found or spans


def _step(instruction: Instruction, subject: bytes, position: int, spans: Spans) -> tuple[int, Spans] | None:
    """Do what an instruction says; the position and the spans after it, or None where it fails."""
    code = instruction[0]
    if code == ONE:
        if position < len(subject) and subject[position] in instruction[1]:
            return position + 1, spans
        return None
    if code == SAVE:
        place = instruction[1]
        return position, (*spans[:place], position, *spans[place + 1 :])
    if code == EDGE:
        return (position, spans) if _edge(instruction[1], subject, position) else None
    length = _again(subject, position, spans, instruction[1], instruction[2])
    return None if length is None else (position + length, spans)


def _kept(subject: bytes, spans: Spans, number: int) -> bytes | None:
    """What a group holds."""
    start, end = spans[2 * number], spans[2 * number + 1]
    return None if end < 0 else subject[start:end]


def _edge(kind: str, subject: bytes, position: int) -> bool:
    """Whether a place is of that kind."""
    end = len(subject)
    if kind == "start":
        return position == 0
    if kind == "end":
        return position == end
    if kind == "last":
        return position == end or (position == end - 1 and subject[position] == 10)
    if kind == "line-start":
        return position == 0 or subject[position - 1] == 10
    if kind == "line-end":
        return position == end or subject[position] == 10
    before = position > 0 and subject[position - 1] in WORD
    after = position < end and subject[position] in WORD
    return {
        "word": before != after,
        "inside": before == after,
        "word-start": after and not before,
        "word-end": before and not after,
    }[kind]


def _again(subject: bytes, position: int, spans: Spans, number: int, fold: bool) -> int | None:
    """The length of a group's text where it comes again; None where it does not."""
    start, end = spans[2 * number], spans[2 * number + 1]
    if end < 0:
        return None
    text, here = subject[start:end], subject[position : position + end - start]
    if fold:
        text, here = text.lower(), here.lower()
    return len(text) if text == here else None
