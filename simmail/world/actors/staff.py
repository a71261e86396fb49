"""Staff: people of one organisation, each with a PC and a mail program, who write, read, answer, and open things.

They submit to their server, fetch their mailboxes from it now and then - some by fetchmail and procmail, which put what
comes from lists into a folder - answer a share of what they read after a while, and write to each other and to people
elsewhere on working-day rhythms, some of it with files.  Some open attachments that they should not
(`simmail.world.actors.virus`).

Figures: people.*, mail.*, rhythm.*
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from simmail.mail.errors import InputError
from simmail.mail.questions import Decision, Level, Now, Sleep
from simmail.world.actors.actor import Actor, ActorSpec, addresses_of, name_in_dns
from simmail.world.actors.figures import Figures
from simmail.world.actors.letters import FILLER, OFFICE, worded
from simmail.world.actors.rhythm import arrivals, office, until
from simmail.world.actors.sites import GIVEN_NAMES
from simmail.world.actors.virus import Virus
from simmail.world.attachment import Attachment, chosen, file_octets
from simmail.world.chance import along, lognormal
from simmail.world.folders import INBOX
from simmail.world.mailboxes import MailboxServer
from simmail.world.mua import MailProgram
from simmail.world.schema import Seconds

if TYPE_CHECKING:
    from random import Random

    from simmail.world.correspondence import Letter
    from simmail.world.host import Host

#: The largest message that staff writes, octets; what is larger goes by other ways.
LARGEST = 60_000.0
#: The files at home of those who fetch their mail by program.
FETCHMAILRC = """\
poll {server} proto pop3 user {login} there with password "{password}" is {login} here mda "/usr/bin/procmail -d %T"
"""
PROCMAILRC = """\
MAILDIR=$HOME/Mail
:0:
* ^Precedence: (list|bulk)
lists
"""


class StaffSpec(ActorSpec):
    """People of one organisation."""

    kind: Literal["staff"]
    count: int = Field(5, ge=1, le=500, description="how many people")
    domain: str = Field(description="what their addresses end in")
    server: str = Field(description="the host that takes their mail and has their mailboxes")
    addresses: str = Field(description="the network of their PCs")
    greet: Literal["named", "bare"] = Field(
        "named", description="what their PCs call themselves: pc-ann.domain.ork, or just pc-ann"
    )
    behind: str = Field("", description="the gateway whose address their PCs' connections show (NAT)")
    writes_to: list[str] = Field(default_factory=list, description="addresses elsewhere that they write to")
    per_day: float | None = Field(None, ge=0, description="messages a weekday that each writes")
    internal: float = Field(0.3, ge=0, le=1, description="the share of these that goes to colleagues")
    replies: float | None = Field(None, ge=0, le=1, description="the share of mail that is answered")
    attached: float | None = Field(None, ge=0, le=1, description="the share of their own mail that carries a file")
    attaches: list[str] = Field(default_factory=list, description="names of these files; an office's, where none")
    fetchmail: float = Field(0.0, ge=0, le=1, description="the share of them who fetch by fetchmail and procmail")
    fetches: Seconds = Field(600.0, gt=0, description="how often each looks into the mailbox")


class Staff(Actor[StaffSpec]):
    """The people of one organisation.

    Attributes:
        programs: their mail programs.
    """

    def settle(self) -> None:
        """Give everybody an account, a PC and a mail program."""
        spec, world = self.spec, self.world
        for field, host in (("server", spec.server), ("behind", spec.behind)):
            if host not in world.hosts and (host or field == "server"):
                raise InputError(f"actors.{self.name}.{field}", f"there is no host {host!r}")
        server = world.hosts[spec.server]
        self.programs: list[MailProgram] = []
        places = addresses_of(spec.addresses, spec.count, f"actors.{self.name}.addresses")
        for number, address in enumerate(places):
            round_, index = divmod(number, len(GIVEN_NAMES))
            login = GIVEN_NAMES[index] + (str(round_) if round_ else "")
            if login not in server.machine.accounts:
                server.machine.add_user(login, login.capitalize())
            pc = self.host(f"pc-{login}.{spec.domain}", (address,), 0.0005)
            if spec.greet == "bare":
                pc.machine.hostname = f"pc-{login}"
            name_in_dns(world, f"pc-{login}.{spec.domain}", address)
            pc.gateway = world.hosts[spec.behind] if spec.behind else None
            by_program = self.drawn("fetchmail", login) < spec.fetchmail
            if by_program:
                self._by_program(login, pc, server)
            program = MailProgram(
                world, login, login.capitalize(), f"{login}@{spec.domain}", pc,
                (server.machine.addresses[0], 25), (pc if by_program else server, login),
            )  # fmt: skip
            world.people.setdefault(login, program)
            self.programs.append(program)

    def _by_program(self, login: str, pc: Host, server: Host) -> None:
        """Let somebody fetch by fetchmail, and sort by procmail."""
        password = f"{login}'s secret"
        MailboxServer.let(server, {login: password})
        account, files = pc.machine.add_user(login), pc.machine.files
        rc = FETCHMAILRC.format(server=server.machine.addresses[0], login=login, password=password)
        files.make_folder(f"{account.home}/Mail", login)
        files.write(f"{account.home}/.fetchmailrc", rc, owner=login, mode=0o600)
        files.write(f"{account.home}/.procmailrc", PROCMAILRC, owner=login)

    def start(self) -> None:
        """Begin a working life."""
        for number, program in enumerate(self.programs):
            if program.mailbox[0] is program.computer:
                self.live(
                    program.computer, program.computer.started(f"fetchmail -d {self.spec.fetches:.0f}", program.person)
                )
            self.live(program.computer, self._writes(program))
            self.live(program.computer, self._reads(program), self.spec.fetches * (number + 1) / len(self.programs))

    def _writes(self, program: MailProgram) -> Decision[None]:
        spec = self.spec
        rng = self.stream("writes", program.person)
        per_day = self.figures["people.sent_per_day"] if spec.per_day is None else spec.per_day
        colleagues = [other.address for other in self.programs if other is not program]
        for moment in arrivals(rng, per_day, office(self.world.calendar, self.figures), 0.0):
            yield from until(moment)
            inside = rng.random() < spec.internal
            circle = (colleagues if inside else spec.writes_to) or colleagues or spec.writes_to
            if not circle:
                return
            to, subject = rng.choice(circle), worded(OFFICE, rng, OFFICE.subjects)
            lines, files = self._text(rng, self.drawn("attaches", program.person, str(moment)))
            draft = program.compose(to, subject, lines, files, now=moment)
            self.live(program.computer, program.submit(draft), moment)

    def _text(self, rng: Random, uniform: float) -> tuple[list[str], tuple[Attachment, ...]]:
        """What somebody writes: some lines, and a file that makes up the size or more lines that do."""
        spec = self.spec
        lines = [worded(OFFICE, rng, OFFICE.sentences) for _ in range(rng.randrange(1, 5))]
        size = min(along(rng.random(), Figures.pairs("mail.size_octets")), LARGEST)
        missing = max(0, int(size - sum(map(len, lines)) - 400))
        share = self.figures["mail.attachment_share"] if spec.attached is None else spec.attached
        usual = [worded(OFFICE, rng, OFFICE.files)]
        files = chosen(uniform, share, spec.attaches or usual, file_octets(missing))
        return lines if files else lines + [FILLER] * (missing // (len(FILLER) + 1)), files

    def _reads(self, program: MailProgram) -> Decision[None]:
        seen: Counter[str] = Counter()
        while True:
            yield Level()
            yield from program.fetch()
            now: float = yield Now()
            letters: dict[str, Sequence[Letter]] = {INBOX: program.inbox}
            if program.mailbox[0] is program.computer:
                letters |= {name: program.folder(name) for name in program.folders if name != INBOX}
            for name, found in letters.items():
                for letter in found[seen[name] :]:
                    self._looked_at(program, letter, now)
                seen[name] = len(found)
            yield Sleep(self.spec.fetches)

    def _looked_at(self, program: MailProgram, letter: Letter, now: float) -> None:
        """Somebody looks at a letter: it may be answered, or opened."""
        identity = letter.identity
        kind = self.world.truth.kind(identity)
        if kind == "virus":
            virus = Virus.of(self.world, identity)
            if virus is not None:
                virus.looked_at(program.address, program.computer, identity, now, self._book(program), program.server)
            return
        share = self.figures["mail.replied_share"] if self.spec.replies is None else self.spec.replies
        if kind not in ("wanted", "reply") or self.drawn("reply?", identity, program.person) >= share:
            return
        wait = lognormal(
            self.drawn("reply when", identity, program.person),
            self.figures["mail.reply_median_s"],
            self.figures["mail.reply_sigma"],
        )
        self.live(program.computer, self._answer(program, letter), now + wait)

    def _answer(self, program: MailProgram, letter: Letter) -> Decision[None]:
        yield Level()
        now: float = yield Now()
        draft = program.answer(letter, "Thanks, that helps.", now)
        draft.kind = "reply"
        yield from program.submit(draft)

    def _book(self, program: MailProgram) -> list[str]:
        """Whom somebody's address book has: colleagues, and those written to."""
        return [*(other.address for other in self.programs if other is not program), *self.spec.writes_to]
