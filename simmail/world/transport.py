"""Connections between hosts: set up, spoken over, closed, each at the cost of the path between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from simmail.mail.answers import ConnectFailure, Lost
from simmail.mail.questions import Close, Connect, Decision, Level, Question, Receive, Send
from simmail.network.graph import HERE, Path
from simmail.smtp.commands import Chunk, Command, Data, Sent
from simmail.smtp.replies import Reply
from simmail.world.clock import WAIT, Impatient, Task
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
    """Wait until the server has a process free for a session.  Answer: bool, whether the client's patience sufficed.

    Args: the service's `slots`.
    """

    __slots__ = ("slots",)

    def __init__(self, slots: Slots) -> None:
        self.slots = slots


class Lent:
    """A session whose server has one of its service's processes, from the greeting on.

    Args:
        session: the session.
        slots: the service's processes.
    """

    def __init__(self, session: Server, slots: Slots) -> None:
        self.session, self.slots, self.admitted = session, slots, False

    def greet(self) -> Decision[Reply | None]:
        """Speak first, as soon as there is a process."""
        self.admitted = yield Admit(self.slots)
        if not self.admitted:
            return None
        return (yield from self._said(self.session.greet()))

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Answer what the client sent."""
        return (yield from self._said(self.session.handle(sent, more)))

    def _said(self, saying: Decision[Reply | None]) -> Decision[Reply | None]:
        reply = yield from saying
        if reply is not None and reply.closes:
            yield from self._release()
        return reply

    def lost(self, reason: str) -> Decision[Reply | None]:
        """The client is gone; a session that had not begun is never heard of."""
        if not self.admitted:
            return None
        said = yield from self.session.lost(reason)
        yield from self._release()
        return said

    def _release(self) -> Decision[None]:
        yield Level()
        self.slots.release()


class Connection:
    """An open connection, as its client holds it.

    Attributes:
        address: the server's address.
        path: the way there.
        server: the server's session; None once it is over.
        host: the host the server runs on.
    """

    __slots__ = ("address", "host", "path", "server")

    def __init__(self, address: str, path: Path, session: Server, host: Host) -> None:
        self.address, self.path, self.host = address, path, host
        self.server: Server | None = session

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
        return question.slots.acquire(task, task.deadline) if task.level(question) else WAIT

    def receive(self, task: Task, question: Receive) -> Any:
        """Wait for the greeting."""
        return task.call(question.connection.host, self._greeting(task, question))

    def _greeting(self, task: Task, question: Receive) -> Decision[Reply | Lost]:
        connection: Connection = question.connection
        if connection.server is None:
            return LOST
        return (yield from self._heard(task, connection, connection.server.greet(), task.now + question.timeout))

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
            connection.server = None
            if not reply.code:
                return LOST
        return reply

    def close(self, task: Task, question: Close) -> Any:
        """Hang up."""
        connection: Connection = question.connection
        server, connection.server = connection.server, None
        if server is not None:  # the client does not wait for what the server makes of it
            task.clock.spawn(connection.host, server.lost("lost connection"), task.now)


def hang_up(connection: Connection, reason: str) -> Decision[Reply | None]:
    """On the server's host: the client is gone, or silent for too long; what the server says to that."""
    assert connection.server is not None
    server, connection.server = connection.server, None
    return (yield from server.lost(reason))


#: A reply that says nothing and ends the connection.
HANG_UP = Reply(0, ("",), True)
LOST, TIMEOUT = Lost("lost connection"), Lost("timeout")
