"""A session typed line by line, at the world's present time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.mail.answers import ConnectFailure, DnsAnswer, Lost
from simmail.mail.content import Content
from simmail.mail.errors import InputError
from simmail.mail.hostnames import valid_address
from simmail.mail.questions import Close, Connect, Decision, Dns, Level, Receive, Send
from simmail.postfix.host_lookup import NO_NAME
from simmail.postfix.smtpd.session import SmtpdSession
from simmail.smtp.commands import Command, Data, Sent
from simmail.smtp.replies import Reply
from simmail.world.connection import Lent

if TYPE_CHECKING:
    from simmail.world.host import Host
    from simmail.world.world import World

PATIENCE_S = 300.0
LOOPBACK = "127.0.0.1"


class Heard(str):
    """What a server said: a text, which a notebook shows as it is."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def _address(name: str) -> Decision[str]:
    """The address that a name has; "" for none."""
    if name == "localhost":
        return LOOPBACK
    answer: DnsAnswer = yield Dns(name.rstrip("."), "A")
    return answer.records[0].data if answer.records else ""


class Telnet:
    """`telnet SERVER 25`, typed by hand; time passes while the server answers.

    A server that hears nothing for too long says so and hangs up, when the world has got that far.

    Args:
        world: where it happens.
        client: the host it is typed on.
        server: the address it calls, or a name that the client's resolver is asked for.
        port: the TCP port.
        source: the address to call from; the client's own by default.

    `transcript` has all lines, `C:` typed and `S:` heard.

    A message's text is typed line by line after DATA, up to a lone dot.
    """

    def __init__(self, world: World, client: Host, server: str, port: int = 25, source: str = "") -> None:
        self.world, self.client = world, client
        self.transcript: list[str] = []
        self._content: list[str] | None = None
        self._connection: Any = None
        self._typed = 0
        if not isinstance(server, str):
            raise InputError(f"server {server!r}", "is no name", "write it as a text: 'mail.domain.ork'")
        if not isinstance(port, int):
            raise InputError(f"port {port!r}", "is no number", "write 25")
        answer = self._ask(self._open(server, port, source))
        if type(answer) is ConnectFailure:
            self.transcript.append(f"S: ({answer.reason})")
        else:
            self._hear(answer)
            self._watch()

    def _ask(self, decision: Decision[Any]) -> Any:
        return self.world.complete(self.client, decision)

    def _open(self, server: str, port: int, source: str) -> Decision[Any]:
        address = server if valid_address(server) else (yield from _address(server))
        if not address:
            return ConnectFailure(NO_NAME)
        connection = yield Connect(address, port, PATIENCE_S, source)
        if type(connection) is ConnectFailure:
            return connection
        self._connection = connection
        connection.attended = True  # `_watch` knows better what the server has heard
        return (yield Receive(connection, PATIENCE_S))

    # ---- silence

    def _watch(self) -> None:
        """From now on the server waits for the next line."""
        self._typed += 1
        server = self._connection.server if self._connection is not None else None
        session = server.session if isinstance(server, Lent) else server
        if isinstance(session, SmtpdSession):
            end = min(self.world.now + session.parameters.patience, max(session.deadline, self.world.now))
            self.world.clock.spawn(self._connection.host, self._waits(self._typed), end)

    def _waits(self, typed: int) -> Decision[None]:
        yield Level()
        if not self.open or self._typed != typed:
            return
        if self._content is not None:
            yield from self._connection.server.handle(Data(Content(self._content), complete=False), ())
        said = yield from self._connection.hang_up("timeout")
        if said is not None:
            self._hear(said)

    @property
    def open(self) -> bool:
        """Whether the server still listens."""
        return self._connection is not None and self._connection.open

    def type(self, text: str) -> Heard:
        """Type one line, or several; what the server said to them, "" while a message's text is typed.

        Raises:
            InputError: for what is no text.
        """
        if not isinstance(text, str):
            raise InputError("telnet", f"{text!r} is no line", "write it as a text: 'NOOP'")
        before = len(self.transcript)
        for line in text.split("\n"):
            self._line(line.rstrip("\r"))
        return Heard("\n".join(t[3:] for t in self.transcript[before:] if t.startswith("S: ")))

    __call__ = type

    def _line(self, line: str) -> None:
        self.transcript.append("C: " + line)
        if not self.open:
            self.transcript.append("S: (closed)")
            return
        sent: Sent
        if self._content is None:
            sent = Command.parse(line)
        elif line != ".":
            self._content.append(line.removeprefix("."))
            self._watch()
            return
        else:
            sent, self._content = Data(Content(self._content)), None
        reply = self._ask(self._say(sent))[0]
        self._hear(reply)
        if line.upper() == "DATA" and isinstance(sent, Command) and isinstance(reply, Reply) and reply.kind == 3:
            self._content = []
        self._watch()

    def _say(self, sent: Sent) -> Decision[Any]:
        return (yield Send(self._connection, (sent,), (PATIENCE_S,)))

    def _hear(self, reply: Reply | Lost) -> None:
        if isinstance(reply, Reply):
            self.transcript.extend("S: " + line for line in reply.wire())
        else:
            self.transcript.extend("S: " + line for line in reply.teaser)
            self.transcript.append("S: (no answer)" if reply.reason == "timeout" else "S: (closed)")

    def close(self) -> None:
        """Hang up."""
        if self.open:
            self._ask(self._hang_up())

    def _hang_up(self) -> Decision[None]:
        if self._content is not None:
            yield Send(self._connection, (Data(Content(self._content), complete=False),), (PATIENCE_S,))
        yield Close(self._connection)

    def __repr__(self) -> str:
        return "\n".join(self.transcript)
