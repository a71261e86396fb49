"""NAME
    milters - mail filters that nobody runs

DESCRIPTION
    A Milter is asked about each event of a session, and about a message of a local program as if it had come by SMTP.
    No program of a simulated host is one, so that every connection to a Milter fails, and its default action decides;
    where that is to accept, the next Milter is tried.

PARAMETERS
    smtpd_milters, smtpd_milter_maps, non_smtpd_milters, milter_default_action, milter_connect_timeout, milter_protocol,
    receive_override_options (no_milters: none is asked)

DIAGNOSTICS
    warning: connect to Milter service inet:127.0.0.1:8891: Connection refused
    warning: Milter service needs transport:endpoint instead of "NAME", and its kin; `Fatal` for options in braces that
    cannot be read

BUGS
    Whoever listens where a Milter should is hung up on, and taken for nobody.

SEE ALSO
    MILTER_README
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.answers import ConnectFailure
from simmail.mail.errors import Fatal
from simmail.mail.questions import Close, Connect, Decision
from simmail.postfix.endpoints import NO_HOST, located
from simmail.postfix.program import Program
from simmail.postfix.service_options import Reader, read_options, service_words, string, time

if TYPE_CHECKING:
    from simmail.postfix.config import Config

HOLD = "hold"
#: milter_default_action -> the reply to whatever a client asks for; "" for none.
ACTIONS = {
    "accept": "",
    "tempfail": "451 4.7.1 Service unavailable - try again later",
    "reject": "550 5.5.0 Service unavailable",
    "quarantine": HOLD,
}
MISCONFIGURED = "451 4.3.5 Server configuration problem - try again later"
HELD = "milter triggers HOLD action"
NO_SOCKET, GONE = "No such file or directory", "Connection reset by peer"
TRANSPORTS = ("inet", "unix", "local")
#: What stands in for the Milters of which the configuration itself is wrong.
FORGIVEN = {"accept": "", "quarantine": HOLD}
PROTOCOLS = frozenset({"2", "3", "4", "6"})
SERVICE = "milter service"
#: What may stand in braces behind a Milter's name -> how it is read.
_OPTIONS: dict[str, Reader] = {
    **dict.fromkeys(("connect_timeout", "command_timeout", "content_timeout"), time),
    **dict.fromkeys(("default_action", "protocol"), string),
}


class Milter(NamedTuple):
    """A Milter as main.cf names it.

    Args:
        endpoint: `inet:host:port` or `unix:path`.
        default_action: what happens where it cannot be reached.
        connect_timeout: how long to wait for a connection, seconds.
        protocol: the version that it speaks, and what it leaves out.
    """

    endpoint: str
    default_action: str
    connect_timeout: float
    protocol: str

    @property
    def mistake(self) -> str:
        """Why there is nothing to connect to; "" where there may be."""
        transport, _, name = self.endpoint.partition(":")
        if PROTOCOLS.isdisjoint(self.protocol.replace(",", " ").split()):
            return f"milter {self.endpoint}: bad protocol information: {self.protocol}"
        if not transport or not name:
            return f'Milter service needs transport:endpoint instead of "{self.endpoint}"'
        if transport not in TRANSPORTS:
            return f"invalid transport name: {transport} in Milter service: {self.endpoint}"
        return ""


def parse(words: Iterable[str], config: Config) -> tuple[Milter, ...]:
    """Read a list of Milters.

    Args:
        words: `inet:host:port`, or `{ inet:host:port, name=value ... }`.
        config: what holds for those that say nothing else.

    Raises:
        Fatal: for options that cannot be read.
    """
    usual = {name: config[f"milter_{name}"] for name in Milter._fields[1:]}
    found = []
    for word in words:
        endpoint, *options = service_words(word, SERVICE)
        if not endpoint:
            raise Fatal(f'empty milter definition: "{word}"')
        settings = usual | read_options(options, _OPTIONS, SERVICE)
        found.append(Milter(endpoint, *(settings[name] for name in usual)))
    return tuple(found)


def ask(program: Program, milters: tuple[Milter, ...]) -> Decision[str]:
    """Try to reach the Milters; what comes of it: "" for nothing, `HOLD`, or the reply to all that is asked for.

    Args:
        program: who asks, and tells the log.
        milters: in their order.
    """
    for milter in milters:
        action = milter.default_action.lower()
        if milter.mistake:
            yield program.note("warning", "", milter.mistake)
            answer = FORGIVEN.get(action, MISCONFIGURED)
        else:
            failure = yield from _connect(program, milter)
            yield program.note("warning", "", f"connect to Milter service {milter.endpoint}: {failure}")
            answer = ACTIONS.get(action, MISCONFIGURED)
            if action not in ACTIONS:
                text = f"milter {milter.endpoint}: unrecognized default action: {milter.default_action}"
                yield program.note("warning", "", text)
        if answer:
            return answer
    return ""


def _connect(program: Program, milter: Milter) -> Decision[str]:
    """Why there is no connection to a Milter."""
    transport, _, name = milter.endpoint.partition(":")
    if transport != "inet":
        return NO_SOCKET
    addresses, port = yield from located(program, name, ("A",))
    reason = NO_HOST
    for address in addresses:
        connection = yield Connect(address, port, milter.connect_timeout)
        if not isinstance(connection, ConnectFailure):
            yield Close(connection)
            return GONE
        reason = connection.reason
    return reason
