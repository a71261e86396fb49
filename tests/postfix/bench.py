"""A Postfix on a bench: its programs run for real, time is a number, servers and agents are scripts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any

from simmail.dns.zones import Zones
from simmail.files.machine import Machine
from simmail.mail.answers import ConnectFailure, Lost
from simmail.mail.content import Content
from simmail.mail.driver import decide
from simmail.mail.message import Message, Recipient
from simmail.mail.questions import (
    Abandon,
    Await,
    Close,
    Commit,
    Connect,
    Decision,
    Dns,
    Draw,
    Level,
    NewQueueId,
    Note,
    Now,
    Question,
    Receive,
    Send,
    Sleep,
)
from simmail.mail.records import Record, line
from simmail.postfix.delivery import Dsn, Request, Result, Status
from simmail.postfix.programs import PROGRAMS
from simmail.postfix.qmgr.entry import Entry
from simmail.postfix.system import MailSystem
from simmail.smtp.commands import Command, Data
from simmail.smtp.replies import Reply

MASTER_CF = """\
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
lmtp      unix  - - n - - lmtp
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
"""
MAIN_CF = """\
mydomain = domain.ork
myhostname = mail.domain.ork
alias_maps =
mydestination = $myhostname, $mydomain, localhost
inet_interfaces = 192.0.2.10, 127.0.0.1
inet_protocols = ipv4
compatibility_level = 3.6
"""
CONTENT = Content(("Subject: hello", "", "hello"))
#: What a server says where its script has nothing.
USUAL = {"banner": "220 mx ESMTP", "EHLO": "250 mx", "HELO": "250 mx", "DATA": "354 go", "QUIT": "221 bye"}
#: What an agent's script says of a request: after how many seconds, with what status, and what is wrong with the site.
Outcome = tuple[float, Status, Dsn | None]
Script = Callable[[Request, float], Outcome]


class Server:
    """A scripted SMTP server: `replies` maps a verb (or `banner`, `.`) to a reply, a list used up, or LOST, SILENT.

    Attributes:
        heard: all it was sent, a list of lines for each session.
    """

    LOST, SILENT = "(lost)", "(silent)"

    def __init__(self, **replies: str | list[str]) -> None:
        self.replies = {{"banner": "banner", "dot": "."}.get(key, key.upper()): value for key, value in replies.items()}
        self.heard: list[list[str]] = []
        self.content: list[tuple[str, ...]] = []

    def say(self, key: str, address: str = "") -> Reply | Lost:
        """The reply to a verb."""
        said = self.replies.get(f"RCPT {address}".upper(), self.replies.get(key, USUAL.get(key, "250 2.0.0 ok")))
        if isinstance(said, list):
            said = said.pop(0) if len(said) > 1 else said[0]
        if said in (self.LOST, self.SILENT):
            return Lost("timeout" if said == self.SILENT else "lost connection")
        return Reply.parse(said) or Lost("timeout")


class Bench:
    """One host's Postfix.

    Args:
        main_cf: parameters after those of MAIN_CF.
        zone: DNS.
        servers: address -> a server; other addresses refuse connections.
        master_cf: services; those of MASTER_CF where empty.
        files: name -> text.

    Attributes:
        now: the time, seconds.
        log: lines with their time.
        agents: transport -> script, in the place of the real agent.
        tries: (time, transport, nexthop, recipients) of every request that was handed out.
    """

    def __init__(
        self,
        main_cf: str = "",
        zone: str = "",
        servers: dict[str, Server] | None = None,
        master_cf: str = "",
        files: dict[str, str] | None = None,
    ) -> None:
        self.machine = Machine("mail", ("127.0.0.1", "192.0.2.10"))
        for name, text in (files or {}).items():
            self.machine.files.write(name, text)
        self.machine.files.write("/etc/postfix/main.cf", MAIN_CF + main_cf)
        self.machine.files.write("/etc/postfix/master.cf", master_cf or MASTER_CF)
        self.zones = Zones()
        self.zones.read("ns. IN A 127.0.0.1\n" + zone)
        self.servers = servers or {}
        self.now = 0.0
        self.log: list[tuple[float, str]] = []
        self.agents: dict[str, Script] = {}
        self.tries: list[tuple[float, str, str, tuple[str, ...]]] = []
        self.running = 0
        self._serial = count(1)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._wake = float("inf")
        self.warnings: list[str] = []
        self.system = MailSystem(self.machine, PROGRAMS, lambda level, text: self.warnings.append(text))
        self.spool = self.system.spool
        self.answers: dict[type[Question], Callable[[Any], Any]] = {
            Note: self._note,
            Await: lambda question: self._note(question.note),
            Now: lambda question: self.now,
            Level: lambda question: self.now,
            Dns: lambda question: self.zones.lookup(question.name, question.type),
            Draw: lambda question: 0.5,
            Connect: self._connect,
            Receive: lambda question: question.connection.say("banner"),
            Send: self._send,
            Close: lambda question: None,
            NewQueueId: lambda question: f"B{next(self._serial)}",
            Commit: self._commit,
            Abandon: lambda question: None,
            Sleep: lambda question: None,
        }

    @property
    def qmgr(self) -> Any:
        """The queue manager."""
        return self.system.program("qmgr")

    def lines(self, *programs: str) -> list[str]:
        """The log without times, of these programs, or of all."""
        return [text for _, text in self.log if not programs or text.partition(":")[0] in programs]

    # ---- mail

    def message(self, sender: str, *recipients: str, **more: Any) -> Message:
        """A message in the incoming queue, not yet known to the queue manager."""
        name = f"Q{next(self._serial)}"
        there = [Recipient(r) for r in recipients]
        message = Message(name, self.now, sender, there, CONTENT, CONTENT.size, created=self.now, **more)
        self.spool.incoming[name] = message
        return message

    def send(self, sender: str, *recipients: str, **more: Any) -> Message:
        """A message comes in."""
        message = self.message(sender, *recipients, **more)
        self.manage(lambda manager: manager.incoming(message, self.now))
        return message

    # ---- time

    def start(self) -> Bench:
        """Start the queue manager."""
        self.manage(lambda manager: manager.start(self.now))
        return self

    def reload(self) -> None:
        """Start a new generation of the same configuration."""
        self.system = MailSystem(self.machine, PROGRAMS, lambda level, text: None, spool=self.spool)
        self.start()

    def manage(self, act: Callable[[Any], Decision[list[Entry]]]) -> None:
        """Let the queue manager do something, and start what it hands out."""
        for request in decide(act(self.qmgr), self.answers):
            self._deliver(request)
        wake = self.qmgr.next_wakeup(self.now)
        if wake is not None and wake < self._wake:
            self._wake = wake
            self._at(wake, self._scan)

    def run(self, seconds: float) -> Bench:
        """Let time pass."""
        end = self.now + seconds
        while self._events and self._events[0][0] <= end:
            self.now, _, act = heappop(self._events)
            act()
        self.now = end
        return self

    def _at(self, time: float, act: Callable[[], None]) -> None:
        heappush(self._events, (time, next(self._serial), act))

    def _scan(self) -> None:
        if self.now >= self._wake:
            self._wake = float("inf")
            self.manage(lambda manager: manager.scan(self.now))

    def _deliver(self, request: Entry) -> None:
        if request.gone:  # its agent finds no file
            self.running += 1
            self._at(self.now, lambda: self._end(request, ()))
            return
        recipients = tuple(recipient.address for recipient in request.recipients)
        self.tries.append((self.now, request.transport, request.nexthop, recipients))
        self.running += 1
        script = self.agents.get(request.transport)
        if script is None:
            self._at(self.now, lambda: self._end(request, None))
            return
        seconds, status, hop = script(request, self.now)
        request.hop_status = hop
        dsn = hop or Dsn({"bounced": "5.1.1", "deferred": "4.2.0"}.get(status.value, "2.0.0"), "", status.value)
        results = [Result(recipient, status, dsn) for recipient in request.recipients]
        self._at(self.now + seconds, lambda: self._end(request, results))

    def _end(self, request: Entry, results: Sequence[Result] | None) -> None:
        if results is None:
            results = decide(self.system.program(request.transport).deliver(request), self.answers)
        self.running -= 1
        self.manage(lambda manager: manager.finished(request, results, self.now))

    # ---- answers

    def _note(self, note: Note) -> None:
        record = Record(self.now, "mail", note.program, note.event, note.queue_id, note.fields)
        self.log.append((self.now, f"{note.program}: {line(record)}"))

    def _connect(self, question: Connect) -> Server | ConnectFailure:
        server = self.servers.get(question.address)
        if server is None:
            return ConnectFailure("Connection refused")
        server.heard.append([])
        return server

    def _send(self, question: Send) -> list[Reply | Lost]:
        server: Server = question.connection
        replies: list[Reply | Lost] = []
        for sent in question.commands:
            if isinstance(sent, Data):
                server.content.append(sent.content.lines)
                server.heard[-1].append(".")
                replies.append(server.say("."))
            else:
                assert isinstance(sent, Command)
                server.heard[-1].append(sent.line())
                address = sent.line().partition("<")[2].partition(">")[0] if sent.verb == "RCPT" else ""
                replies.append(server.say(sent.verb, address))
            if isinstance(replies[-1], Lost):
                break
        return replies

    def _commit(self, question: Commit) -> None:
        message: Message = question.message
        self.spool.queue(question.queue)[message.queue_id] = message
        if question.queue == "incoming":
            self._at(self.now, lambda: self.manage(lambda manager: manager.incoming(message, self.now)))
