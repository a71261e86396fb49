"""NAME
    smtpd.proxy - a before-queue content filter

DESCRIPTION
    With smtpd_proxy_filter no queue file is opened.  What this server accepts it says again to a filter that speaks
    SMTP: MAIL as soon as a queue file would be opened, each RCPT, DATA, and the content below this server's Received:.
    The filter's refusals, and its answer to the end of the content, are the client's.  Behind the filter there is as a
    rule another smtpd, which is told of the client with XFORWARD and queues the mail.  With speed_adjust the filter
    hears nothing before the whole of the content is here, so that a slow client does not keep it waiting.

PARAMETERS
    smtpd_proxy_filter, smtpd_proxy_ehlo, smtpd_proxy_timeout, smtpd_proxy_options

DIAGNOSTICS
    connect to proxy filter FILTER: Connection refused
    lost connection with proxy FILTER, timeout talking to proxy FILTER
    proxy FILTER rejected "COMMAND": "REPLY"
        The client hears `451 4.3.0 Error: queue file write error` where the filter does not take the connection, EHLO
        or XFORWARD, or answers with a 2xx or 3xx that does not belong there.

    proxy-accept: END-OF-MESSAGE: REPLY; from=<SENDER> to=<RECIPIENT> proto=ESMTP helo=<NAME>
    proxy-reject: END-OF-MESSAGE: REPLY; ...

    `Fatal`: TEXT: garbage after numerical service
    `Fatal`, which is not logged: RCPT or DATA after a refusal of this server at the end of the data

BUGS
    A command that smtpd_command_filter has changed is passed on with its verb in upper case.  There are no filters
    behind sockets of the file system.

SEE ALSO
    SMTPD_PROXY_README, smtpd_proxy(3), smtpd.xclient
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.files.file_errors import NO_FILE
from simmail.mail.answers import NOT_ASSIGNABLE, ConnectFailure, Lost
from simmail.mail.content import Content
from simmail.mail.errors import Fatal
from simmail.mail.questions import Close, Connect, Decision, Detach, Now, Receive, Send
from simmail.postfix.cleanup_status import DETAILS, CleanupFlag, CleanupOutcome, CleanupStatus
from simmail.postfix.endpoints import located
from simmail.postfix.smtpd.commands import SmtpCommand
from simmail.postfix.smtpd.message import login_text
from simmail.postfix.smtpd.session import SmtpdSession
from simmail.postfix.smtpd.state import UNKNOWN
from simmail.postfix.smtpd.xclient import CLIENT, UNAVAILABLE, XFORWARD, forwarded_text
from simmail.smtp.commands import Command, Data, Sent
from simmail.smtp.parameters import encode_xtext
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.mail.message import Recipient
    from simmail.postfix.config import Config
    from simmail.postfix.smtpd.program import Smtpd

SPEED_ADJUST = "speed_adjust"
_DETAIL = DETAILS[CleanupStatus.PROXY]
#: What the client hears where the filter has said nothing that it may hear.
FAILED = Reply(_DETAIL.code, (f"{_DETAIL.dsn} Error: {_DETAIL.text}",))
CONNECTION, QUIT = "connection request", Command("QUIT")
#: First digits of the replies that are waited for; any will do for ANY.
ANY, OK, MORE = 0, 2, 3
#: The order in which XFORWARD tells them, and how much of them one command may hold, octets.
ATTRIBUTES = ("NAME", "ADDR", "PORT", "HELO", "IDENT", "PROTO", "SOURCE")
PAYLOAD = 512 - len("250 XFORWARD\r\n")


class ProxyFilter(NamedTuple):
    """The filter as main.cf names it.

    Args:
        name: smtpd_proxy_filter.
        ehlo: how this server introduces itself.
        timeout: seconds to wait for the connection, and for each reply.
        adjusts: whether it is not spoken to before the content is complete.
    """

    name: str
    ehlo: str
    timeout: float
    adjusts: bool

    @classmethod
    def configured(cls, config: Config) -> ProxyFilter | None:
        """The filter; None where there is none.  Raises Fatal."""
        name: str = config["smtpd_proxy_filter"]
        if not name:
            return None
        adjusts = SPEED_ADJUST in config.mask("smtpd_proxy_options", (SPEED_ADJUST,))
        return cls(name, config["smtpd_proxy_ehlo"], config["smtpd_proxy_timeout"], adjusts)

    def connect(self, smtpd: Smtpd) -> Decision[Any]:
        """A connection to it; None, with a warning, where there is none."""
        reason = NO_FILE
        if not self.name.lower().startswith("unix:"):
            text = self.name[5:] if self.name.lower().startswith("inet:") else self.name
            addresses, port = yield from located(smtpd, text, smtpd.families)
            reason = NOT_ASSIGNABLE
            for address in addresses:
                connection = yield Connect(address, port, self.timeout)
                if not isinstance(connection, ConnectFailure):
                    return connection
                reason = connection.reason
        yield smtpd.note("warning", "", f"connect to proxy filter {self.name}: {reason}")
        return None


class Proxied:
    """A message on its way through the filter; a `Transaction` to the session.

    Args:
        session: the client's.
        filter: the filter.
        mail: the client's MAIL, as the filter is to hear it.

    Attributes:
        reply: the filter's last one, or what stands for it.
    """

    def __init__(self, session: ProxySession, filter: ProxyFilter, mail: str) -> None:
        self.reply = FAILED
        self.flags = CleanupFlag(0)
        self._session, self._to, self._mail = session, filter, mail
        self._connection: Any = None
        #: Whether it takes content now, and whether nothing can be said to it any more.
        self._open = self._broken = False
        #: What it will be told: the commands, and the replies wanted.
        self._saved: list[tuple[str, int]] = []

    # ---- what the client asks for

    def begin(self) -> Decision[Reply | None]:
        """Pass MAIL on; the refusal, or None."""
        if self._to.adjusts:
            return None
        return None if (yield from self._connect()) else self.reply

    def command(self, line: str, wanted: int) -> Decision[Reply | None]:
        """Pass a command on; the refusal, or None.

        Args:
            line: the command.
            wanted: the first digit of the reply that is no refusal.
        """
        if self._to.adjusts:
            self._saved.append((line, wanted))
            return None
        if self._connection is None:
            raise Fatal("")
        if not (yield from self._say(line, wanted)):
            return self.reply
        self._open = wanted == MORE
        return None

    def recipient(self, recipient: Recipient) -> None:
        """The filter has heard of the recipient."""

    def finish(self, content: Content, received: tuple[str, ...]) -> Decision[CleanupOutcome]:
        """Pass the content on.

        Args:
            content: its lines.
            received: those that go before them.
        """
        ready = not self._broken
        if self._to.adjusts:
            ready = yield from self._connect()
            for line, wanted in self._saved:
                ready = ready and (yield from self._say(line, wanted))
        if ready:
            self._open = False
            yield from self._hear((Data(content.under(self._head(received))),), ".", ANY)
        yield from self._told("accept" if self.reply.kind == OK else "reject")
        return CleanupOutcome(CleanupStatus.PROXY, reply=self.reply)

    def abandon(self) -> Decision[None]:
        """Say good-bye to the filter; nobody waits for its answer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            yield Detach(_goodbye(connection, () if self._broken else (QUIT,), self._to.timeout))

    def hang_up(self, content: Content, received: tuple[str, ...]) -> Decision[None]:
        """Say good-bye in the middle of the content, of which it becomes a part."""
        session = self._session
        if session.state.stage == "DATA" and not session.over:
            yield from self._told("reject")
        if self._open and not self._broken:
            connection, self._connection = self._connection, None
            part = Content((*self._head(received), *content.lines, QUIT.verb))
            yield Detach(_goodbye(connection, (Data(part, complete=False),), self._to.timeout))
        yield from self.abandon()

    def _head(self, received: tuple[str, ...]) -> tuple[str, ...]:
        """What goes before the content: this server does not show itself where it stands between two others."""
        return self._session.state.actions.prepend if self._session.forwarded else received

    def _told(self, verdict: str) -> Decision[None]:
        """Log what became of the message."""
        state, shown = self._session.state, self._session.smtpd.shown
        facts = [f"from=<{shown(state.sender or '')}>"]
        if state.recipient is not None:
            facts.append(f"to=<{shown(state.recipient)}>")
        facts.append(f"proto={state.protocol}")
        if state.helo is not None:
            facts.append(f"helo=<{state.helo}>")
        if state.sasl_username:
            facts.append(f"sasl_username=<{state.sasl_username}>")
        text = f"proxy-{verdict}: END-OF-MESSAGE: {_flat(self.reply)}; {' '.join(facts)}"
        yield self._session.smtpd.note("text", "", text)

    # ---- what the filter is told

    def _connect(self) -> Decision[bool]:
        """Get as far as MAIL; whether that succeeds."""
        self._connection = yield from self._to.connect(self._session.smtpd)
        if self._connection is None:
            self._failed()
            return False
        if not (yield from self._introduced()):
            self.reply = FAILED
        elif (yield from self._say(self._mail, OK)):
            return True
        yield from self.abandon()
        return False

    def _introduced(self) -> Decision[bool]:
        """Hear the greeting, introduce this server, and tell of its client."""
        reply: Reply | Lost = yield Receive(self._connection, self._to.timeout)
        if not (yield from self._taken(reply, CONNECTION, OK)):
            return False
        if not (yield from self._say(f"EHLO {self._to.ehlo}", OK)):
            return False
        for line in self._forwarding(frozenset(_offered(self.reply))):
            if not (yield from self._say(line, OK)):
                return False
        return True

    def _forwarding(self, offered: frozenset[str]) -> Iterator[str]:
        """The XFORWARD commands that tell of the client."""
        line = ""
        told = self._client()
        for name in ATTRIBUTES:
            if name not in offered:
                continue
            value = f" {name}={encode_xtext(told.get(name) or UNAVAILABLE)}"
            if line and len(line) + len(value) > PAYLOAD:
                yield f"XFORWARD{line}"
                line = ""
            line += value
        if line:
            yield f"XFORWARD{line}"

    def _client(self) -> dict[str, str]:
        """What is known of the client, or of the one behind it."""
        session = self._session
        state, told = session.state, session.forwarded
        if CLIENT.isdisjoint(told):
            client = state.client
            found = {
                "NAME": client.name, "ADDR": client.address, "PORT": client.port, "HELO": state.helo or "",
                "PROTO": state.protocol,
            }  # fmt: skip
        else:
            found = {name: told.get(name, "") for name in CLIENT}
        known = {name: value for name, value in found.items() if value != UNKNOWN}
        source = told.get("SOURCE", session.context).upper()
        return {**known, "IDENT": told.get("IDENT", ""), "SOURCE": source}

    def _say(self, line: str, wanted: int) -> Decision[bool]:
        """Say a command; whether it is answered as wanted."""
        return (yield from self._hear((Command.parse(line),), line, wanted))

    def _hear(self, sent: tuple[Sent, ...], line: str, wanted: int) -> Decision[bool]:
        if self._broken:
            self._failed()
            return False
        replies: list[Reply | Lost] = yield Send(self._connection, sent, (self._to.timeout,))
        return (yield from self._taken(replies[0], line, wanted))

    def _taken(self, reply: Reply | Lost, line: str, wanted: int) -> Decision[bool]:
        """Take a reply; whether it is the one that was wanted."""
        note = self._session.smtpd.note
        if type(reply) is Lost:
            text = "timeout talking to" if reply.reason == "timeout" else "lost connection with"
            yield note("warning", "", f"{text} proxy {self._to.name}")
            self._broken = True
            self._failed()
            return False
        assert type(reply) is Reply
        self.reply = reply
        if wanted in (ANY, reply.kind):
            return True
        yield note("warning", "", f'proxy {self._to.name} rejected "{line}": "{_flat(reply)}"')
        if reply.kind in (OK, MORE):
            self._failed()
        return False

    def _failed(self) -> None:
        """The filter is at fault, and the postmaster may want to know."""
        self._session.state.transcript.errors.add("software")
        self.reply = FAILED


