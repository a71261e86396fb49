"""A virus that travels as an attachment: opened by some, it mails itself to whom the PC knows, and sends spam besides.

It begins with a few messages from outside.  Whoever gets one opens the attachment with some chance, after a while; then
his PC mails copies to the addresses in its book, one after the other, through the server that its owner uses, in its
owner's name, and from then on is a bot of those who wrote the virus.  Rules that refuse the attachment by name bend the
curve, where they look in the right place.

Figures: virus.*
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simmail.mail.questions import Decision, Level, Note, Now, Sleep
from simmail.world.actors.actor import Actor, ActorSpec, name_in_dns
from simmail.world.actors.letters import VIRUS
from simmail.world.actors.mailer import Manners, Parcel, exchangers, hand_over
from simmail.world.actors.rhythm import arrivals, flat, until
from simmail.world.actors.spam import spam, targets
from simmail.world.attachment import Attachment, Written
from simmail.world.chance import lognormal
from simmail.world.schema import Seconds

if TYPE_CHECKING:
    from random import Random

    from simmail.world.host import Host
    from simmail.world.world import World


class VirusSpec(ActorSpec):
    """A virus."""

    kind: Literal["virus"]
    address: str = Field(description="of the PC outside where it begins")
    first: list[str] = Field(min_length=1, description="addresses that get the first messages")
    names: list[str] = Field(
        default_factory=lambda: ["love.txt.vbs", "photo.scr", "invoice.pif"], description="names of its attachment"
    )
    written: Written = Field("quoted", description="how headers write the name of its attachment")
    begin: Seconds = Field(0.0, ge=0, description="when it begins, after the world's start")
    spam_per_day: float = Field(0.0, ge=0, description="spam that each infected PC sends then, messages a day")
    spam_to: list[str] = Field(default_factory=list, description="addresses that this spam goes to")
    opened: float | None = Field(None, ge=0, le=1, description="the share of its readers who open it")


class Virus(Actor[VirusSpec]):
    """One virus.

    Attributes:
        infected: address -> since when its owner's PC has it, seconds since the start.
    """

    def settle(self) -> None:
        """Find a PC to begin on."""
        self.infected: dict[str, float] = {}
        self._sent: set[str] = set()
        self._count = 0
        name = f"{self.name}-source.{self.spec.site}"
        self.source: Host = self.host(name, (self.spec.address,), 0.02)
        name_in_dns(self.world, name, self.spec.address)

    def start(self) -> None:
        """Send the first messages."""
        self.live(self.source, self._begin(), self.spec.begin)

    @staticmethod
    def of(world: World, identity: str) -> Virus | None:
        """The virus that a message carries."""
        for actor in world.actors.values():
            if isinstance(actor, Virus) and identity in actor._sent:
                return actor
        return None

    def _begin(self) -> Decision[None]:
        yield Level()
        rng = self.stream("first")
        for to in self.spec.first:
            yield from self._mail(self.source, f"someone@{self.source.name}", to, None, rng)

    def looked_at(
        self, owner: str, pc: Host, identity: str, now: float, book: Sequence[str], server: tuple[str, int] | None
    ) -> None:
        """Somebody has such a message on his screen.

        Args:
            owner: his address.
            pc: his computer.
            identity: the message.
            now: seconds since the start.
            book: the addresses his computer knows.
            server: the address and port of the server his mail goes out by; None where it goes to each domain's own.
        """
        share = self.figures["virus.opened_share"] if self.spec.opened is None else self.spec.opened
        if self.drawn("opens", owner, identity) >= share:
            return
        wait = lognormal(
            self.drawn("when", owner, identity),
            self.figures["virus.opening_median_s"],
            self.figures["virus.opening_sigma"],
        )
        self.live(pc, self._opened(owner, pc, list(book), server), now + wait)

    def _opened(self, owner: str, pc: Host, book: list[str], server: tuple[str, int] | None) -> Decision[None]:
        yield Level()
        if owner in self.infected:
            return
        now: float = yield Now()
        self.infected[owner] = now
        yield Note("", "infected", "", owner, self.name)
        if self.spec.spam_per_day:
            self.live(pc, self._spams(owner, pc, server), now)
        rng = self.stream("book", owner)
        known = rng.sample(book, min(len(book), int(self.figures["virus.address_book"])))
        for to in known:
            yield Sleep(self.figures["virus.every_s"])
            yield Level()
            yield from self._mail(pc, owner, to, server, rng)

    def _spams(self, owner: str, pc: Host, server: tuple[str, int] | None) -> Decision[None]:
        """The PC is a bot now, with its owner's way out."""
        rng = self.stream("spams", owner)
        begin: float = yield Now()
        for moment in arrivals(rng, self.spec.spam_per_day, flat, begin, 1.0):
            yield from until(moment)
            to = targets(rng, self.spec.spam_to, self.figures["spam.invalid_recipients"])
            self._count += 1
            parcel: Parcel = yield from spam(self.world, self.name, self._count, rng, owner, (to,))
            yield from self._offer(parcel, pc, server, rng)

    def _mail(self, pc: Host, owner: str, to: str, server: tuple[str, int] | None, rng: Random) -> Decision[None]:
        self._count += 1
        name, octets = rng.choice(self.spec.names), int(self.figures["virus.size_octets"])
        attachment = Attachment(name, octets, self.spec.written)
        parcel: Parcel = yield from spam(
            self.world, self.name, self._count, rng, owner, (to,), "virus", VIRUS, (attachment,)
        )
        self._sent.add(parcel.identity)
        yield from self._offer(parcel, pc, server, rng)

    def _offer(self, parcel: Parcel, pc: Host, server: tuple[str, int] | None, rng: Random) -> Decision[None]:
        """One try, as engines of their own make it."""
        to = parcel.recipients[0]
        servers, port = ([server[0]], server[1]) if server is not None else ([], 25)
        if not servers:
            found = yield from exchangers(to.rpartition("@")[2], rng)
            if not isinstance(found, list):
                yield Note("", "given-up", "", parcel.identity, parcel.sender, to, found.reply)
                return
            servers = found
        said = yield from hand_over(parcel, servers, Manners(pc.machine.hostname), port=port)
        if said[to].outcome != "accepted":
            yield Note("", "given-up", "", parcel.identity, parcel.sender, to, said[to].reply)
