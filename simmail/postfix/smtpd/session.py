"""NAME
    smtpd.session - one SMTP session

DESCRIPTION
    Greets a client, reads its commands and answers them.  Mistakes are counted: beyond the soft limit each answer is
    slow, at the hard limit the client is hung up on.  When the session ends the log tells which commands it had.

    The one who carries the session calls `greet`, then `handle` for each thing the client sends, and `lost` where the
    client hangs up.  A reply that `closes` is the last.

DIAGNOSTICS
    connect from HOST, disconnect from HOST COUNTS
    too many errors after COMMAND from HOST, lost connection after COMMAND from HOST
    improper command pipelining after COMMAND from HOST: TEXT
    non-SMTP command from HOST: TEXT

SEE ALSO
    smtpd(8), RFC 5321 section 4
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from simmail.mail.answers import AnvilCounts
from simmail.mail.errors import Fatal
from simmail.mail.questions import Anvil, Connect, Decision, Note, Now, Question, Sleep, answered
from simmail.postfix.ehlo_keywords import keyword_set
from simmail.postfix.headers import field_name
from simmail.postfix.smtpd import milter
from simmail.postfix.smtpd.bdat import joined
from simmail.postfix.smtpd.check import Verdict
from simmail.postfix.smtpd.commands import COMMANDS, SmtpCommand, counts
from simmail.postfix.smtpd.footer import softened, with_footer
from simmail.postfix.smtpd.lookups import identify
from simmail.postfix.smtpd.message import receive, received
from simmail.postfix.smtpd.notice import notify
from simmail.postfix.smtpd.state import NO_PROCESS, SmtpdState
from simmail.postfix.smtpd.token import words
from simmail.postfix.tables import LookupFailure
from simmail.smtp.commands import Chunk, Command, Data, Sent
from simmail.smtp.replies import Reply
from simmail.smtp.wire import encoded, escaped, wire

if TYPE_CHECKING:
    from simmail.mail.content import Content
    from simmail.postfix.cleanup_transaction import Transaction
    from simmail.postfix.smtpd.program import Smtpd

#: A reply that says nothing and ends the connection.
HANG_UP = Reply(0, ("",), True)
#: How much of what a client sent too early the log shows, octets.
PIPELINED_SHOWN = 100

MUST_ENCRYPT = "5.7.0 Must issue a STARTTLS command first"


class SmtpdSession:
    """One session.

    Args:
        smtpd: the program.
        address: the client's IP address.
        question: how it connected.
    """

    __slots__ = (
        "arrival", "chunks", "content", "context", "early", "exempt", "filtered", "forwarded", "good", "over",
        "parameters", "partial", "reason", "restart", "server", "smtpd", "state", "stuck", "total", "transaction",
        "xclient", "xforward",
    )  # fmt: skip

    def __init__(self, smtpd: Smtpd, address: str, question: Connect | None = None) -> None:
        self.smtpd, self.parameters = smtpd, smtpd.parameters
        self.state = SmtpdState(address)
        self.server = (question.address, str(question.port)) if question is not None else ("", "")
        self.early: tuple[Sent, ...] = question.early if question is not None else ()
        self.stuck = False
        self.good: list[str] = []
        self.total: list[str] = []
        self.transaction: Transaction | None = None
        self.context = "remote"
        self.arrival = 0.0
        self.content: tuple[str, int] | None = None
        self.partial: Content | None = None
        self.chunks: list[str] = []
        self.forwarded: dict[str, str] = {}
        self.xclient = self.xforward = self.exempt = False
        self.over = False
        self.restart = False
        self.reason = ""
        #: What stands for Milters that cannot be reached.
        self.filtered = ""

    # ---- the beginning

    def greet(self) -> Decision[Reply | None]:
        """Say the greeting, or refuse the client."""
        smtpd, state, parameters = self.smtpd, self.state, self.parameters
        state.process = smtpd.processes.take((yield Now()))
        address = state.client.address
        client, warning = yield from smtpd.memo.decide(
            (smtpd, "client", address, self.server), identify, smtpd.system.machine, address,
            parameters.peername_lookup, smtpd.families, self.server,
        )  # fmt: skip
        if warning:
            yield smtpd.note("warning", "", warning)
        state.client = client
        state.namaddr = f"{client.name}[{client.address}]"
        yield smtpd.note("connect", "", client.name, client.address)
        if self.early:
            yield self._pipelining("CONNECT", self.early)
        if parameters.xclient_hosts:
            self.xclient = yield from self.listed(parameters.xclient_hosts)
        if parameters.xforward_hosts:
            self.xforward = yield from self.listed(parameters.xforward_hosts)
        self.exempt = self.xclient or not parameters.counted or (yield from self.listed(smtpd.hoggers))
        if not self.exempt:
            yield from smtpd.system.roused("anvil")
            counts: AnvilCounts = yield Anvil("connect", smtpd.service.name, client.address)
            if 0 < parameters.connection_count < counts.connections or 0 < parameters.connection_rate < counts.rate:
                return (yield from self._one_too_many(counts))
        if smtpd.milters.any:
            refusal = yield from milter.connected(self)
            if refusal is not None:
                return refusal
        return (yield from self.welcome())

    def _one_too_many(self, counts: AnvilCounts) -> Decision[Reply]:
        """Refuse a connection, of which its client has too many."""
        smtpd, state, parameters = self.smtpd, self.state, self.parameters
        text = f"4.7.0 {parameters.hostname} Error: too many connections from {state.client.address}"
        reply = yield from self.mistaken(421, text, "policy")
        what, count = "rate", counts.rate
        if 0 < parameters.connection_count < counts.connections:
            what, count = "concurrency", counts.connections
        yield smtpd.note(
            "warning", "",
            f"Connection {what} limit exceeded: {count} from {state.namaddr} for service {smtpd.service.name}",
        )  # fmt: skip
        return (yield from self.close(reply))

    def welcome(self) -> Decision[Reply]:
        """The greeting (again after XCLIENT)."""
        smtpd, state, parameters = self.smtpd, self.state, self.parameters
        state.discard_mask = parameters.discarded
        if parameters.discard_maps is not None:
            with suppress(LookupFailure):
                words_ = parameters.discard_maps.find(state.client.address)
                state.discard_mask = parameters.discarded if words_ is None else keyword_set(words_)
            yield from smtpd.heard()
        if not smtpd.delay_reject:
            verdict = yield from smtpd.checker.client(state)
            if verdict is Verdict.REJECT:
                state.access_denied = True
                reply = yield from self.say(int(state.refusal[:3]), state.refusal[4:])
                state.errors += 1
                return (yield from self.close(reply)) if reply.closes else reply
            if verdict is Verdict.HANGUP:
                return (yield from self.close(HANG_UP))
        return (yield from self.tell(parameters.greeting))

    def listed(self, clients: object) -> Decision[bool]:
        """Whether a list of clients holds this one; a list that fails does not."""
        if not clients:
            return False
        client = self.state.client
        try:
            found: bool = clients.matches(client.name, client.address)  # type: ignore[attr-defined]
        except LookupFailure:
            found = False
        if self.smtpd.unsaid:
            yield from self.smtpd.heard()
        return found

    # ---- replies

    def say(self, code: int, *lines: str) -> Decision[Reply]:
        """Make a reply: slowly to clients that make mistakes, with the footer that main.cf gives refusals."""
        return self.tell(Reply(code, lines)) if code < 400 else self._refuse(code, lines)

    def tell(self, reply: Reply) -> Decision[Reply]:
        """Give a reply that is no refusal: slowly to clients that make mistakes."""
        state, parameters = self.state, self.parameters
        if state.errors >= parameters.soft_errors and parameters.error_sleep:
            yield Sleep(parameters.error_sleep)
        return state.transcript.told(reply)

    def _refuse(self, code: int, lines: tuple[str, ...]) -> Decision[Reply]:
        state, parameters = self.state, self.parameters
        if state.errors >= parameters.soft_errors and parameters.error_sleep:
            yield Sleep(parameters.error_sleep)
        if parameters.reject_footer or parameters.footer_maps:
            lines = yield from with_footer(self, code, lines)
        hangup = code in (421, 521)
        if self.smtpd.soft_bounce:
            code, lines = softened(code, lines)
        return state.transcript.told(Reply(code, lines, hangup))

    def mistaken(self, code: int, text: str, error: str = "protocol") -> Decision[Reply]:
        """The reply to a mistake; `error`: its class in notify_classes."""
        self.state.transcript.errors.add(error)
        return (yield from self.say(code, text))

    def refused(self, verdict: Verdict) -> Decision[Reply]:
        """The reply of a refusal that restrictions came to."""
        if verdict is Verdict.HANGUP:
            return HANG_UP
        refusal = self.state.refusal
        return (yield from self.say(int(refusal[:3]), refusal[4:]))

    # ---- the client speaks

    def handle(self, sent: Sent, more: tuple[Sent, ...] = ()) -> Decision[Reply | None]:
        """Answer what the client sent.

        Args:
            sent: a command, a message's content or a chunk of it.
            more: what it has sent already behind that.
        """
        if self.over:
            return answered(None)
        state = self.state
        if state.errors >= self.parameters.hard_errors:
            return self._guarded(self._too_many_errors())
        if type(sent) is Data:
            return receive(self, sent)
        state.transcript.heard(sent)
        if type(sent) is Chunk:
            return self._run(COMMANDS["BDAT"], sent.argument, more, sent)
        assert type(sent) is Command
        verb, argument = sent
        known = COMMANDS.get(verb)
        if (
            known is not None
            and self.smtpd.plain_commands
            and (argument is None or (len(argument) < 500 and argument.isascii()))
        ):
            return self._run(known, argument or "", more)
        return self._guarded(self._command(sent, more))

    def _guarded(self, answering: Decision[Reply]) -> Decision[Reply]:
        """An answer, unless the process dies of it."""
        try:
            return (yield from answering)
        except Fatal as fatal:
            return (yield from self.die(fatal))

    def die(self, fatal: Fatal) -> Decision[Reply]:
        """The process ends in the middle of it, and its client hears no more."""
        self.over = True
        yield self.smtpd.note("fatal", "", fatal.text)
        if not self.exempt and self.parameters.counted:
            yield Anvil("disconnect", self.smtpd.service.name, self.state.client.address)
        return HANG_UP

    def _too_many_errors(self) -> Decision[Reply]:
        state = self.state
        state.transcript.errors.add("protocol")
        self.reason = "too many errors"
        reply = yield from self.say(421, f"4.7.0 {self.parameters.hostname} Error: too many errors")
        yield self.smtpd.note("text", "", f"too many errors after {state.stage} from {state.namaddr}")
        return (yield from self.close(reply))

    def _command(self, command: Command, more: tuple[Sent, ...]) -> Decision[Reply]:
        """Find out which command a line is, and run it."""
        known, argument, reply = yield from self._unusual(command)
        if reply is not None:
            return (yield from self.close(reply)) if reply.closes else reply
        assert known is not None
        return (yield from self._run(known, argument, more))

    def _unusual(self, command: Command) -> Decision[tuple[SmtpCommand | None, str, Reply | None]]:
        """A line that needs a closer look: the command and its argument, or the reply to what is none."""
        smtpd, state, parameters = self.smtpd, self.state, self.parameters
        line = command.line()
        limit = parameters.line_limit
        if len(line.encode("utf-8", "surrogateescape")) > limit:
            line = line.encode("utf-8", "surrogateescape")[:limit].decode("utf-8", "surrogateescape")
            yield smtpd.note(
                "warning", "", f"{state.namaddr}: request longer than {limit}: {smtpd.printable(line)[:30]}..."
            )
        if parameters.smtputf8 and not line.isascii() and any("\udc80" <= c <= "\udcff" for c in line):
            reply = yield from self.mistaken(500, "5.5.2 Error: bad UTF-8 syntax")
            state.errors += 1
            return None, "", reply
        if parameters.command_filter:
            line = yield from self._filtered(line)
        found = words(line)
        if not found:
            reply = yield from self.mistaken(500, "5.5.2 Error: bad syntax")
            state.errors += 1
            return None, "", reply
        verb = found[0].text
        if parameters.noop_commands and parameters.noop_commands.matches(verb):
            reply = yield from self.say(250, "2.0.0 Ok")
            self._junk()
            return None, "", reply
        known = COMMANDS.get(verb.upper())
        if known is None:
            return None, "", (yield from self._unknown(verb, line))
        return known, line[line.find(verb) + len(verb) :].strip(), None

    def _filtered(self, line: str) -> Decision[str]:
        """A line after smtpd_command_filter."""
        smtpd = self.smtpd
        try:
            found = self.parameters.command_filter.find(line.lstrip(" \t"))
        except LookupFailure:
            found = None
        yield from smtpd.heard()
        if found is None:
            return line
        yield smtpd.note("text", "", f'{self.state.namaddr}: replacing command "{line}" with "{found}"')
        return found

    def _unknown(self, verb: str, line: str) -> Decision[Reply]:
        """A word that is no command."""
        smtpd, state = self.smtpd, self.state
        self.total.append("UNKNOWN")
        state.stage = "UNKNOWN"
        if field_name(verb) is not None or self.parameters.forbidden_commands.matches(verb):
            yield smtpd.note("warning", "", f"non-SMTP command from {state.namaddr}: {smtpd.printable(line)[:100]}")
            return (yield from self.say(221, "2.7.0 Error: I can break rules, too. Goodbye."))._replace(closes=True)
        if state.access_denied:
            return (yield from self._denied())
        reply = (yield from milter.refused(self, "UNKNOWN")) or (
            yield from self.mistaken(500, "5.5.2 Error: command not recognized")
        )
        state.errors += 1
        return reply

    def _denied(self) -> Decision[Reply]:
        reply = yield from self.say(503, f"5.7.0 Error: access denied for {self.state.namaddr}")
        self.state.errors += 1
        return reply

    def _junk(self) -> None:
        state = self.state
        state.junk += 1
        if state.junk > self.parameters.junk_limit + 1:
            state.errors += 1

    def _run(
        self, command: SmtpCommand, argument: str, more: tuple[Sent, ...], sent: Sent | None = None
    ) -> Decision[Reply]:
        """Run a command, and count it."""
        state, name = self.state, command.name
        reply: Reply
        good: bool | None
        self.total.append(name)
        try:
            if state.access_denied and name != "QUIT":
                reply = yield from self._denied()
            else:
                state.stage = name
                if more and not state.pipelined and (state.protocol != "ESMTP" or command.last):
                    yield self._pipelining(name, more)
                self.restart = False
                if self.parameters.tls_required and not command.plain:
                    reply, good = (yield from self.mistaken(530, MUST_ENCRYPT, "policy")), False
                else:
                    reply, good = yield from command.run(self, argument, sent)
                if not self.restart:
                    if good is not None:
                        self.count(name, good)
                    if command.idle:
                        self._junk()
            return (yield from self.close(reply)) if reply.closes else reply
        except Fatal as fatal:
            return (yield from self.die(fatal))

    def _pipelining(self, after: str, more: tuple[Sent, ...]) -> Note:
        """Remember, and let the log tell, that the client has sent ahead where it may not."""
        state = self.state
        state.pipelined = True
        early = escaped(encoded(wire(more))[:PIPELINED_SHOWN])
        return self.smtpd.note("text", "", f"improper command pipelining after {after} from {state.namaddr}: {early}")

    def forget(self, threshold: int | None = None) -> Iterable[Question]:
        """Forget the transaction begun and its queue file, and a transcript that has grown long.

        Args:
            threshold: how many lines of transcript to keep; smtpd_history_flush_threshold by default.
        """
        transcript, parameters = self.state.transcript, self.parameters
        if transcript.lines > (parameters.history_limit if threshold is None else threshold):
            if transcript.errors and transcript.errors & parameters.notify_classes:
                return self._notified()
            transcript.forget()
        if self.transaction is not None:
            return self._dropped()
        self.chunks = []
        self.content = None
        self.state.forget_mail()
        return ()

    def _notified(self) -> Decision[None]:
        """Write to the postmaster before all is forgotten."""
        transcript = self.state.transcript
        yield from notify(self.smtpd, transcript, self.state.namaddr, self.reason)
        transcript.forget()
        yield from self._dropped()

    def _dropped(self) -> Decision[None]:
        """Forget the transaction begun and its queue file."""
        yield from self.drop_file()
        self.state.forget_mail()

    def drop_file(self) -> Decision[None]:
        """Let go of the queue file, whatever is in it."""
        if self.transaction is not None:
            partial, self.partial = self.partial, None
            if partial is None and self.chunks:
                partial = joined(self.chunks)
            if partial is None:
                yield from self.transaction.abandon()
            else:
                for recipient in self.state.recipients:
                    self.transaction.recipient(recipient)
                yield from self.transaction.hang_up(partial, received(self))
            self.transaction = None
        self.chunks = []
        self.content = None

    def forwarded_text(self) -> str:
        """What XFORWARD told, as the log shows it behind the client."""
        told = self.forwarded
        if not told:
            return ""
        ident = f", orig_queue_id={told['IDENT']}" if "IDENT" in told else ""
        return f"{ident}, orig_client={told.get('NAME', 'unknown')}[{told.get('ADDR', 'unknown')}]"

    def count(self, name: str, good: bool) -> None:
        """A command is over."""
        if good:
            self.good.append(name)
        else:
            self.state.errors += 1

    def summon(self, service: str) -> Decision[Any]:
        """The program behind a service; while it will not run, this session hears nothing of its client."""
        found = self.smtpd.system.at_hand(service)
        return self._waiting_for(service) if found is None else answered(found)

    def _waiting_for(self, service: str) -> Decision[Any]:
        self.stuck = True
        found = yield from self.smtpd.system.summon(service, client=self.smtpd.name)
        self.stuck = False
        return found

    # ---- the end

    def lost(self, reason: str) -> Decision[Reply | None]:
        """The client has hung up (`lost connection`), or has been silent for too long (`timeout`)."""
        if self.over or self.stuck:
            return None
        state = self.state
        if state.errors >= self.parameters.hard_errors:
            return (yield from self._too_many_errors())
        said = None
        smtpd = self.smtpd
        self.reason = reason
        if reason == "timeout":
            said = yield from self.say(421, f"4.4.2 {self.parameters.hostname} Error: timeout exceeded")
        if self.content is not None:
            text = f"{reason} after {self.content[0]} ({self.content[1]} bytes) from {state.namaddr}"
        else:
            text = f"{reason} after {state.stage} from {state.namaddr}"
        yield smtpd.note("text", "", text)
        yield from self.close(HANG_UP)
        return said

    def close(self, reply: Reply) -> Decision[Reply]:
        """End the session, whatever was begun in it."""
        smtpd, state = self.smtpd, self.state
        self.over = True
        yield from self.forget(0)
        if not self.exempt and self.parameters.counted and not (yield from self.listed(smtpd.hoggers)):
            yield Anvil("disconnect", smtpd.service.name, state.client.address)
        if state.process is not NO_PROCESS:
            smtpd.processes.leave(state.process, (yield Now()))
        client = state.client
        yield smtpd.note("disconnect", "", client.name, client.address, counts(self.total, self.good))
        return reply if reply.closes else reply._replace(closes=True)
