"""Open relays: who looks for them, and who uses what was found.

*Scanners* try every mail server of the networks they sweep: a message to a drop box of theirs, by way of a server
that should have nothing to do with it. If it arrives, the server relays for anybody, and the scanner tells the
spammers who pay it. *Spammers* come after a while, each with a run of its own: forged senders, long lists of
recipients, as fast as the relay takes them; a relay that refuses them, or through which little arrives, is dropped,
and looked at again later.

Nobody tells the relay's owner. He sees a queue that grows, notices from strangers, and his own mail refused by
those who ask the lists whose traps the spam has reached.

Figures: scanner.*, relay.*, spam.*
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simmail.mail.answers import DnsRecord
from simmail.mail.errors import InputError
from simmail.mail.questions import Decision, Level, Note, Now, Sleep
from simmail.world.actors.actor import Actor, ActorSpec, name_in_dns
from simmail.world.actors.letters import OFFICE
from simmail.world.actors.mailer import Manners, Parcel, Verdict, hand_over
from simmail.world.actors.reception import Arrival, Reception
from simmail.world.actors.rhythm import DAY_S, arrivals, flat, until
from simmail.world.actors.spam import BARE_NAMES, forged, spam, targets
from simmail.world.chance import lognormal
from simmail.world.schema import Seconds

if TYPE_CHECKING:
    from random import Random

    from simmail.world.host import Host

HOUR_S = 3600.0
SMTP = 25
#: Refusals in a row after which a spammer leaves a relay.
PATIENCE = 10


class ScannersSpec(ActorSpec):
    """Those who look for open relays."""

    kind: Literal["scanners"]
    address: str = Field(description="where they call from, and where their drop box is")
    sweeps: list[str] = Field(min_length=1, description="the networks they try, address by address")
    probes_per_day: float | None = Field(None, ge=0, description="tries a day at each address in use")
    tells: list[str] = Field(default_factory=list, description="the spammers who hear of what they find")
    begin: Seconds = Field(0.0, ge=0, description="when they begin, after the world's start")


class Scanners(Actor[ScannersSpec]):
    """All who look for relays, as one.

    Attributes:
        found: address of a server that relays -> when it was found.
    """

    def settle(self) -> None:
        """Put up the drop box."""
        self.found: dict[str, float] = {}
        self._probed: dict[str, str] = {}
        name = f"probe.{self.name}.example"
        self.computer: Host = self.host(name, (self.spec.address,), 0.03)
        name_in_dns(self.world, name, self.spec.address)
        self.box = f"drop@{name}"
        self.world.zones.add(DnsRecord(name, "MX", name, 3600, 10))
        reception = Reception(self.computer, name)
        reception.domains[name] = self._arrived

    def start(self) -> None:
        """Sweep.  Where nobody lives nothing answers, so only addresses in use are tried one by one."""
        try:
            networks = [ipaddress.ip_network(text) for text in self.spec.sweeps]
        except ValueError as error:
            raise InputError(f"actors.{self.name}.sweeps", str(error), "write networks as in 192.0.2.0/24") from None
        pace = self.figures["scanner.probes_per_day"] if self.spec.probes_per_day is None else self.spec.probes_per_day
        for host in self.world.hosts.values():
            if host.master is None and SMTP not in host.forwards:
                continue
            for address in host.machine.addresses:
                if any(ipaddress.ip_address(address) in network for network in networks):
                    self.live(self.computer, self._sweep(address, pace), self.spec.begin)

    def _sweep(self, address: str, pace: float) -> Decision[None]:
        rng = self.stream("sweep", address)
        for number, moment in enumerate(arrivals(rng, pace, flat, self.spec.begin, 1.0)):
            yield from until(moment)
            probe = self.world.rng("actor", self.name, "probe", address, str(number))
            self.live(self.computer, self._probe(address, number, probe), moment)

    def _probe(self, address: str, number: int, rng: Random) -> Decision[None]:
        sender = f"{rng.choice(BARE_NAMES).lower()}{rng.randrange(1000)}@probe.{self.name}.example"
        parcel = yield from spam(self.world, self.name, number, rng, sender, (self.box,), "probe", OFFICE)
        self._probed[parcel.identity] = address
        said = yield from hand_over(parcel, [address], Manners(f"probe.{self.name}.example"))
        if said[self.box].outcome != "accepted":
            yield Note("", "given-up", "", parcel.identity, parcel.sender, self.box, said[self.box].reply)

    def _arrived(self, arrival: Arrival) -> None:
        """A test message came through."""
        address = self._probed.get(arrival.identity)
        if address is None:
            return
        if address not in self.found:
            self.found[address] = arrival.time
            self.live(self.computer, self._tell(address), arrival.time)

    def _tell(self, address: str) -> Decision[None]:
        yield Level()
        yield Note("", "found", "", address, "open relay")
        for name in self.spec.tells:
            spammers = self.world.actors.get(name)
            if isinstance(spammers, Spammers):
                spammers.hear_of(address)

    def again(self, address: str) -> None:
        """A relay has stopped relaying; should it be found once more, that is news."""
        self.found.pop(address, None)


class SpammersSpec(ActorSpec):
    """Those who send by way of open relays."""

    kind: Literal["spammers"]
    address: str = Field(description="where they call from")
    count: int | None = Field(None, ge=1, le=1000, description="how many hear of a relay")
    targets: list[str] = Field(min_length=1, description="addresses on their lists")
    per_hour: float | None = Field(None, gt=0, description="messages an hour that each feeds to a relay")
    recipients: int = Field(1, ge=1, le=100, description="recipients a message")
    run: Seconds = Field(43_200.0, gt=0, description="how long a run takes")
    forges: list[str] = Field(default_factory=list, description="domains, or addresses, in whose names they send")


class Spammers(Actor[SpammersSpec]):
    """All who share a scanner's findings.

    Attributes:
        using: the relays in use at present.
    """

    def settle(self) -> None:
        """Take an address."""
        self.using: set[str] = set()
        self.computer: Host = self.host(f"{self.name}.{self.spec.site}", (self.spec.address,), 0.03)

    def hear_of(self, address: str) -> None:
        """A relay was found: each comes in his own time."""
        if address in self.using:
            return
        self.using.add(address)
        count = int(self.figures["relay.users"]) if self.spec.count is None else self.spec.count
        for number in range(count):
            wait = lognormal(
                self.drawn("first run", address, str(number)),
                self.figures["relay.first_run_median_s"],
                self.figures["relay.first_run_sigma"],
            )
            self.live(self.computer, self._run(address, number), self.world.now + wait)

    def _run(self, address: str, user: int) -> Decision[None]:
        spec = self.spec
        pace = self.figures["relay.messages_per_hour"] if spec.per_hour is None else spec.per_hour
        rng = self.stream("run", address, str(user))
        begin: float = yield Now()
        refused = 0
        for number, moment in enumerate(arrivals(rng, pace * 24, flat, begin, 1.0)):
            if moment > begin + spec.run or refused >= PATIENCE:
                break
            yield from until(moment)
            said = yield from self._send(address, user, number, rng)
            refused = 0 if any(v.outcome == "accepted" for v in said.values()) else refused + 1
        if refused >= PATIENCE:
            self._leave(address)
        elif address in self.using:
            yield Sleep(DAY_S - spec.run if spec.run < DAY_S else HOUR_S)
            self.live(self.computer, self._run(address, user), (yield Now()))

    def _leave(self, address: str) -> None:
        self.using.discard(address)
        for actor in self.world.actors.values():
            if isinstance(actor, Scanners) and self.name in actor.spec.tells:
                actor.again(address)

    def _send(self, address: str, user: int, number: int, rng: Random) -> Decision[dict[str, Verdict]]:
        spec = self.spec
        invalid = self.figures["spam.invalid_recipients"]
        to = tuple(dict.fromkeys(targets(rng, spec.targets, invalid) for _ in range(spec.recipients)))
        sender = forged(rng, spec.forges, self.figures)
        now: float = yield Now()
        serial = int(now) * 1000 + user
        parcel: Parcel = yield from spam(self.world, f"{self.name}{number}", serial, rng, sender, to)
        manners = Manners(rng.choice(BARE_NAMES), "HELO", patience=self.figures["bot.patience_s"] * 6)
        said = yield from hand_over(parcel, [address], manners)
        for recipient, verdict in said.items():
            if verdict.outcome != "accepted":
                yield Note("", "given-up", "", parcel.identity, parcel.sender, recipient, verdict.reply)
        return said
