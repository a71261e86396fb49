"""The operator of a DNS blocklist: traps, evidence, listings, delistings, and what becomes of lists in the end.

Spam that reaches a trap is evidence against the client that brought it.  Enough of it within a window lists the address
- or, of a fundamentalist, its whole network - after a lag, for as long as the list says.  A list is a DNS zone:
4.3.2.1.ZONE has an A record (127.0.0.2) and a TXT; the servers that ask it find that through their own resolvers and
keep it in their caches.  While it lives it lists 127.0.0.2, so that people can see that it does (RFC 5782 section 5).

Its servers take their time (`answers_in`), and do not answer everybody: a resolver that asks more than `free_queries`
times a day hears 127.255.255.255 about every address, one that serves anybody (`refuses_public`) 127.255.255.254. Who
takes each answer for a listing refuses all mail then; `reject_rbl_client ZONE=127.0.0.2` does not.

Lists make mistakes (`false_share` of the world's honest sites are listed as if they had sent spam), and lists end:
`closes` at a moment by silence (`empty`), by not answering (`timeout`), or by answering for everybody (`everybody`);
some have done one after the other.

Figures: list.*
"""

from __future__ import annotations

from collections import defaultdict, deque
from functools import partial
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simmail.mail.answers import DnsAnswer, DnsRecord
from simmail.mail.questions import Decision, Level, Note, Now, Sleep
from simmail.world.actors.actor import Actor, ActorSpec, name_in_dns
from simmail.world.actors.reception import Arrival, Reception
from simmail.world.actors.rhythm import DAY_S
from simmail.world.schema import Moment, Part, Seconds

if TYPE_CHECKING:
    from simmail.dns.zones import Asker
    from simmail.world.host import Host


#: What every list that lives has on it, and nobody's mail server is at (RFC 5782 section 5).
TEST_POINT = "127.0.0.2"


class Closing(Part):
    """How a list ends."""

    at: Moment
    how: Literal["empty", "timeout", "everybody"] = Field(description="silence, no answer, or everybody is listed")
    text: str = Field("", description="the TXT record for everybody; none by default")


class BlocklistSpec(ActorSpec):
    """A DNS blocklist and its operator."""

    kind: Literal["blocklist"]
    zone: str = Field(description="the DNS zone under which it answers")
    traps: list[str] = Field(default_factory=list, description="domains where nobody lives: all mail there is evidence")
    address: str = Field(description="of the traps' server")
    evidence: int = Field(1, ge=1, description="messages at the traps that list an address")
    within: Seconds = Field(86_400.0, gt=0, description="the time in which they have to come")
    lag: Seconds | None = Field(None, ge=0, description="from the last evidence to the listing")
    lasts: Seconds | None = Field(None, gt=0, description="from the last evidence to the delisting")
    networks: int = Field(32, ge=8, le=32, description="the prefix that is listed: 32 the address, 24 its network")
    false_share: float = Field(0.0, ge=0, le=1, description="the share of honest sites that are listed by mistake")
    answer: str = Field("127.0.0.2", description="the address it answers with")
    text: str = Field("listed by {zone}: {address} sent spam to a trap", description="the TXT record")
    answers_in: Seconds | None = Field(None, ge=0, description="until its servers' answer; over the time-out: never")
    free_queries: int | None = Field(
        None, ge=0, description="questions a day that one resolver may ask; no limit if unset"
    )
    refuses_public: bool = Field(False, description="whether it refuses resolvers that serve anybody")
    closes: Closing | list[Closing] = Field(
        default_factory=list, description="how and when it ends; several where it ends more than once"
    )


