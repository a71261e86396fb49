"""Plays one SMTP session with the real smtpd, and answers what it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simmail.lab.explain.answers import EXISTS, FOR_ALL_TYPES, NO_NAME, OTHER_NAME, OWN_NAME, Choice, choices
from simmail.lab.explain.place import Place
from simmail.lab.explain.trace import Asked, Check, ListHeard, RuleHeard, Trace
from simmail.mail.answers import REFUSED, AnvilCounts, ConnectFailure, DnsAnswer, DnsRecord, PolicyAnswer
from simmail.mail.content import Content
from simmail.mail.driver import Answerer, decide
from simmail.mail.errors import Fatal
from simmail.mail.hostnames import reverse_name
from simmail.mail.message import Message
from simmail.mail.questions import (
    Abandon,
    Anvil,
    Await,
    Close,
    Commit,
    Connect,
    Decision,
    Detach,
    Dns,
    FlushSite,
    Level,
    NewQueueId,
    Note,
    Now,
    Policy,
    Question,
    Receive,
    Send,
    Sleep,
    Trigger,
)  # fmt: skip
from simmail.postfix.delivery import PROBE
from simmail.postfix.host_lookup import family
from simmail.postfix.mastercf import Service
from simmail.postfix.programs import PROGRAMS
from simmail.postfix.smtpd.findings import Reason
from simmail.postfix.smtpd.message import GO_AHEAD
from simmail.postfix.smtpd.policy_client import understand
from simmail.postfix.smtpd.session import SmtpdSession
from simmail.postfix.startup import enter_folders
from simmail.postfix.system import MailSystem
from simmail.smtp.commands import Command, Data, Sent
from simmail.smtp.replies import Reply

QUEUE_ID = "QUEUEID"
#: How long a client waits in all (RFC 5321, section 4.5.3.2: five minutes for most commands).
PATIENCE_S = 300.0
#: How a before-queue filter greets.
WELCOME = Reply(220, ("ESMTP",))
#: What stands for a message of which nothing is known.
USUAL = ("Subject: a test", "", "Hello")


class _GaveUp(Exception):
    """The client has waited long enough."""


@dataclass(slots=True, frozen=True)
class Mail:
    """What a client tries to send.

    Args:
        address, name: the client's; "" for a name that is not known, `unknown` for none.
        helo: as in the session; "" for a client that leaves it out.
        sender, recipient: as in the session.
        lines: the message's content.
        port: where the client calls.
    """

    address: str
    name: str
    helo: str
    sender: str
    recipient: str
    lines: tuple[str, ...] = USUAL
    port: int = 25


@dataclass(slots=True)
class Played:
    """How a session went.

    Args:
        transcript: its lines, `C: ` and `S: `.
        trace: what was heard and asked on the way.
        reply: the one that decided: the first refusal, or the last acceptance.
        refused: whether it was a refusal.
        reason: the rule behind a refusal, or behind the acceptance; None where no rule spoke.
        opened: the questions that nobody could answer: key -> the answers possible.
        message: what was put into the queue; None for nothing.
        queue: which queue: `incoming`, `hold`.
        proxied: the before-queue filter that it was passed on to instead; "" for none.
        fatal: why nobody answered; "" where somebody did.
        unheard: whether that is because the server does not listen on the port.
        system: the Postfix that played.
        learnt: whether it knows now what another session must not know.
        screened: whether postscreen(8) hears the client first.
    """

    transcript: list[str] = field(default_factory=list)
    trace: Trace = field(default_factory=lambda: Trace(lambda: "", str))
    reply: str = ""
    refused: bool = False
    reason: Reason | None = None
    opened: dict[str, list[Choice]] = field(default_factory=dict)
    message: Message | None = None
    queue: str = ""
    proxied: str = ""
    fatal: str = ""
    unheard: bool = False
    system: MailSystem | None = None
    learnt: bool = False
    screened: bool = False

    @property
    def verdict(self) -> str:
        """`accepted`, `refused`, or `refused for now` by a reply after which an honest client tries again."""
        if not self.refused:
            return "accepted"
        return "refused for now" if self.reply.startswith("4") else "refused"


def service_at(system: MailSystem, client: str, address: str, port: int) -> Service | None:
    """The service that listens at an address and port; behind postscreen the smtpd that mail is passed on to."""
    there = [s for s in system.master.services.values() if s.port == port]
    if not client.startswith("127."):
        there = [s for s in there if not s.address.startswith("127.")]
    # of a folder of files alone nobody knows the addresses: any that others can call will do
    here = [s for s in there if s.address in ("", address)] or there
    found = here[-1] if here else None
    if found is not None and found.command == "postscreen":
        return system.master.services.get(("smtpd", "pass"))
    return found


class Player:
    """Plays the session of one client, each time from the beginning.

    Args:
        place: where.
        mail: what the client tries to send.
        chosen: what open questions are answered with: key -> which of the possible answers; the first by default.
        system: the Postfix that an earlier player started, where its files have not changed since; None starts it anew.
    """

    def __init__(self, place: Place, mail: Mail, chosen: Mapping[str, int], system: MailSystem | None = None) -> None:
        self.place, self.mail, self.chosen, self.system = place, mail, chosen, system
        self.played = Played()
        self.session: SmtpdSession | None = None
        self.trace = self.played.trace = Trace(lambda: self.session.state.stage if self.session else "", place.name)
        self._waited = 0.0
        self._pause = ("", 0.0)
        self._known: dict[str, Choice] = {}
        self._names: dict[str, Choice] = {}

    def play(self) -> Played:
        """Play it."""
        played = self.played
        address = next((a for a in self.place.host.machine.addresses if not a.startswith("127.")), "127.0.0.1")
        try:
            system = self.system or MailSystem(self.place.host.machine, PROGRAMS, self._warn, remember=False)
            if self.place.host.master is not None:  # of a folder of files alone nobody knows what else there is
                enter_folders(system.config)
            played.system = system
            service = service_at(system, self.mail.address, address, self.mail.port)
            if service is None or service.command != "smtpd":
                played.unheard, played.fatal = True, f"no smtpd listens on port {self.mail.port}"
                return played
            played.screened = service.type == "pass"
            program = system.program(service.name, service.type)
        except Fatal as fatal:
            played.fatal = fatal.text
            return played
        program.checker.listener = self.trace
        program.environment.asked = self.trace.table
        self.session = program.serve(self.mail.address, Connect(address, self.mail.port))
        try:
            decide(self._converse(self.session), self._answerers())
        except _GaveUp:
            played.refused, played.reply = True, f"(no answer: the client hangs up after {PATIENCE_S:g} s)"
            played.transcript.append(f"S: {played.reply}")
        return played

    def _warn(self, level: str, text: str) -> None:
        self.trace.warned(f"{level}: {text}")

    # ---- the client

    def _converse(self, session: SmtpdSession) -> Decision[None]:
        mail, played = self.mail, self.played
        if not self._hear((yield from session.greet())):
            return
        greeting = (f"EHLO {mail.helo}",) if mail.helo else ()
        commands = (*greeting, f"MAIL FROM:<{mail.sender}>", f"RCPT TO:<{mail.recipient}>", "DATA")
        for line in commands:
            played.transcript.append(f"C: {line}")
            if not self._hear((yield from session.handle(Command.parse(line)))):
                break
            if line.startswith("RCPT"):
                played.reason = session.state.permitted
        else:
            played.transcript += [f"C: {line}" for line in (*mail.lines, ".")]
            self._hear((yield from session.handle(Data(Content(mail.lines)))))
        if not session.over:
            yield from session.handle(Command.parse("QUIT"))

    def _hear(self, reply: Reply | None) -> bool:
        """Take note of a reply; whether the client goes on."""
        played = self.played
        lines = reply.wire() if reply is not None and reply.code else ["(the connection is closed)"]
        played.transcript += [f"S: {line}" for line in lines]
        code = reply.code if reply is not None else 0
        played.refused = not 200 <= code < 400
        if played.refused or code == 250:
            played.reply = lines[-1]
        return not played.refused

    # ---- who answers

    def _answerers(self) -> dict[type[Question], Answerer]:
        return {
            Note: self._noted,
            Dns: self._dns,
            Policy: self._policy,
            **dict.fromkeys((Now, Level), lambda question: self.place.host.world.now + self._waited),
            Connect: self._connected,
            Receive: lambda question: WELCOME,
            Send: lambda question: [_taken(sent) for sent in question.commands],
            Sleep: self._sleep,
            Anvil: lambda question: AnvilCounts(1, 1),
            NewQueueId: lambda question: QUEUE_ID,
            Commit: self._committed,
            Detach: lambda question: decide(question.decision, self._answerers()),
            **dict.fromkeys((Abandon, Await, Close, FlushSite, Trigger), lambda question: None),
        }

    def _sleep(self, question: Sleep) -> None:
        """Time passes; a client does not wait for ever, as for a server one of whose programs does not run."""
        self._waited += question.seconds
        if self._waited > PATIENCE_S:
            raise _GaveUp
        pause = (self.session.state.stage if self.session else "", question.seconds)
        if pause != self._pause:  # one after the other is one
            self.trace.asked(Asked(f"wait {question.seconds:g} s", "waited"))
        self._pause = pause

    def _noted(self, note: Note) -> None:
        if note.event in ("warning", "error", "fatal", "panic"):
            self.trace.warned(f"{note.event}: {note.fields[0]}")
        elif note.event == "text":
            self.trace.warned(str(note.fields[0]))
        elif note.event == "refusal" and note.fields[0] == "reject":
            self.played.reason = note.fields[-1] or None
        elif note.event == "content":
            self._content(*note.fields)

    def _content(self, action: str, context: str, line: str, *rest: str) -> None:
        """header_checks and their kin have said something of a line."""
        *_, table, answer = rest
        system = self.played.system
        where = system.config.where(table) if system is not None else None
        reason = Reason(table, str(where or ""), answer)
        self.trace.content(reason, f"{context} {line}", action, action == "reject")
        if action == "reject":
            self.played.reason = reason

    def _connected(self, question: Connect) -> Any:
        """smtpd connects to Milters, which nobody runs here; and to a before-queue filter, which is not asked."""
        filter = self.session.smtpd.filter if self.session is not None else None
        if filter is not None and self.session is not None and self.session.state.stage != "CONNECT":
            self.played.proxied = filter.name
            self.trace.asked(Asked(f"before-queue filter: {filter.name}", "taken to accept all"))
            return filter
        self.trace.asked(Asked(f"Milter: {question.address}, port {question.port}", REFUSED))
        return ConnectFailure(REFUSED)

    def _committed(self, commit: Commit) -> None:
        message: Message = commit.message
        if message.trace == PROBE and self.played.system is not None:
            address = message.recipients[0].original or message.recipients[0].address
            results = self._open(f"verify: {address}", commit)
            self.played.system.program("verify").update(results, self.place.host.world.now + self._waited)
            self.played.learnt = True
        elif self.played.message is None:
            self.played.message, self.played.queue = commit.message, commit.queue

    def _dns(self, question: Dns) -> DnsAnswer:
        said = f"DNS: {question.type} of {question.name}"
        answer = self._told(question)
        if answer is None and self.place.names is not None:
            answer = self.place.names.lookup(question.name, question.type)
        if answer is not None:
            self.trace.asked(Asked(said, dns_words(answer)))
            return answer
        found: DnsAnswer = self._open(said, question)
        return found

    def _told(self, question: Dns) -> DnsAnswer | None:
        """What the user has said of the client's name, or what follows from it."""
        mail = self.mail
        if question.type == "PTR" and mail.name and question.name == reverse_name(mail.address):
            if mail.name == "unknown":
                return DnsAnswer("nxdomain")
            return DnsAnswer("ok", (DnsRecord(question.name, "PTR", mail.name),), question.name)
        if question.name == OTHER_NAME:
            return DnsAnswer("nxdomain")
        if question.name in (mail.name, OWN_NAME) and question.type == family(mail.address):
            return DnsAnswer("ok", (DnsRecord(question.name, question.type, mail.address),), question.name)
        return None

    def _policy(self, question: Policy) -> PolicyAnswer:
        said = f"policy: {question.server or 'the same server'} at {question.attributes['protocol_state']}"
        if not self.place.asks:
            found: PolicyAnswer = self._open(said, question)
            return found
        host = self.place.host
        answer: PolicyAnswer = host.world.complete(host, _put(question))
        self.trace.asked(Asked(said, policy_words(answer)))
        return answer

    def _open(self, said: str, question: Commit | Dns | Policy) -> Any:
        """A question that nobody can answer: one of the answers that it may get."""
        name = question.name if isinstance(question, Dns) else ""
        choice = self._known.get(said) or self._names.get(name)
        if choice is None or choice is EXISTS:
            possible = choices(question, self.trace.rule.rule if self.trace.rule else None)
            if self._names.get(name) is EXISTS:
                possible = [choice for choice in possible if choice is not NO_NAME]
            choice = self._known[said] = possible[self.chosen.get(said, 0)]
            if len(possible) > 1:
                self.played.opened[said] = possible
            if name:
                self._names[name] = choice if choice in FOR_ALL_TYPES else EXISTS
        self.trace.asked(Asked(said, choice.label, open=said in self.played.opened))
        return choice.answer


