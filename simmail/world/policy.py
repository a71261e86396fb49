"""Policy servers in the world: who listens where on which host, and the connections that smtpd keeps to them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simmail.files.file_errors import NO_FILE
from simmail.files.invocation import Command
from simmail.mail.answers import REFUSED, RESET, TIMED_OUT, PolicyAnswer
from simmail.mail.errors import Fatal
from simmail.mail.hostnames import valid_address
from simmail.mail.questions import Decision, Level, Listen, Policy, Question, Sleep, through
from simmail.network.graph import HERE
from simmail.postfix.config import QUEUE_DIRECTORY
from simmail.postfix.control import Listener
from simmail.postfix.mastercf import Service
from simmail.userland.policy import Direct, Line, PolicyProgram, Said, Spawned
from simmail.userland.policy.protocol import ANY
from simmail.world.clock import WAIT, Alarm, Task

if TYPE_CHECKING:
    from simmail.world.host import Host

IN_USE = "Address already in use"
SPAWN = "spawn"


class Dead:
    """A connection that the kernel takes and whose program dies at once, or is not even started.

    Args:
        hears: False where the program does not die but never comes.
    """

    def __init__(self, hears: bool) -> None:
        self.hears = hears

    def ask(self, attributes: Mapping[str, str], now: float) -> Decision[Said]:
        """Nobody answers."""
        if not self.hears:
            yield Sleep(float("inf"))
        return Said("", ended=True, reset=True)

    def hang_up(self, now: float, late: str = "") -> Decision[None]:
        """Nobody notices."""
        yield from ()


class Link:
    """An open connection to a policy server.

    Args:
        server: as asked for.
        host: where the server runs.
        latency: of the way there, seconds.
        line: the server's end.

    Attributes:
        line: None once the connection is closed.
        alarm: what will close it when it was idle for too long.
    """

    __slots__ = ("alarm", "host", "latency", "line", "server")

    def __init__(self, server: str, host: Host, latency: float, line: Line) -> None:
        self.server, self.host, self.latency = server, host, latency
        self.line: Line | None = line
        self.alarm: Alarm | None = None


class PolicyServers:
    """The policy servers of one host: programs that were started, and services of spawn(8).

    Args:
        host: the host.
        commands: its programs by name.
    """

    def __init__(self, host: Host, commands: Mapping[str, Command]) -> None:
        self.host, self.commands = host, commands
        self._programs: dict[str, PolicyProgram] = {}

    def listen(self, program: PolicyProgram) -> str:
        """Let a program answer at its endpoint; "" or why not."""
        place = self._place(program.endpoint)
        if place in self._programs:
            return IN_USE
        self._programs[place] = program
        return ""

    def listening(self) -> list[Listener]:
        """The TCP ports of the programs."""
        found = []
        for place, program in self._programs.items():
            kind, _, name = place.partition(":")
            address, _, port = name.rpartition(":")
            if kind == "inet":
                address = (
                    "*" if address == ANY else address if valid_address(address) else self.host.machine.addresses[0]
                )
                found.append(Listener(address, int(port), program.name))
        return found

    def connect(self, server: str, now: float) -> Line | None:
        """The server's end of a new connection; None where nobody listens.

        Args:
            server: `inet:192.0.2.1:10023`, `unix:private/policy`.
            now: seconds since the world's start.
        """
        place = self._place(server)
        program = self._programs.get(place)
        if program is None and place.startswith("inet:"):
            program = self._programs.get(f"inet:{ANY}:{place.rpartition(':')[2]}")
        if program is not None:
            return Direct(program)
        service = self._spawned(place)
        return None if service is None else self._start(service, now)

    def _place(self, server: str) -> str:
        """A server's name with the full path of its socket."""
        kind, _, name = server.partition(":")
        return f"unix:{posixpath.normpath(posixpath.join(self._queue(), name))}" if kind == "unix" else server

    def _queue(self) -> str:
        system = self.host.master.system if self.host.master is not None else None
        return str(system.config["queue_directory"]) if system is not None else QUEUE_DIRECTORY

    def _spawned(self, place: str) -> Service | None:
        """The service of spawn(8) that listens there."""
        master = self.host.master
        if master is None or master.system is None:
            return None
        for service in master.system.master.services.values():
            if service.command == SPAWN and self._listens(service, place):
                return service
        return None

    def _listens(self, service: Service, place: str) -> bool:
        if service.type == "unix":
            return place == self._place(f"unix:{'private' if service.private else 'public'}/{service.name}")
        kind, _, name = place.partition(":")
        address, _, port = name.rpartition(":")
        if service.type != "inet" or kind != "inet" or port != str(service.port):
            return False
        assert self.host.master is not None
        return address == service.address if service.address else self.host.master.ports.listens_on(address)

    def _start(self, service: Service, now: float) -> Line:
        """Start a process of spawn(8)."""
        assert self.host.master is not None
        system = self.host.master.system
        assert system is not None
        if system.deaths.throttled.get((service.name, service.type), 0.0) > now:
            return Dead(hears=False)
        try:
            return Spawned(service.arguments, self.host.machine, self.commands).connect(now)
        except Fatal as fatal:
            self.host.master.note(SPAWN, "fatal", "", fatal.text)
            system.deaths.throttle(service.name, service.type, now)
            return Dead(hears=True)


