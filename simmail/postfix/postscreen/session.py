"""NAME
    postscreen.session - one client before postscreen

DESCRIPTION
    Decides whether a client is known, or tests it; hands it over, or has the dialogue engine talk to it, or hangs up.

    Before the greeting: a client that waits for its turn hears the first line of a greeting, and is watched for
    postscreen_greet_wait seconds, while DNS lists are asked for its address.  Where it speaks too early, or needs no
    watching, that ends as soon as the lists have answered, but never later.

DIAGNOSTICS
    CONNECT from CLIENT to SERVER; ALLOWLISTED, DENYLISTED, ALLOWLIST VETO CLIENT; PREGREET N after S from CLIENT: TEXT;
    DNSBL rank N for CLIENT; HANGUP after S from CLIENT in tests before SMTP handshake; PASS NEW, PASS OLD CLIENT;
    DISCONNECT CLIENT
    dnsblog reply timeout Ns for LIST
    NOQUEUE: reject: CONNECT from CLIENT: too many connections, all screening ports busy

BUGS
    A client is off postscreen's hands before smtpd(8) has taken it.  Where that does not run, the real postscreen holds
    on for 100 seconds, says "timeout sending connection to service private/smtpd" then, and meanwhile does not say
    PASS OLD of the same client.

SEE ALSO
    postscreen(8)
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from simmail.mail.answers import ConnectFailure, DnsAnswer
from simmail.mail.questions import Connect, Decision, Detach, Level, Now, PassOn, Sleep
from simmail.mail.records import decimals
from simmail.postfix.postscreen.access import Verdict
from simmail.postfix.postscreen.cache import DISABLED, NEVER, Stamps
from simmail.postfix.postscreen.dialogue import PROTOCOL_ERROR, Dialogue, Refusal
from simmail.postfix.postscreen.dnsbl import Asking, Score, score
from simmail.postfix.postscreen.tests import DEEP, DENYLIST, TESTS, Action, Test
from simmail.postfix.smtpd.findings import Reason
from simmail.postfix.smtpd.footer import hang, softened
from simmail.postfix.tables import LookupFailure
from simmail.smtp.commands import Sent
from simmail.smtp.replies import HANG_UP, Reply
from simmail.smtp.wire import encoded, escaped, wire

if TYPE_CHECKING:
    from simmail.postfix.dnsblog import ListReply
    from simmail.postfix.postscreen.program import Postscreen

#: How much of an early talker's words is read, octets, and how much of it the log shows.
READ, SHOWN = 1024, 100
#: Why recipients are refused whose sender did nothing wrong.
LATER = Refusal(450, "4.3.2 Service currently unavailable", Reason("", "", "postscreen"))


class PostscreenSession:
    """One session.

    Args:
        program: the screener.
        address, port: the client's.
        question: how it connected.

    Attributes:
        refusal: why recipients are refused by the dialogue engine.
        interrupted: whether the client spoke before its turn, and has to be answered without a greeting.
        unheard: replies that the client has not read yet.
        asking: what DNS lists say, as long as that is needed.
        todo, passed: the tests to be made, and those passed; `failed`: whether one failed that is to be enforced.
        skipped: tests after the greeting that were failed, and do not matter.
    """

    __slots__ = (
        "address", "asking", "client", "dialogue", "failed", "fresh", "handed", "interrupted", "over", "passed",
        "program", "question", "refusal", "skipped", "stamps", "start", "started", "teaser", "todo", "unheard", "veto",
    )  # fmt: skip

    def __init__(self, program: Postscreen, address: str, port: int, question: Connect) -> None:
        self.program, self.address, self.question = program, address, question
        self.client = f"[{address}]:{port}"
        self.refusal = LATER
        self.asking: Asking | None = None
        self.todo: set[Test] = set()
        self.passed: set[Test] = set()
        self.skipped: set[Test] = set()
        self.failed = self.interrupted = self.fresh = self.veto = self.started = self.over = False
        self.stamps: Stamps = {}
        self.start = 0.0
        self.teaser: tuple[str, ...] = ()
        self.dialogue: Dialogue | None = None
        self.handed: Any = None
        self.unheard: deque[Reply] = deque()

    @property
    def begun(self) -> tuple[str, ...]:
        """The lines of a greeting that is not finished."""
        return () if self.dialogue else self.teaser

    # ---- the beginning

    def greet(self) -> Decision[Reply | None]:
        """Find out who calls, and speak when it is time."""
        program, question = self.program, self.question
        self.start = yield Level()
        self.started = True
        program.cache.clean(int(self._unix(self.start)), *program.cleanup)
        yield from program.spoken()
        yield program.note("text", "", f"CONNECT from {self.client} to [{question.address}]:{question.port}")
        yield from program.arrives(self.address)
        if 0 < program.connection_limit < program.clients[self.address]:
            yield program.note("text", "NOQUEUE", f"reject: CONNECT from {self.client}: too many connections")
            return (yield from self.hang_up(421, "4.7.0 Error: too many connections"))
        verdict = program.access.verdict(self.address)
        yield from program.spoken()
        if verdict is Verdict.PERMIT:
            yield from self._listed(f"{program.allow}LISTED")
            return (yield from self._hand_over())
        if verdict is Verdict.REJECT:
            yield from self._listed(f"{program.deny}LISTED")
            text = "5.3.2 Service currently unavailable"
            if self.fails(DENYLIST, text):
                return (yield from self.hang_up(521, text))
        return (yield from self._screen())

    def _listed(self, word: str) -> Decision[None]:
        yield self.program.note("text", "", f"{word} {self.client}")
        if self.program.old_words:
            self.program.old_words = False
            text = f"using backwards-compatible default setting respectful_logging=no for client {self.client}"
            yield self.program.note("text", "", text)

    def _screen(self) -> Decision[Reply | None]:
        """Ask the cache, and make the tests that are due."""
        program = self.program
        now = int(self._unix(self.start))
        known = program.known.get(self.address)
        if known is None:
            known = program.known[self.address] = program.cache.find(self.address)
            yield from program.spoken()
        self.stamps = known
        enabled = program.enabled
        self.todo = {test for test in enabled if self.stamps[test] <= now}
        self.fresh = any(self.stamps[test] == NEVER for test in enabled)
        if not self.todo and not self.failed:
            return (yield from self._passes())
        if 0 < program.pre_queue_limit <= program.screened:
            yield program.note("text", "", f"reject: connect from {self.client}: all screening ports busy")
            return (yield from self.hang_up(421, "4.3.2 All screening ports are busy"))
        try:
            self.veto = not program.interfaces.matches("", self.question.address)
        except LookupFailure:  # no interface is known for a good one
            self.veto = True
        yield from program.spoken()
        if self.veto:
            yield from self._listed(f"{program.allow}LIST VETO")
        if self.todo & {Test.PREGREET, Test.DNSBL}:
            dropped = yield from self._early_tests()
            if dropped is not None:
                return dropped
        if self.failed or self.veto or self.todo & DEEP - self.passed:
            return (yield from self._talk())
        return (yield from self._passes())

    # ---- tests before the greeting

    def _early_tests(self) -> Decision[Reply | None]:
        """Make them; a reply where the client is hung up on."""
        program = self.program
        replies: tuple[ListReply, ...] = ()
        if Test.DNSBL in self.todo:
            replies = yield from self._ask_lists()
        last = max((reply.seconds for reply in replies), default=0.0)
        wait = program.greet_wait[program.stressed]
        if last < 0:  # they have answered already, and nobody is told of that
            last = wait
        if Test.PREGREET in self.todo:
            self.teaser = (f"220-{program.teaser}",)
            if self.question.early:
                dropped = yield from self._too_early()
                if dropped is not None:
                    return dropped
                wait = min(last, wait)
            else:
                if last < wait and self._welcome(score(program.sites, {r.domain: r.answer for r in replies})):
                    wait = last
        else:
            wait = min(last, wait)
        yield Sleep(wait)
        now = yield Level()
        if Test.PREGREET in self.todo and not self.question.early:
            self.passes(Test.PREGREET, now + program.ttl[Test.PREGREET])
        if Test.DNSBL in self.todo:
            return (yield from self._count(replies, wait))
        return None

    def _ask_lists(self) -> Decision[tuple[ListReply, ...]]:
        """What the lists say, and in how many seconds: less than none where they were asked for another session."""
        askings = self.program.askings
        now: float = yield Now()
        asking = askings.get(self.address)
        if asking is None:
            asking = askings[self.address] = Asking(now)
            asking.replies = yield from self._asked()
        asking.sessions += 1
        self.asking = asking
        passed = now - asking.since
        return tuple(reply._replace(seconds=reply.seconds - passed) for reply in asking.replies)

    def _forget_lists(self) -> None:
        """This session needs no more what the lists say."""
        asking, self.asking = self.asking, None
        if asking is not None:
            asking.sessions -= 1
            if not asking.sessions:
                del self.program.askings[self.address]

    def _asked(self) -> Decision[tuple[ListReply, ...]]:
        program = self.program
        service: str = program.config["dnsblog_service_name"]
        if program.system.service(service) is None:
            yield program.note(
                "warning", "", f"psc_dnsbl_request: connect to private/{service} service: No such file or directory"
            )
            return ()
        dnsblog = yield from program.system.summon(service)
        replies: tuple[ListReply, ...] = yield from dnsblog.ask(self.address, program.domains)
        timeout = program.list_timeout
        late = [reply.domain for reply in replies if reply.seconds > timeout]
        if not late:
            return replies
        yield Detach(self._too_late(late))
        return tuple(
            reply if reply.seconds <= timeout else reply._replace(answer=DnsAnswer("timeout"), seconds=timeout)
            for reply in replies
        )

    def _too_late(self, lists: list[str]) -> Decision[int]:
        """Tell, when it is time, of lists that have not answered in time."""
        timeout = self.program.list_timeout
        yield Sleep(timeout)
        for domain in lists:
            yield self.program.note("warning", "", f"dnsblog reply timeout {timeout:.0f}s for {domain}")
        return 0

    def _too_early(self) -> Decision[Reply | None]:
        program = self.program
        said = encoded(wire(self.question.early))[:READ]
        since = yield from self._since()
        yield program.note(
            "text", "", f"PREGREET {len(said)} after {since} from {self.client}: {escaped(said)[:SHOWN]}"
        )  # fmt: skip
        if self.fails(Test.PREGREET.action, PROTOCOL_ERROR):
            return (yield from self.hang_up(521, PROTOCOL_ERROR))
        self.interrupted = program.actions[Test.PREGREET.action] is Action.ENFORCE
        return None

    def _welcome(self, found: Score) -> bool:
        """Whether a score is so low that the client needs no other test."""
        threshold = self.program.allow_threshold
        return threshold < 0 and found.value <= threshold and not self.failed

    def _count(self, replies: tuple[ListReply, ...], wait: float) -> Decision[Reply | None]:
        """Judge by what the lists have said within `wait` seconds."""
        program = self.program
        self._forget_lists()
        found = score(program.sites, {r.domain: r.answer for r in replies if r.seconds <= wait})
        if found.value < program.threshold:
            low, high = program.ttl_bounds
            due = (yield Now()) + max(low, min(high, low if found.ttl is None else found.ttl))
            for test in TESTS if self._welcome(found) else (Test.DNSBL,):
                self.passes(test, max(due, self.stamps[test] - self._unix(0)))
            return None
        yield program.note("text", "", f"DNSBL rank {found.value} for {self.client}")
        shown = found.domain
        with suppress(LookupFailure):
            shown = program.reply_map.find(found.domain) or shown
        yield from program.spoken()
        text = f"5.7.1 Service unavailable; client [{self.address}] blocked using {shown}"
        if self.fails(Test.DNSBL.action, text):
            return (yield from self.hang_up(521, text))
        return None

    def passes(self, test: Test, due: float) -> None:
        """The client passes a test, which counts up to the time `due`, seconds."""
        self.passed.add(test)
        self.stamps[test] = int(self._unix(due))

    def fails(self, parameter: str, text: str) -> bool:
        """The client fails; whether it has to go.

        Args:
            parameter: what says what to do about it.
            text: why its recipients are refused from now on.
        """
        program = self.program
        action = program.actions[parameter]
        if action is Action.IGNORE:
            return False
        self.failed = True
        self.refusal = Refusal(550, text, Reason(parameter, str(program.config.where(parameter) or ""), action.value))
        return action is Action.DROP

    # ---- what comes of it

    def _passes(self) -> Decision[Reply | None]:
        """All went well: remember the client, and hand it over."""
        yield from self.conclude()
        return (yield from self._hand_over())

    def conclude(self) -> Decision[None]:
        """Remember what the client has passed; the log hears of one that passed all."""
        program = self.program
        if self.failed or self.veto:
            return
        if program.enabled and self.todo <= self.passed | self.skipped:
            yield program.note("text", "", f"PASS {'NEW' if self.fresh else 'OLD'} {self.client}")
            self.fresh = False
        if self.passed:
            yield Level()
            others = {t: DISABLED for t in TESTS if t not in program.enabled and self.stamps[t] == NEVER}
            program.cache.keep(self.address, {**self.stamps, **others})
            yield from program.spoken()

    def _hand_over(self) -> Decision[Reply | None]:
        """Let smtpd go on."""
        program = self.program
        service: str = program.config["smtpd_service_name"]
        asked = self.question
        quiet = Connect(asked.address, asked.port, asked.timeout, asked.source)  # what it said early was heard here
        session = yield PassOn(service, self.address, quiet)
        if type(session) is ConnectFailure:
            yield program.note("warning", "", f"cannot connect to service private/{service}: {session.reason}")
            if self.teaser:
                return (yield from self._talk("4.3.2 No system resources"))
            refusal = yield from self.say(421, "4.3.2 All server ports are busy")
            yield from self._leave()
            return refusal._replace(closes=True)
        yield from self._leave()
        self.handed = session
        reply: Reply | None = yield from session.greet()
        if reply is None or not self.teaser:
            return reply
        teaser, self.teaser = self.teaser, ()
        return reply._replace(teaser=teaser)

    def _talk(self, busy: str = "") -> Decision[Reply | None]:
        """Have the dialogue engine talk to the client; what it said too early is answered now."""
        program = self.program
        if self.failed or self.veto:
            self.todo |= {Test.PIPELINING, Test.NON_SMTP}
        self.dialogue = Dialogue(self, busy)
        yield from self.dialogue.listen()
        early = self.question.early
        if not self.interrupted:
            return Reply(220, (program.banner,), teaser=self.teaser)
        for number, sent in enumerate(early):
            reply = yield from self.dialogue.handle(sent, early[number + 1 :])
            self.unheard.append(reply)
            if reply.closes:
                break
        return self.unheard.popleft()._replace(teaser=self.teaser)

    # ---- the client speaks

    def handle(self, sent: Sent, more: tuple[Sent, ...] = ()) -> Decision[Reply | None]:
        """Answer what the client sent, by the dialogue engine or smtpd."""
        if self.handed is not None:
            reply: Reply | None = yield from self.handed.handle(sent, more)
            return reply
        if self.dialogue is None:
            return None
        yield Level()
        if not self.over:
            self.unheard.append((yield from self.dialogue.handle(sent, more)))
            if not self.over:
                yield from self.dialogue.listen()
        return self.unheard.popleft() if self.unheard else HANG_UP

    def fall_silent(self, now: float) -> Decision[None]:
        """After postscreen_command_time_limit: the client is hung up on unless it has spoken since `now`, seconds."""
        yield Sleep(self.program.time_limit[self.program.stressed])
        yield Level()
        dialogue = self.dialogue
        if dialogue is not None and not self.over and dialogue.heard == now:
            self.unheard.append((yield from dialogue.time_out()))

    def lost(self, reason: str) -> Decision[None]:
        """The client has hung up."""
        if self.handed is not None:
            yield from self.handed.lost(reason)
        elif self.started and not self.over:
            when = "before" if self.dialogue is None else "after"
            since = yield from self._since()
            text = f"HANGUP after {since} from {self.client} in tests {when} SMTP handshake"
            yield self.program.note("text", "", text)
            yield from self.end()

    # ---- the end

    def say(self, code: int, *lines: str) -> Decision[Reply]:
        """A reply, with the footer that main.cf gives refusals."""
        program = self.program
        if code >= 400 and (program.footer or program.footer_maps):
            lines = yield from self._footed(code, lines)
        if program.soft_bounce:
            code, lines = softened(code, lines)
        return Reply(code, lines)

    def _footed(self, code: int, lines: tuple[str, ...]) -> Decision[tuple[str, ...]]:
        program = self.program
        footer: str | None = None
        if program.footer_maps:
            try:
                footer = program.footer_maps.find(f"{code} {lines[0]}")
            except LookupFailure:
                footer = None
        footer = footer or program.footer
        if footer:
            time = yield from program.expansions.local_time(footer)
            facts = {"client_address": self.address, "client_port": self.client.rpartition(":")[2], **dict(time)}
            done = program.expansions.expand(footer, facts)
            lines = lines if done.failed else hang(lines, done.text)
        yield from program.spoken()
        return lines

    def hang_up(self, code: int, text: str) -> Decision[Reply]:
        """Say a last word, and end."""
        reply = yield from self.say(code, text)
        yield from self.end()
        return reply._replace(closes=True, teaser=() if self.dialogue else self.teaser)

    def end(self) -> Decision[None]:
        """End the session."""
        self.over = True
        if self.dialogue is not None:
            yield from self.conclude()
        yield self.program.note("text", "", f"DISCONNECT {self.client}")
        yield from self._leave()

    def _leave(self) -> Decision[None]:
        """The client is no more in postscreen's hands."""
        yield Level()
        self._forget_lists()
        yield from self.program.leaves(self.address)

    def _since(self) -> Decision[str]:
        """The seconds since the client connected, as the log has them."""
        now: float = yield Now()
        return decimals(now - self.start)

    def _unix(self, now: float) -> float:
        return self.program.system.machine.calendar.unix(now)
