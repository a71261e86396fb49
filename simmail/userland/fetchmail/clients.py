"""The client's side of POP3 and IMAP, as fetchmail speaks them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Protocol

from simmail.mail.answers import ConnectFailure, DnsAnswer, Lost
from simmail.mail.questions import Close, Connect, Decision, Dns, Receive, Send
from simmail.smtp.commands import Command, Sent
from simmail.smtp.replies import Reply
from simmail.userland.fetchmail.rcfile import PORTS, Account

SUCCESS, NO_MAIL, SOCKET, AUTHENTICATION, PROTOCOL, SYNTAX, PERMISSION, SMTP = 0, 1, 2, 3, 4, 5, 6, 10
#: How the log calls these.
STATUS = {SOCKET: "SOCKET", AUTHENTICATION: "AUTHFAIL", PROTOCOL: "PROTOCOL", SMTP: "SMTP"}
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]+")
_ITEM = re.compile(r"\* ([0-9]+) FETCH \((.*)\)")


class Trouble(Exception):
    """A poll that fails.

    Args:
        status: what fetchmail's exit status becomes.
        lines: what it says of it.
    """

    def __init__(self, status: int, *lines: str) -> None:
        self.status, self.lines = status, lines
        super().__init__(status)


class Offer(NamedTuple):
    """A message on the server: its number, octets, unique name, and whether the server takes it for read."""

    number: int
    size: int
    unique: str
    seen: bool


class Session(Protocol):
    """A session with a server of mailboxes."""

    def log_in(self) -> Decision[None]:
        """Say who one is.  Raises Trouble."""

    def offers(self) -> Decision[list[Offer]]:
        """What there is."""

    def fetch(self, offer: Offer) -> Decision[str]:
        """A message's text."""

    def delete(self, offer: Offer) -> Decision[None]:
        """Let a message be removed at the end."""

    def leave(self) -> Decision[None]:
        """End the session; what was deleted goes now."""


class Line:
    """A connection to a server, spoken over line by line.

    Args:
        connection: as answered by Connect.
        account: whose server it is.
    """

    def __init__(self, connection: Any, account: Account) -> None:
        self.connection, self.account = connection, account

    def greeting(self) -> Decision[None]:
        """Hear the server first.  Raises Trouble."""
        self._heard((yield Receive(self.connection, float(self.account.timeout))))

    def ask(self, text: str) -> Decision[Reply]:
        """Send a line and hear the answer.  Raises Trouble where none comes."""
        sent: Sent = Command.parse(text)
        answers = yield Send(self.connection, (sent,), (float(self.account.timeout),))
        return self._heard(answers[0])

    def demand(self, text: str) -> Decision[Reply]:
        """The same; Trouble where the server does not do it."""
        answer = yield from self.ask(text)
        if answer.kind != 2:
            raise Trouble(PROTOCOL, f"fetchmail: protocol error while fetching from {place(self.account)}")
        return answer

    def _heard(self, answer: Reply | Lost) -> Reply:
        if not isinstance(answer, Lost):
            return answer
        lines = [f"fetchmail: socket error while fetching from {place(self.account)}"]
        if answer.reason == "timeout":
            lines.insert(0, silence(self.account))
        raise Trouble(SOCKET, *lines)

    def close(self) -> Decision[None]:
        """Hang up."""
        yield Close(self.connection)


def place(account: Account) -> str:
    """How fetchmail names an account."""
    return f"{account.login}@{account.server}"


def silence(account: Account) -> str:
    """What it says where nobody answers."""
    return f"fetchmail: timeout after {account.timeout} seconds waiting for server {account.server}."


def addresses(name: str) -> Decision[list[str]]:
    """The addresses of a host."""
    if name in ("localhost", ""):
        return ["127.0.0.1"]
    if _ADDRESS.fullmatch(name):
        return [name]
    answer: DnsAnswer = yield Dns(name, "A")
    return [record.data for record in answer.records] if answer.status == "ok" else []


