"""Connections between hosts: set up, spoken over, closed, each at the cost of the path between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from simmail.mail.answers import ConnectFailure, Lost
from simmail.mail.questions import Close, Connect, Decision, Question, Receive, Send
from simmail.network.graph import HERE, Path
from simmail.smtp.commands import Chunk, Command, Data, Sent
from simmail.smtp.replies import Reply
from simmail.world.clock import WAIT, Impatient, Level, Task
from simmail.world.slots import Slots

if TYPE_CHECKING:
    from simmail.world.host import Host
    from simmail.world.world import World

REFUSED = "Connection refused"
TIMED_OUT = "Connection timed out"


class Server(Protocol):
    """One session of a server: smtpd's, or that of a scripted peer."""

    def greet(self) -> Decision[Reply | None]:
        """Speak first; None says nothing at all."""
        ...

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Answer what the client sent; `more`: what it has sent already besides."""
        ...

    def lost(self, reason: str) -> Decision[Reply | None]:
        """The client is gone without QUIT, or has been silent for too long; what it is still told."""
        ...


class Admit(Question):
    """Wait until the server has a process free for a session.  Answer: bool, whether that was before the deadline.

    Args: the service's `slots`, and the `deadline` in seconds since the start.
    """

    __slots__ = ("deadline", "slots")

    def __init__(self, slots: Slots, deadline: float) -> None:
        self.slots, self.deadline = slots, deadline


class Accepted(NamedTuple):
    """A connection that a server's kernel took: the session to be, and the processes of its service (None: enough)."""

    session: Server
    slots: Slots | None = None


class Connection:
    """An open connection, as its client holds it.

    Attributes:
        address: the server's address.
        path: the way there.
        server: the server's session; None once it is over.
        slots: the processes of its service.
        admitted: whether it holds one of them.
        host: the host the server runs on.
    """

    __slots__ = ("address", "admitted", "host", "path", "server", "slots")

    def __init__(self, address: str, path: Path, accepted: Accepted, host: Host) -> None:
        self.address, self.path, self.host = address, path, host
        self.server: Server | None = accepted.session
        self.slots, self.admitted = accepted.slots, False

    @property
    def open(self) -> bool:
        """Whether the server has not ended it."""
        return self.server is not None


def octets(sent: Sent) -> int:
    """The size of what is sent, on the wire."""
    if type(sent) is Command:
        return len(sent.verb) + len(sent.argument or "") + 3
    if type(sent) is Data:
        return sent.content.size + 5
    assert type(sent) is Chunk
    return len(sent.text)


class Transport:
    """Answers Connect, Receive, Send and Close.

    Args:
        world: whose network and hosts it joins.
    """

    def __init__(self, world: World) -> None:
        self.world = world

    def connect(self, task: Task, question: Connect) -> Any:
        """Open a connection: a round trip where somebody listens or refuses, the whole time-out where nobody is."""
        return task.call(task.host, self._connecting(task, question))

    def _connecting(self, task: Task, question: Connect) -> Decision[Connection | ConnectFailure]:
        client: Host = task.host
        server = self.world.host_at(question.address, client)
        if server is None:
            if self.world.unrouted != TIMED_OUT:
                return ConnectFailure(self.world.unrouted)
            task.now += question.timeout
            return ConnectFailure(TIMED_OUT)
        path = HERE if server is client else self.world.network.path(client.name, server.name)
        if path is None or not server.up:
            task.now += question.timeout
            return ConnectFailure(TIMED_OUT)
        task.now += 2 * path.latency
        source = question.source or client.source_address(question.address)
        inner = server.forwards.get(question.port)
        if inner is not None:
            within = self.world.network.path(server.name, inner.name)
            if within is None or not inner.up:
                task.now += question.timeout
                return ConnectFailure(TIMED_OUT)
            task.now += 2 * within.latency
            question = Connect(inner.machine.outside[0], question.port, question.timeout, source, question.early)
            path, server, source = path + within, inner, server.inside_address if server.hides_clients else source
        yield Level()
        accepted = yield from server.accept(task, source, question)
        if accepted is None:
            return ConnectFailure(REFUSED)
        return Connection(question.address, path, accepted, server)

    def admit(self, task: Task, question: Admit) -> Any:
        """Find a process for a session."""
        return question.slots.acquire(task, question.deadline) if task.level(question) else WAIT

    def receive(self, task: Task, question: Receive) -> Any:
        """Wait for the greeting."""
        return task.call(question.connection.host, self._greeting(task, question))

    def _greeting(self, task: Task, question: Receive) -> Decision[Reply | Lost]:
        connection: Connection = question.connection
        if connection.server is None:
            return LOST
        deadline = task.now + question.timeout
        if connection.slots is not None:
            if not (yield Admit(connection.slots, deadline)):
                connection.server = None
                return TIMEOUT
            connection.admitted = True
        return (yield from self._heard(task, connection, connection.server.greet(), deadline))

    def send(self, task: Task, question: Send) -> Any:
        """Send a group of commands and hear the replies."""
        return task.call(question.connection.host, self._exchange(task, question))

    def _exchange(self, task: Task, question: Send) -> Decision[list[Reply | Lost]]:
        connection: Connection = question.connection
        replies: list[Reply | Lost] = []
        path, commands, more = connection.path, question.commands, question.more
        task.now += path.latency + sum(map(octets, commands)) / path.bandwidth
        for number, timeout in enumerate(question.timeouts, 1):
            server = connection.server
            if server is None:
                replies.append(LOST)
                break
            handling = server.handle(commands[number - 1], commands[number:] + more)
            reply = yield from self._heard(task, connection, handling, task.now + timeout)
            replies.append(reply)
            if type(reply) is Lost:
                break
        task.now += path.latency
        return replies

    def _heard(
        self, task: Task, connection: Connection, saying: Decision[Reply | None], deadline: float
    ) -> Decision[Reply | Lost]:
        """What a server says, if it says something before the deadline."""
        outer = task.deadline
        if deadline < outer:
            task.deadline = deadline
        reply: Reply | None
        try:
            reply = yield from saying
        except Impatient:
            if outer < deadline:
                raise
            reply = None
        finally:
            task.deadline = outer
        if reply is None:
            task.now = deadline
            return TIMEOUT
        if reply.closes:
            yield from ended(connection)
            if not reply.code:
                return LOST
        return reply

    def close(self, task: Task, question: Close) -> Any:
        """Hang up."""
        if question.connection.server is None:
            return None
        return task.call(question.connection.host, self._closing(task, question.connection))

    def _closing(self, task: Task, connection: Connection) -> Decision[None]:
        yield from hang_up(connection, "lost connection")


def ended(connection: Connection) -> Decision[None]:
    """The server's side of a connection is over: its process is free."""
    connection.server = None
    if connection.slots is not None and connection.admitted:
        yield Level()
        connection.slots.release()


def hang_up(connection: Connection, reason: str) -> Decision[Reply | None]:
    """On the server's host: the client is gone, or silent for too long; what the server says to that."""
    assert connection.server is not None
    said = yield from connection.server.lost(reason)
    yield from ended(connection)
    return said


#: A reply that says nothing and ends the connection.
HANG_UP = Reply(0, ("",), True)
LOST, TIMEOUT = Lost("lost connection"), Lost("timeout")