# ---- what the world answers


def listen(task: Task, question: Listen) -> Any:
    """A program wants to answer policy requests."""
    return task.host.policies.listen(question.program)


def policy(task: Task, question: Policy) -> Any:
    """Ask a policy server, over a connection that is there or a new one."""
    link: Link | None = question.link
    if link is None or link.line is None:
        found = _connect(task, question.server if link is None else link.server, question.timeout)
        if isinstance(found, PolicyAnswer):
            return found
        link = found
    return task.call(link.host, _exchange(task, link, link.line, question))


def _connect(task: Task, server: str, timeout: float) -> Link | PolicyAnswer:
    client: Host = task.host
    if server.startswith("unix:"):
        line = client.policies.connect(server, task.now)
        return PolicyAnswer(unconnected=NO_FILE) if line is None else Link(server, client, 0.0, line)
    address = server.removeprefix("inet:").rpartition(":")[0]
    host = client.world.host_at(address, client)
    if host is None and client.world.unrouted != TIMED_OUT:
        return PolicyAnswer(unconnected=client.world.unrouted)
    path = None if host is None else HERE if host is client else client.world.network.path(client.name, host.name)
    if host is None or path is None or not host.up:
        task.now += timeout
        return PolicyAnswer(unconnected=TIMED_OUT)
    task.now += 2 * path.latency
    line = host.policies.connect(server, task.now)
    return PolicyAnswer(unconnected=REFUSED) if line is None else Link(server, host, path.latency, line)


def _exchange(task: Task, link: Link, line: Line | None, question: Policy) -> Decision[PolicyAnswer]:
    """Send a request and hear the answer, as long as the client waits for it."""
    assert line is not None
    if link.alarm is not None:
        link.alarm.call_off()
    deadline = task.now + question.timeout
    task.now += link.latency
    said: Said | None = yield Attend(line, question.attributes, deadline)
    if said is None:
        link.line = None
        return PolicyAnswer(error=TIMED_OUT, link=link)
    task.now += link.latency
    if said.ended:
        link.line = None
        return PolicyAnswer(said.text, True, error=RESET if said.reset else "", link=link)
    link.alarm = Alarm(task.clock, task.now + question.keep, task.serial, lambda: _hang_up(task, link))
    return PolicyAnswer(said.text, link=link)


class Attend(Question):
    """Let a server work at a request.  Answer: `Said`, or None at the deadline; the server then goes on in vain.

    Args:
        line: the server's end of the connection.
        attributes: the request.
        deadline: until when it is waited for, seconds since the start.
    """

    __slots__ = ("attributes", "deadline", "line")

    def __init__(self, line: Line, attributes: Mapping[str, str], deadline: float) -> None:
        self.line, self.attributes, self.deadline = line, attributes, deadline


def attend(task: Task, question: Attend) -> Any:
    """Start the server's work on its host, and wait for it."""
    clock, host, line = task.clock, task.host, question.line

    waiting = True

    def give_up() -> None:
        nonlocal waiting
        waiting = False
        task.resume(None)

    def done(said: Said, time: float) -> None:
        if waiting:
            alarm.call_off()
            task.resume(said)
        elif not said.ended:
            clock.spawn(host, _ending(line, said.text), time)

    alarm = Alarm(clock, question.deadline, task.serial, give_up)
    clock.spawn(host, through(line.ask(question.attributes, task.now), _level), task.now, done)
    return WAIT


def _level(question: Question) -> Decision[Any]:
    """Ask what a server asks, who is never ahead of the clock: others see its files."""
    answer = yield question
    if type(question) is Sleep:
        yield Level()
    return answer


def _hang_up(task: Task, link: Link) -> None:
    """The client has closed the connection."""
    line, link.line = link.line, None
    if line is not None:
        task.clock.spawn(link.host, _ending(line), task.clock.now)


def _ending(line: Line, late: str = "") -> Decision[None]:
    now = yield Level()
    yield from line.hang_up(now, late)
