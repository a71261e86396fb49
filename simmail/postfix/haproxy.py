"""NAME
    haproxy - a proxy before a server tells whose connection it is

DESCRIPTION
    With smtpd_upstream_proxy_protocol or postscreen_upstream_proxy_protocol the first thing on a connection is a line

        PROXY TCP4 203.0.113.7 192.0.2.10 35646 25

    with the address and port of the client, and those that it called, between them.  The session then is that client's.
    Where the line is missing, does not come in time or cannot be read, the server hangs up.

PARAMETERS
    smtpd_upstream_proxy_protocol, smtpd_upstream_proxy_timeout, postscreen_upstream_proxy_protocol,
    postscreen_upstream_proxy_timeout

DIAGNOSTICS
    haproxy read: unrecognized protocol header: TEXT; also `short protocol header`
    haproxy read: bad or missing protocol type: TEXT; also `client address`, `server address`, `client port`, `server
    port`
    haproxy read: timeout error; postscreen says `time limit exceeded`
    ignoring non-empty smtpd_upstream_proxy_protocol setting behind postscreen

BUGS
    Version 2 of the protocol, which is no text, is not understood.  Who hangs up before the time is over leaves no
    trace.

SEE ALSO
    postconf(5), haproxy_srvr(3)
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from simmail.mail.errors import LateFatal
from simmail.mail.hostnames import valid_ipv4, valid_ipv6
from simmail.mail.questions import Connect, Decision, Question, Sleep, answered
from simmail.smtp.commands import Sent
from simmail.smtp.replies import HANG_UP, Reply
from simmail.smtp.wire import encoded, escaped, wire

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service

IGNORED = "ignoring non-empty smtpd_upstream_proxy_protocol setting behind postscreen"
HEADER = "PROXY "
#: What is shorter than this may be the beginning of anything, octets.
SHORT = 16
FAMILIES = {"TCP4": 4, "TCP6": 6}
MAX_PORT = 65535


def is_used(protocol: str, parameter: str) -> bool:
    """Whether a proxy is waited for.  Raises LateFatal for one that speaks otherwise."""
    if protocol and protocol.lower() != "haproxy":
        raise LateFatal(f"unsupported {parameter} value: {protocol}")
    return bool(protocol)


class Introduced(NamedTuple):
    """A connection as the proxy tells of it.

    Args:
        client, port: who called.
        server, server_port: where.
    """

    client: str
    port: int
    server: str
    server_port: int


class Misspoken(Exception):
    """No proxy speaks like this; `text` says why."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


def introduced(line: str, families: Container[int]) -> Introduced:
    """Read a proxy's line.  Raises Misspoken.

    Args:
        line: the line, without its end.
        families: the versions of IP that inet_protocols enables.
    """
    if not line.startswith(HEADER):
        raise Misspoken(f"{'short' if len(encoded(line)) + 2 < SHORT else 'unrecognized'} protocol header")
    words = line.split()[1:] + [""] * 5
    family = FAMILIES.get(words[0].upper(), 0)
    if family not in families:
        raise _bad("protocol type")
    address = _ipv4 if family == 4 else _ipv6
    client, server = address(words[1], "client"), address(words[2], "server")
    return Introduced(client, _port(words[3], "client"), server, _port(words[4], "server"))


def _bad(what: str) -> Misspoken:
    return Misspoken(f"bad or missing {what}")


def _ipv4(text: str, whose: str) -> str:
    """An address as it is usually written: a number with a zero before it is octal."""
    with suppress(ValueError):
        numbers = [int(part, 8 if part[0] == "0" else 10) for part in text.split(".")] if valid_ipv4(text) else []
        if numbers:
            return ".".join(map(str, numbers))
    raise _bad(f"{whose} address")


def _ipv6(text: str, whose: str) -> str:
    if not valid_ipv6(text):
        raise _bad(f"{whose} address")
    return text.lower().removeprefix("::ffff:")


