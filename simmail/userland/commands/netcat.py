"""nc: talk to a server by hand, as OpenBSD's netcat does, or see whether one listens.

All of standard input is sent as soon as the connection stands, without waiting for a greeting or for answers: servers
that mind that hear of it.  `sleep`s between the lines are of no use, for the input is read to its end first.  Policy
servers are out of its reach: to it their ports are closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simmail.mail.answers import ConnectFailure, DnsAnswer, Lost
from simmail.mail.content import Content
from simmail.mail.questions import Close, Connect, Decision, Dns, Receive, Send
from simmail.postfix.host_lookup import NO_NAME
from simmail.smtp.commands import Command, Data, Sent
from simmail.smtp.replies import Reply
from simmail.userland.commands.getent import own_hosts
from simmail.userland.commands.options import options
from simmail.userland.commands.resolve import pointer_of
from simmail.userland.commands.sockets import NAMES
from simmail.userland.process import CommandError, Process, Tool

#: How long it waits for a connection, and for an answer, where nothing else is said (s).
PATIENCE_S = 300.0
LETTERS = "46CNnvzi:p:q:s:w:"
USAGE = "usage: nc [-Cnvz] [-q seconds] [-s sourceaddr] [-w timeout] destination port"


def nc(process: Process) -> Decision[int]:
    """Connect, send what standard input holds, print what is answered."""
    given = options(process, LETTERS, usage=USAGE)
    if not given.operands:
        process.complain(USAGE)
        return 1
    if len(given.operands) < 2:
        raise CommandError("missing port number")
    name, port = given.operands[0], _port(given.operands[1])
    address = yield from _address(process, name)
    if not address:
        raise CommandError(f'getaddrinfo for host "{name}" port {port}: {NO_NAME}')
    called = name if name == address else f"{name} ({address})"
    patience = float(given.value("w", "") or PATIENCE_S)
    lines = [] if "z" in given else (yield from process.source.read_all()).splitlines()
    early = tuple(Command.parse(line) for line in lines)
    connection = yield Connect(address, port, patience, given.value("s"), early)
    if type(connection) is ConnectFailure:
        told = "timed out: Operation now in progress" if "w" in given and "timed out" in connection.reason else ""
        if told:
            process.complain(f"{process.argv[0]}: connect to {called} port {port} (tcp) {told}")
        elif given.last("vz"):
            process.complain(f"{process.argv[0]}: connect to {called} port {port} (tcp) failed: {connection.reason}")
        return 1
    if "v" in given:
        service = NAMES.get(port, "*") if "n" not in given else "*"
        process.complain(f"Connection to {called} {port} port [tcp/{service}] succeeded!")
    if "z" not in given:
        yield from _converse(process, connection, lines, patience)
    yield Close(connection)
    return 0


def _port(text: str) -> int:
    """A port by number or name.  Raises CommandError."""
    numbers = {name: number for number, name in NAMES.items()}
    number = numbers.get(text, int(text) if text.isdecimal() else 0)
    if not 0 < number < 65536:
        raise CommandError(f'service "{text}" unknown' if not text.isdecimal() else f"port number invalid: {text}")
    return number


def _address(process: Process, name: str) -> Decision[str]:
    """The address of a host; "" where it has none."""
    if pointer_of(name):
        return name
    own = next((words[0] for words in own_hosts(process, name)), "")
    if own:
        return own
    answer: DnsAnswer = yield Dns(name.rstrip("."), "A")
    return answer.records[0].data if answer.records else ""


def _converse(process: Process, connection: Any, lines: list[str], patience: float) -> Decision[None]:
    """Print the greeting, and what is answered to lines that were all sent at once."""
    if not _heard(process, (yield Receive(connection, patience))):
        return
    content: list[str] | None = None
    for number, line in enumerate(lines):
        if content is not None and line != ".":
            content.append(line.removeprefix("."))
            continue
        sent: Sent = Command.parse(line) if content is None else Data(Content(content))
        content = None
        more = tuple(Command.parse(later) for later in lines[number + 1 :])
        answers = yield Send(connection, (sent,), (patience,), more)
        if not _heard(process, answers[0]):
            return
        if isinstance(sent, Command) and sent.verb.upper() == "DATA" and answers[0].kind == 3:
            content = []
    if content is not None:
        yield Send(connection, (Data(Content(content), complete=False),), (patience,))


def _heard(process: Process, answer: Reply | Lost) -> bool:
    """Print what was answered; whether there is more to come."""
    for line in _lines(answer):
        process.print(line)
    return type(answer) is Reply


def _lines(answer: Reply | Lost) -> Iterator[str]:
    yield from answer.wire() if isinstance(answer, Reply) else answer.teaser


TOOLS = {"nc": Tool(nc), "netcat": Tool(nc)}
