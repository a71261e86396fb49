"""Dates of the simulated world: seconds since its start, as the texts that mail and logs use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Calendar:
    """Turns simulated seconds into dates; every host of a world keeps the same time, UTC.

    Args:
        start: the moment at which the world's clock shows 0 s.

    >>> Calendar(datetime(2026, 11, 22, 9, 0, tzinfo=UTC)).header(90.0)
    'Sun, 22 Nov 2026 09:01:30 +0000 (UTC)'
    """

    def __init__(self, start: datetime) -> None:
        self.start = start if start.tzinfo else start.replace(tzinfo=UTC)
        self.epoch = self.start.timestamp()
        self._second = lru_cache(4096)(self._moment)
        self._header = lru_cache(4096)(self._header_of)
        self._asctime = lru_cache(4096)(self._asctime_of)

    def _moment(self, second: int) -> datetime:
        return self.start + timedelta(seconds=second)

    def at(self, now: float) -> datetime:
        """The whole second in which `now` (s since start) falls."""
        return self._second(int(now // 1))

    def unix(self, now: float) -> float:
        """Seconds since 1970, as time(2) would tell."""
        return self.epoch + now

    def header(self, now: float) -> str:
        """A date of a message header, with the zone's name as Postfix writes it (RFC 5322 section 3.3)."""
        return self._header(int(now // 1))

    def _header_of(self, second: int) -> str:
        t = self._second(second)
        return (
            f"{DAYS[t.weekday()]}, {t.day:2d} {MONTHS[t.month - 1]} {t.year} "
            f"{t.hour:02d}:{t.minute:02d}:{t.second:02d} +0000 (UTC)"
        )

    def asctime(self, now: float) -> str:
        """A date as asctime(3) gives it: mbox From_ lines, queue listings."""
        return self._asctime(int(now // 1))

    def _asctime_of(self, second: int) -> str:
        t = self._second(second)
        return (
            f"{DAYS[t.weekday()]} {MONTHS[t.month - 1]} {t.day:2d} {t.hour:02d}:{t.minute:02d}:{t.second:02d} {t.year}"
        )

    def syslog(self, now: float) -> str:
        """A time stamp of the log: `Nov 22 09:01:30` (RFC 3164 section 4.1.2)."""
        t = self.at(now)
        return f"{MONTHS[t.month - 1]} {t.day:2d} {t.hour:02d}:{t.minute:02d}:{t.second:02d}"

    def stamp(self, now: float) -> str:
        """Fourteen digits, as in a Message-Id that Postfix adds."""
        t = self.at(now)
        return f"{t.year:04d}{t.month:02d}{t.day:02d}{t.hour:02d}{t.minute:02d}{t.second:02d}"
