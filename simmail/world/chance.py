"""Draws that belong to their cause: the same cause draws the same, whatever else happens in the world.

A stream (`World.rng`) serves an actor that draws in a fixed order of its own.  What a *message* causes - whether it is
answered, whether its attachment is opened, whether a bot tries again - is drawn by the message's name instead, so that
a line of configuration which stops one message changes no other draw (common random numbers).
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from hashlib import blake2b
from itertools import accumulate, pairwise
from math import exp, log1p
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")
_NORMAL = NormalDist()
_SPAN = float(1 << 53)


def keyed(seed: int, *cause: str) -> float:
    """A number from 0 (included) to 1 (not included) that belongs to a cause.

    Args:
        seed: the world's.
        cause: who draws, for what, and because of which message.
    """
    digest = blake2b("\x00".join((str(seed), *cause)).encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / _SPAN


def lognormal(uniform: float, median: float, sigma: float) -> float:
    """The value of a lognormal distribution at a quantile.

    Args:
        uniform: the quantile, 0 to 1.
        median: of the distribution, in the unit of the result.
        sigma: standard deviation of its logarithm.
    """
    return median * exp(sigma * _NORMAL.inv_cdf(min(max(uniform, 1e-12), 1 - 1e-12)))


def exponential(uniform: float, mean: float) -> float:
    """The value of an exponential distribution at a quantile."""
    return -mean * log1p(-uniform)


def choose(uniform: float, values: Sequence[T], weights: Sequence[float]) -> T:
    """One of `values`, at a quantile of their weights."""
    sums = list(accumulate(weights))
    return values[min(bisect(sums, uniform * sums[-1]), len(values) - 1)]


def along(uniform: float, points: Sequence[tuple[float, float]]) -> float:
    """The value at a quantile of an empirical distribution, straight between its points.

    Args:
        uniform: the quantile, 0 to 1.
        points: (share not above the value, value), rising, from (0, least) to (1, greatest).
    """
    for (low, least), (high, greatest) in pairwise(points):
        if uniform <= high:
            return least + (greatest - least) * (uniform - low) / (high - low if high > low else 1.0)
    return points[-1][1]
