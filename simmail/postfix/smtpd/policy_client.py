"""NAME
    smtpd.policy_client - how smtpd talks to a policy server

DESCRIPTION
    Each process of smtpd has one connection to each policy server, made when it is first needed and used again and
    again.  It is closed when it was idle or open for too long, or was used often enough; where it breaks, the request
    is made once more on a new one.  Between its sessions a process notices that a server has hung up; within
    a session it does not, and then the first try fails.

PARAMETERS
    smtpd_policy_service_timeout, smtpd_policy_service_max_idle, smtpd_policy_service_max_ttl,
    smtpd_policy_service_request_limit, smtpd_policy_service_try_limit, smtpd_policy_service_retry_delay; each, and
    smtpd_policy_service_default_action and smtpd_policy_service_policy_context, also in braces behind the server's name

DIAGNOSTICS
    connect to SERVER: Connection refused
    problem talking to server SERVER: Connection timed out
    missing attribute action in input from SERVER
    host or service SERVER not found: Name or service not known
    `Fatal`: policy service syntax error: TEXT; empty policy service: "..."; need service transport:endpoint instead
    of "..."; unknown option: "..."

BUGS
    The connections of a process that has ended are closed when they would have been idle for too long.

    What a server of another kind says is not read: it is taken for one that says nothing.

SEE ALSO
    SMTPD_POLICY_README
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.files.file_errors import NO_FILE
from simmail.mail.answers import NOT_ASSIGNABLE, REFUSED, RESET, TIMED_OUT, ConnectFailure, PolicyAnswer
from simmail.mail.errors import Fatal
from simmail.mail.questions import Close, Connect, Decision, Now, Policy, Receive, Sleep
from simmail.postfix.endpoints import located
from simmail.postfix.service_options import Reader, number, read_options, service_words, string, time
from simmail.postfix.tables.split import balanced

if TYPE_CHECKING:
    from simmail.postfix.config import Config
    from simmail.postfix.smtpd.process import SmtpdProcess
    from simmail.postfix.smtpd.program import Smtpd

TRANSPORTS = ("inet", "unix")
#: Errors that are told only when no further try is made.
EXPECTED = frozenset({"Broken pipe", NO_FILE, RESET, ""})
NO_ERROR = "Application error"
SETTING, SERVICE = "smtpd_policy_service_", "policy service"


#: What may stand in braces behind a server's name -> how it is read.
_OPTIONS: dict[str, Reader] = {
    **dict.fromkeys(("timeout", "max_idle", "max_ttl", "retry_delay"), time),
    **dict.fromkeys(("request_limit", "try_limit"), number),
    **dict.fromkeys(("default_action", "policy_context"), string),
}


class PolicyServer(NamedTuple):
    """A policy server as a restriction names it, with its options.

    Args:
        text: the restriction's argument.
        transport: `inet` or `unix`.
        name: what follows the transport, `127.0.0.1:10023`, `private/policy`.
        default_action: the action where it does not answer.
        timeout: seconds to wait for an answer.
        max_idle, max_ttl: how long a connection may be idle, and how old it may get (s).
        request_limit: how many requests are made on one connection; 0 for any number.
        try_limit: how often it is asked.
        retry_delay: seconds between tries.
        policy_context: a text for the server.
    """

    text: str
    transport: str
    name: str
    default_action: str
    timeout: float
    max_idle: float
    max_ttl: float
    request_limit: int
    try_limit: int
    retry_delay: float
    policy_context: str

    @classmethod
    def parse(cls, config: Config, text: str) -> PolicyServer:
        """Read `inet:host:port`, or `{ inet:host:port, name=value, { name = value } ... }`.

        Raises:
            Fatal: for what is none of these.
        """
        try:
            server, *words = service_words(text, SERVICE)
        except Fatal:  # which Postfix tells by the text within the braces, not by what is wrong
            end = balanced(text)
            raise Fatal(f"{SERVICE} syntax error: {text[1 : end - 1] if end else text[1:]}") from None
        if not server:
            raise Fatal(f'empty {SERVICE}: "{text}"')
        options = read_options(words, _OPTIONS, SERVICE)
        if ":" not in server:
            raise Fatal(f'need service transport:endpoint instead of "{server}"')
        transport, _, name = server.partition(":")
        if transport not in TRANSPORTS:
            raise Fatal(f"invalid transport name: {transport} in service: {server}")
        settings = {option: config[SETTING + option] for option in _OPTIONS}
        return cls(text, transport, name, **(settings | options))


class PolicyLine:
    """The connection of one process to one policy server.

    Attributes:
        link: the connection as the world knows it; None where there is none.
        broken: whether nothing more can come of it: the next try on it fails.
        silent: whether that is because the server has said nothing for too long, which no later look finds out.
        made, used: when it was made, and used last, seconds.
        session: which of its process's sessions it was last used in.
        requests: how many were answered on it.
    """

    __slots__ = ("broken", "link", "made", "requests", "session", "silent", "used")

    def __init__(self) -> None:
        self.link: Any = None
        self.broken = self.silent = False
        self.made = self.used = 0.0
        self.session = self.requests = 0

    def close(self) -> None:
        """The next request is made on a new connection."""
        self.link, self.broken, self.silent, self.requests = None, False, False, 0

    def wake(self, server: PolicyServer, session: int, now: float) -> None:
        """Notice, in a new session, what has happened since the one before."""
        if session != self.session:
            old = now - self.used >= server.max_idle or now - self.made >= server.max_ttl
            if (self.broken and not self.silent) or (self.link is not None and old):
                self.close()
        self.session = session


class Heard(NamedTuple):
    """What was understood of a server's answer.

    Args:
        action: the text behind `action=`; None where there was none.
        complaint: what is wrong with it, `SERVER` standing for the server's name; "" for nothing.
        rest: whether more was sent than an answer.
    """

    action: str | None
    complaint: str = ""
    rest: bool = False


def understand(text: str) -> Heard:
    """Read an answer: lines `name=value` up to an empty one; attributes that are not known are passed over.

    Args:
        text: what the server has sent.
    """
    action: str | None = None
    position = 0
    while (end := text.find("\n", position)) >= 0:
        line = text[position:end]
        position = end + 1
        if not line:
            complaint = "" if action is not None else "missing attribute action in input from SERVER"
            return Heard(action, complaint, position < len(text))
        name, equals, value = line.partition("=")
        if name == "action" and equals:
            action = value if action is None else action
    if not text:
        return Heard(None)
    part = "value" if "=" in text[position:] else "name"
    return Heard(None, f"premature end-of-input on SERVER while reading input attribute {part}")


def request(
    smtpd: Smtpd, server: PolicyServer, process: SmtpdProcess, attributes: Mapping[str, str]
) -> Decision[str | None]:
    """Make a request, over and over if need be; the action, or None where there was no answer."""
    line = process.lines.get(server.text)
    if line is None:
        line = process.lines[server.text] = PolicyLine()
    line.wake(server, process.served, (yield Now()))
    tries = 0
    while True:
        action, error = yield from _try(smtpd, server, line, attributes)
        if action is not None:
            return action
        tries += 1
        last = 0 < server.try_limit <= tries
        if last or error not in EXPECTED:
            text = f"problem talking to server {server.name}: {error or NO_ERROR}"
            yield smtpd.note("warning", "", text)
        if last:
            return None
        yield Sleep(server.retry_delay)
        line.close()


def _try(
    smtpd: Smtpd, server: PolicyServer, line: PolicyLine, attributes: Mapping[str, str]
) -> Decision[tuple[str | None, str]]:
    """One try: the action, or None and the error."""
    if line.broken:
        return None, ""
    answer: PolicyAnswer
    if line.link is None:
        line.made = yield Now()
        answer = yield from _connect(smtpd, server, line, attributes)
    else:
        answer = yield Policy("", attributes, server.timeout, line.link, _keep(server, line, line.used))
    if answer.unconnected:
        yield smtpd.note("warning", "", f"connect to {server.name}: {answer.unconnected}")
        return None, answer.unconnected
    line.link, line.used = answer.link, (yield Now())
    line.broken, line.silent = bool(answer.error), answer.error == TIMED_OUT
    if answer.error and not answer.text:
        return None, answer.error
    heard = understand(answer.text)
    if heard.complaint:
        yield smtpd.note("warning", "", heard.complaint.replace("SERVER", server.name))
    line.broken = line.broken or answer.ended or heard.rest
    line.requests += 1
    if 0 < server.request_limit <= line.requests and heard.action is not None:
        line.close()
    return heard.action, answer.error


def _keep(server: PolicyServer, line: PolicyLine, now: float) -> float:
    """How long the connection may lie idle after the next request (s); 0 where that is the last one."""
    if 0 < server.request_limit <= line.requests + 1:
        return 0.0
    return max(0.0, min(server.max_idle, line.made + server.max_ttl - now))


def _connect(
    smtpd: Smtpd, server: PolicyServer, line: PolicyLine, attributes: Mapping[str, str]
) -> Decision[PolicyAnswer]:
    """Ask on a new connection."""
    keep = _keep(server, line, line.made)
    if server.transport == "unix":
        answer: PolicyAnswer = yield Policy(f"unix:{server.name}", attributes, server.timeout, None, keep)
        return answer
    addresses, port = yield from located(smtpd, server.name, smtpd.families)
    if not addresses:
        return PolicyAnswer(unconnected=NOT_ASSIGNABLE)
    for address in addresses:
        answer = yield Policy(f"inet:{address}:{port}", attributes, server.timeout, None, keep)
        if answer.unconnected == REFUSED:
            answer = yield from _mistaken(server, address, port)
        if not answer.unconnected:
            break
    return answer


def _mistaken(server: PolicyServer, address: str, port: int) -> Decision[PolicyAnswer]:
    """Ask a server that is none for policies, if there is one: no answer to a request will come from it."""
    connection = yield Connect(address, port, server.timeout)
    if isinstance(connection, ConnectFailure):
        return PolicyAnswer(unconnected=connection.reason)
    since: float = yield Now()
    yield Receive(connection, server.timeout)
    yield Sleep(max(0.0, since + server.timeout - (yield Now())))
    yield Close(connection)
    return PolicyAnswer(error=TIMED_OUT)