def _port(text: str, whose: str) -> int:
    plain = text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")
    if not plain or int(text) > MAX_PORT:
        raise _bad(f"{whose} port")
    return int(text)


class Behind(Protocol):
    """A program that may be behind a proxy.

    Attributes:
        upstream_timeout: how long it waits for the proxy's line, seconds.
        upstream_late: what it says where that does not come.
        ip_versions: those that inet_protocols enables.
    """

    upstream_timeout: float
    upstream_late: ClassVar[str]
    ip_versions: frozenset[int]
    service: Service
    note: Callable[..., Any]

    def serve(self, client: str, question: Connect, port: int = 0) -> Any:
        """The session of a client."""
        ...

    def turn_away(self, client: str, question: Connect) -> Decision[Reply | None]:
        """Hang up on whoever has called."""
        ...


class HaproxySession:
    """A session whose client a proxy names.

    Args:
        program: the server.
        address: who has called: the proxy, if all is well.
        question: how it connected.

    Attributes:
        after: what follows its end.
    """

    __slots__ = ("_address", "_ahead", "_program", "_question", "_session", "after")

    def __init__(self, program: Behind, address: str, question: Connect) -> None:
        self._program, self._address, self._question = program, address, question
        self._session: Any = None
        #: Whether the client's first lines, of which one was the proxy's, are answered one too late.
        self._ahead = False
        self.after: Callable[[], Iterable[Question]] = tuple

    def __getattr__(self, name: str) -> Any:
        """What else there is of a session is that of the client's."""
        return getattr(self._session, name)

    @property
    def deadline(self) -> float:
        """To when what has been begun may come, seconds."""
        return float("inf") if self._session is None else float(self._session.deadline)

    def greet(self) -> Decision[Reply | None]:
        """Hear of the client, and greet it."""
        program, question = self._program, self._question
        early = question.early
        if program.service.type == "pass":
            yield program.note("warning", "", IGNORED)
            return (yield from self._begin(self._address, question, 0))
        if not early:
            yield Sleep(program.upstream_timeout)
            return (yield from self._turn_away(program.upstream_late))
        first = wire(early[:1]).split("\r\n")[0]
        try:
            told = introduced(first, program.ip_versions)
        except Misspoken as misspoken:
            return (yield from self._turn_away(f"{misspoken.text}: {escaped(encoded(wire(early)))}"))
        self._ahead = True
        behind = Connect(told.server, told.server_port, question.timeout, question.source, early[1:])
        return (yield from self._begin(told.client, behind, told.port))

    def _begin(self, client: str, question: Connect, port: int) -> Decision[Reply | None]:
        """Let the client's session begin."""
        self._session = self._program.serve(client, question, port)
        if self.after is not tuple:
            self._session.after = self.after
        greeting: Reply | None = yield from self._session.greet()
        return greeting

    def _turn_away(self, why: str) -> Decision[Reply | None]:
        program = self._program
        yield program.note("warning", "", f"haproxy read: {why}")
        reply = yield from program.turn_away(self._address, self._question)
        yield from self.leave()
        return reply

    def handle(self, sent: Sent, more: tuple[Sent, ...] = ()) -> Decision[Reply | None]:
        """Answer what the client sent; of what it sent before the greeting each line but the proxy's."""
        session = self._session
        if session is None:
            return answered(HANG_UP)
        if self._ahead and sent in self._question.early:
            if not more:
                self._ahead = False
                return answered(None)
            sent, more = more[0], more[1:]
        answer: Decision[Reply | None] = session.handle(sent, more)
        return answer

    def lost(self, reason: str) -> Decision[Reply | None]:
        """The client has hung up, or has been silent for too long."""
        if self._session is None:
            return None
        said: Reply | None = yield from self._session.lost(reason)
        return said

    def leave(self) -> Iterable[Question]:
        """It is over; `after` follows, once."""
        if self._session is not None:
            ended: Iterable[Question] = self._session.leave()
            return ended
        after, self.after = self.after, tuple
        return after()