def connect(account: Account) -> Decision[Session]:
    """Open a session, up to the server's greeting.  Raises Trouble."""
    name = account.via or account.server
    port = account.port or PORTS[account.protocol]
    found = yield from addresses(name)
    if not found:
        raise Trouble(
            SOCKET,
            f"fetchmail: couldn't find canonical DNS name of {account.server} ({name}): Name or service not known",
        )
    failures = []
    service = {110: "pop3", 143: "imap2"}.get(port, str(port))
    for number, address in enumerate(found):
        connection = yield Connect(address, port, float(account.timeout))
        if not isinstance(connection, ConnectFailure):
            line = Line(connection, account)
            yield from line.greeting()
            return Pop3Session(line) if account.protocol == "POP3" else ImapSession(line)
        if connection.reason.endswith("timed out"):
            lines = (silence(account), f"fetchmail: socket error while fetching from {place(account)}")
            raise Trouble(SOCKET, *lines)
        failures.append(
            f"name {number}: connection to {name}:{service} [{address}/{port}] failed: {connection.reason}."
        )
    failed = f"{account.protocol} connection to {name} failed: {connection.reason}"
    raise Trouble(SOCKET, "fetchmail: Connection errors for this poll:", *failures, failed)


def refused(account: Account) -> Trouble:
    """A login that the server does not take."""
    return Trouble(
        AUTHENTICATION,
        f"fetchmail: Authorization failure on {place(account)}",
        "fetchmail: For help, see http://www.fetchmail.info/fetchmail-FAQ.html#R15",
    )


class Pop3Session:
    """A session of POP3."""

    def __init__(self, line: Line) -> None:
        self.line, self.account = line, line.account

    def log_in(self) -> Decision[None]:
        """USER and PASS."""
        yield from self.line.ask("CAPA")
        yield from self.line.ask(f"USER {self.account.login}")
        answer = yield from self.line.ask(f"PASS {self.account.password}")
        if answer.kind != 2:
            raise refused(self.account)

    def offers(self) -> Decision[list[Offer]]:
        """LIST and UIDL."""
        yield from self.line.demand("STAT")
        sizes = _pairs((yield from self.line.demand("LIST")))
        names = _pairs((yield from self.line.demand("UIDL")))
        return [Offer(n, int(size), names.get(n, ""), False) for n, size in sizes.items() if size.isdigit()]

    def fetch(self, offer: Offer) -> Decision[str]:
        """RETR."""
        answer = yield from self.line.demand(f"RETR {offer.number}")
        lines = (line.removeprefix(".") for line in answer.lines[1:-1])
        return "".join(line + "\n" for line in lines)

    def delete(self, offer: Offer) -> Decision[None]:
        """DELE."""
        yield from self.line.demand(f"DELE {offer.number}")

    def leave(self) -> Decision[None]:
        """QUIT."""
        yield from self.line.ask("QUIT")


class ImapSession:
    """A session of IMAP."""

    def __init__(self, line: Line) -> None:
        self.line, self.account = line, line.account
        self._tag = 0

    def _ask(self, text: str) -> Decision[Reply]:
        self._tag += 1
        return (yield from self.line.ask(f"A{self._tag:04d} {text}"))

    def log_in(self) -> Decision[None]:
        """LOGIN."""
        yield from self._ask("CAPABILITY")
        quoted = [re.sub(r'(["\\])', r"\\\1", text) for text in (self.account.login, self.account.password)]
        answer = yield from self._ask(f'LOGIN "{quoted[0]}" "{quoted[1]}"')
        if answer.kind != 2:
            raise refused(self.account)

    def offers(self) -> Decision[list[Offer]]:
        """SELECT, then FETCH of sizes and flags."""
        yield from self._ask("SELECT INBOX")
        answer = yield from self._ask("FETCH 1:* (RFC822.SIZE FLAGS)")
        found = []
        for line in answer.lines:
            item = _ITEM.match(line)
            size = re.search(r"RFC822\.SIZE ([0-9]+)", line)
            if item and size:
                found.append(Offer(int(item[1]), int(size[1]), "", "\\Seen" in line))
        return found

    def fetch(self, offer: Offer) -> Decision[str]:
        """FETCH of the whole message, which the server then takes for read."""
        answer = yield from self._ask(f"FETCH {offer.number} RFC822")
        return "".join(line + "\n" for line in answer.lines[1:-2])

    def delete(self, offer: Offer) -> Decision[None]:
        """STORE."""
        yield from self._ask(f"STORE {offer.number} +FLAGS (\\Deleted)")

    def leave(self) -> Decision[None]:
        """EXPUNGE and LOGOUT."""
        yield from self._ask("EXPUNGE")
        yield from self._ask("LOGOUT")


def _pairs(answer: Reply) -> dict[int, str]:
    """The numbered lines of an answer."""
    found = {}
    for line in answer.lines[1:-1]:
        number, _, text = line.partition(" ")
        if number.isdigit():
            found[int(number)] = text
    return found
