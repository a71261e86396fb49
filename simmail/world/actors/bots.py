"""Bots: trojaned PCs with an SMTP engine of their own, that write to other people's servers directly.

A campaign has a list of addresses and a pool of PCs behind dynamic addresses.  Messages go out at an even pace, each
from some PC of the pool.  How the engine behaves is its *breed*:

    trojan      greets with whatever, forges its sender, mostly does not come back
    retrying    as a trojan, but comes back after a temporary refusal
    polite      greets with the PC's own name and comes back
    snowshoe    rented addresses with clean names, a little from each, comes back
    dictionary  tries names at a domain, many in one session

A campaign is run for money.  Each hour its owner looks at what became of it: where less than `pays` of the messages was
taken he stops, and comes back after `rest` to see; where many were put off (4xx) he may teach his bots to come back
(`adapts: retry`), where many were refused to change their names (`adapts: names`).

Figures: bot.*, spam.*
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import Field

from simmail.mail.questions import Decision, Level, Note, Now, Sleep
from simmail.world.actors.actor import Actor, ActorSpec, addresses_of, name_in_dns
from simmail.world.actors.figures import Figures
from simmail.world.actors.mailer import Manners, Parcel, Verdict, exchangers, hand_over
from simmail.world.actors.rhythm import arrivals, flat, until
from simmail.world.actors.spam import GUESSES, forged, greeting, spam, targets
from simmail.world.chance import choose
from simmail.world.schema import Moment, Seconds

if TYPE_CHECKING:
    from random import Random

    from simmail.world.host import Host

HOUR_S = 3600.0
#: Best first, or worst first: a backup MX often knows and refuses less than the server it stands in for.
ORDER = {"best": 1, "last": -1}
#: Fewer messages than this in an hour tell the owner nothing.
TELLING = 5


class Breed(NamedTuple):
    """How an engine behaves.

    Args:
        named: whether it greets with the PC's own name.
        forges: whether its senders are others.
        returns: `measured` (bot.tries), or `always`.
        batch: recipients tried in one session.
        guesses: whether recipients are made up.
    """

    named: bool
    forges: bool
    returns: Literal["measured", "always"]
    batch: int = 1
    guesses: bool = False


BREEDS = {
    "trojan": Breed(False, True, "measured"),
    "retrying": Breed(False, True, "always"),
    "polite": Breed(True, True, "always"),
    "snowshoe": Breed(True, False, "always"),
    "dictionary": Breed(False, True, "measured", 10, True),
}


class BotsSpec(ActorSpec):
    """A campaign that is sent by bots."""

    kind: Literal["bots"]
    breed: Literal["trojan", "retrying", "polite", "snowshoe", "dictionary"] = Field(
        "trojan", description="how they behave"
    )
    count: int = Field(50, ge=1, le=60_000, description="how many PCs")
    addresses: str = Field(description="the network they are in")
    names: str = Field(
        "dsl-{a}-{b}-{c}-{d}.access.example", description="their reverse names; {a} to {d}: the address; empty for none"
    )
    targets: list[str] = Field(min_length=1, description="addresses on the spammer's list")
    per_day: float = Field(100.0, ge=0, description="messages a day, from all of them together")
    forges: list[str] = Field(default_factory=list, description="domains, or addresses, in whose names they send")
    calls: Literal["best", "last"] = Field("best", description="which of a domain's mail servers they call first")
    begin: Seconds = Field(0.0, ge=0, description="when the campaign begins, after the world's start")
    adapts: list[Literal["retry", "names"]] = Field(default_factory=list, description="what its owner learns")
    pays: float = Field(0.0, ge=0, le=1, description="the share that must be taken for it to go on")
    rest: Seconds = Field(86_400.0, gt=0, description="how long the owner waits where it does not pay")
    until: Moment | None = Field(None, description="when the campaign ends")


class Bots(Actor[BotsSpec]):
    """One campaign.

    Attributes:
        learned: what its owner has taught the bots.
        early: address -> whether the PC there talks before it is greeted.
        paused: until when it rests, seconds since the start.
    """

    def settle(self) -> None:
        """Take addresses, with the names that providers give them."""
        spec = self.spec
        self.breed = BREEDS[spec.breed]
        self.addresses = addresses_of(spec.addresses, spec.count, f"actors.{self.name}.addresses")
        self.pc: Host = self.host(f"{self.name}.{spec.site}", tuple(self.addresses), 0.02)
        self.learned: set[str] = set()
        self.early: dict[str, bool] = {}
        self.paused = 0.0
        self._hour: Counter[str] = Counter()
        if spec.names:
            for address in self.addresses:
                # the names of changing addresses rarely lead back; rented ones do
                name = self.name_of(address)
                name_in_dns(self.world, name if spec.breed in ("snowshoe", "polite") else "", address, name)

    def name_of(self, address: str) -> str:
        """The name a provider gives to an address."""
        parts = dict(zip("abcd", address.split("."), strict=True))
        return self.spec.names.format(**parts) or f"[{address}]"

    def start(self) -> None:
        """Send, and look after the business."""
        self.live(self.pc, self._campaign(), self.spec.begin)
        if self.spec.pays or self.spec.adapts:
            self.live(self.pc, self._business(), self.spec.begin + HOUR_S)

    def _campaign(self) -> Decision[None]:
        rng = self.stream("campaign")
        end = self.world.moment(self.spec.until) if self.spec.until else float("inf")
        for number, moment in enumerate(arrivals(rng, self.spec.per_day, flat, self.spec.begin, 1.0)):
            yield from until(moment)
            if moment >= end:
                return
            # all is drawn before the pause is looked at: what one message draws, the next cannot change
            message = self.world.rng("actor", self.name, "message", str(number))
            if moment >= self.paused:
                self.live(self.pc, self._send(message, number), moment)

    def _send(self, rng: Random, number: int) -> Decision[None]:
        spec, breed, figures = self.spec, self.breed, self.figures
        address = self.addresses[rng.randrange(len(self.addresses))]
        to = self._recipients(rng)
        domain = to[0].rpartition("@")[2]
        own = self.name_of(address)
        sender = forged(rng, spec.forges, figures) if breed.forges else f"offers@{own.partition('.')[2] or own}"
        helo = (own if breed.named or "names" in self.learned else greeting(rng, figures, domain)) or own
        # a PC's first message decides for all: it is the engine that waits for the greeting, or does not
        early = not breed.named and self.early.setdefault(address, rng.random() < figures["bot.talks_early"])
        patience = 300.0 if breed.named else figures["bot.patience_s"]
        tries = self._tries(rng)
        parcel = yield from spam(self.world, self.name, number, rng, sender, to)
        yield from self._deliver(
            parcel, Manners(helo, "EHLO" if breed.named else "HELO", early, patience), address, tries
        )

    def _recipients(self, rng: Random) -> tuple[str, ...]:
        breed, spec = self.breed, self.spec
        if not breed.guesses:
            return (targets(rng, spec.targets, self.figures["spam.invalid_recipients"]),)
        domain = rng.choice(spec.targets).rpartition("@")[2]
        return tuple(dict.fromkeys(f"{rng.choice(GUESSES)}{rng.randrange(50)}@{domain}" for _ in range(breed.batch)))

    def _tries(self, rng: Random) -> int:
        """How often a refused message is offered in all."""
        numbers, shares = zip(*Figures.pairs("bot.tries"), strict=True)
        measured = int(choose(rng.random(), numbers, shares))
        always = self.breed.returns == "always" or "retry" in self.learned
        return max(measured, 6) if always else measured

    def _deliver(self, parcel: Parcel, manners: Manners, source: str, tries: int) -> Decision[None]:
        rng = self.world.rng("route", parcel.identity)
        waiting = parcel
        said: dict[str, Verdict] = {}
        for number in range(tries):
            if number:
                yield Sleep(self.figures["bot.retry_s"] * number)
            servers = yield from exchangers(parcel.recipients[0].rpartition("@")[2], rng)
            if type(servers) is Verdict:
                said.update(dict.fromkeys(waiting.recipients, servers))
            else:
                said.update((yield from hand_over(waiting, servers[:: ORDER[self.spec.calls]], manners, source)))
            self._hour.update(said[to].outcome for to in waiting.recipients)
            left = tuple(to for to in waiting.recipients if said[to].outcome == "later")
            if not left:
                break
            waiting = parcel._replace(recipients=left)
        for to in parcel.recipients:
            if said[to].outcome == "later":
                yield Note("", "given-up", "", parcel.identity, parcel.sender, to, said[to].reply)

    def _business(self) -> Decision[None]:
        """Hour by hour: what came of it, and what follows."""
        spec = self.spec
        while True:
            yield Level()
            now: float = yield Now()
            hour, self._hour = self._hour, Counter()
            total = sum(hour.values())
            if total >= TELLING:
                if "retry" in spec.adapts and hour["later"] > total / 2:
                    self.learned.add("retry")
                if "names" in spec.adapts and hour["refused"] > total / 2:
                    self.learned.add("names")
                if hour["accepted"] < spec.pays * total:
                    self.paused = now + spec.rest
            yield Sleep(HOUR_S)
