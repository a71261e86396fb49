"""Worlds of many sites, written as an ordinary world's folder: to be run, looked at, and changed by hand.

Providers carry for each other; on them hang companies with a mail server each, some with a branch office that sends
through head office, and access networks whose users at home sit behind a gateway and send through their
provider's server.  People everywhere write to each other, to popular places more than to others (Zipf).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from pathlib import Path
from random import Random
from typing import NamedTuple

from simmail.mail.errors import InputError
from simmail.mail.hostnames import reverse_name
from simmail.network.builders import PER_PROVIDER, Wire, access, providers
from simmail.world.actors.sites import GIVEN_NAMES

#: The shares of sites that are companies, companies with a branch, and access networks with home users.
SHARES = {"company": 0.70, "branched": 0.15, "access": 0.15}
#: People that one of them knows elsewhere.
ACQUAINTANCES = 8
MAIN_CF = """\
compatibility_level = 3.6
myhostname = {host}
mydomain = {domain}
myorigin = $mydomain
mydestination = $myhostname, $mydomain, localhost
mynetworks = 127.0.0.0/8, {inside}
relayhost = {relayhost}
alias_maps =
smtpd_helo_required = yes
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, reject_unknown_sender_domain
"""


class Place(NamedTuple):
    """One site of mail.

    Args:
        number: from 1.
        kind: as in SHARES.
    """

    number: int
    kind: str

    @property
    def domain(self) -> str:
        """Its mail domain."""
        return f"site{self.number}.example"

    @property
    def server(self) -> str:
        """Its mail server."""
        return f"mail.{self.domain}"

    def address(self, last: int) -> str:
        """One of its public addresses."""
        return f"198.{18 + self.number // 256 % 2}.{self.number % 256}.{self.number // 512 * 16 + last}"

    @property
    def inside(self) -> str:
        """The network of its people's computers."""
        return f"10.{self.number // 256}.{self.number % 256}.0/25"

    @property
    def branch(self) -> str:
        """The network of its branch."""
        return f"10.{self.number // 256}.{self.number % 256}.128/25"


