"""Programs that send mail: a shop's confirmations, a mailing, an alarm, at a rate that changes with the hour.

A program runs on a host and hands each message to a mail server, as libraries for sending mail do: it has no queue of
its own, so what the server does not take at once is lost.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simmail.mail.errors import InputError
from simmail.mail.questions import Decision, Note
from simmail.world.actors.actor import Actor, ActorSpec
from simmail.world.actors.letters import OFFICE, letter, worded
from simmail.world.actors.mailer import Manners, Parcel, hand_over
from simmail.world.actors.rhythm import arrivals, until
from simmail.world.schema import Moment
from simmail.world.units import clock

if TYPE_CHECKING:
    from simmail.world.host import Host

HOURS_A_DAY = 24.0


class ProgramSpec(ActorSpec):
    """A program that sends mail."""

    kind: Literal["program"]
    host: str = Field(description="the host that it runs on")
    server: str = Field(description="the host that takes its mail")
    sender: str = Field(description="the envelope's sender")
    writes_to: list[str] = Field(min_length=1, description="addresses that it writes to; {n} is the message's number")
    per_hour: dict[Moment, float] = Field(min_length=1, description="from when on, how many messages an hour")
    subject: str = Field("", description="of each message; an office's by default")
    newsletter: bool = Field(False, description="whether it sends newsletters, of which nobody expects an answer")


class SendingProgram(Actor[ProgramSpec]):
    """One program.

    Attributes:
        begins: from when on each rate holds, seconds since the start.
        rates: messages an hour from then on.
    """

    def settle(self) -> None:
        """Find the hosts."""
        spec, hosts = self.spec, self.world.hosts
        for field, name in (("host", spec.host), ("server", spec.server)):
            if name not in hosts:
                raise InputError(f"actors.{self.name}.{field}", f"there is no host {name!r}")
        self.computer: Host = hosts[spec.host]
        begin = self.world.calendar.start
        start_of_day = begin.hour * 3600.0 + begin.minute * 60 + begin.second
        rates = sorted((clock(moment, start_of_day), rate) for moment, rate in spec.per_hour.items())
        if any(rate < 0 for _, rate in rates):
            raise InputError(f"actors.{self.name}.per_hour", "has a rate below 0", "0 stands for none")
        self.begins, self.rates = [moment for moment, _ in rates], [rate for _, rate in rates]
        self._identified = f"{self.name}@{spec.host}"

    def start(self) -> None:
        """Begin to send."""
        self.live(self.computer, self._sends())

    def weight(self, now: float) -> float:
        """The rate at a moment, as a part of the greatest."""
        place = bisect_right(self.begins, now) - 1
        return self.rates[place] / max(self.rates) if place >= 0 else 0.0

    def _sends(self) -> Decision[None]:
        rng = self.stream("sends")
        # no rate holds for ever: where the last one is 0 nothing comes any more, and nothing is waited for
        end = self.begins[-1] if self.rates[-1] == 0 else float("inf")
        for number, moment in enumerate(arrivals(rng, max(self.rates) * HOURS_A_DAY, self.weight, 0.0, 1.0, end), 1):
            yield from until(moment)
            to = rng.choice(self.spec.writes_to).replace("{n}", str(number))
            self.live(self.computer, self._message(number, to, moment), moment)

    def _message(self, number: int, to: str, moment: float) -> Decision[None]:
        """One message, from its beginning to the server's last word."""
        spec, world = self.spec, self.world
        rng = world.rng("actor", self.name, "message", str(number))
        kind = "newsletter" if spec.newsletter else "wanted"
        identity = f"<{world.calendar.stamp(moment)}.{number}.{self._identified}>"
        subject = spec.subject or worded(OFFICE, rng, OFFICE.subjects)
        text = [worded(OFFICE, rng, OFFICE.sentences)]
        content = letter(world.calendar, moment, identity, spec.sender, [to], subject, text)
        world.truth.kinds[identity] = kind
        yield Note("", "composed", "", identity, spec.sender, (to,), subject, content.size, kind, self.name)
        parcel = Parcel(identity, spec.sender, (to,), content, kind)
        server = world.hosts[spec.server].machine.addresses[0]
        said = (yield from hand_over(parcel, [server], Manners(self.computer.machine.hostname)))[to]
        if said.outcome != "accepted":
            yield Note("", "given-up", "", identity, spec.sender, to, said.reply)
