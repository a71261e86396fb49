"""NAME
    anvil - session counts and request rates

DESCRIPTION
    Counts, for each client of each service, the connections that are open now, and the events (connections, messages,
    recipients, ...) of the present time unit.  A time unit begins with a client's first event after the last one ended,
    and all of a client's rates begin anew with it.  A reload begins another anvil(8); older sessions count in theirs.

PARAMETERS
    anvil_rate_time_unit

BUGS
    The statistics that the real program logs every ten minutes are not written.

SEE ALSO
    anvil(8), TUNING_README
"""

from __future__ import annotations

from simmail.mail.answers import AnvilCounts


class _Remote:
    """What is known of one client of one service."""

    __slots__ = ("connections", "rates", "start")

    def __init__(self, now: float) -> None:
        self.connections, self.start = 0, now
        self.rates: dict[str, int] = {}


class AnvilCounters:
    """The counters of one host.

    Args:
        time_unit: anvil_rate_time_unit, seconds.
    """

    def __init__(self, time_unit: float) -> None:
        self.time_unit = time_unit
        self._remotes: dict[tuple[str, str, int], _Remote] = {}
        self._swept = 0.0

    def count(self, event: str, service: str, client: str, generation: int, now: float) -> AnvilCounts:
        """Count one event (see `simmail.mail.questions.Anvil`); the client's counts with it."""
        if now > self._swept + self.time_unit:
            self._sweep(now)
        key = (service, client, generation)
        remote = self._remotes.get(key)
        if remote is None:
            remote = self._remotes[key] = _Remote(now)
        if event == "disconnect":
            remote.connections = max(0, remote.connections - 1)
            return AnvilCounts(remote.connections, remote.rates.get("connect", 0))
        if int(remote.start) + self.time_unit < int(now):
            remote.start = now
            remote.rates.clear()
        if event == "connect":
            remote.connections += 1
        rate = remote.rates[event] = remote.rates.get(event, 0) + 1
        return AnvilCounts(remote.connections, rate)

    def _sweep(self, now: float) -> None:
        """Forget clients that have been gone for a time unit."""
        self._swept = now
        self._remotes = {
            key: remote
            for key, remote in self._remotes.items()
            if remote.connections or remote.start + self.time_unit >= now
        }
