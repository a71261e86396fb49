"""Weighted conditions (procmailsc(5)): what each adds to a recipe's score."""

from __future__ import annotations

import re
from typing import NamedTuple

HIGHEST = 2147483647.0
_WEIGHT = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))[ \t]*\^[ \t]*([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))[ \t]*")
#: An addition below this does not count any more.
LEAST = 1e-9


class Weight(NamedTuple):
    """`w^x` before a condition."""

    weight: float
    exponent: float


def read_weight(text: str) -> tuple[Weight, str] | None:
    """The weight that a condition begins with, and what follows; None for none."""
    found = _WEIGHT.match(text)
    if found is None:
        return None
    return Weight(clamped(float(found[1])), clamped(float(found[2]))), text[found.end() :]


def clamped(score: float) -> float:
    """A score within the bounds that scores have."""
    return min(max(score, -HIGHEST), HIGHEST)


def of_matches(weight: Weight, matches: int | None) -> float:
    """What so many matches add: w, then w*x, w*x*x...; None matches stand for endless many."""
    w, x = weight
    if matches is None:
        return w / (1 - x) if abs(x) < 1 else clamped(w * HIGHEST)
    total, addition = 0.0, w
    for _ in range(matches):
        total += addition
        if abs(total) >= HIGHEST or abs(addition) < LEAST:
            break
        addition *= x
    return clamped(total)


def of_length(weight: Weight, length: int, limit: int, longer: bool) -> float:
    """What a message's length adds: w * (length / limit) ** x, or where shorter is better the reverse."""
    above, below = (length, limit) if longer else (limit, length)
    if not below:
        return clamped(weight.weight * HIGHEST) if above else weight.weight
    try:
        return clamped(weight.weight * (above / below) ** weight.exponent)
    except (OverflowError, ZeroDivisionError):
        return clamped(weight.weight * HIGHEST)


def of_program(weight: Weight, status: int, negated: bool) -> float:
    """What a program's exit status adds: w for success, else x; negated it counts like so many matches."""
    if negated:
        return of_matches(weight, status)
    return weight.exponent if status else weight.weight