class Desk:
    """How a list's servers treat those who ask (a `simmail.dns.zones.Conduct`).

    Args:
        zone: theirs.
        latency: until their answer, seconds.
        free: questions a day that a resolver may ask; None for any number.
        refuses_public: whether resolvers that serve anybody are refused.
        ttl: of a refusal, seconds.
    """

    def __init__(self, zone: str, latency: float, free: int | None, refuses_public: bool, ttl: int) -> None:
        self.zone, self.latency, self.free, self.refuses_public, self.ttl = zone, latency, free, refuses_public, ttl
        self._asked: dict[tuple[int, int], int] = defaultdict(int)

    def refusal(self, asker: Asker, name: str, type: str, now: float) -> DnsAnswer | None:
        """The error code that a resolver hears; None for the truth."""
        if name.lower() == self.zone:
            return None
        if asker.public and self.refuses_public:
            return self._code(name, type, "127.255.255.254", "refused: asked by way of a public resolver")
        if self.free is None:
            return None
        day = id(asker), int(now // DAY_S)
        self._asked[day] += 1
        if self._asked[day] <= self.free:
            return None
        return self._code(name, type, "127.255.255.255", f"refused: more than {self.free} questions a day")

    def _code(self, name: str, type: str, code: str, text: str) -> DnsAnswer:
        data = {"A": code, "TXT": f"{self.zone}: {text}"}.get(type)
        if data is None:
            return DnsAnswer("nodata", (), name)
        return DnsAnswer("ok", (DnsRecord(name, type, data, self.ttl),), name)


class Blocklist(Actor[BlocklistSpec]):
    """One list.

    Attributes:
        listed: network (text of its first octets) -> since when, seconds since the start.
        closed: whether nobody minds it any more.
    """

    def settle(self) -> None:
        """Put up the traps."""
        spec = self.spec
        self.listed: dict[str, float] = {}
        self._evidence: dict[str, deque[float]] = defaultdict(deque)
        self._until: dict[str, float] = {}
        self.closed = False
        address = spec.address
        name = f"traps.{spec.zone}"
        self.traps: Host = self.host(name, (address,))
        name_in_dns(self.world, name, address)
        reception = Reception(self.traps, name, state="trapped")
        for domain in spec.traps:
            self.world.zones.add(DnsRecord(domain, "MX", name, 3600, 10))
            reception.domains[domain] = self.caught
        self.lag = self.figures["list.lag_s"] if spec.lag is None else spec.lag
        self.lasts = self.figures["list.ages_out_s"] if spec.lasts is None else spec.lasts
        latency = self.figures["list.answer_s"] if spec.answers_in is None else spec.answers_in
        ttl = int(self.figures["list.ttl_s"])
        self.world.zones.conducts[spec.zone.lower()] = Desk(
            spec.zone.lower(), latency, spec.free_queries, spec.refuses_public, ttl
        )
        self.world.zones.add(DnsRecord(spec.zone, "TXT", f"blocklist {spec.zone}", 3600))
        self._enter(TEST_POINT)

    def start(self) -> None:
        """Make the mistakes, and the end."""
        from simmail.world.actors.sites import Sites

        for actor in self.world.actors.values():
            if isinstance(actor, Sites):
                for site in actor.sites:
                    if self.drawn("mistake", site.domain) < self.spec.false_share:
                        for address in site.addresses:
                            self.list(self._network(address), 0.0)
        closes = self.spec.closes
        for closing in closes if isinstance(closes, list) else [closes]:
            self.world.clock.at(self.world.moment(closing.at), partial(self._close, closing))

    # ---- evidence

    def caught(self, arrival: Arrival) -> None:
        """A message came to a trap."""
        if not self.closed:
            self.accuse(arrival.client, arrival.time)

    def accuse(self, address: str, time: float) -> None:
        """Note evidence against an address, and act on it after the lag."""
        network = self._network(address)
        seen = self._evidence[network]
        seen.append(time)
        while seen[0] < time - self.spec.within:
            seen.popleft()
        if len(seen) >= self.spec.evidence:
            self._until[network] = time + self.lag + self.lasts
            if network not in self.listed:
                self.live(self.traps, self._act(network), time + self.lag)

    def _act(self, network: str) -> Decision[None]:
        yield Level()
        now: float = yield Now()
        if network in self.listed or self.closed:
            return
        self.list(network, now)
        yield Note("", "listed", "", self.spec.zone, network)
        while True:
            left = self._until[network] - (yield Now())
            if left <= 0:
                break
            yield Sleep(left)
            yield Level()
        self.delist(network)
        yield Note("", "delisted", "", self.spec.zone, network)

    # ---- the zone

    def _network(self, address: str) -> str:
        """What is listed for an address: `198.51.100.7`, or of a network its first octets, `198.51.100`."""
        return ".".join(address.split(".")[: (self.spec.networks + 7) // 8])

    def _owner(self, network: str) -> str:
        octets = network.split(".")
        return ".".join([*(["*"] if len(octets) < 4 else []), *reversed(octets), self.spec.zone])

    def list(self, network: str, now: float) -> None:
        """Put an address or a network on the list."""
        self._enter(network)
        self.listed[network] = now

    def _enter(self, network: str) -> None:
        owner, ttl = self._owner(network), int(self.figures["list.ttl_s"])
        text = self.spec.text.format(zone=self.spec.zone, address=network)
        self.world.zones.add(DnsRecord(owner, "A", self.spec.answer, ttl))
        self.world.zones.add(DnsRecord(owner, "TXT", text, ttl))

    def delist(self, network: str) -> None:
        """Take it off the list."""
        self._strike(network)
        self.listed.pop(network, None)
        self._evidence.pop(network, None)

    def _strike(self, network: str) -> None:
        owner = self._owner(network)
        for type in ("A", "TXT"):
            self.world.zones.remove(owner, type)

    def _close(self, closing: Closing) -> None:
        zone, zones, ttl = self.spec.zone, self.world.zones, int(self.figures["list.ttl_s"])
        zones.conducts.pop(zone.lower(), None)
        if closing.how == "timeout":
            zones.faults[zone.lower()] = "timeout"
            return
        for network in [*self.listed, TEST_POINT]:
            self.delist(network)
        self.closed = True
        if closing.how == "everybody":
            zones.add(DnsRecord(f"*.{zone}", "A", self.spec.answer, ttl))
            if closing.text:
                zones.add(DnsRecord(f"*.{zone}", "TXT", closing.text, ttl))
