"""The services of a mail server that listen on the network: their ports, their processes, and what stress does to them.

As many sessions as a service has processes are held at a time.  Who comes later waits in the kernel's queue, and who
finds even that full gets no answer at all.  When the last process is busy, master(8) complains, at most every 1000
seconds, and processes are started with `stress=yes` until that has not happened for as long (STRESS_README).

BUGS: in life a process that was started before the stress keeps its patience for as long as it lives.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from simmail.mail.errors import Fatal, LateFatal
from simmail.mail.questions import Connect, Decision, Level, Note, Now, PassOn, Sleep, answered
from simmail.postfix.local_domains import listening_addresses
from simmail.smtp.commands import Sent
from simmail.smtp.replies import HANG_UP, Reply
from simmail.world.clock import Task
from simmail.world.connection import FULL, Borrower, Lent, Mute, Server
from simmail.world.slots import Slots

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem
    from simmail.world.master import Master

#: How long stress lasts after the last process was busy, and how long master(8) does not repeat itself, seconds.
STRESS_S = 1000.0
WARNINGS = (
    'service "{name}" ({port}) has reached its process limit "{limit}": new clients may experience noticeable delays',
    "to avoid this condition, increase the process count in master.cf or reduce the service time per client",
    "see http://www.postfix.org/STRESS_README.html for examples of stress-adapting configuration settings",
)


class Waiting:
    """A connection that the kernel took while the program would not run: nobody speaks before that does.

    Args:
        port: the service.
        client, question: who connected, and how.
    """

    __slots__ = ("_client", "_greeted", "_port", "_question", "_session", "_since")

    def __init__(self, port: Port, client: str, question: Connect) -> None:
        self._port, self._client, self._question = port, client, question
        self._since, self._greeted = port.closed, False
        self._session: Server | None = None
        port.kept += 1

    def greet(self) -> Decision[Reply | None]:
        """Speak first, as soon as the program runs."""
        session = yield from self._served()
        if session is None:
            return None
        self._greeted = True
        return (yield from session.greet())

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Answer what the client sent."""
        return answered(None) if self._session is None else self._session.handle(sent, more)

    def lost(self, reason: str) -> Decision[Reply | None]:
        """The client is gone, which the program finds out once it runs."""
        session = yield from self._served()
        if session is None:
            return None
        if not self._greeted:
            yield from session.greet()
        return (yield from session.lost(reason))

    def _served(self) -> Decision[Server | None]:
        """The session, once the program runs; None where Postfix was stopped before."""
        port = self._port
        while self._session is None:
            if port.closed != self._since:
                return None
            now: float = yield Now()
            if now < port.throttled:
                yield Sleep(port.throttled - now)
                yield Level()
                continue  # somebody else may have tried meanwhile, in vain
            self._session, notes = port.tried(self._client, self._question, (yield Now()))
            yield from notes
            if self._session is None and port.closes:
                self._session = Mute(HANG_UP)
            if self._session is not None:
                port.kept -= 1
        return self._session


