"""NAME
    memo - memory of decisions

DESCRIPTION
    A decision that got the same inputs and heard the same answers comes to the same verdict.  The memo keeps, for
    each key (the inputs a decision reads), the tree of its questions: at each node the question, below it one branch
    for each answer heard so far, at the leaves the verdict.  Replaying asks the same questions, notes included, in the
    same order, so that a remembered decision cannot be told from a fresh one.

    A memo belongs to one program in one generation of its configuration and tables.  A decision that asked a policy
    server or a counter, drew chance or read the clock is not remembered.

BUGS
    Postfix has nothing like it: here it buys speed, and a test holds both ways equal.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from simmail.mail.questions import Decision, Dns, Note, Question

T = TypeVar("T")

#: Questions whose answers are data, which a verdict may be remembered by.
REMEMBERED: frozenset[type[Question]] = frozenset({Dns, Note})


class _Node:
    """One question of a remembered decision with the branches below it; a leaf has a verdict and no question."""

    __slots__ = ("branches", "done", "question", "verdict")

    def __init__(self) -> None:
        self.done = False  # a decision that still waits for an answer has come no farther than here
        self.question: Question | None = None
        self.branches: dict[Any, _Node] = {}
        self.verdict: Any = None


class Memory:
    """What all programs of a world remember, in tables of their own: a busy one much, many idle ones little.

    Args:
        limit: how many answers there may be in all tables together; beyond it each forgets the elder half of its own.
    """

    def __init__(self, limit: int = 1 << 15) -> None:
        self.limit, self._kept = limit, 0
        self._tables: dict[int, dict[Any, Any]] = {}

    def keep(self, table: dict[Any, Any], key: Hashable, value: Any) -> None:
        """Let a table have another answer."""
        if not table:
            self._tables[id(table)] = table
        table[key] = value
        self._kept += 1
        if self._kept > self.limit:
            self._forget()

    def count(self) -> None:
        """One more answer is kept, in no table."""
        self._kept += 1
        if self._kept > self.limit:
            self._forget()

    def _forget(self) -> None:
        for table in self._tables.values():
            newer = list(table.items())[len(table) // 2 + 1 :]
            table.clear()
            table.update(newer)
        self._tables = {number: table for number, table in self._tables.items() if table}
        self._kept = sum(map(len, self._tables.values()))


def _let_go(table: dict[Any, Any], key: Hashable, value: Any) -> None:
    """What a memo that is switched off does with an answer."""


class Memo:
    """Remembers decisions, and answers for programs.

    Args:
        enabled: False asks every decision afresh, with the same outcome.
        memory: what it shares with others; None for one of its own.

    Attributes:
        hits, misses: how many decisions were remembered, and how many were not.
        keep: keeps an answer in a program's own table, by its key, if anything is remembered at all.
    """

    def __init__(self, enabled: bool = True, memory: Memory | None = None) -> None:
        self.enabled, self.memory = enabled, Memory() if memory is None else memory
        self.keep: Callable[[dict[Any, Any], Hashable, Any], None] = self.memory.keep if enabled else _let_go
        self.hits = self.misses = 0
        self._roots: dict[Hashable, _Node] = {}
        self._values: dict[Hashable, Any] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._roots.clear()
        self._values.clear()

    def value(self, key: Hashable, compute: Callable[..., T], *arguments: Any) -> T:
        """What `compute(*arguments)` gives, a pure function of `key`; it may not warn."""
        found: T
        try:
            found = self._values[key]
        except KeyError:
            self.misses += 1
            found = compute(*arguments)
            self.keep(self._values, key, found)
            return found
        self.hits += 1
        return found

    def settled(self, key: Hashable) -> bool:
        """Whether the verdict for `key` is remembered, and came without a question."""
        root = self._roots.get(key)
        return root is not None and root.done and root.question is None

    def decide(self, key: Hashable, decision: Callable[..., Decision[T]], *arguments: Any) -> Decision[T]:
        """Come to the verdict of `decision(*arguments)`, whose inputs are all in `key`."""
        if not self.enabled:
            self.misses += 1
            verdict: T = yield from decision(*arguments)
            return verdict
        node = self._roots.get(key)
        heard: list[Any] = []
        while node is not None:
            question = node.question
            if question is None:
                if not node.done:
                    break
                self.hits += 1
                verdict = node.verdict
                return verdict
            answer = yield question
            heard.append(answer)
            node = node.branches.get(answer)
        self.misses += 1
        verdict = yield from self._learn(key, decision(*arguments), heard)
        return verdict

    def _learn(self, key: Hashable, decision: Decision[T], heard: list[Any]) -> Decision[T]:
        """Go through a decision, its first answers known already, and remember its way."""
        node = self._roots.get(key)
        if node is None:
            node = _Node()
            self.keep(self._roots, key, node)
        remember = True
        known = iter(heard)
        answer: Any = None
        while True:
            try:
                question = decision.send(answer)
            except StopIteration as stop:
                if remember:
                    node.verdict, node.done = stop.value, True
                else:
                    self._roots.pop(key, None)
                verdict: T = stop.value
                return verdict
            if type(question) not in REMEMBERED:
                remember = False
                answer = yield question
                continue
            try:
                answer = next(known)
            except StopIteration:
                answer = yield question
            if remember:
                node.question = question
                below = node.branches.get(answer)
                if below is None:
                    below = node.branches[answer] = _Node()
                    self.memory.count()
                node = below
