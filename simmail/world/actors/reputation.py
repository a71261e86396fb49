"""What a big provider remembers of clients by itself, without any list: who has sent its users spam.

Readers report what they did not want.  So many reports of one address within a day, and after a while the provider
refuses that address, good mail and bad alike.  Some time after the last report it is heard again: nobody has to ask
for that, and nobody can.

Figures: reputation.*
"""

from __future__ import annotations

from collections import deque

from simmail.world.actors.figures import Figures
from simmail.world.actors.rhythm import DAY_S


class Reputation:
    """One provider's memory of clients.

    Args:
        figures: of the world.
    """

    def __init__(self, figures: Figures) -> None:
        self._reports = int(figures["reputation.reports"])
        self._lag, self._lasts = figures["reputation.lag_s"], figures["reputation.lasts_s"]
        self._seen: dict[str, deque[float]] = {}
        self._bad: dict[str, tuple[float, float]] = {}

    def reported(self, client: str, now: float) -> None:
        """A reader did not want what an address sent."""
        seen = self._seen.setdefault(client, deque())
        seen.append(now)
        while seen[0] < now - DAY_S:
            seen.popleft()
        if len(seen) >= self._reports:
            since = self._bad[client][0] if client in self._bad else now + self._lag
            self._bad[client] = since, now + self._lag + self._lasts

    def refuses(self, client: str, now: float) -> bool:
        """Whether an address is refused at a moment (s)."""
        if client not in self._bad:
            return False
        since, until = self._bad[client]
        if now >= until:
            del self._bad[client]
            self._seen.pop(client, None)
            return False
        return now >= since
