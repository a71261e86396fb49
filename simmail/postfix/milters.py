"""NAME
    milters - mail filters that nobody runs

DESCRIPTION
    A Milter is asked about each event of a session, and about a message of a local program as if it had come by SMTP.
    No program of a simulated host is one, so that nothing comes of any connection to a Milter, and its default action
    decides; where that is to accept, the next Milter is tried.  What another server says there is taken for the
    beginning of a Milter's packet: four octets for its length, and a letter.

PARAMETERS
    smtpd_milters, smtpd_milter_maps, non_smtpd_milters, milter_default_action, milter_connect_timeout,
    milter_command_timeout, milter_protocol, receive_override_options (no_milters: none is asked)

DIAGNOSTICS
    warning: connect to Milter service inet:127.0.0.1:8891: Connection refused
    warning: milter inet:127.0.0.1:8891: can't read SMFIC_OPTNEG reply packet header: Connection timed out
    warning: milter inet:127.0.0.1:25: unexpected reply "m" in initial handshake
    warning: Milter service needs transport:endpoint instead of "NAME", and its kin; `Fatal` for options in braces that
    cannot be read

BUGS
    A server that says `O` in the fifth place is not heard any further.

SEE ALSO
    MILTER_README
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from simmail.files.file_errors import NO_FILE
from simmail.mail.answers import NOT_ASSIGNABLE, RESET, TIMED_OUT, ConnectFailure, Lost
from simmail.mail.errors import Fatal
from simmail.mail.questions import Close, Connect, Decision, Receive
from simmail.postfix.endpoints import located
from simmail.postfix.program import Program
from simmail.postfix.service_options import Reader, read_options, service_words, string, time
from simmail.smtp.replies import Reply

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
#: The longest packet that a Milter may announce, octets.
MOST = 2**30 - 1
HANDSHAKE = "read error in initial handshake"
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
        command_timeout: how long to wait for an answer, seconds.
        protocol: the version that it speaks, and what it leaves out.
    """

    endpoint: str
    default_action: str
    connect_timeout: float
    command_timeout: float
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
            for complaint in (yield from _met(program, milter)):
                yield program.note("warning", "", complaint)
            answer = ACTIONS.get(action, MISCONFIGURED)
            if action not in ACTIONS:
                text = f"milter {milter.endpoint}: unrecognized default action: {milter.default_action}"
                yield program.note("warning", "", text)
        if answer:
            return answer
    return ""


def _met(program: Program, milter: Milter) -> Decision[tuple[str, ...]]:
    """What there is to complain of where a Milter should be."""
    transport, _, name = milter.endpoint.partition(":")
    reason = NO_FILE
    if transport == "inet":
        addresses, port = yield from located(program, name, ("A",))
        reason = NOT_ASSIGNABLE
        for address in addresses:
            connection = yield Connect(address, port, milter.connect_timeout)
            if not isinstance(connection, ConnectFailure):
                said = yield Receive(connection, milter.command_timeout)
                yield Close(connection)
                return tuple(f"milter {milter.endpoint}: {text}" for text in misread(said))
            reason = connection.reason
    return (f"connect to Milter service {milter.endpoint}: {reason}",)


def misread(said: Reply | Lost) -> tuple[str, ...]:
    """What a server of another kind says, as the beginning of a Milter's answer."""
    if isinstance(said, Lost):
        why = TIMED_OUT if said.reason == "timeout" else RESET
        return f"can't read SMFIC_OPTNEG reply packet header: {why}", HANDSHAKE
    octets = "".join(f"{line}\r\n" for line in said.wire()).encode("utf-8", "surrogateescape")
    length = int.from_bytes(octets[:4], "big")
    if length > MOST:
        return f"unreasonable packet length: {length} > {MOST}", HANDSHAKE
    return (f'unexpected reply "{chr(octets[4])}" in initial handshake',)
