"""What fails and comes back: hosts, links, whole parts of the network, name servers, disks; by plan or by chance.

A fault lasts until it is mended.  Faults of the same thing may overlap: it works again when the last of them is over.
Faults by chance come after exponential times and last for exponential times, both drawn from streams of their own, so
that they are the same whatever else differs between two runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from simmail.mail.errors import InputError
from simmail.world.schema import Moment, Part, Seconds

if TYPE_CHECKING:
    from simmail.world.world import World

#: What may fail, and how it may; the first is what is meant where nothing is said.
WAYS: dict[str, tuple[str, ...]] = {
    "host": ("down",),
    "link": ("cut", "lossy"),
    "partition": ("cut",),
    "dns": ("timeout", "servfail", "refused", "slow"),
    "resolver": ("timeout", "servfail", "slow"),
    "disk": ("full", "broken", "slow"),
}
#: What the system says of a disk.
DISK_TROUBLE = {"full": "No space left on device", "broken": "Input/output error"}


class FaultSpec(Part):
    """Something that fails and comes back."""

    at: Moment | None = Field(None, description="when it fails; with `every`, when that may begin")
    until: Moment | None = Field(None, description="when it is mended; with `every`, when that has an end")
    every: Seconds | None = Field(None, gt=0, description="by chance: the mean time that it works, for example 6h")
    lasts: Seconds | None = Field(None, gt=0, description="by chance: the mean time that it does not")
    host: str | None = Field(None, description="a host that is down")
    link: tuple[str, str] | None = Field(None, description="a link that is cut, or loses packets")
    partition: list[str] | None = Field(None, description="sites that are cut off from all others")
    dns: str | None = Field(None, description="a name at and below which nothing can be looked up, or only slowly")
    resolver: str | None = Field(None, description="a host whose name server fails")
    disk: str | None = Field(None, description="a host whose disk fails")
    how: str = Field("", description="in which way: " + "; ".join(f"{k}: {', '.join(v)}" for k, v in WAYS.items()))
    loss: float = Field(0.2, gt=0, lt=1, description="of a lossy link: the part of packets lost")
    times: float = Field(20.0, gt=1, description="of something slow: so many times slower")

    @model_validator(mode="after")
    def _checked(self) -> Self:
        named = [kind for kind in WAYS if getattr(self, kind) is not None]
        if len(named) != 1:
            raise ValueError(f"a fault is of one thing; name one of {', '.join(WAYS)}")
        ways = WAYS[named[0]]
        self.how = self.how or ways[0]
        if self.how not in ways:
            raise ValueError(f"how: a {named[0]} fails in one of these ways: {', '.join(ways)}; not {self.how!r}")
        if (self.every is None) != (self.lasts is None):
            raise ValueError("a fault by chance needs both `every` and `lasts`")
        if self.every is None and self.at is None:
            raise ValueError("say when: `at`, or `every` and `lasts`")
        return self

    def names(self) -> Iterator[tuple[str, str, str]]:
        """What it names: what that must be (`host`, `site or host`), the name, and the field."""
        for field in ("host", "resolver", "disk"):
            if name := getattr(self, field):
                yield "host", name, field
        for field in ("partition", "link"):
            for name in getattr(self, field) or ():
                yield "site or host", name, field


class Faults:
    """The faults of one world; each method lets something fail, or mends it, now.

    Args:
        world: whose they are.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._down: Counter[tuple[str, ...]] = Counter()
        self._dns: dict[str, list[str]] = {}

    def _turn(self, key: tuple[str, ...], fails: bool) -> bool:
        """Count faults of one thing; whether its state changes with this one."""
        before = self._down[key]
        self._down[key] = max(0, before + (1 if fails else -1))
        return (before == 0) if fails else (before == 1)

    def host(self, name: str, fails: bool = True) -> None:
        """A computer loses its power, or gets it back."""
        host = self.world.host(name)
        if self._turn(("host", name), fails):
            if fails:
                host.crash()
            else:
                host.boot()

    def link(self, a: str, b: str, fails: bool = True) -> None:
        """A link is cut, or joined again."""
        if not self.world.network.graph.has_edge(a, b):
            raise InputError(f"link {a} - {b}", "is not in this world", "name the two ends of a link")
        if self._turn(("link", *sorted((a, b))), fails):
            self.world.network.set_link(a, b, not fails)

    def lossy(self, a: str, b: str, loss: float, fails: bool = True) -> None:
        """A link loses more packets than it does otherwise, or no longer."""
        edge = self.world.network.graph.edges[a, b]
        usual = edge.setdefault("usual_loss", edge["loss"])
        if self._turn(("loss", *sorted((a, b))), fails):
            self.world.network.set_loss(a, b, max(loss, usual) if fails else usual)

    def partition(self, sites: Iterable[str], fails: bool = True) -> None:
        """Sites are cut off from all that is not one of them, or joined to it again."""
        graph = self.world.network.graph
        inside = set(sites)
        inside |= {n for site in sorted(inside) for n in graph.neighbors(site) if graph.nodes[n]["kind"] == "host"}
        for a, b in sorted(tuple(sorted(edge)) for edge in graph.edges if len(inside.intersection(edge)) == 1):
            self.link(a, b, fails)

    def dns(self, name: str, how: str = "timeout", times: float = 20.0, fails: bool = True) -> None:
        """Nothing at and below a name can be looked up, or only slowly, or it can again."""
        name = name.rstrip(".").lower()
        zones = self.world.zones
        if how == "slow":
            if self._turn(("slow", name), fails):
                if fails:
                    zones.slower[name] = times
                else:
                    del zones.slower[name]
            return
        ways = self._dns.setdefault(name, [])
        if fails:
            ways.append(how)
        elif how in ways:
            ways.remove(how)
        if ways:
            zones.faults[name] = ways[-1]
        else:
            zones.faults.pop(name, None)

    def resolver(self, name: str, how: str = "timeout", times: float = 20.0, fails: bool = True) -> None:
        """The name server that a host asks does not answer, or only slowly, or does again."""
        resolver = self.world.host(name).resolver
        if self._turn(("resolver", name), fails):
            resolver.fault = how if fails and how != "slow" else ""
            resolver.slower = times if fails and how == "slow" else 1.0

    def disk(self, name: str, how: str = "full", times: float = 20.0, fails: bool = True) -> None:
        """A mail server's disk is full, broken or slow, or works again."""
        master = self.world.host(name).master
        if master is None:
            raise InputError(f"disk of {name}", "is no mail server's", "name a host that runs Postfix")
        if self._turn(("disk", name), fails):
            master.intake.trouble = DISK_TROUBLE.get(how, "") if fails else ""
            master.intake.disk.slower = times if fails and how == "slow" else 1.0

    # ---- by plan and by chance

    def plan(self, spec: FaultSpec, number: int) -> None:
        """Appoint what `world.yaml` says.

        Args:
            spec: the fault.
            number: its place in the list, by which its chance is drawn.

        Raises:
            InputError: for a moment that cannot be, and an end that does not come after the beginning.
        """
        moment = self.world.moment
        turn = self._turner(spec)
        begin = moment(spec.at) if spec.at is not None else 0.0
        end = moment(spec.until) if spec.until is not None else float("inf")
        if end <= begin:
            found = f"{spec.until} is not after the fault's beginning, {spec.at or 'the start'}"
            raise InputError("until", found, f"the next day's would be 1d {spec.until}")
        if spec.every is None:
            self.world.clock.at(begin, lambda: turn(True))
            if end < float("inf"):
                self.world.clock.at(end, lambda: turn(False))
            return
        self._by_chance(turn, begin, end, spec.every, spec.lasts or 0.0, number)

    def _by_chance(
        self, turn: Callable[[bool], None], begin: float, end: float, every: float, lasts: float, number: int
    ) -> None:
        rng = self.world.rng("fault", str(number))

        def appoint(now: float) -> None:
            fails = now + rng.expovariate(1 / every)
            mended = fails + rng.expovariate(1 / lasts)
            if fails < end:
                self.world.clock.at(fails, lambda: turn(True))
                self.world.clock.at(min(mended, end), lambda: turned_back(mended))

        def turned_back(now: float) -> None:
            turn(False)
            appoint(now)

        appoint(begin)

    def _turner(self, spec: FaultSpec) -> Callable[[bool], None]:
        """What a spec does: given True it lets the thing fail, given False it mends it."""
        if spec.host is not None:
            name = spec.host
            return lambda fails: self.host(name, fails)
        if spec.link is not None:
            a, b = spec.link
            if spec.how == "lossy":
                return lambda fails: self.lossy(a, b, spec.loss, fails)
            return lambda fails: self.link(a, b, fails)
        if spec.partition is not None:
            sites = tuple(spec.partition)
            return lambda fails: self.partition(sites, fails)
        if spec.dns is not None:
            zone = spec.dns
            return lambda fails: self.dns(zone, spec.how, spec.times, fails)
        if spec.resolver is not None:
            host = spec.resolver
            return lambda fails: self.resolver(host, spec.how, spec.times, fails)
        assert spec.disk is not None
        disk = spec.disk
        return lambda fails: self.disk(disk, spec.how, spec.times, fails)
