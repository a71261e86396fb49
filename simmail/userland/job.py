"""A process tree of a simulated host: the bounds it runs under, and what it has written but not yet put into files.

Scripts and patterns are untrusted.  Whatever they do, they end: each command and each turn of a loop is a step, each
text that is made or printed is counted, and so is how deep things are nested.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

STEPS = 200_000
OCTETS = 128 * 1024 * 1024
DEPTH = 60
SLEEP_S = 31 * 86400.0


class Exhausted(Exception):
    """A process tree that went beyond its bounds; `text` says which."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


class Unwritten(Protocol):
    """A file that has something to put on the disk."""

    def flush(self) -> None:
        """Put it there."""


class Job:
    """What all programs share that one command line starts.

    Args:
        steps: how many commands and turns of loops may be run.
        octets: how much text may be made and printed, octets.
        depth: how deep functions, substitutions and scripts may be nested.
        sleep: how long all of them may sleep together, seconds.

    Attributes:
        now: the time for all of them, seconds since the world's start.
    """

    __slots__ = ("depth", "now", "octets", "sleep", "steps", "unwritten")

    def __init__(self, steps: int = STEPS, octets: int = OCTETS, depth: int = DEPTH, sleep: float = SLEEP_S) -> None:
        self.steps, self.octets, self.depth, self.sleep = steps, octets, depth, sleep
        self.now = 0.0
        self.unwritten: dict[int, Unwritten] = {}

    def step(self, count: int = 1) -> None:
        """Count steps.  Raises Exhausted."""
        self.steps -= count
        if self.steps < 0:
            raise Exhausted("stopped: too many steps")

    def spend(self, octets: int) -> None:
        """Count text.  Raises Exhausted."""
        self.octets -= octets
        if self.octets < 0:
            raise Exhausted("stopped: too much text")

    def rest(self, seconds: float) -> None:
        """Count time slept.  Raises Exhausted."""
        self.sleep -= seconds
        if self.sleep < 0:
            raise Exhausted("stopped: slept for more than a month")

    def enter(self) -> None:
        """One level deeper.  Raises Exhausted."""
        if self.depth <= 0:
            raise Exhausted("stopped: nested too deeply")
        self.depth -= 1

    def leave(self) -> None:
        """One level up again."""
        self.depth += 1

    def settle(self) -> None:
        """Put into files what was written to them, before somebody else looks; who has used up all loses the rest."""
        unwritten = list(self.unwritten.values())
        with suppress(Exhausted):
            for file in unwritten:
                file.flush()
        self.unwritten.clear()
