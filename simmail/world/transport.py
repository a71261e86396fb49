"""Connections between hosts: set up, spoken over, closed, each at the cost of the path between them."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from simmail.mail.answers import REFUSED, TIMED_OUT, UNREACHABLE, ConnectFailure, Lost
from simmail.mail.questions import Close, Connect, Decision, Level, Ready, Receive, Send
from simmail.smtp.commands import Chunk, Command, Data, Sent
from simmail.smtp.replies import Reply
from simmail.world.clock import Impatient, Line, Task
from simmail.world.connection import FULL, Admit, Connection, Lent, Server
from simmail.world.wire import CUT_OFF, FIRST_AGAIN_S, LOST, TIMEOUT, TRIFLE_S, carry, route, sent_again

if TYPE_CHECKING:
    from simmail.world.host import Host
    from simmail.world.world import World

T = TypeVar("T")
#: A server that has sent nothing for so long does not wait for more commands before it sends its replies, seconds.
FLUSH_S = 10.0
#: No address in particular: a connection there leads to the address that it comes from.
ANY, LOOPBACK = "0.0.0.0", "127.0.0.1"


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
        deadline = task.now + question.timeout
        if question.address == ANY:
            here = question.source or LOOPBACK
            question = Connect(here, question.port, question.timeout, question.source, question.early)
        server = self.world.host_at(question.address, client)
        if not client.up:
            return ConnectFailure(UNREACHABLE)
        if server is None:
            if self.world.unrouted != TIMED_OUT:
                return ConnectFailure(self.world.unrouted)
            task.now = deadline
            return ConnectFailure(TIMED_OUT)
        source = question.source or client.source_address(question.address)
        stations: tuple[str, ...] = (client.name,) if server is client else (client.name, server.name)
        inner = server.forwards.get(question.port)
        if inner is not None:
            source = server.inside_address if server.hides_clients else source
            server, stations = inner, (*stations, inner.name)
            inside = inner.machine.outside[0]
            question = Connect(inside, question.port, question.timeout, source, question.early)
        pause = FIRST_AGAIN_S
        while True:
            path = route(self.world, stations)
            if path is not None:
                task.now += 2 * path.latency
                if path.loss:
                    rng = self.world.rng("loss", *stations, f"SYN {server.connections}")
                    task.now += sent_again(rng, path.loss, FIRST_AGAIN_S, deadline - task.now)
                if task.now >= deadline:  # its answer finds nobody: a connection that the server never had
                    task.now = deadline
                    return ConnectFailure(TIMED_OUT)
                yield Level()
                session: Server | None = yield from server.accept(task, source, question)
                if session is None:
                    return ConnectFailure(REFUSED)
                if session is not FULL and task.now < deadline:
                    return Connection(question.address, path, stations, session, client, server)
            if task.now + pause >= deadline:
                task.now = max(deadline, task.clock.now)  # who was let in too late knows only now
                return ConnectFailure(TIMED_OUT)
            task.now += pause
            pause *= 2
            yield Level()

    def admit(self, task: Task, question: Admit) -> Any:
        """Find a process for a session."""
        return question.slots.acquire(task, task.deadline)

    def receive(self, task: Task, question: Receive) -> Any:
        """Wait for the greeting."""
        connection: Connection = question.connection
        if connection.server is None:
            return LOST
        outer = _outer(task, connection)
        connection.busy(task)
        greeting = self._heard(task, connection, connection.server.greet(), task.now + question.timeout)
        return task.call(connection.host, greeting if outer is None else _between(task, connection, outer, greeting))

    def send(self, task: Task, question: Send) -> Any:
        """Send a group of commands and hear the replies."""
        connection: Connection = question.connection
        exchange = self._exchange(task, question)
        if task.line is not connection and task.line is not None:
            outer = _outer(task, connection)
            exchange = exchange if outer is None else _between(task, connection, outer, exchange)
        return task.call(connection.host, exchange)

    def _exchange(self, task: Task, question: Send) -> Decision[list[Reply | Lost]]:
        connection: Connection = question.connection
        replies: list[Reply | Lost] = []
        network, commands, more = self.world.network, question.commands, question.more
        connection.busy(task)
        path, size = connection.path, sum(map(octets, commands))
        seconds = size / path.bandwidth
        if connection.checked != network.changed or seconds >= TRIFLE_S or path.loss:
            lost = yield from carry(self.world, task, connection, size, question.timeouts[0])
            if lost is not None:
                return [lost]
        else:
            task.now += path.latency + seconds
        sent, since = -connection.pending, connection.since if connection.pending else task.now
        for number, timeout in enumerate(question.timeouts, 1):
            server = connection.server
            if server is None:
                last, connection.unread = connection.unread, None
                replies.append(last or LOST)
                break
            handling = server.handle(commands[number - 1], commands[number:] + more)
            reply: Reply | Lost | None
            if type(handling) is Ready:
                reply = handling.verdict
            else:
                reply = yield from self._heard(task, connection, handling, task.now + timeout)
            replies.append(reply)
            if type(reply) is Lost:
                if reply is CUT_OFF or (reply is TIMEOUT and isinstance(server, Lent) and server.holds_back):
                    replies[max(sent, 0) :] = [reply if sent >= 0 else reply._replace(unsent=-sent)]
                break
            if task.now - since > FLUSH_S:
                sent, since = number, task.now
        if more:
            connection.pending, connection.since = len(replies) - sent, since
        elif connection.pending:
            connection.pending = 0
        if replies[-1] is TIMEOUT:
            return replies
        if connection.checked != network.changed or path.loss:
            lost = yield from carry(self.world, task, connection, 0, timeout)
            if lost is not None:
                return [lost]
        else:
            task.now += path.latency
        return replies

    def _heard(
        self, task: Task, connection: Connection, saying: Decision[Reply | None], deadline: float
    ) -> Decision[Reply | Lost]:
        """What a server says, if it says something before the deadline."""
        outer = task.deadline
        if deadline < outer:
            task.deadline = deadline
        connection.task = task
        reply: Reply | None
        try:
            reply = yield from saying
        except Impatient:
            if task.now > outer:
                raise
            reply = None
        finally:
            task.deadline, connection.task = outer, None
        if reply is None:
            task.now = max(deadline, task.clock.now)
            begun: tuple[str, ...] = getattr(connection.server, "begun", ())  # postscreen's sessions have some
            return TIMEOUT._replace(teaser=begun) if begun else TIMEOUT
        if reply.closes:
            connection.ended()
            task.line = None
            if reply.code <= 0:
                lost = CUT_OFF if reply.code else LOST
                return lost._replace(teaser=reply.teaser) if reply.teaser else lost
        return reply

    def close(self, task: Task, question: Close) -> None:
        """Hang up."""
        connection: Connection = question.connection
        server = connection.server
        if server is None:
            return
        outer = _outer(task, connection)
        connection.busy(task)
        task.line = outer
        if connection.checked != self.world.network.changed and route(self.world, connection.stations) is None:
            connection.expire(task.now, task.serial)
        else:  # the client does not wait for what the server makes of it
            connection.ended()
            task.clock.spawn(connection.host, server.lost("lost connection"), task.now)


def _outer(task: Task, connection: Connection) -> Line | None:
    """The connection whose client waits while its server speaks over another one; None where it is none of these."""
    line = task.line
    return line if line is not None and line is not connection and line.task is task else None


def _between(task: Task, connection: Connection, outer: Line, speaking: Decision[T]) -> Decision[T]:
    """Speak over a connection for the sake of the client of another, which is then the one that the task has open."""
    try:
        return (yield from speaking)
    finally:
        task.line = outer
        connection.left_alone(task, inf)
