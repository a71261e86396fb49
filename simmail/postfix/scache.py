"""NAME
    scache - the connections that delivery agents leave open for one another

DESCRIPTION
    A connection is kept under the label of its server, and found by that; of several the one that was kept first is
    handed out first.  Besides, a destination may be bound to the server that its mail went to last, so that servers
    that do not answer need not be tried again; a binding is no connection, and outlives the one it was made with.

    What has been kept for as long as it may is closed without another word.  Times count in whole seconds.

PARAMETERS
    connection_cache_ttl_limit

BUGS
    The statistics that the real program logs every ten minutes are not written.

SEE ALSO
    scache(8), CONNECTION_CACHE_README
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple


class Kept(NamedTuple):
    """A connection, and until when it is kept: seconds since the start of the world."""

    what: Any
    until: float


class ConnectionCache:
    """What one scache(8) holds.

    Args:
        limit: connection_cache_ttl_limit, seconds.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self._connections: dict[Hashable, list[Kept]] = {}
        self._bindings: dict[Hashable, dict[tuple[Hashable, Any], float]] = {}

    def keep(self, endpoint: Hashable, what: Any, seconds: float, now: float) -> float:
        """Keep a connection, `seconds` at most; how long it may stay, seconds."""
        seconds = min(seconds, self.limit)
        self._connections.setdefault(endpoint, []).append(Kept(what, int(now) + seconds))
        return seconds

    def bind(self, nexthop: Hashable, endpoint: Hashable, what: Any, seconds: float, now: float) -> None:
        """Remember for a destination which server took its mail; `what` is handed out with a connection to it."""
        bound = self._bindings.setdefault(nexthop, {})
        bound[endpoint, what] = int(now) + min(seconds, self.limit)

    def take(self, endpoint: Hashable, now: float) -> Any:
        """Hand out a connection to a server; None where there is none."""
        kept = self._connections.get(endpoint, ())
        return next((self._out(endpoint, one) for one in kept if int(now) < one.until), None)

    def take_bound(self, nexthop: Hashable, now: float) -> tuple[Any, Any] | None:
        """Hand out a connection to a server that a destination is bound to, and what was bound; None for none."""
        for (endpoint, what), until in self._bindings.get(nexthop, {}).items():
            found = self.take(endpoint, now) if int(now) < until else None
            if found is not None:
                return found, what
        return None

    def expired(self, endpoint: Hashable, what: Any, nexthop: Hashable, now: float) -> bool:
        """Forget what has been kept, and bound, for long enough; whether the connection was still there."""
        bound = self._bindings.get(nexthop, {})
        for binding in [binding for binding, until in bound.items() if until <= int(now)]:
            del bound[binding]
        if not bound:
            self._bindings.pop(nexthop, None)
        kept = self._connections.get(endpoint, ())
        return any(self._out(endpoint, one) is what for one in kept if one.what is what)

    def all(self) -> list[Any]:
        """Hand out everything."""
        found = [one.what for kept in self._connections.values() for one in kept]
        self._connections.clear()
        self._bindings.clear()
        return found

    def _out(self, endpoint: Hashable, one: Kept) -> Any:
        kept = self._connections[endpoint]
        kept[:] = [other for other in kept if other is not one]
        if not kept:
            del self._connections[endpoint]
        return one.what