class Port:
    """One service that takes connections.

    Args:
        ports: all of them.
        service: its entry in master.cf.
        number: the TCP port; 0 for one that takes them over from another.

    Attributes:
        slots: its processes.
        closed: how often Postfix was stopped, and forgot who had connected.
        kept: how many connections wait for the program to run.
        closes: whether the program has died over its first client, whose connection it takes with it.
    """

    def __init__(self, ports: Ports, service: Service, number: int) -> None:
        self.service, self.number = service, number
        self.closed = self.kept = 0
        self.closes = False
        self._ports = ports
        self._stressed_until = self._quiet_until = 0.0
        self._program: Any = None
        self._patience = 0.0
        self.slots = Slots(0, self._last_taken)

    @property
    def throttled(self) -> float:
        """Until when it is not started again, seconds."""
        system = self._ports.master.system
        return 0.0 if system is None else system.deaths.throttled.get((self.service.name, self.service.type), 0.0)

    def configure(self, service: Service, default_limit: int) -> None:
        """Postfix was started or reloaded; processes at work now count on."""
        self.service = service
        self.slots.limit = default_limit if service.maxproc is None else service.maxproc
        self.backlog = max(self.slots.limit, default_limit)

    def forget(self) -> None:
        """The host has died: nobody is at work any more."""
        self.slots = Slots(self.slots.limit, self._last_taken)
        self._stressed_until = self._quiet_until = 0.0

    def _last_taken(self, now: float) -> None:
        """The last process is busy."""
        limit = self.slots.limit
        if limit < 2 or self.service.type != "inet":
            return  # master(8) knows no stress where there is but one process
        self._stressed_until = now + STRESS_S
        if now >= self._quiet_until:
            self._quiet_until = now + STRESS_S
            name = self.service.name
            for text in WARNINGS:
                text = text.format(name=name.rpartition(":")[2], port=self.number, limit=limit)
                self._ports.master.note("master", "warning", "", text)

    def session(self, task: Task, client: str, question: Connect) -> Server:
        """A session with a client; where the program does not run, one that says nothing until it does."""
        if self.throttled > task.now and not self._has_idle(task.now):
            return Waiting(self, client, question)
        session, notes = self.tried(client, question, task.now)
        for said in notes:  # the task is still the client's, so the host is named with what is recorded here
            self._ports.master.record(task, said)
        if session is not None:
            return session
        return Mute(HANG_UP) if self.closes else Waiting(self, client, question)

    def _has_idle(self, now: float) -> bool:
        """Whether a process is there already that takes another client."""
        system = self._ports.master.system
        program = None if system is None else system.at_hand(self.service.name, self.service.type)
        return program is not None and not program.shared and bool(program.processes.idle(now))

    def tried(self, client: str, question: Connect, now: float) -> tuple[Server | None, list[Note]]:
        """A session with a client, None where the program does not run; and what its processes say as they start."""
        system = self._ports.master.system
        assert system is not None
        notes: list[Note] = []
        name, type = self.service.name, self.service.type
        program = system.at_hand(name, type) or self._made(system, now, notes)
        if program is None:
            return None, notes
        session: Any = program.session(client, question)
        if program.shared:
            return session, notes
        if program is not self._program:
            self._program, self._patience = program, program.config["smtpd_timeout"]
        return Lent(session, self.slots, self._patience, partial(self._strained, system, client, question)), notes

    def _made(self, system: MailSystem, now: float, notes: list[Note]) -> Any:
        """The program, which may have to be made; None where it does not run."""
        name, type = self.service[:2]
        notes += system.outdated(name, type)
        try:
            return system.program(name, type)
        except Fatal as fatal:
            notes += system.deaths.dying(name, type, fatal, now)
            self.closes = isinstance(fatal, LateFatal)
            return None

    def _strained(self, system: MailSystem, client: str, question: Connect) -> tuple[Borrower, float] | None:
        """The session that a process under stress would hold; None where there is no stress."""
        if self._ports.master.clock.now >= self._stressed_until:
            return None
        program = system.strained(self.service.name, self.service.type)
        return program.session(client, question), float(program.config["smtpd_timeout"])


class Ports:
    """All services of one mail server that listen on the network.

    Args:
        master: its supervisor.
    """

    def __init__(self, master: Master) -> None:
        self.master = master
        self._known: dict[tuple[str, str], Port] = {}
        self._listening: dict[tuple[str, int], Port] = {}
        self._addresses: frozenset[str] = frozenset()

    def listen(self, system: MailSystem) -> None:
        """Postfix was started or reloaded; a reload takes no change of inet_interfaces up."""
        if not self._listening:
            self._addresses = listening_addresses(system.config, self.master.host.machine)
        default: int = system.config["default_process_limit"]
        self._listening.clear()
        for key, service in system.master.services.items():
            if service.port or service.type == "pass":
                port = self._known.setdefault(key, Port(self, service, service.port))
                port.configure(service, default)
                if service.port:
                    own = (service.address,) if service.address else self._addresses
                    self._listening |= {(address, service.port): port for address in own}

    def close(self) -> None:
        """Postfix was stopped."""
        self._listening.clear()
        for port in self._known.values():
            port.closed, port.kept = port.closed + 1, 0

    def forget(self) -> None:
        """The host has died."""
        self.close()
        for port in self._known.values():
            port.forget()

    def accept(self, task: Task, client: str, question: Connect) -> Decision[Server | None]:
        """Take a connection; None where nothing listens on that port and address."""
        port = self._listening.get((question.address, question.port))
        if port is None:
            return answered(None)
        if len(port.slots.waiting) + port.kept > port.backlog:
            return answered(FULL)
        return answered(port.session(task, client, question))

    def take_over(self, task: Task, question: PassOn) -> Server | None:
        """Take a connection over from another service; None where there is no such service."""
        key = (question.service, "pass")
        if self.master.system is None or self.master.system.service(*key) is None or key not in self._known:
            return None
        return self._known[key].session(task, question.client, question.connection)

    def listening(self) -> list[tuple[str, int]]:
        """The addresses and TCP ports that take connections; `*` for all of the host's addresses."""
        everywhere = self._addresses.issuperset(self.master.host.machine.addresses)
        found: dict[tuple[str, int], None] = {}
        for (address, number), port in sorted(self._listening.items(), key=lambda item: item[0]):
            found["*" if everywhere and not port.service.address else address, number] = None
        return list(found)

    def listens_on(self, address: str) -> bool:
        """Whether inet_interfaces has this address."""
        return address in self._addresses