def build(folder: Path, sites: int, seed: int = 1, people: int = 3, per_day: float = 20.0) -> Path:
    """Write a random world.

    Args:
        folder: to be made; must not hold a world yet.
        sites: places with mail, 1 to 4000.
        seed: from which all is drawn.
        people: at each.
        per_day: messages a weekday that each of them writes.

    Returns: the folder.

    Raises:
        InputError: where there is a world already, or the number cannot be.
    """
    if (folder / "world.yaml").exists():
        raise InputError(str(folder), "holds a world already", "name another folder")
    if not 1 <= sites <= 4000:
        raise InputError("sites", f"{sites} cannot be built", "from 1 to 4000")
    if not 1 <= people <= len(GIVEN_NAMES):
        raise InputError("people", f"{people} cannot be", f"from 1 to {len(GIVEN_NAMES)}")
    if not 0 <= per_day < inf:
        raise InputError("per day", f"{per_day:g} messages cannot be", "0 or more")
    rng = Random(f"{seed}/builder")
    carriers, wires = providers(max(1, sites // PER_PROVIDER), rng)
    places = [Place(n, rng.choices(list(SHARES), list(SHARES.values()))[0]) for n in range(1, sites + 1)]
    for place in places:
        wires += _links(place, carriers, rng)
    nodes = [*carriers, *(name for place in places for name in _sites(place))]
    text = [
        f"title: {sites} sites", "start: 2026-03-02 00:00", "length: 1d", f"study: {places[0].server}",
        "sites:", *(f"- {name}" for name in nodes),
        "links:", *(_link(wire) for wire in wires),
        "hosts:", *(line for place in places for line in _hosts(place)),
        "actors:", *(line for place in places for line in _people(place, places, rng, people, per_day)),
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "world.yaml").write_text("\n".join(text) + "\n", encoding="utf-8")
    for place in places:
        for host, main_cf in _configurations(place):
            path = folder / "hosts" / host / "etc/postfix/main.cf"
            path.parent.mkdir(parents=True)
            path.write_text(main_cf, encoding="utf-8")
    (folder / "zones").mkdir()
    (folder / "zones/world.zone").write_text("\n".join(_names(places)) + "\n", encoding="utf-8")
    return folder


def _sites(place: Place) -> list[str]:
    return [f"site{place.number}", *([f"branch{place.number}"] if place.kind == "branched" else [])]


def _links(place: Place, carriers: list[str], rng: Random) -> Iterator[Wire]:
    yield access(f"site{place.number}", "hosting" if place.kind == "access" else "company", carriers, rng)
    if place.kind == "branched":
        yield access(f"branch{place.number}", "branch", carriers, rng)


def _link(wire: Wire) -> str:
    a, b = wire.ends
    return f"- {{between: [{a}, {b}], latency: {wire.latency:.4f}, bandwidth: {wire.bandwidth:.0f}}}"


def _hosts(place: Place) -> Iterator[str]:
    site = f"site{place.number}"
    yield f"  {place.server}: {{site: {site}, address: {place.address(1)}}}"
    if place.kind == "branched":
        yield f"  branch.{place.domain}: {{site: branch{place.number}, address: {place.address(2)}}}"
    if place.kind == "access":
        yield f"  gate.{place.domain}: {{site: {site}, address: {place.address(3)}}}"


def _people(place: Place, places: list[Place], rng: Random, people: int, per_day: float) -> Iterator[str]:
    """Those who live there, and whom they know: numbers of places are drawn by rank, the first the most popular."""
    ranks = [1 / rank for rank in range(1, len(places) + 1)]
    known = rng.choices(places, ranks, k=ACQUAINTANCES)
    friends = sorted({f"{rng.choice(GIVEN_NAMES[:people])}@{other.domain}" for other in known if other is not place})
    behind = f" behind: gate.{place.domain}," if place.kind == "access" else ""
    yield f"  people{place.number}:"
    yield f"    {{kind: staff, site: site{place.number}, count: {people}, domain: {place.domain},{behind}"
    yield f"     server: {place.server}, addresses: {place.inside}, per_day: {per_day:g}, fetches: 1h,"
    yield f"     writes_to: [{', '.join(friends)}]}}"
    if place.kind == "branched":
        office = ", ".join(f"{name}@{place.domain}" for name in GIVEN_NAMES[:people])
        yield f"  branch{place.number}:"
        yield f"    {{kind: staff, site: branch{place.number}, count: 1, domain: branch.{place.domain},"
        yield f"     server: branch.{place.domain}, addresses: {place.branch}, per_day: {per_day:g}, fetches: 1h,"
        yield f"     writes_to: [{', '.join([office, *friends])}]}}"


def _configurations(place: Place) -> Iterator[tuple[str, str]]:
    inside = [place.inside]
    if place.kind == "branched":
        inside.append(f"{place.address(2)}/32")
    if place.kind == "access":
        inside.append(f"{place.address(3)}/32")
    yield place.server, MAIN_CF.format(host=place.server, domain=place.domain, inside=", ".join(inside), relayhost="")
    if place.kind == "branched":
        host = f"branch.{place.domain}"
        yield host, MAIN_CF.format(host=host, domain=host, inside=place.branch, relayhost=f"[{place.server}]")


def _names(places: list[Place]) -> Iterator[str]:
    for place in places:
        yield f"{place.domain}. 3600 IN MX 10 {place.server}."
        known = [(place.server, place.address(1))]
        if place.kind == "branched":
            known.append((f"branch.{place.domain}", place.address(2)))
        if place.kind == "access":
            known.append((f"gate.{place.domain}", place.address(3)))
        for name, address in known:
            yield f"{name}. 3600 IN A {address}"
            yield f"{reverse_name(address)}. 3600 IN PTR {name}."
