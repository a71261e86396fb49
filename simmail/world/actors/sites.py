"""Sites: the honest rest of the Internet, whose people write to ours and read what ours write.

Each site has a domain, one mail server and some users.  Its server sends with the manners and the retry ladder of some
software (Exim, Postfix, a webmail pool, ...) and receives with a distrust of its own; a few have unclean DNS.
What the server cannot deliver until the end of its ladder its writer learns of, and the mail is lost.

Figures: software.*, ladder.*, pool.*, site.without_ptr, site.helo_wrong, mail.*, rhythm.*
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simmail.mail.answers import DnsRecord
from simmail.mail.questions import Decision, Level, Note, Now
from simmail.world.actors.actor import Actor, ActorSpec, addresses_of, name_in_dns
from simmail.world.actors.figures import Figures, known
from simmail.world.actors.ladder import ladder
from simmail.world.actors.letters import OFFICE, letter, worded
from simmail.world.actors.mailer import Manners, Parcel, keep_trying
from simmail.world.actors.reception import Arrival, Distrust, Reception
from simmail.world.actors.reputation import Reputation
from simmail.world.actors.rhythm import Weight, arrivals, flat, office, until
from simmail.world.actors.virus import Virus
from simmail.world.attachment import chosen, file_octets
from simmail.world.chance import along, choose, lognormal
from simmail.world.correspondence import Letter, answering

if TYPE_CHECKING:
    from random import Random

    from simmail.world.host import Host

#: Users of a site who write to others by name.
GIVEN_NAMES = tuple(
    "ann ben cleo dora emil fay gus hope ivan june karl lea max nora otto pia quinn rose sam tess".split()
)


class SitesSpec(ActorSpec):
    """Mail sites of other people."""

    kind: Literal["sites"]
    count: int = Field(1, ge=1, le=10_000, description="how many")
    domain: str = Field(description="their domains; {n} is the site's number")
    addresses: str = Field(description="the network their servers have addresses in")
    software: str = Field("mixed", description="what their servers run: postfix, exim, gmail, ...; mixed by default")
    users: int = Field(5, ge=1, le=len(GIVEN_NAMES), description="people at each site")
    writes_to: list[str] = Field(default_factory=list, description="addresses that they write to")
    per_day: float = Field(0.0, ge=0, description="messages a weekday that each site writes to these")
    attaches: list[str] = Field(default_factory=list, description="names of files that they send along")
    attached: float = Field(0.2, ge=0, le=1, description="the share of their mail that has one of these files with it")
    hours: Literal["office", "flat"] = Field("office", description="when they write")
    newsletter: bool = Field(False, description="whether they send newsletters, of which nobody expects an answer")
    asks: list[str] = Field(default_factory=list, description="the blocklists that they ask before they take mail")
    refuses_no_name: bool = Field(False, description="whether they refuse clients without a reverse name")
    refuses_dynamic: bool = Field(False, description="whether they refuse clients with a dynamic-looking name")
    catch_all: bool = Field(False, description="whether they take mail for whatever name at their domain")
    remembers: bool = Field(False, description="whether they refuse who has sent them spam, all of them together")
    replies: float | None = Field(None, ge=0, le=1, description="the share of mail that is answered")


class Site:
    """One of them: a domain with a server.

    Args:
        actor: the group it is of.
        number: which of it, from 1.
        domain: its domain.
        addresses: its server's, several for a pool.
        software: a `software.NAME` of the figures.
    """

    def __init__(self, actor: Sites, number: int, domain: str, addresses: tuple[str, ...], software: str) -> None:
        self.actor, self.number, self.domain, self.software = actor, number, domain, software
        self.addresses = addresses
        self.written = 0
        spec, figures = actor.spec, actor.figures
        self.server = f"mail.{domain}"
        self.host: Host = actor.host(self.server, addresses)
        named = actor.drawn("ptr", domain) >= figures["site.without_ptr"]
        honest = actor.drawn("helo", domain) >= figures["site.helo_wrong"]
        self.manners = Manners(self.server if honest else f"server{number}.local")
        zones = actor.world.zones
        zones.add(DnsRecord(domain, "MX", self.server, 3600, 10))
        for index, address in enumerate(addresses):
            name = self.server if index == 0 else f"out{index}.{domain}"
            name_in_dns(actor.world, name, address, None if named else "")
        self.reception = Reception(
            self.host,
            self.server,
            Distrust(tuple(spec.asks), spec.refuses_no_name, spec.refuses_dynamic, actor.reputation),
        )
        self.people = [f"{name}@{domain}" for name in GIVEN_NAMES[: spec.users]]
        self.reception.domains[domain] = self.read if spec.catch_all else None
        for address in (*self.people, f"postmaster@{domain}"):
            self.reception.users[address] = self.read

    # ---- reading

    def read(self, arrival: Arrival) -> None:
        """Somebody reads what has come, and may answer it."""
        actor = self.actor
        kind = actor.world.truth.kind(arrival.identity)
        if actor.reputation is not None and kind in ("spam", "virus"):
            actor.reputation.reported(arrival.client, arrival.time)
        if kind == "virus":
            virus = Virus.of(actor.world, arrival.identity)
            if virus is not None:
                book = [*(p for p in self.people if p != arrival.recipient), *actor.spec.writes_to]
                virus.looked_at(arrival.recipient, self.host, arrival.identity, arrival.time, book, None)
            return
        share = actor.figures["mail.replied_share"] if actor.spec.replies is None else actor.spec.replies
        if not arrival.sender or kind not in ("wanted", "reply") or actor.drawn("reply?", arrival.identity) >= share:
            return
        wait = lognormal(
            actor.drawn("reply when", arrival.identity),
            actor.figures["mail.reply_median_s"],
            actor.figures["mail.reply_sigma"],
        )
        actor.live(self.host, self._reply(arrival), arrival.time + wait)

    def _reply(self, arrival: Arrival) -> Decision[None]:
        yield Level()
        letter = Letter(arrival.content.text(), arrival.time)
        rng = self.actor.world.rng("reply", arrival.identity)
        title, headers = answering(letter.subject), tuple(letter.threading)
        to = letter.answers_to or arrival.sender
        parcel = yield from self.write(arrival.recipient, to, "reply", title, rng, headers)
        yield from self.send(parcel)

    # ---- writing

    def write(
        self, author: str, to: str, kind: str, subject: str, rng: Random, headers: tuple[str, ...] = ()
    ) -> Decision[Parcel]:
        """Write a message; it is recorded with its kind."""
        world = self.actor.world
        now: float = yield Now()
        self.written += 1
        identity = f"<{world.calendar.stamp(now)}.{self.written}@{self.server}>"
        text = [worded(OFFICE, rng, OFFICE.sentences) for _ in range(rng.randrange(1, 5))]
        size = along(rng.random(), Figures.pairs("mail.size_octets"))
        size = min(size, 60_000)
        spec = self.actor.spec
        files = chosen(self.actor.drawn("attaches", identity), spec.attached, spec.attaches, file_octets(size))
        content = letter(world.calendar, now, identity, author, [to], subject, text, size, files, headers)
        world.truth.kinds[identity] = kind
        yield Note("", "composed", "", identity, author, (to,), subject, content.size, kind, self.actor.name)
        return Parcel(identity, author, (to,), content, kind)

    def send(self, parcel: Parcel) -> Decision[None]:
        """Try until it is delivered, refused, or the ladder ends."""
        rng = self.actor.world.rng("send", parcel.identity)
        yield from keep_trying(parcel, ladder(self.software), self.manners, self.addresses, rng)

    def days(self, to: list[str], per_day: float, weight: Weight) -> Decision[None]:
        """Write to others, day by day."""
        rng = self.actor.stream("writes", self.domain)
        kind = "newsletter" if self.actor.spec.newsletter else "wanted"
        for moment in arrivals(rng, per_day, weight, 0.0):
            yield from until(moment)
            author, recipient = rng.choice(self.people), rng.choice(to)
            subject = worded(OFFICE, rng, OFFICE.subjects)
            parcel = yield from self.write(author, recipient, kind, subject, rng)
            self.actor.live(self.host, self.send(parcel), moment)


class Sites(Actor[SitesSpec]):
    """A group of sites.

    Attributes:
        sites: each of them.
        reputation: what they remember of clients together; None for nothing.
    """

    sites: list[Site]

    def settle(self) -> None:
        """Give each site its domain, server and software."""
        spec = self.spec
        self.reputation = Reputation(self.figures) if spec.remembers else None
        chosen = [spec.software] * spec.count
        if spec.software == "mixed":
            shares = self.figures.shares("software")
            names, weights = list(shares), list(shares.values())
            chosen = [choose(self.drawn("software", str(n)), names, weights) for n in range(1, spec.count + 1)]
        pools = [self._pool(software) for software in chosen]
        free = iter(addresses_of(spec.addresses, sum(pools), f"actors.{self.name}.addresses"))
        self.sites = [
            Site(
                self, number, spec.domain.replace("{n}", str(number)), tuple(next(free) for _ in range(size)), software
            )
            for number, (software, size) in enumerate(zip(chosen, pools, strict=True), 1)
        ]

    @staticmethod
    def _pool(software: str) -> int:
        figure = known().get(f"pool.{software}")
        return int(figure.value) if figure else 1

    def start(self) -> None:
        """Let their people write."""
        spec = self.spec
        weight = office(self.world.calendar, self.figures) if spec.hours == "office" else flat
        if spec.writes_to and spec.per_day:
            for site in self.sites:
                self.live(site.host, site.days(spec.writes_to, spec.per_day, weight))
