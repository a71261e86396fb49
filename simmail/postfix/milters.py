"""NAME
    milters - mail filters that nobody runs

DESCRIPTION
    A Milter is asked about each event of a session, and about a message of a local program as if it had come by SMTP.
    No program of a simulated host is one, so that every connection to a Milter fails, and its default action decides;
    where that is to accept, the next Milter is tried.

PARAMETERS
    smtpd_milters, smtpd_milter_maps, non_smtpd_milters, milter_default_action, milter_connect_timeout,
    milter_protocol

DIAGNOSTICS
    warning: connect to Milter service inet:127.0.0.1:8891: Connection refused
    warning: Milter service needs transport:endpoint instead of "TEXT"
    warning: invalid transport name: NAME in Milter service: TEXT
    warning: milter TEXT: bad protocol information: VERSION

BUGS
    Whoever listens where a Milter should is hung up on, and taken for nobody.

SEE ALSO
    MILTER_README
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from simmail.mail.answers import ConnectFailure
from simmail.mail.errors import Fatal
from simmail.mail.questions import Close, Connect, Decision
from simmail.postfix.config import Config
from simmail.postfix.endpoints import NO_HOST, located
from simmail.postfix.program import Program
from simmail.postfix.tables.split import BraceError, inside_braces, name_and_value, split_outside_braces
from simmail.postfix.values import seconds

HOLD, ACCEPT = "hold", "accept"
#: What may stand in braces behind an endpoint.
OPTIONS = ("default_action", "protocol", "connect_timeout", "command_timeout", "content_timeout")
TRANSPORTS, VERSIONS = ("inet", "unix", "local"), ("2", "3", "4", "6")
#: milter_default_action -> the reply to whatever a client asks for; "" for none.
ACTIONS = {
    ACCEPT: "",
    "tempfail": "451 4.7.1 Service unavailable - try again later",
    "reject": "550 5.5.0 Service unavailable",
    "quarantine": HOLD,
}
MISCONFIGURED = "451 4.3.5 Server configuration problem - try again later"
HELD = "milter triggers HOLD action"
REFUSED, NO_SOCKET, GONE = "Connection refused", "No such file or directory", "Connection reset by peer"


class Milter(NamedTuple):
    """A Milter as main.cf names it.

    Args:
        endpoint: `inet:host:port` or `unix:path`.
        action: what happens where it cannot be reached.
        patience: how long to wait for a connection, seconds.
        protocol: as milter_protocol.
    """

    endpoint: str
    action: str
    patience: float
    protocol: str = ""

    def mistake(self) -> str:
        """What is wrong with how it is named, as the log has it; "" for nothing."""
        for word in self.protocol.replace(",", " ").split():
            if word not in VERSIONS:
                return f"milter {self.endpoint}: bad protocol information: {word}"
        transport, _, name = self.endpoint.partition(":")
        if not transport or not name:
            return f'Milter service needs transport:endpoint instead of "{self.endpoint}"'
        if transport not in TRANSPORTS:
            return f"invalid transport name: {transport} in Milter service: {self.endpoint}"
        return ""


def parse(config: Config, names: Iterable[str]) -> tuple[Milter, ...]:
    """Read a list of Milters.

    Args:
        config: has what goes for all of them.
        names: `inet:host:port`, or `{ inet:host:port, name=value ... }`.

    Raises:
        Fatal: for braces that cannot be read.
    """
    found = []
    for word in names:
        options: dict[str, Any] = {
            "default_action": config["milter_default_action"], "protocol": config["milter_protocol"],
            "connect_timeout": config["milter_connect_timeout"],
        }  # fmt: skip
        endpoint = word
        try:
            if word.startswith("{"):
                endpoint, *rest = split_outside_braces(inside_braces(word)) or [""]
                options |= map(_option, rest)
        except BraceError as error:
            raise Fatal(f"milter service syntax error: {error}") from None
        action = options["default_action"].lower()
        found.append(Milter(endpoint, action, options["connect_timeout"], options["protocol"]))
    return tuple(found)


def _option(text: str) -> tuple[str, Any]:
    """An option in braces.  Raises BraceError, and Fatal for what is none."""
    inner = inside_braces(text) if text.startswith("{") else text
    try:
        name, value = name_and_value(inner)
    except ValueError as error:
        raise Fatal(f'malformed option: {error}: "...{text}..."') from None
    if name.endswith("_timeout") and name in OPTIONS:
        time = seconds(value, "s")
        if time is None:
            raise Fatal(f"{name}: bad time value or unit: {value}")
        return name, float(time)
    if name not in OPTIONS:
        raise Fatal(f'unknown option: "{name} = {value}"')
    return name, value


def ask(program: Program, milters: tuple[Milter, ...]) -> Decision[str]:
    """Try to reach the Milters; what comes of it: "" for nothing, `HOLD`, or the reply to all that is asked for.

    Args:
        program: who asks, and tells the log.
        milters: in their order.
    """
    for milter in milters:
        mistake = milter.mistake()
        if mistake:
            yield program.note("warning", "", mistake)
            if ACTIONS.get(milter.action) == "":
                continue
            return HOLD if ACTIONS.get(milter.action) == HOLD else MISCONFIGURED
        failure = yield from _connect(program, milter)
        yield program.note("warning", "", f"connect to Milter service {milter.endpoint}: {failure}")
        if milter.action not in ACTIONS:
            text = f"milter {milter.endpoint}: unrecognized default action: {milter.action}"
            yield program.note("warning", "", text)
            return MISCONFIGURED
        if ACTIONS[milter.action]:
            return ACTIONS[milter.action]
    return ""


def _connect(program: Program, milter: Milter) -> Decision[str]:
    """Why there is no connection to a Milter."""
    transport, _, name = milter.endpoint.partition(":")
    if transport != "inet":
        return NO_SOCKET
    addresses, port = yield from located(program, name, ("A",))
    reason = NO_HOST
    for address in addresses:
        connection = yield Connect(address, port, milter.patience)
        if not isinstance(connection, ConnectFailure):
            yield Close(connection)
            return GONE
        reason = connection.reason
    return reason
