"""NAME
    milters - mail filters that nobody runs

DESCRIPTION
    A Milter is asked about each event of a session, and about a message of a local program as if it had come by SMTP.
    No program of a simulated host is one, so that every connection to a Milter fails, and its default action decides;
    where that is to accept, the next Milter is tried.

PARAMETERS
    smtpd_milters, smtpd_milter_maps, non_smtpd_milters, milter_default_action, milter_connect_timeout

DIAGNOSTICS
    warning: connect to Milter service inet:127.0.0.1:8891: Connection refused

BUGS
    Whoever listens where a Milter should is hung up on, and taken for nobody.

SEE ALSO
    MILTER_README
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from simmail.mail.answers import ConnectFailure
from simmail.mail.errors import Fatal
from simmail.mail.questions import Close, Connect, Decision
from simmail.postfix.mastercf import PORTS
from simmail.postfix.program import Program
from simmail.postfix.smtpd.lookups import host_addresses
from simmail.postfix.tables.split import BraceError, inside_braces, name_and_value, split_outside_braces

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
REFUSED, NO_SOCKET, GONE = "Connection refused", "No such file or directory", "Connection reset by peer"


class Milter(NamedTuple):
    """A Milter as main.cf names it.

    Args:
        endpoint: `inet:host:port` or `unix:path`.
        action: what happens where it cannot be reached.
        patience: how long to wait for a connection, seconds.
    """

    endpoint: str
    action: str
    patience: float


def parse(words: Iterable[str], action: str, patience: float) -> tuple[Milter, ...]:
    """Read a list of Milters.

    Args:
        words: `inet:host:port`, or `{ inet:host:port, name=value ... }`.
        action, patience: as milter_default_action and milter_connect_timeout say.

    Raises:
        Fatal: for braces that cannot be read.
    """
    found = []
    for word in words:
        options = {"default_action": action}
        endpoint = word
        try:
            if word.startswith("{"):
                endpoint, *rest = split_outside_braces(inside_braces(word)) or [""]
                options |= [name_and_value(option) for option in rest]
        except (BraceError, ValueError) as error:
            raise Fatal(f"milter service syntax error: {error}") from None
        found.append(Milter(endpoint, options["default_action"], patience))
    return tuple(found)


def ask(program: Program, milters: tuple[Milter, ...]) -> Decision[str]:
    """Try to reach the Milters; what comes of it: "" for nothing, `HOLD`, or the reply to all that is asked for.

    Args:
        program: who asks, and tells the log.
        milters: in their order.
    """
    for milter in milters:
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
    host, _, service = name.rpartition(":")
    port = int(service) if service.isdecimal() else PORTS.get(service, 0)
    addresses, _ = yield from host_addresses(program.system.machine, host.strip("[]") or "localhost", ("A",))
    reason = REFUSED
    for address in addresses:
        connection = yield Connect(address, port, milter.patience)
        if not isinstance(connection, ConnectFailure):
            yield Close(connection)
            return GONE
        reason = connection.reason
    return reason
