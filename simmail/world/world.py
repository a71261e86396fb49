"""A world: hosts on a network, the names they have, the time they live in, and what happened."""

from __future__ import annotations

import random
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simmail.dns.resolver import Resolver
from simmail.dns.zones import Zones
from simmail.files.machine import Machine
from simmail.mail.answers import TIMED_OUT
from simmail.mail.calendar import Calendar
from simmail.mail.errors import InputError, NobodyError, SimmailError
from simmail.mail.questions import (
    Abandon,
    Anvil,
    Await,
    Close,
    Commit,
    Connect,
    Decision,
    Deposit,
    Detach,
    Dns,
    Draw,
    FlushSite,
    KeepConnection,
    KeptConnection,
    Listen,
    LookUps,
    NewQueueId,
    PassOn,
    Policy,
    Receive,
    Run,
    Send,
    Trigger,
)
from simmail.mail.records import Journal
from simmail.network.graph import Network
from simmail.postfix.memo import Memory
from simmail.world import policy, services
from simmail.world.actors.figures import Figures
from simmail.world.clock import Clock
from simmail.world.connection import Admit
from simmail.world.conservation import Conservation
from simmail.world.faults import Faults
from simmail.world.host import Host
from simmail.world.intake import Intake
from simmail.world.line import Lines, Transfer, transfer
from simmail.world.mua import People
from simmail.world.results import Results
from simmail.world.spill import Spill, Texts
from simmail.world.telnet import Telnet
from simmail.world.transport import Transport
from simmail.world.truth import Truth
from simmail.world.units import clock

if TYPE_CHECKING:
    from simmail.world.actors.actor import Actor
    from simmail.world.scenario import Scenario


#: How many answers more the mail systems of a world may remember for each host in it (`memo.Memory`).
ANSWERS = 64


