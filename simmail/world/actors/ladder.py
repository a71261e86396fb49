"""Retry ladders: at what ages of a message the software of other sites tries again.

A ladder is written as steps `AGE:INTERVAL` (every INTERVAL seconds until the message is AGE seconds old; `*G` lets the
interval grow by the factor G each time, `^2` puts the n-th try at INTERVAL * n squared), or as the ages themselves.
The first try is at age 0 and not written; after the last one the sender gives up (RFC 5321 section 4.5.4.1).
"""

from __future__ import annotations

from functools import cache

from simmail.world.actors.figures import known


@cache
def ladder(software: str) -> tuple[float, ...]:
    """The ages (s) at which a software tries again.

    Args:
        software: `postfix`, `exim`, ...: a `ladder.NAME` of the figures.

    >>> ladder("postfix")[:6]
    (300.0, 600.0, 1200.0, 2400.0, 4800.0, 8800.0)
    >>> ladder("never")
    ()
    """
    return tuple(steps(known()[f"ladder.{software}"].value))


def steps(text: str) -> list[float]:
    """The ages that a ladder's text means."""
    ages: list[float] = []
    for word in text.split():
        limit, colon, pace = word.partition(":")
        if not colon:
            ages.append(float(limit))
        elif "^" in pace:
            first = float(pace.partition("^")[0])
            number = 1
            while first * number**2 <= float(limit):
                ages.append(first * number**2)
                number += 1
        else:
            interval, _, growth = pace.partition("*")
            wait, age = float(interval), ages[-1] if ages else 0.0
            while age + wait <= float(limit):
                age += wait
                ages.append(age)
                wait *= float(growth or 1)
    return ages
