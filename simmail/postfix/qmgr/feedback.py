"""NAME
    feedback - how much one delivery's outcome changes a destination's concurrency

DESCRIPTION
    A feedback is a number from 0 to 1, or such a number divided by the concurrency or by its square root: `1`,
    `0.5`, `1/8`, `1/concurrency`, `1/sqrt_concurrency`.

DIAGNOSTICS
    PARAMETER: ignoring malformed or unreasonable feedback: VALUE

SEE ALSO
    SCHEDULER_README
"""

from __future__ import annotations

import re
from enum import Enum
from math import sqrt
from typing import NamedTuple

_FORM = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?:/\s*(\S+))?\s*")


class Divisor(Enum):
    """What a feedback's number is divided by."""

    NOTHING = ""
    CONCURRENCY = "concurrency"
    SQUARE_ROOT = "sqrt_concurrency"


#: The number that the log has for each.
NUMBERS = {Divisor.NOTHING: 0, Divisor.CONCURRENCY: 1, Divisor.SQUARE_ROOT: 2}


class Feedback(NamedTuple):
    """A feedback: `base` divided by what `divisor` says."""

    base: float = 1.0
    divisor: Divisor = Divisor.NOTHING

    def at(self, window: int) -> float:
        """Its value at a concurrency of `window`."""
        if self.divisor is Divisor.CONCURRENCY:
            return self.base / window
        if self.divisor is Divisor.SQUARE_ROOT:
            return self.base / sqrt(window)
        return self.base

    @classmethod
    def parse(cls, text: str) -> Feedback | None:
        """The feedback that a parameter's value describes; None for an unreasonable one."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        base, divisor = float(found[1]), found[2]
        kind = Divisor.NOTHING
        if divisor in (Divisor.CONCURRENCY.value, Divisor.SQUARE_ROOT.value):
            kind = Divisor(divisor)
        elif divisor is not None:
            try:
                number = float(divisor)
            except ValueError:
                return None
            if not (0 <= base <= 1 and 1 <= number <= 999999):
                return None
            base /= number
        return cls(base, kind) if 0 <= base <= 1 else None