class World:
    """Everything of one run.

    Args:
        calendar: how its seconds read as dates.
        seed: from which all chance is drawn, each actor's and purpose's from a stream of its own.
        unrouted: what a connection to an address nobody has ends with.
        zones: its name space; none for an empty one.

    Attributes:
        hosts: name -> host.
        people: login name -> mail program.
        actors: name -> who else lives here.
        faults: what fails and comes back.
        truth: what each message is in truth.
        memory: what its mail systems remember.
        figures: what the living part is made with.
        notices: what a user should be told of the world as it was loaded.
        scenario, folder, policy: what it was loaded from, if it was.
    """

    def __init__(
        self, calendar: Calendar, seed: int = 1, unrouted: str = TIMED_OUT, zones: Zones | None = None
    ) -> None:
        self.calendar, self.seed, self.unrouted = calendar, seed, unrouted
        self.journal, self._texts = Journal(Spill()), Texts()
        self.clock = Clock(self.journal)
        self.network = Network()
        self.lines = Lines(self.network)
        self.faults = Faults(self)
        self.zones = zones or Zones()
        self.hosts: dict[str, Host] = {}
        self.people = People()
        self.notices: list[str] = []
        self.truth = Truth()
        self.memory = Memory()
        self.figures = Figures()
        self.actors: dict[str, Actor[Any]] = {}
        self.scenario: Scenario | None = None
        self.folder: Path | None = None
        self.policy = ""
        self._results: Results | None = None
        self._answer_questions()

    def _answer_questions(self) -> None:
        """Say who answers what tasks ask, and whether that is about what they share."""
        transport = Transport(self)
        self.clock.handlers.update(
            {
                Connect: (transport.connect, False),
                Admit: (transport.admit, True),
                Receive: (transport.receive, False),
                Send: (transport.send, False),
                Close: (transport.close, False),
                Dns: (services.dns, False),
                LookUps: (services.look_ups, True),
                Draw: (services.draw, False),
                Policy: (policy.policy, True),
                policy.Attend: (policy.attend, True),
                Listen: (policy.listen, True),
                Transfer: (transfer, True),
                Deposit: (Intake.deposit, True),
                Run: (services.run, True),
                Detach: (services.detach, True),
                FlushSite: (services.flush_site, True),
                NewQueueId: (Intake.new_queue_id, True),
                Commit: (Intake.commit, True),
                Abandon: (Intake.abandon, False),
                Anvil: (lambda task, question: task.host.master.anvil(task, question), True),
                PassOn: (lambda task, question: task.host.master.pass_on(task, question), True),
                KeepConnection: (lambda task, question: task.host.master.kept.keep(task, question), True),
                KeptConnection: (lambda task, question: task.host.master.kept.take(task, question), True),
                Await: (lambda task, question: task.host.master.until_runs(task, question), True),
                Trigger: (lambda task, question: task.host.master.manage(question.act), False),
            }
        )

    @property
    def now(self) -> float:
        """Seconds since the world's start."""
        return self.clock.now

    @property
    def title(self) -> str:
        """What it is called; "" for one that was made by hand."""
        return self.scenario.title if self.scenario is not None else ""

    @property
    def watched(self) -> bool:
        """Whether each wait is an event of its own, so that one can stop amid a session; the same comes out."""
        return self.clock.watched

    @watched.setter
    def watched(self, value: bool) -> None:
        self.clock.watched = value

    def rng(self, *names: str) -> random.Random:
        """A stream of chance of its own for one actor and purpose."""
        return random.Random("/".join((str(self.seed), *names)))

    def add_host(self, name: str, machine: Machine, resolver: Resolver | None = None) -> Host:
        """Put a machine on the network; its links are made with `network.link`."""
        self.network.add_host(name, machine.outside)
        env: Any = self.clock.env
        machine.files.clock = lambda: env._now
        machine.files.store = self._texts
        self.memory.limit += ANSWERS
        host = self.hosts[name] = Host(self, name, machine, resolver or Resolver(self.zones))
        return host

    def host_at(self, address: str, client: Host) -> Host | None:
        """The host that an address leads `client` to; None where nobody has it."""
        if address.startswith("127."):
            return client
        owner = self.network.owner(address)
        return self.hosts.get(owner) if owner is not None else None

    def complete(self, host: Host, decision: Decision[Any]) -> Any:
        """Let a decision be made on a host, now, and time pass until it is; its verdict.

        Raises:
            SimmailError: where nothing is left that could complete it.
        """
        ends: list[tuple[Any, float]] = []
        self.clock.spawn(host, decision, self.now, lambda verdict, time: ends.append((verdict, time)))
        self.clock.run_while(lambda: not ends)
        if not ends:
            raise SimmailError(f"{host.name}: waits for something that will not happen")
        verdict, time = ends[0]
        self.clock.run(time)
        return verdict

    @property
    def results(self) -> Results:
        """What has happened up to now, as tables and figures."""
        if self._results is None or self._results.now != self.now or self._results.records.written != len(self.journal):
            self._results = Results(self)
        return self._results

    def conservation(self) -> Conservation:
        """Where all recipients of all messages are, now; whether that `holds`, and what is wrong where it does not."""
        return Conservation(self)

    def telnet(self, client: str, server: str, port: int = 25) -> Telnet:
        """A session typed by hand.

        Args:
            client: a host's name or address to type on.
            server: the host's name or address to call, or a name that DNS has an address for.
            port: 25 by default.

        Raises:
            InputError: for a client that is no host of this world, and a port that is no number.
        """
        owner = self.network.owner(client)
        there = self.hosts[server].machine.addresses[0] if server in self.hosts else server
        return Telnet(self, self.host(owner or client), there, port, client if owner else "")

    def host(self, name: str) -> Host:
        """The host of that name.  Raises InputError."""
        if not isinstance(name, str):
            raise NobodyError(f"host {name!r}", "is no name", "write it in quotation marks: 'mail.domain.ork'")
        found = self.hosts.get(name)
        if found is None:
            raise NobodyError(f"host {name!r}", "is not in this world", f"there are: {', '.join(self.hosts)}")
        return found

    def __repr__(self) -> str:
        title = self.scenario.title if self.scenario else "a world"
        servers = sum(host.takes_mail for host in self.hosts.values())
        moment = self.calendar.at(self.now)
        people = "1 person" if len(self.people) == 1 else f"{len(self.people)} people"
        return (
            f"<{title}: {len(self.hosts)} hosts, {servers} of them mail servers, {people}; "
            f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M:%S}>"
        )

    def moment(self, text: float | str) -> float:
        """Seconds since the start of a moment as people write it: `2h`, `10:30`, `1d 9:00`.

        Raises:
            InputError: for what is no moment, or one before the world's start.
        """
        start = self.calendar.start
        try:
            moment = clock(text, start.hour * 3600.0 + start.minute * 60 + start.second)
        except ValueError as error:
            raise InputError("time", str(error)) from None
        if moment < 0:
            found = f"{text!r} is before the world's start, {start:%H:%M}"
            later = f"the next day's is written 1d {text}" if isinstance(text, str) else "write seconds after it"
            raise InputError("time", found, later)
        return moment

    def run(self, until: float | str | None = None) -> None:
        """Let time pass; for a moment that is over it stays what it is, with a warning.

        Args:
            until: seconds since the start, a length of time since the start (`2h`, `5d`), or a time of day on the first
                day or later (`10:30`, `1d 9:00`); the scenario's length by default.

        Raises:
            InputError: for a text that is no time.
        """
        if until is None:
            end = self.scenario.length if self.scenario else 3600.0
        else:
            end = self.moment(until)
        if end < self.now:
            now = f"{self.calendar.at(self.now):%a %H:%M:%S}"
            more = "for five minutes more write world.run(world.now + 300)"
            warnings.warn(f"it is {now} already, and time does not run backwards; {more}", stacklevel=2)
        self.clock.run(end)
