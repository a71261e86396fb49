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

SEE ALSO
    smtpd(8), RFC 5321 section 4
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from simmail.mail.answers import AnvilCounts
from simmail.mail.errors import Fatal
from simmail.mail.questions import Anvil, Connect, Decision, Now, Question, Ready, Sleep, answered
from simmail.postfix.ehlo_keywords import UNSURE, keyword_set
from simmail.postfix.smtpd import milter, pipelining, sasl
from simmail.postfix.smtpd.answering import Answer, anvil_missed, one_too_many
from simmail.postfix.smtpd.bdat import told_size
from simmail.postfix.smtpd.check import Verdict
from simmail.postfix.smtpd.commands import COMMANDS, SmtpCommand, counts
from simmail.postfix.smtpd.footer import softened, with_footer
from simmail.postfix.smtpd.lookups import meet
from simmail.postfix.smtpd.message import begin, drop, receive
from simmail.postfix.smtpd.notice import notify
from simmail.postfix.smtpd.state import NO_PROCESS, SmtpdState
from simmail.postfix.smtpd.unusual import in_clear, unusual
from simmail.postfix.tables import LookupFailure
from simmail.smtp.commands import Chunk, Command, Data, Sent
from simmail.smtp.replies import DIED, HANG_UP, Reply

if TYPE_CHECKING:
    from simmail.mail.content import Content
    from simmail.postfix.cleanup_transaction import Transaction
    from simmail.postfix.match_lists import AddressList
    from simmail.postfix.smtpd.program import Smtpd

NOTHING: Mapping[str, str] = {}