class ProxySession(SmtpdSession):
    """A session whose mail goes through a filter.

    Args:
        filter: it.
        others: those of `SmtpdSession`.
    """

    __slots__ = ("_filter", "_line", "_mail", "_proxied")

    def __init__(self, smtpd: Smtpd, address: str, question: Connect | None, filter: ProxyFilter) -> None:
        super().__init__(smtpd, address, question)
        self._filter = filter
        #: The client's present line, and its MAIL.
        self._line = self._mail = ""
        self._proxied: Proxied | None = None

    def handle(self, sent: Sent, more: tuple[Sent, ...] = ()) -> Decision[Reply | None]:
        """Answer what the client sent."""
        if type(sent) is Command:
            self._line = sent.line()
        return super().handle(sent, more)

    def _run(
        self, command: SmtpCommand, argument: str, more: tuple[Sent, ...], sent: Sent | None = None
    ) -> Decision[Reply]:
        """Run a command."""
        if self.parameters.command_filter is not None:
            self._line = f"{command.name} {argument}".rstrip()
        if command.name == "MAIL" and self.state.sender is None:
            self._mail = self._line
        return super()._run(command, argument, more, sent)

    def begin(self, recipient: str = "") -> Decision[Reply | None]:
        """Pass MAIL on the first time, and RCPT each time; the refusal, or None."""
        refusal = None
        if self._proxied is None:
            proxied = Proxied(self, self._filter, self._mail)
            refusal = yield from proxied.begin()
            if refusal is None:
                self._proxied = proxied
                self.arrival = yield Now()
                yield self._noted(recipient)
        if self._proxied is not None and self.state.stage == "RCPT":
            refusal = yield from self._proxied.command(self._line, OK)
        return None if refusal is None else (yield from self.say(refusal.code, *refusal.lines))

    def _noted(self, recipient: str) -> Any:
        """The record of a message that is not queued here."""
        state = self.state
        behind = login_text(state) + (forwarded_text(self.forwarded) if self.forwarded else "")
        return self.smtpd.note(
            "client", "NOQUEUE", *state.known_as, behind,
            state.sender, recipient, state.protocol, state.helo or "", state.permitted or "",
        )  # fmt: skip

    def without_file(self) -> Decision[Reply | None]:
        """Let the content come where there is no queue file; the refusal, or None."""
        if self._proxied is None:
            return (yield from super().without_file())
        line = "DATA" if self.state.stage == "BDAT" else self._line
        refusal = yield from self._proxied.command(line, MORE)
        if refusal is not None:
            return (yield from self.say(refusal.code, *refusal.lines))
        self._hold()
        return None

    def _hold(self) -> None:
        """Let the filter have what a queue file would have."""
        taking: Any = self._proxied
        if taking is not None:
            self.transaction = taking

    def forget(self, threshold: int | None = None) -> Any:
        """Forget the transaction begun, and let go of its filter."""
        self._hold()
        return super().forget(threshold)

    def _dropped(self) -> Decision[None]:
        """Forget the transaction begun."""
        yield from super()._dropped()
        self._proxied = None

    def close(self, reply: Reply) -> Decision[Reply]:
        """End the session, whatever was begun in it."""
        self._hold()
        return (yield from super().close(reply))


def _goodbye(connection: Any, last: tuple[Sent, ...], timeout: float) -> Decision[None]:
    """Say the last thing, and hang up."""
    if last:
        yield Send(connection, last, (timeout,))
    yield Close(connection)


def _offered(reply: Reply) -> Iterator[str]:
    """What a filter wants to know with XFORWARD, as its reply to EHLO tells."""
    for line in reply.lines:
        keyword, *names = line.split() or [""]
        if keyword.upper() == "XFORWARD":
            yield from (name.upper() for name in names if name.upper() in XFORWARD)


def _flat(reply: Reply) -> str:
    """A reply as the log shows it: what is between its lines cannot be printed."""
    return "??".join(reply.wire())
