"""Means and differences with their intervals, Student's t at 95 %."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

CONFIDENCE = 0.95
#: Replications that no plan goes beyond.
MOST = 1_000_000


class Interval(NamedTuple):
    """A mean and how far it may be from the true one.

    Args:
        mean: of the values.
        half_width: half of the interval's length; infinite for a single value.
        spread: their standard deviation; not-a-number for a single value.
        size: how many.
    """

    mean: float
    half_width: float
    spread: float
    size: int

    @property
    def low(self) -> float:
        """Its lower end."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Its upper end."""
        return self.mean + self.half_width

    def covers(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        if not self.size:
            return "-"
        return f"{self.mean:.4g} ± {self.half_width:.2g}" if math.isfinite(self.half_width) else f"{self.mean:.4g}"


def _t(count: int) -> float:
    """The quantile of Student's t for `count` values."""
    from scipy.special import stdtrit

    return float(stdtrit(count - 1, (1 + CONFIDENCE) / 2))


def interval(values: Sequence[float]) -> Interval:
    """The interval of a mean; values that are not-a-number are left out."""
    known = [value for value in values if not math.isnan(value)]
    count = len(known)
    if not count:
        return Interval(math.nan, math.inf, math.nan, 0)
    mean = math.fsum(known) / count
    if count == 1:
        return Interval(mean, math.inf, math.nan, 1)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / (count - 1))
    return Interval(mean, _t(count) * spread / math.sqrt(count), spread, count)


def paired(values: Sequence[float], base: Sequence[float]) -> Interval:
    """The interval of the mean difference of values that belong together, pair by pair.

    Args:
        values: one for each seed.
        base: what is subtracted, in the same order of seeds.
    """
    return interval([value - other for value, other in zip(values, base, strict=True)])


def needed(pilot: Interval, half_width: float) -> int:
    """How many replications it takes until the interval is as narrow as wanted, going by the spread so far.

    Args:
        pilot: the interval of some replications, at least two.
        half_width: what is wanted, above 0.

    Returns:
        At least 2, at most MOST; MOST where the spread is unknown.
    """
    if math.isnan(pilot.spread):
        return MOST
    if pilot.spread == 0:
        return 2
    count = 2
    while count < MOST and _t(count) * pilot.spread / math.sqrt(count) > half_width:
        # The normal quantile gives a lower bound; t comes down to it from above.
        count = max(count + 1, min(MOST, math.ceil((1.96 * pilot.spread / half_width) ** 2)))
    return count
