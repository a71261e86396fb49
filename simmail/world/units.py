"""Amounts as people write them: `20ms`, `1h30m`, `2d`, `2MB/s`."""

from __future__ import annotations

import math
import re

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
OCTETS = {"": 1.0, "B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "kbit": 125.0, "Mbit": 125e3, "Gbit": 125e6}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|min|[smhdw])\s*")
_CLOCK = re.compile(r"(?:(\d+)d\s*)?(\d{1,2}):(\d\d)(?::(\d\d))?")


def seconds(text: str | float | int) -> float:
    """A length of time in seconds, from a number of seconds or from text like `90s`, `1h30m`, `2d`.

    Raises:
        ValueError: saying what would do.

    >>> seconds("1h30m")
    5400.0
    """
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        if not math.isfinite(text):
            raise ValueError(f"{text!r} has no end; write a number of seconds")
        return float(text)
    total, rest = 0.0, str(text).strip()
    while found := _PART.match(rest):
        total += float(found[1]) * SECONDS[found[2]]
        rest = rest[found.end() :]
    if str(text).strip() == "0":
        return 0.0
    if rest or not str(text).strip():
        raise ValueError(f"{text!r} is no length of time; write a number and ms, s, m, h, d or w, as in 90s or 1h30m")
    return total


def octets(text: str | float | int) -> float:
    """A size or a rate in octets (a second), from a number or from text like `64kbit/s`, `2MB/s`, `10MB`."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return float(text)
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMG]?(?:B|bit))?(?:/s)?", str(text).strip())
    if not found:
        raise ValueError(f"{text!r} is no size or rate; write a number and B, kB, MB or kbit/s, Mbit/s, as in 2Mbit/s")
    return float(found[1]) * OCTETS[found[2] or ""]


def clock(text: str | float | int, start_of_day: float = 0.0) -> float:
    """A moment in seconds since the world's start, from a length of time or a time of day (`10:30`, `1d 9:00`).

    Args:
        text: what the user wrote.
        start_of_day: the time of day at which the world starts, seconds after midnight.

    Raises:
        ValueError: saying what would do.
    """
    if isinstance(text, str) and (found := _CLOCK.fullmatch(text.strip())):
        days, hours, minutes, rest = (int(part or 0) for part in found.groups())
        if hours > 23 or minutes > 59 or rest > 59:
            raise ValueError(f"{text!r} is no time of day; write 0:00 to 23:59, a later day's as 1d 9:00")
        return days * 86400.0 + hours * 3600 + minutes * 60 + rest - start_of_day
    try:
        return seconds(text)
    except ValueError:
        wanted = "write 90s, 1h30m, 9:05 or 1d 9:00"
        raise ValueError(f"{text!r} is no length of time, and no time of day; {wanted}") from None


def told(duration: float) -> str:
    """A length of time for people: `2.5 s`, `4 min 10 s`, `2 d 3 h`."""
    if duration < 60:
        return f"{duration:.3g} s"
    parts = []
    left = round(duration)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if left >= size:
            parts.append(f"{left // size} {unit}")
            left %= size
    return " ".join(parts[:2])