class SmtpdSession:
    """One session.

    Args:
        smtpd: the program.
        address: the client's IP address.
        question: how it connected.

    Attributes:
        state: what is known of its client and of the transaction.
        server: the address and port that the client called; empty where nobody knows.
        early: what the client sent before it was greeted.
        exempt: whether anvil(8) does not count the client.
        xclient, xforward: whether the client may use these commands; None where nobody can tell.
        login: what the client has begun to say of itself; None where it is not in the middle of AUTH.
        filtered: what stands for Milters that cannot be reached: the reply to all commands; "" for none.
        total, failed: the verbs of all commands, and of those that were not good.
        transaction: what cleanup(8) has of the message; None while no queue file is open.
        context: how the addresses of the message are completed, `local` or `remote`.
        arrival: when the queue file was made, seconds since the start.
        forwarded: what XFORWARD told of the client behind this one.
        content: the command by which content comes, and how many octets of it are here; None while none is due.
        asked: when content was asked for that must come in time, seconds; inf where each line lets the next one come.
        chunks: what BDAT has brought.
        partial: the content within which the client hangs up; None where it does not.
        over: whether it has ended, or its process has.
        reason: what ended it, as the postmaster is told.
        after: what follows its end.
    """

    __slots__ = (
        "after", "arrival", "asked", "chunks", "content", "context", "early", "exempt", "failed", "filtered",
        "forwarded", "login", "over", "parameters", "partial", "reason", "server", "smtpd", "state", "total",
        "transaction", "xclient", "xforward",
    )  # fmt: skip

    def __init__(self, smtpd: Smtpd, address: str, question: Connect | None = None) -> None:
        self.smtpd, self.parameters = smtpd, smtpd.parameters
        self.state = SmtpdState(address)
        self.server = (question.address, str(question.port)) if question is not None else ("", "")
        self.early: tuple[Sent, ...] = question.early if question is not None else ()
        self.total: list[str] = []
        self.failed: list[str] = []
        self.transaction: Transaction | None = None
        self.after: Callable[[], Iterable[Question]] = tuple
        self.context = "remote"
        self.arrival = 0.0
        self.asked = inf
        self.content: tuple[str, int] | None = None
        self.partial: Content | None = None
        self.chunks: tuple[str, ...] = ()
        self.forwarded: Mapping[str, str] = NOTHING
        self.over = False
        self.xclient: bool | None = False
        self.xforward: bool | None = False
        self.exempt = not smtpd.parameters.counted
        self.reason = ""
        self.filtered = ""
        self.login: sasl.Login | None = None

    # ---- the beginning

    def greet(self) -> Decision[Reply | None]:
        """Say the greeting, or refuse the client."""
        smtpd, state, parameters = self.smtpd, self.state, self.parameters
        state.process = smtpd.processes.take(smtpd.system.machine.files.clock())
        if smtpd.unsaid:  # what a process says as it starts, no other's session shall say for it
            yield from smtpd.heard()
        address = state.client.address
        met = yield from smtpd.memo.decide((smtpd, address, self.server), meet, smtpd, address, self.server)
        state.met(*met)
        if self.early:
            yield pipelining.improper(self, "CONNECT", self.early)
        if parameters.xclient_hosts:
            self.xclient = self.is_among(parameters.xclient_hosts)
        if parameters.xforward_hosts:
            self.xforward = self.is_among(parameters.xforward_hosts)
        self.exempt = bool(self.exempt or self.xclient or self.is_among(smtpd.hoggers))
        if smtpd.loose_clients is not None:
            self.is_among(smtpd.loose_clients)
        if smtpd.unsaid:
            yield from smtpd.heard()
        if not self.exempt and smtpd.uncounted:
            yield from anvil_missed(smtpd)
        elif not self.exempt:
            if not smtpd.counting:
                yield from self.summon("anvil")
                smtpd.counting = True
            counts: AnvilCounts = yield Anvil("connect", smtpd.service.name, address, smtpd.system.generation)
            if 0 < parameters.connection_count < counts.connections or 0 < parameters.connection_rate < counts.rate:
                return (yield from one_too_many(self, counts))
        try:
            if smtpd.sasl.active:
                yield from smtpd.sasl.greets()
            if self.early and parameters.forbids_pipelining:
                return (yield from self.close((yield from pipelining.unsynchronized(self))))
            greeting = self.welcome("CONNECT")
            return greeting if isinstance(greeting, Reply) else (yield from greeting)
        except Fatal as fatal:
            return (yield from self._dies(fatal))

    def welcome(self, stage: str = "") -> Reply | Decision[Reply]:
        """The greeting (again after XCLIENT).

        Args:
            stage: what Milters are told of; "" where there are none.
        """
        state, parameters, asks = self.state, self.parameters, bool(stage) and self.smtpd.milters.any
        state.discard_mask = parameters.discarded
        if parameters.judges_clients or asks or state.errors >= parameters.soft_errors:
            return self._judged(stage if asks else "")
        state.transcript.said.append(parameters.greeting)
        return parameters.greeting

    def _judged(self, stage: str) -> Decision[Reply]:
        """The greeting, or the refusal of a client, by its restrictions or then by Milters.  Raises Fatal."""
        smtpd, state, parameters = self.smtpd, self.state, self.parameters
        if parameters.discard_maps:
            try:
                words_ = parameters.discard_maps.find(state.client.address)
                state.discard_mask = parameters.discarded if words_ is None else keyword_set(words_)
            except LookupFailure:
                state.discard_mask = UNSURE
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
        refusal = (yield from milter.connected(self, stage)) if stage else None
        return refusal or (yield from self.say(220, *parameters.greeting.lines))

    def is_among(self, clients: AddressList) -> bool | None:
        """Whether a list of clients holds this one; None, and something to be heard, where it cannot be read."""
        client = self.state.client
        try:
            return clients.matches(client.name, client.address)
        except LookupFailure:
            return None

    def listed(self, clients: AddressList | None) -> Decision[bool | None]:
        """The same, with what the list has to say."""
        found = clients is not None and self.is_among(clients)
        if self.smtpd.unsaid:
            yield from self.smtpd.heard()
        return found

    # ---- replies

    @property
    def holds_back(self) -> bool:
        """Whether replies go out together that are due together; slow ones go out each for itself."""
        return self.state.errors < self.parameters.soft_errors or not self.parameters.error_sleep

    def say(self, code: int, *lines: str) -> Decision[Reply]:
        """Make a reply: slowly to clients that make mistakes, with the footer that main.cf gives refusals."""
        state, parameters = self.state, self.parameters
        if not self.holds_back:
            yield Sleep(parameters.error_sleep)
        if code < 400:
            return state.transcript.told(Reply(code, lines))
        if parameters.reject_footer or parameters.footer_maps:
            lines = yield from with_footer(self, code, lines)
        hangup = code in (421, 521)
        if self.smtpd.soft_bounce:
            code, lines = softened(code, lines)
        return state.transcript.told(Reply(code, lines, hangup))

    def answer(self, reply: Reply) -> Answer | Decision[Answer]:
        """The answer to a good command, in one line: at once, or slowly to clients that make mistakes."""
        state = self.state
        if state.errors >= self.parameters.soft_errors:
            return self._slowly(reply)
        state.transcript.said.append(reply)
        return reply, True

    def _slowly(self, reply: Reply) -> Decision[Answer]:
        return (yield from self.say(reply.code, *reply.lines))._replace(closes=reply.closes), True

    def mistaken(self, code: int, text: str, error: str = "protocol") -> Decision[Reply]:
        """The reply to a mistake; `error`: its class in notify_classes."""
        self.state.transcript.errors.add(error)
        return (yield from self.say(code, text))

    # ---- the client speaks

    def handle(self, sent: Sent, more: tuple[Sent, ...] = ()) -> Decision[Reply | None]:
        """Answer what the client sent.

        Args:
            sent: a command, a message's content or a chunk of it.
            more: what it has sent already behind that.
        """
        state, parameters = self.state, self.parameters
        if type(sent) is not Command or self.over or self.login or state.errors >= parameters.hard_errors:
            return self._otherwise(sent, more)
        state.transcript.said.append(sent)
        verb, argument = sent
        known = parameters.at_sight.get(verb)
        if known is None or (argument is not None and not (len(argument) < 500 and argument.isascii())):
            return self._guarded(self._command(sent, more))
        return self._run(known, argument or "", more)

    def _otherwise(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Answer to content, and to a client that has gone too far."""
        state, parameters = self.state, self.parameters
        if self.over:
            return answered(None)
        if state.errors >= parameters.hard_errors:
            return self._guarded(self._too_many_errors())
        if self.login and type(sent) is Command:
            return self._guarded(sasl.go_on(self, sent))
        if type(sent) is Data:
            return self._waited(COMMANDS["DATA"], receive(self, sent))
        assert type(sent) is Chunk
        state.transcript.said.append(sent)
        if parameters.command_filter is not None:
            return self._guarded(self._command(sent, more))
        return self._run(COMMANDS["BDAT"], sent.argument, more, sent)

    def _guarded(self, answering: Decision[Reply]) -> Decision[Reply]:
        """A reply, which may end the session; unless the process dies of it."""
        try:
            reply = yield from answering
            return (yield from self.close(reply)) if reply.closes and not self.over else reply
        except Fatal as fatal:
            return (yield from self._dies(fatal))

    def _dies(self, fatal: Fatal) -> Decision[Reply]:
        """The process ends in the middle of it, and its client hears no more."""
        self.over = True
        if fatal.text:
            yield self.smtpd.note("fatal", "", fatal.text)
        self.smtpd.died((yield Now()), self.state.process.served <= 1)
        if not self.exempt:
            yield from self._gone()
        yield from self.leave()
        return DIED

    def _gone(self) -> Decision[None]:
        """Count a connection less."""
        smtpd = self.smtpd
        if smtpd.uncounted:
            yield from anvil_missed(smtpd)
        else:
            yield Anvil("disconnect", smtpd.service.name, self.state.client.address, smtpd.system.generation)

    def leave(self) -> Iterable[Question]:
        """It is over; `after` follows, once."""
        after, self.after = self.after, tuple
        return after()

    def _too_many_errors(self) -> Decision[Reply]:
        state = self.state
        state.transcript.errors.add("protocol")
        self.reason = "too many errors"
        reply = yield from self.say(421, f"4.7.0 {self.parameters.hostname} Error: too many errors")
        yield self.smtpd.note("text", "", f"too many errors after {state.stage} from {state.namaddr}")
        return reply

    def _command(self, sent: Command | Chunk, more: tuple[Sent, ...]) -> Decision[Reply]:
        """Find out which command a line is, and run it."""
        known, argument, reply = yield from unusual(self, sent)
        if reply is not None:
            return reply
        assert known is not None
        return (yield from self._run(known, argument, more, sent))

    def denied(self) -> Decision[Reply]:
        """The refusal of a client that may do nothing but QUIT."""
        reply = yield from self.say(503, f"5.7.0 Error: access denied for {self.state.namaddr}")
        self.state.errors += 1
        return reply

    def count_junk(self) -> None:
        """A command that gets nowhere is over."""
        state = self.state
        state.junk += 1
        if state.junk > self.parameters.junk_limit + 1:
            state.errors += 1

    def _run(
        self, command: SmtpCommand, argument: str, more: tuple[Sent, ...], sent: Sent | None = None
    ) -> Decision[Reply]:
        """Run a command, and count it."""
        name, run, last, idle, plain = command
        state = self.state
        self.total.append(name)
        if state.access_denied and name != "QUIT":
            self.failed.append(name)
            return self._guarded(self.denied())
        if not plain and self.parameters.tls_required:
            self.failed.append(name)
            return self._guarded(in_clear(self))
        state.stage = name
        if more and not state.pipelined and (state.protocol != "ESMTP" or last):
            return self._waited(command, pipelining.too_early(self, command, argument, more, sent))
        try:
            answer = run(self, argument, sent)
        except Fatal as fatal:
            return self._dies(fatal)
        if not isinstance(answer, tuple):
            return self._waited(command, answer)
        reply, good = answer
        if not good:
            self._failed(command, good)
        if idle:
            self.count_junk()
        return self.close(reply) if reply.closes else Ready(reply)

    def _waited(self, command: SmtpCommand, answering: Decision[Answer]) -> Decision[Reply]:
        """The reply to a command that has something to ask."""
        try:
            reply, good = yield from answering
            if not good:
                self._failed(command, good)
            if command.idle:
                self.count_junk()
            return (yield from self.close(reply)) if reply.closes and not self.over else reply
        except Fatal as fatal:
            return (yield from self._dies(fatal))

    def _failed(self, command: SmtpCommand, good: bool | None) -> None:
        """A command was not good."""
        self.failed.append(command.name)
        self.state.errors += good is not None

    def forget(self, threshold: int | None = None) -> Iterable[Question]:
        """Forget the transaction begun, its queue file, what XFORWARD told, and a transcript that has grown long.

        Args:
            threshold: how many lines of transcript to keep; smtpd_history_flush_threshold by default.
        """
        self.forwarded = NOTHING
        transcript = self.state.transcript
        if transcript.lines > (self.parameters.history_limit if threshold is None else threshold):
            if transcript.errors & self.parameters.notify_classes:
                return self._notified()
            transcript.forget()
        if self.transaction is not None:
            return self._dropped()
        self.chunks = ()
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
        yield from drop(self)
        self.state.forget_mail()

    def begin(self, recipient: str = "") -> Decision[Reply | None]:
        """Open a queue file, for a recipient or ("") a sender; the refusal of whoever would not have it, or None."""
        return begin(self, recipient)

    def without_file(self) -> Decision[Reply | None]:
        """Content comes where no queue file is open: the process dies.  Raises Fatal."""
        raise Fatal("")  # of signal 11, and says nothing

    def summon(self, service: str) -> Decision[Any]:
        """The program behind a service; while it will not run, this session hears nothing of its client."""
        found = self.smtpd.system.at_hand(service)
        return self._waiting_for(service) if found is None else answered(found)

    def _waiting_for(self, service: str) -> Decision[Any]:
        self.state.stuck = service
        system, name = self.smtpd.system, self.smtpd.name
        while (found := (yield from system.engage(service, name))) is None:
            yield from system.hung_up(service, name)
        self.state.stuck = ""
        return found

    # ---- the end

    @property
    def deadline(self) -> float:
        """To when a part of the content that is here lets the rest come, seconds; inf where each line lets the next."""
        return self.asked if self.content is None else self.parameters.deadline(self.asked, self.content[1])

    def lost(self, reason: str) -> Decision[Reply | None]:
        """The client has hung up (`lost connection`), or has been silent for too long (`timeout`)."""
        if self.over:
            return None
        state = self.state
        if state.stuck:  # it hears of that no sooner than the service runs
            if not self.smtpd.system.has(state.stuck):  # which may be a transport that nobody knows
                return None
            yield from self.begin() if state.stuck == self.parameters.cleanup_service else self.summon(state.stuck)
        if state.errors >= self.parameters.hard_errors:
            return (yield from self.close((yield from self._too_many_errors())))
        said = None
        smtpd = self.smtpd
        self.reason = reason
        if reason == "timeout" and self.asked == inf:  # where it has run out there is none to say so
            said = yield from self.say(421, f"4.4.2 {self.parameters.hostname} Error: timeout exceeded")
        if self.content is not None and self.content[0] == state.stage:
            size = self.content[1] if said is None or state.stage == "DATA" else told_size(self.chunks, said)
            text = f"{reason} after {state.stage} ({size} bytes) from {state.namaddr}"
        else:
            text = f"{reason} after {state.stage} from {state.namaddr}"
        if reason == "timeout" or state.stage != "END-OF-MESSAGE":
            yield smtpd.note("text", "", text)
        yield from self.close(HANG_UP)
        return said

    def close(self, reply: Reply) -> Decision[Reply]:
        """End the session, whatever was begun in it."""
        smtpd, state = self.smtpd, self.state
        self.over = True
        if self.content is not None and self.content[0] == "DATA":
            self.failed.append("DATA")
        if self.login is not None:
            self.failed.append("AUTH")
        if state.transcript.errors or self.transaction is not None:
            try:
                yield from self.forget(0)
            except Fatal as fatal:
                return (yield from self._dies(fatal))
        if not self.exempt:
            spared = self.is_among(smtpd.hoggers)
            if smtpd.unsaid:
                yield from smtpd.heard()
            if not spared:
                yield from self._gone()
        if state.process is not NO_PROCESS:
            smtpd.processes.leave(state.process, (yield Now()))
        yield smtpd.note("disconnect", "", *state.known_as, counts(self.total, self.failed))
        yield from self.leave()
        return reply if reply.closes else reply._replace(closes=True)
