"""NAME
    postscreen.dialogue - the dialogue engine of postscreen

DESCRIPTION
    Speaks just enough SMTP to learn who wants to send what to whom, and refuses every recipient: for now those of
    clients that did well, for good those of others.  On the way it tests whether the client waits for replies and sends
    SMTP commands only; a client that came as far as RCPT, right or wrong, has passed.

PARAMETERS
    postscreen_command_count_limit, postscreen_command_time_limit, postscreen_command_filter, postscreen_helo_required,
    postscreen_disable_vrfy_command, disable_vrfy_command (for the keyword alone), postscreen_forbidden_commands,
    postscreen_discard_ehlo_keywords, line_length_limit, postscreen_tls_security_level

DIAGNOSTICS
    NOQUEUE: reject: RCPT from CLIENT: REPLY; from=<...>, to=<...>, proto=SMTP, helo=<...>
    [ADDRESS]PORT: discarding EHLO keywords: KEYWORDS, where the client's are other than those of all
    COMMAND PIPELINING, NON-SMTP COMMAND, COMMAND COUNT LIMIT, COMMAND LENGTH LIMIT, COMMAND TIME LIMIT from CLIENT
    after COMMAND; DATA without valid RCPT from CLIENT

SEE ALSO
    postscreen(8)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.questions import Decision, Detach, Now
from simmail.postfix.ehlo_keywords import QUIET, keyword_set, shown_keywords
from simmail.postfix.headers import field_name
from simmail.postfix.postscreen.tests import DEEP, TESTS, Test
from simmail.postfix.printable import printable
from simmail.postfix.smtpd.findings import Reason
from simmail.postfix.smtpd.footer import softened
from simmail.postfix.tables import LookupFailure
from simmail.smtp.commands import Chunk, Command, Data, Sent
from simmail.smtp.replies import Reply
from simmail.smtp.wire import encoded, escaped, wire

if TYPE_CHECKING:
    from simmail.postfix.postscreen.session import PostscreenSession

#: How much of a line the log shows.
SHOWN = 100
#: The command behind which more may come at once.
PAYLOAD = "BDAT"
#: How the log names what is no command.
UNKNOWN = "UNIMPLEMENTED"
PROTOCOL_ERROR = "5.5.1 Protocol error"
AGAIN = "Service unavailable - try again later"
_BLANKS = " \t"


class Refusal(NamedTuple):
    """Why recipients are refused.

    Args:
        code, text: the reply.
        reason: the parameter that decided.
    """

    code: int
    text: str
    reason: Reason


def address_of(argument: str) -> str | None:
    """The address in MAIL's or RCPT's argument, in internal form; None where there is no colon.

    >>> address_of('FROM:<"joe smith"@example.com> SIZE=1')
    'joe smith@example.com'
    """
    _, colon, text = argument.partition(":")
    if not colon:
        return None
    text = text.lstrip(_BLANKS)
    end = ">" if text.startswith("<") else _BLANKS
    out: list[str] = []
    quoted = False
    characters = iter(text.removeprefix("<"))
    for char in characters:
        if char == '"':
            quoted = not quoted
            continue
        if char == "\\":
            char = next(characters, "")
        elif char in end and not quoted:
            break
        out.append(char)
    address = "".join(out)
    return address.partition(":")[2] if address.startswith("@") and ":" in address else address


class Dialogue:
    """The engine's part of one session.

    Args:
        session: whose client it talks to.
        busy: what any command is answered with, for want of a server to hand the client to; "" for nothing.

    Attributes:
        stage: the command last heard, `CONNECT` at first.
        hidden: the keywords that EHLO's last reply has left out.
        heard: when the client last had its answer, seconds.
    """

    __slots__ = ("busy", "commands", "heard", "helo", "hidden", "protocol", "sender", "session", "stage", "testing")

    def __init__(self, session: PostscreenSession, busy: str = "") -> None:
        self.session, self.busy = session, busy
        self.stage, self.helo, self.protocol = "CONNECT", "", "SMTP"
        self.sender: str | None = None
        self.hidden: frozenset[str] = frozenset()
        self.commands = 0
        self.heard = 0.0
        self.testing = session.todo & DEEP - session.passed

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply]:
        """Answer what the client sent."""
        session, program = self.session, self.session.program
        line = _line(sent)
        if len(encoded(line)) >= program.line_limit:
            return (yield from self._limit("LENGTH", f"{program.hostname} {AGAIN}"))
        line = yield from self._filtered(line)
        verb, _, argument = line.strip(" ").partition(" ")
        name = verb.upper()
        if self.busy and name != "QUIT":
            return (yield from session.hang_up(421, self.busy))
        known = COMMANDS.get(name)
        if known is None and (yield from self._is_foreign(verb, argument)):
            return (yield from session.hang_up(521, "5.7.0 Error: I can break rules, too. Goodbye."))
        if more and name != PAYLOAD and Test.PIPELINING in self.testing:
            text = f"COMMAND PIPELINING from {session.client} after {verb}: "
            if (yield from self._fails(Test.PIPELINING, text + escaped(encoded(wire(more))[:SHOWN]))):
                return (yield from session.hang_up(521, PROTOCOL_ERROR))
        if name == "RCPT":
            yield from self._passes()
        self.commands += 1
        if self.commands > program.command_limit and name != "QUIT":
            return (yield from self._limit("COUNT", f"{program.hostname} {AGAIN}"))
        if known is None:
            self.stage = UNKNOWN
            return (yield from session.say(502, "5.5.2 Error: command not recognized"))
        self.stage = name
        if program.tls.required and name in ENCRYPTED:
            return (yield from session.say(530, "5.7.0 Must issue a STARTTLS command first"))
        return (yield from known(self, argument.strip(_BLANKS)))

    def listen(self) -> Decision[None]:
        """Wait for the client, but not for ever."""
        self.heard = yield Now()
        yield Detach(self.session.fall_silent(self.heard))

    def time_out(self) -> Decision[Reply]:
        """The client was silent for too long."""
        return (yield from self._limit("TIME", f"4.4.2 {self.session.program.hostname} Error: timeout exceeded"))

    def _limit(self, what: str, text: str) -> Decision[Reply]:
        session = self.session
        yield session.program.note("text", "", f"COMMAND {what} LIMIT from {session.client} after {self.stage}")
        return (yield from session.hang_up(421, text))

    def _filtered(self, line: str) -> Decision[str]:
        """A line after postscreen_command_filter."""
        program = self.session.program
        if not program.command_filter:
            return line
        try:
            found = program.command_filter.find(line)
        except LookupFailure:
            found = None
        yield from program.spoken()
        if found is None:
            return line
        yield program.note("text", "", f'{self.session.client}: replacing command "{line}" with "{found}"')
        return found

    def _is_foreign(self, verb: str, argument: str) -> Decision[bool]:
        """Whether a client has to go whose word is no command, for it speaks another protocol."""
        session = self.session
        forbidden = session.program.forbidden
        if Test.NON_SMTP in self.testing and verb and (field_name(verb) is not None or forbidden.matches(verb)):
            shown = f"{printable(verb)} {escaped(encoded(argument)[:SHOWN])}"
            text = f"NON-SMTP COMMAND from {session.client} after {self.stage}: {shown}"
            return (yield from self._fails(Test.NON_SMTP, text))
        return False

    def _fails(self, test: Test, text: str) -> Decision[bool]:
        """The client fails a test; whether it has to go."""
        session = self.session
        yield session.program.note("text", "", text)
        self.testing = self.testing - {test}
        gone = session.fails(test.action, PROTOCOL_ERROR)
        if not session.failed:
            session.skipped.add(test)
        return gone

    def _passes(self) -> Decision[None]:
        """The client came as far as RCPT, whatever is wrong with it: it has passed all that is tested here."""
        session = self.session
        now: float = yield Now()
        for test in TESTS:
            if test in session.todo & DEEP - session.passed:
                session.passes(test, now + session.program.ttl[test])

    # ---- commands

    def ehlo(self, argument: str) -> Decision[Reply]:
        """EHLO."""
        return (yield from self._greeted(argument, "ESMTP", "EHLO", (yield from self._keywords())))

    def smtp_helo(self, argument: str) -> Decision[Reply]:
        """HELO."""
        return (yield from self._greeted(argument, self.protocol, "HELO", ()))

    def _greeted(self, argument: str, protocol: str, verb: str, keywords: tuple[str, ...]) -> Decision[Reply]:
        session = self.session
        if not argument:
            return (yield from session.say(501, f"Syntax: {verb} hostname"))
        self.helo, self.protocol = argument.split(" ", maxsplit=1)[0], protocol
        self.sender = None
        return (yield from session.say(250, session.program.hostname, *keywords))

    def _keywords(self) -> Decision[tuple[str, ...]]:
        program = self.session.program
        self.hidden = hidden = program.discard_keywords
        try:
            found = program.discard_maps.find(self.session.address)
            self.hidden = hidden if found is None else keyword_set(found)
        except LookupFailure:
            pass
        yield from program.spoken()
        if self.hidden != hidden and self.hidden and not self.hidden & QUIET:
            client = self.session.client.replace("]:", "]")
            yield program.note("text", "", f"{client}: discarding EHLO keywords: {shown_keywords(self.hidden)}")
        limit = program.size_limit
        offered = (
            ("SIZE", f"SIZE {limit}" if limit > 0 else "SIZE", True),
            ("VRFY", "VRFY", program.offers_vrfy),
            ("ETRN", "ETRN", True),
            ("STARTTLS", "STARTTLS", program.tls.offered),
            ("ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES", True),
            ("8BITMIME", "8BITMIME", True),
            ("DSN", "DSN", True),
            ("SMTPUTF8", "SMTPUTF8", program.smtputf8),
            ("CHUNKING", "CHUNKING", True),
        )
        return tuple(text for name, text, so in offered if so and name not in self.hidden)

    def _silent(self) -> bool:
        """Whether the client has to say HELO first."""
        return self.session.program.helo_required and not self.helo

    def mail(self, argument: str) -> Decision[Reply]:
        """MAIL."""
        say = self.session.say
        if self._silent():
            return (yield from say(503, "5.5.1 Error: send HELO/EHLO first"))
        if self.sender is not None:
            return (yield from say(503, "5.5.1 Error: nested MAIL command"))
        found = address_of(argument)
        if found is None:
            return (yield from say(501, "5.5.4 Syntax: MAIL FROM:<address>"))
        self.sender = found
        return (yield from say(250, "2.1.0 Ok"))

    def rcpt(self, argument: str) -> Decision[Reply]:
        """RCPT: refused, whoever it is."""
        session = self.session
        if self.sender is None:
            return (yield from session.say(503, "5.5.1 Error: need MAIL command"))
        found = address_of(argument)
        if found is None:
            return (yield from session.say(501, "5.5.4 Syntax: RCPT TO:<address>"))
        code, text, reason = session.refusal
        shown = session.program.shown
        soft = softened(code, (text,)) if session.program.soft_bounce else (code, (text,))
        yield session.program.note(
            "screened", "NOQUEUE", "reject", "RCPT", session.client, f"{soft[0]} {soft[1][0]}",
            self.sender and shown(self.sender), found and shown(found), self.protocol, self.helo, reason,
        )  # fmt: skip
        return (yield from session.say(code, text))

    def data(self, argument: str) -> Decision[Reply]:
        """DATA: no recipient was accepted."""
        if argument:
            code, text = 501, "5.5.4 Syntax: DATA"
        elif self.sender is None:
            code, text = 503, "5.5.1 Error: need RCPT command"
        else:
            code, text = 554, "5.5.1 Error: no valid recipients"
        return (yield from self._without_recipient("DATA", code, text))

    def bdat(self, argument: str) -> Decision[Reply]:
        """BDAT: no recipient was accepted."""
        if not argument:
            code, text = 501, "5.5.4 Syntax: BDAT count [LAST]"
        elif self.sender is None:
            code, text = 554, "5.5.1 Error: need MAIL command"
        else:
            code, text = 554, "5.5.1 Error: no valid recipients"
        return (yield from self._without_recipient("BDAT", code, text))

    def _without_recipient(self, verb: str, code: int, text: str) -> Decision[Reply]:
        session = self.session
        yield session.program.note("text", "", f"{verb} without valid RCPT from {session.client}")
        return (yield from session.hang_up(code, text))

    def rset(self, argument: str) -> Decision[Reply]:
        """RSET."""
        self.sender = None
        return (yield from self.session.say(250, "2.0.0 Ok"))

    def noop(self, argument: str) -> Decision[Reply]:
        """NOOP."""
        return (yield from self.session.say(250, "2.0.0 Ok"))

    def vrfy(self, argument: str) -> Decision[Reply]:
        """VRFY: as little as RCPT tells."""
        session = self.session
        if not argument:
            return (yield from session.say(501, "5.5.4 Syntax: VRFY address"))
        if not session.program.vrfy:
            return (yield from session.say(502, "5.5.1 VRFY command is disabled"))
        return (yield from session.say(session.refusal.code, session.refusal.text))

    def etrn(self, argument: str) -> Decision[Reply]:
        """ETRN."""
        say = self.session.say
        if self._silent():
            return (yield from say(503, "5.5.1 Error: send HELO/EHLO first"))
        if not argument:
            return (yield from say(500, "Syntax: ETRN domain"))
        return (yield from say(458, "Unable to queue messages"))

    def starttls(self, argument: str) -> Decision[Reply]:
        """STARTTLS: not offered, or in vain."""
        session, program = self.session, self.session.program
        if argument:  # the real program's words, too
            return (yield from session.say(501, "Syntax: EHLO hostname"))
        if not program.tls.offered or "STARTTLS" in self.hidden:
            return (yield from session.say(502, "5.5.1 Error: command not implemented"))
        yield program.note("warning", "", program.tlsproxy_trouble())
        return (yield from session.say(454, "4.7.0 TLS not available due to local problem"))

    def unsupported(self, argument: str) -> Decision[Reply]:
        """A command that smtpd knows, and this engine does not."""
        return (yield from self.session.say(502, "5.5.2 Error: command not recognized"))

    def quit(self, argument: str) -> Decision[Reply]:
        """QUIT."""
        return (yield from self.session.hang_up(221, "2.0.0 Bye"))


#: Commands that need TLS first where it is required.
ENCRYPTED = frozenset({"MAIL", "RCPT", "DATA", "BDAT", "RSET", "VRFY", "ETRN"})


def _line(sent: Sent) -> str:
    if type(sent) is Command:
        return sent.line()
    if type(sent) is Data:
        return sent.content.lines[0] if sent.content.lines else "."
    assert type(sent) is Chunk
    return f"BDAT {sent.argument}"


COMMANDS: dict[str, Callable[[Dialogue, str], Decision[Reply]]] = {
    "HELO": Dialogue.smtp_helo,
    "EHLO": Dialogue.ehlo,
    "MAIL": Dialogue.mail,
    "RCPT": Dialogue.rcpt,
    "DATA": Dialogue.data,
    "BDAT": Dialogue.bdat,
    "RSET": Dialogue.rset,
    "NOOP": Dialogue.noop,
    "VRFY": Dialogue.vrfy,
    "ETRN": Dialogue.etrn,
    "STARTTLS": Dialogue.starttls,
    "AUTH": Dialogue.unsupported,
    "XCLIENT": Dialogue.unsupported,
    "XFORWARD": Dialogue.unsupported,
    "QUIT": Dialogue.quit,
}