def _taken(sent: Sent) -> Reply:
    """What a filter answers that accepts all."""
    return GO_AHEAD if isinstance(sent, Command) and sent.verb.upper() == "DATA" else Reply(250, ("2.0.0 Ok",))


def _put(question: Policy) -> Decision[Any]:
    return (yield question)


def dns_words(answer: DnsAnswer) -> str:
    """An answer of the DNS in words."""
    if answer.status == "ok":
        told = [f"{r.preference} {r.data or '.'}" if r.type == "MX" else r.data for r in answer.records]
        return ", ".join(told) or "nothing"
    words = {"nxdomain": "no such name", "nodata": "a name without such records", "timeout": "no answer in time"}
    return words.get(answer.status, answer.status.upper())


def policy_words(answer: PolicyAnswer) -> str:
    """A policy server's answer in words."""
    action = understand(answer.text).action
    return action if action is not None else answer.unconnected or answer.error or "no action"


def decisive(played: Played) -> RuleHeard | None:
    """The rule that was asked last of those that `played.reason` means; None where it stands in no list."""
    reason = played.reason
    if reason is None:
        return None
    found: RuleHeard | None = None

    def walk(heard: ListHeard) -> None:
        nonlocal found
        for rule in heard.rules:
            if rule.reason[:3] == reason[:3]:
                found = rule
            for inner in rule.nested:
                walk(inner)

    for item in played.trace.heard:
        if not isinstance(item, Check):
            walk(item)
    return found
