"""A web page with a form that sends mail, on a host inside everybody's `mynetworks`, and those who abuse it.

The script takes a name, an address and a text, and submits a message to the mail server on the same host, as web
servers do.  Three scripts:

    flawed      puts what it was given into the header as it stands: a line break in the "address" makes any header,
                Bcc: among them, and so sends anything to anybody
    mended      refuses line breaks, and writes only to the site's own people
    honeypot    looks like the flawed one, counts, and sends nothing

Abusers find a form after a while (form.found_median_s), test it with a message to a drop box of their own, and use it
if that arrives.  To the mail server all of it is mail from its own host.

Figures: form.*, spam.*
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simmail.mail.answers import DnsRecord
from simmail.mail.errors import InputError
from simmail.mail.questions import Decision, Level, Note, Now, Sleep
from simmail.world.actors.actor import Actor, ActorSpec, name_in_dns
from simmail.world.actors.letters import OFFICE, SPAM, letter, worded
from simmail.world.actors.mailer import Manners, Parcel, hand_over
from simmail.world.actors.reception import Arrival, Reception
from simmail.world.actors.rhythm import arrivals, flat, office, until
from simmail.world.actors.spam import GUESSES, targets
from simmail.world.chance import exponential
from simmail.world.schema import Seconds

if TYPE_CHECKING:
    from random import Random

    from simmail.world.host import Host


class FormSpec(ActorSpec):
    """A form on a web page."""

    kind: Literal["form"]
    host: str = Field(description="the host of the web server")
    script: Literal["flawed", "mended", "honeypot"] = Field("flawed", description="what the script does")
    writes_to: str = Field(description="whom an honest visitor writes to")
    sender: str = Field("", description="the envelope's sender; www-data at the host by default")
    server: str = Field("127.0.0.1", description="the address of the mail server it submits to")
    visitors_per_day: float = Field(5.0, ge=0, description="honest visitors a weekday")
    abusers: int = Field(3, ge=0, le=100, description="how many look for such forms")
    address: str = Field("", description="of the abusers' drop box; needed where there are any")
    targets: list[str] = Field(default_factory=list, description="addresses on the abusers' lists")
    attempts_per_day: float | None = Field(None, ge=0, description="of each abuser, once he has found the form")
    begin: Seconds = Field(0.0, ge=0, description="when the page goes on line, after the world's start")


class Form(Actor[FormSpec]):
    """One form with its visitors, honest and not.

    Attributes:
        attempts: how often abusers have used it.
        tested: abuser -> whether his test message has arrived.
    """

    def settle(self) -> None:
        """Put up the drop box."""
        spec = self.spec
        self.attempts = 0
        self.tested: dict[int, bool] = {}
        self._written = 0
        if spec.abusers and not (spec.address and spec.targets):
            raise InputError(f"actors.{self.name}", "has abusers without address and targets", "give both")
        if spec.host not in self.world.hosts:
            raise InputError(f"actors.{self.name}.host", f"there is no host {spec.host!r}")
        self.web: Host = self.world.hosts[spec.host]
        self.sender = spec.sender or f"www-data@{spec.host}"
        if spec.abusers:
            name = f"box.{self.name}.example"
            self.box: Host = self.host(name, (spec.address,), 0.03)
            name_in_dns(self.world, name, spec.address)
            self.world.zones.add(DnsRecord(name, "MX", name, 3600, 10))
            Reception(self.box, name).domains[name] = self._arrived

    def start(self) -> None:
        """Go on line."""
        spec = self.spec
        self.live(self.web, self._visitors(), spec.begin)
        for number in range(spec.abusers):
            found = exponential(self.drawn("found", str(number)), self.figures["form.found_median_s"] / 0.693)
            self.live(self.web, self._abuser(number), spec.begin + found)

    # ---- the script

    def submit(self, now: float, address: str, subject: str, text: list[str], kind: str, rng: Random) -> Decision[str]:
        """What the script does with a filled-in form; the message's identity, "" where it sends nothing.

        Args:
            now: seconds since the start.
            address: what was typed as the visitor's address, line breaks and all.
            subject, text: what was typed else.
            kind: what the mail is in truth.
            rng: the visitor's stream.
        """
        spec, world = self.spec, self.world
        typed = address.split("\n")
        if spec.script == "honeypot" and kind != "wanted":
            return ""
        if spec.script == "mended" and len(typed) > 1:
            return ""
        self._written += 1
        identity = f"<{world.calendar.stamp(now)}.{self._written}.form@{self.spec.host}>"
        hidden = [to for line in typed[1:] if line.lower().startswith("bcc:") for to in line[4:].strip().split(", ")]
        to = (spec.writes_to, *hidden)
        headers = [line for line in typed[1:] if not line.lower().startswith("bcc:")]
        content = letter(world.calendar, now, identity, typed[0], [spec.writes_to], subject, text, 0, (), headers)
        world.truth.kinds[identity] = kind
        yield Note("", "composed", "", identity, self.sender, to, subject, content.size, kind, self.name)
        parcel = Parcel(identity, self.sender, to, content, kind)
        said = yield from hand_over(parcel, [spec.server], Manners(self.web.machine.hostname))
        for recipient, verdict in said.items():
            if verdict.outcome != "accepted":
                yield Note("", "given-up", "", identity, self.sender, recipient, verdict.reply)
        return identity

    # ---- visitors

    def _visitors(self) -> Decision[None]:
        rng = self.stream("visitors")
        weight = office(self.world.calendar, self.figures)
        for moment in arrivals(rng, self.spec.visitors_per_day, weight, self.spec.begin):
            yield from until(moment)
            text = [worded(OFFICE, rng, OFFICE.sentences)]
            address = f"{rng.choice(GUESSES)}@visitor{rng.randrange(1000)}.example"
            yield from self.submit(moment, address, worded(OFFICE, rng, OFFICE.subjects), text, "wanted", rng)

    def _abuser(self, number: int) -> Decision[None]:
        """Find it, test it, and use it where the test message arrives, or where the page says thanks (honeypot)."""
        yield Level()
        spec = self.spec
        rng = self.stream("abuser", str(number))
        now: float = yield Now()
        yield Note("", "found", "", self.web.machine.addresses[0], "web form")
        self.attempts += 1
        box = f"t{number}@box.{self.name}.example"
        typed = f"{rng.choice(GUESSES)}@{self.spec.host}\nBcc: {box}"
        yield from self.submit(now, typed, "test", ["test"], "probe", rng)
        yield Sleep(600.0)
        yield Level()
        if not self.tested.get(number) and spec.script != "honeypot":
            return
        pace = self.figures["form.attempts_per_day"] if spec.attempts_per_day is None else spec.attempts_per_day
        invalid = self.figures["spam.invalid_recipients"]
        for moment in arrivals(self.stream("abuser", str(number), "paces"), pace, flat, (yield Now()), 1.0):
            yield from until(moment)
            self.attempts += 1
            if spec.script == "honeypot":  # which looks at nothing that was typed
                continue
            bcc = f"Bcc: {targets(rng, spec.targets, invalid)}"
            typed = f"{rng.choice(GUESSES)}@{self.spec.host}\n{bcc}"
            text = [worded(SPAM, rng, SPAM.sentences)]
            yield from self.submit((yield Now()), typed, worded(SPAM, rng, SPAM.subjects), text, "spam", rng)

    def _arrived(self, arrival: Arrival) -> None:
        self.tested[int(arrival.recipient.partition("@")[0][1:])] = True
