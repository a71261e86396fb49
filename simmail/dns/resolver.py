"""A caching resolver: asks the zones, remembers answers for their time to live, takes its time."""

from __future__ import annotations

from dataclasses import dataclass, field

from simmail.dns.zones import Zones
from simmail.mail.answers import DnsAnswer

NEGATIVE_TTL_S = 300.0
#: From so many answers on, those whose time is over are dropped now and then.
ROOM = 2048


@dataclass(slots=True)
class Resolver:
    """What a host asks for names.

    Args:
        zones: the world's name space.
        latency: seconds until an answer that is not in the cache.
        timeout: seconds until a question to a dead server is given up, all its tries together.
        caching: whether answers are remembered (RFC 1034 section 4.3.4).
        public: whether it is one that serves anybody, so that nobody can tell who asks.

    Attributes:
        asked: how many questions went out, not answered from the cache.
        fault: what is wrong with the server that it asks: `timeout`, `servfail`; "" for nothing.
        slower: so many times slower than usual that server is.
    """

    zones: Zones
    latency: float = 0.03
    timeout: float = 10.0
    caching: bool = True
    asked: int = 0
    fault: str = ""
    slower: float = 1.0
    public: bool = False
    _cache: dict[tuple[str, str], tuple[float, DnsAnswer]] = field(default_factory=dict)
    _room: int = ROOM

    def known(self, name: str, type: str, now: float) -> DnsAnswer | None:
        """The answer that is remembered; None where none is, or not any more."""
        found = self._cache.get((name, type))
        return found[1] if found is not None and found[0] > now else None

    def ask(self, name: str, type: str, now: float) -> tuple[DnsAnswer, float]:
        """The answer, and the seconds it takes."""
        known = self.known(name, type, now)
        if known is not None:
            return known, 0.0
        self.asked += 1
        answer, latency = self._found_out(name, type, now)
        if answer.temporary:
            return answer, self.timeout if answer.status == "timeout" else latency
        if self.caching:
            ttl = min((record.ttl for record in answer.records), default=NEGATIVE_TTL_S)
            if len(self._cache) >= self._room:
                self._drop_old(now)
            self._cache[name, type] = (now + latency + ttl, answer)
        return answer, latency

    def glance(self, name: str, type: str, now: float) -> tuple[str, ...]:
        """The data that a name has of a type, for who cannot wait: no time passes, and nothing is remembered."""
        answer = self.known(name, type, now) or self._found_out(name, type, now)[0]
        return tuple(record.data for record in answer.records)

    def _found_out(self, name: str, type: str, now: float) -> tuple[DnsAnswer, float]:
        """What the name's servers answer, and the seconds it takes them."""
        latency, answer = self.latency * self.slower * self.zones.slowness(name), None
        conduct = None if self.fault else self.zones.conduct(name.rstrip("."))
        if conduct is not None:
            latency = max(latency, conduct.latency)
            answer = conduct.refusal(self, name, type, now)
        if answer is None:
            answer = DnsAnswer(self.fault) if self.fault else self.zones.lookup(name.rstrip("."), type)
        if latency > self.timeout:
            answer = DnsAnswer("timeout")
        return answer, latency

    def _drop_old(self, now: float) -> None:
        """Keep only answers whose time is not over."""
        self._cache = {key: known for key, known in self._cache.items() if known[0] > now}
        self._room = max(ROOM, 2 * len(self._cache))

    def flush(self) -> None:
        """Forget everything."""
        self._cache.clear()
