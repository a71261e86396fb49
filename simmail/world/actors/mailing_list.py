"""A mailing list: what a member writes to it goes to all others, in the list's name; what bounces ends a membership.

A message to NAME@DOMAIN is sent on to each member with the envelope's sender owner-NAME@DOMAIN, so that notices go to
the list and not to who wrote (RFC 5321 section 3.9.2), with List-Id: (RFC 2919) and List-Post: (RFC 2369).  Who is no
member and writes waits for a moderator, who never comes.  A refusal, or a notice at the owner's address, counts against
the member it names: once a day, and more than `mailman.threshold` such days end the membership.

With `issues_per_week` it is a newsletter: its editor writes to all members at once, and nobody answers.

Figures: mailman.*, ladder.*
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simmail.mail.answers import DnsRecord
from simmail.mail.content import Content
from simmail.mail.questions import Decision, Level, Note, Now
from simmail.world.actors.actor import Actor, ActorSpec, name_in_dns
from simmail.world.actors.ladder import ladder
from simmail.world.actors.letters import OFFICE, letter, worded
from simmail.world.actors.mailer import Manners, Parcel, keep_trying
from simmail.world.actors.reception import Arrival, Reception
from simmail.world.actors.rhythm import arrivals, office, until
from simmail.world.correspondence import Letter
from simmail.world.schema import Seconds

if TYPE_CHECKING:
    from simmail.world.host import Host

WEEK_DAYS = 5.0


class MailingListSpec(ActorSpec):
    """A mailing list and its server."""

    kind: Literal["mailing-list"]
    domain: str = Field(description="the domain of its address")
    name: str = Field(description="the local part of its address")
    address: str = Field(description="of its server")
    members: list[str] = Field(min_length=1, description="addresses of its members")
    open: bool = Field(False, description="whether who is no member may write to it")
    replies_to_list: bool = Field(False, description="whether answers go to the list, by a Reply-To: of its own")
    software: Literal["postfix", "exim", "qmail", "sendmail"] = Field(
        "postfix", description="whose ladder it retries by"
    )
    takes: Seconds = Field(2.0, ge=0, description="from a message's arrival to the first copy")
    issues_per_week: float = Field(0.0, ge=0, description="newsletters that its editor sends")


class MailingList(Actor[MailingListSpec]):
    """One list.

    Attributes:
        members: who gets what is written to it.
        held: messages of others that wait for a moderator.
        score: member -> (days with a bounce, the last bounce's time in seconds since the start).
    """

    def settle(self) -> None:
        """Put up the server."""
        spec = self.spec
        self.members = list(dict.fromkeys(address.lower() for address in spec.members))
        self.held = 0
        self.score: dict[str, tuple[int, float]] = {}
        self.address, self.owner = f"{spec.name}@{spec.domain}", f"owner-{spec.name}@{spec.domain}"
        self.server = f"lists.{spec.domain}"
        self.computer: Host = self.host(self.server, (spec.address,))
        name_in_dns(self.world, self.server, spec.address)
        self.world.zones.add(DnsRecord(spec.domain, "MX", self.server, 3600, 10))
        reception = Reception(self.computer, self.server)
        reception.domains[spec.domain] = None
        reception.users = {self.address: self._posted, self.owner: self._bounced}

    def start(self) -> None:
        """Let the editor write, if there is one."""
        if self.spec.issues_per_week:
            self.live(self.computer, self._edits())

    # ---- posts

    def _posted(self, arrival: Arrival) -> None:
        """A message came to the list's address."""
        loops = any(line.startswith("List-Id:") and self.spec.name in line for line in arrival.content.header())
        if not arrival.sender or loops:
            return
        if not self.spec.open and arrival.sender.lower() not in self.members:
            self.held += 1
            return
        self.live(self.computer, self._expand(arrival.identity, arrival.content), arrival.time + self.spec.takes)

    def _expand(self, identity: str, content: Content) -> Decision[None]:
        """Send a message to all members."""
        yield Level()
        post = Letter(content.text(), 0.0)
        kind = self.world.truth.kind(identity)
        if not self.members or not kind:
            return
        members = tuple(self.members)
        copy = Content(self._headed(content))
        yield Note("", "composed", "", identity, self.owner, members, post.subject, copy.size, kind, self.name)
        now: float = yield Now()
        for member in members:
            parcel = Parcel(identity, self.owner, (member,), copy, kind)
            self.live(self.computer, self._send(parcel), now)

    def _headed(self, content: Content) -> list[str]:
        """The message with the list's own header fields."""
        spec = self.spec
        own = [
            f"List-Id: <{spec.name}.{spec.domain}>",
            f"List-Post: <mailto:{self.address}>",
            f"Sender: {self.owner}",
            "Precedence: list",
            *([f"Reply-To: {self.address}"] if spec.replies_to_list else []),
        ]
        header = content.header()
        gone = ("sender:", "precedence:", *(["reply-to:"] if spec.replies_to_list else []))
        kept = [line for line in header if not line.lower().startswith(gone)]
        return [*kept, *own, *content.lines[len(header) :]]

    def _send(self, parcel: Parcel) -> Decision[None]:
        member = parcel.recipients[0]
        rng = self.world.rng("send", self.name, parcel.identity, member)
        manners = Manners(self.server)
        said = yield from keep_trying(parcel, ladder(self.spec.software), manners, [self.spec.address], rng)
        yield Level()
        if said.outcome != "accepted":
            yield from self._count(member)

    # ---- bounces

    def _bounced(self, arrival: Arrival) -> None:
        """A notice came to the owner's address."""
        for line in arrival.content.lines:
            if line.lower().startswith(("final-recipient:", "original-recipient:")):
                member = line.partition(";")[2].strip().lower()
                if member in self.members:
                    self.live(self.computer, self._count(member), arrival.time)
                    return

    def _count(self, member: str) -> Decision[None]:
        """Hold a bounce against a member."""
        yield Level()
        now: float = yield Now()
        days, last = self.score.get(member, (0, float("-inf")))
        if days and now - last < self.figures["mailman.a_day"]:
            return
        days = days + 1 if now - last < self.figures["mailman.stale_s"] else 1
        self.score[member] = days, now
        if days > self.figures["mailman.threshold"] and member in self.members:
            self.members.remove(member)
            yield Note("", "unsubscribed", "", self.address, member)

    # ---- the editor

    def _edits(self) -> Decision[None]:
        rng = self.stream("edits")
        calendar = self.world.calendar
        per_day = self.spec.issues_per_week / WEEK_DAYS
        for number, moment in enumerate(arrivals(rng, per_day, office(calendar, self.figures), 0.0), 1):
            yield from until(moment)
            identity = f"<{calendar.stamp(moment)}.{number}@{self.server}>"
            text = [worded(OFFICE, rng, OFFICE.sentences) for _ in range(rng.randrange(10, 40))]
            subject = worded(OFFICE, rng, OFFICE.subjects)
            self.world.truth.kinds[identity] = "newsletter"
            content = letter(calendar, moment, identity, f"editor@{self.spec.domain}", [self.address], subject, text)
            yield from self._expand(identity, content)
