"""When things happen: arrivals at a rate that follows the hours of a working week, or that does not care.

Arrivals are a Poisson process, thinned by the weight of the hour and the day (rhythm.office, rhythm.weekend): one
pending event a source, drawn from the source's own stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from typing import TYPE_CHECKING

from simmail.mail.questions import Decision, Level, Now, Sleep

if TYPE_CHECKING:
    from random import Random

    from simmail.mail.calendar import Calendar
    from simmail.world.actors.figures import Figures

DAY_S = 86400.0
#: The weight of a moment (seconds since the start); 1 is the mean of a weekday.
Weight = Callable[[float], float]


def flat(now: float) -> float:
    """Every hour like any other."""
    return 1.0


def office(calendar: Calendar, figures: Figures) -> Weight:
    """The hours of people who work in offices."""
    hours = figures.numbers("rhythm.office")
    mean = sum(hours) / len(hours)
    weekend = figures["rhythm.weekend"]

    def weight(now: float) -> float:
        moment = calendar.at(now)
        return hours[moment.hour] / mean * (weekend if moment.weekday() >= 5 else 1.0)

    return weight


def arrivals(
    rng: Random, per_day: float, weight: Weight, begin: float, greatest: float = 3.0, end: float = inf
) -> Iterator[float]:
    """Moments at which something happens, one after the other.

    Args:
        rng: the source's own stream.
        per_day: how often on a day of mean weight.
        weight: of each moment; not above `greatest`.
        begin: seconds since the start from which on.
        greatest: the largest weight there is.
        end: seconds since the start until which; without end by default.
    """
    if per_day <= 0:
        return
    now, mean = begin, DAY_S / per_day / greatest
    while (now := now + rng.expovariate(1.0) * mean) < end:
        if rng.random() * greatest < weight(now):
            yield now


def until(moment: float) -> Decision[None]:
    """Wait for a moment (seconds since the start), level with the clock; not at all where it has passed.

    Who was kept by something - a slow server, a day's work - is late for what he meant to do next, and does it then.
    """
    now: float = yield Now()
    yield Sleep(max(0.0, moment - now))
    yield Level()
