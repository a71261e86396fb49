"""Means, paired differences, and how many replications a precision takes."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from simmail.batch.intervals import MOST, interval, needed, paired

VALUES = [3.0, 5.0, 4.0, 8.0, 5.5]


def test_an_interval_is_students() -> None:
    """The interval is the one that scipy's own t distribution gives."""
    found = interval(VALUES)
    low, high = stats.t.interval(0.95, len(VALUES) - 1, loc=found.mean, scale=stats.sem(VALUES))
    assert (found.mean, found.low, found.high) == pytest.approx((5.1, low, high))


def test_differences_are_taken_pair_by_pair() -> None:
    """What both have in common takes nothing from the precision."""
    assert paired([v + 1 for v in VALUES], VALUES)[:2] == pytest.approx((1.0, 0.0))
    assert paired(VALUES, VALUES)[:3] == (0.0, 0.0, 0.0)


def test_what_is_not_known_is_left_out() -> None:
    """A replication without a figure counts for nothing, and one value alone has no interval."""
    assert interval([*VALUES, math.nan]) == interval(VALUES)
    assert interval([math.nan]).size == 0
    assert interval([2.0]).half_width == math.inf
    assert paired([1.0, math.nan], [0.5, 0.5]).size == 1


def test_the_number_needed_is_the_least_that_will_do() -> None:
    """With that many values of the same spread the interval is narrow enough, with one less it is not."""
    pilot = interval(VALUES)
    for half_width in (0.05, 0.5, 1.0, 3.0):
        count = needed(pilot, half_width)

        def reach(n: int) -> float:
            return float(stats.t.ppf(0.975, n - 1)) * pilot.spread / math.sqrt(n)

        assert reach(count) <= half_width < reach(count - 1)
    assert needed(interval([1.0, 1.0]), 0.1) == 2
    assert needed(interval([1.0]), 0.1) == MOST
