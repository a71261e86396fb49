"""NAME
    session - a conversation with one SMTP or LMTP server

DESCRIPTION
    Greeting, EHLO (HELO where the server does not know it), and one mail transaction.  Where the server offers
    PIPELINING all commands up to DATA travel together.  A transaction that comes to nothing ends in RSET; QUIT is said
    in any case, and its reply not waited for.

PARAMETERS
    smtp_helo_name, smtp_always_send_ehlo, smtp_never_send_ehlo, smtp_skip_5xx_greeting, smtp_discard_ehlo_keywords,
    smtp_discard_ehlo_keyword_address_maps, smtp_*_timeout, smtp_quote_rfc821_envelope, smtp_tls_security_level,
    smtp_reply_filter, each also as lmtp_

DIAGNOSTICS
    host HOST refused to talk to me: REPLY
    host HOST said: REPLY (in reply to RCPT TO command)
    lost connection with HOST while sending RCPT TO
    conversation with HOST timed out while receiving the initial server greeting
    host HOST greeted me with my own hostname NAME

BUGS
    No TLS, no AUTH, no XFORWARD, no BDAT; no work-arounds for PIX firewalls.

SEE ALSO
    RFC 5321, RFC 2033 (LMTP), smtp_proto(3)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from simmail.mail.address import quote_local
from simmail.mail.answers import Lost
from simmail.mail.content import Content
from simmail.mail.message import Notify, Recipient
from simmail.mail.questions import Close, Decision, Now, Receive, Send
from simmail.postfix.delivery import Dsn
from simmail.postfix.ehlo_keywords import shown_keywords
from simmail.postfix.report import delays
from simmail.postfix.smtp.addresses import LOOPS, Host
from simmail.postfix.smtp.attempt import Attempt, drop, refusal, status_of
from simmail.postfix.smtp.tls import NONE, STRICT
from simmail.postfix.smtp.transcript import Transcript, confused
from simmail.smtp.commands import Command, Data
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp

DATA, RSET, QUIT = Command("DATA"), Command("RSET"), Command("QUIT")
NOTHING = Data(Content(()))
NOTHING_OFFERED: Mapping[str, str] = MappingProxyType({})
NOTIFY_ORDER = (Notify.NEVER, Notify.SUCCESS, Notify.FAILURE, Notify.DELAY)


class Session:
    """One connection.

    Args:
        client: whose it is.
        attempt: the request it serves.
        host: the server.
        port: its TCP port.
        connection: as `Connect` was answered.
        best: whether the server is of the domain's best preference.
        loops: whether a server of our own name means a loop.

    Attributes:
        features: the EHLO keywords it offers, in upper case -> their arguments.
        alive: whether it can be spoken to.
    """

    __slots__ = (
        "_best", "_client", "_connection", "_host", "_last", "_loops", "_name", "_transcript", "alive", "attempt",
        "features", "port",
    )  # fmt: skip

    def __init__(
        self, client: Smtp, attempt: Attempt, host: Host, port: int, connection: Any, best: bool, loops: bool
    ) -> None:
        self._client, self.attempt, self._host, self.port = client, attempt, host, port
        self._connection, self._best, self._loops = connection, best, loops
        self._name = f"{host.name}[{host.address}]"
        attempt.relay = f"{self._name}:{port}"
        attempt.open = list(attempt.left)
        self.features: Mapping[str, str] = NOTHING_OFFERED
        self.alive = True
        #: What is said at the end.
        self._last: tuple[Command, ...] = (QUIT,)
        self._transcript = Transcript() if client.notifies and attempt.request.sender else None

    # ---- words

    def _say(self, *commands: Command | Data, timeouts: tuple[float, ...]) -> Decision[list[Reply | Lost]]:
        if self._transcript is not None:
            self._transcript.sent(commands)
        replies: list[Reply | Lost] = yield Send(self._connection, commands, timeouts)
        if self._transcript is not None or self._client.reply_filter:
            for number, reply in enumerate(replies):
                replies[number] = yield from self._heard(reply)
        return replies

    def _heard(self, reply: Reply | Lost) -> Decision[Reply | Lost]:
        """A reply as it is taken."""
        if self._client.reply_filter and type(reply) is Reply:
            reply = self._client.filtered(reply, self.attempt.relay)
            yield from self._client.spoken()
        if self._transcript is not None:
            self._transcript.heard(reply)
        return reply

    def _blame(self, reply: Reply) -> None:
        """A reply is a refusal: is it one that the postmaster should know of?"""
        if self._transcript is not None and confused(reply.code):
            self._transcript.wrong = True

    def _broken(self, lost: Lost, where: str) -> Decision[None]:
        """The connection ended or fell silent."""
        self.alive = False
        if lost.reason == "timeout":
            text = f"conversation with {self._name} timed out while {where}"
        else:
            text = f"lost connection with {self._name} while {where}"
        yield from self.attempt.all_failed(Dsn("4.4.2", "", text), True)

    def _refused(self, reply: Reply, stage: str) -> Dsn:
        self._blame(reply)
        return refusal(self._host.name, reply, f"host {self._name} said: {reply.text} (in reply to {stage})")

    def _unwilling(self, reply: Reply, status: str = "") -> Decision[None]:
        self._blame(reply)
        reason = f"host {self._name} refused to talk to me: {reply.text}"
        yield from self.attempt.all_failed(refusal(self._host.name, reply, reason, status), True)

    def close(self) -> Decision[None]:
        """End the conversation."""
        if self.alive:
            times = self._client.timeouts
            timeouts = (times.rset, times.quit)[-len(self._last) :]
            replies: list[Reply | Lost] = yield Send(self._connection, self._last, timeouts)
            if self._transcript is not None:
                self._transcript.sent(self._last)
                for reply in replies[: len(self._last) - 1]:
                    self._transcript.heard(reply)
        yield Close(self._connection)
        if self._transcript is not None and self._transcript.wrong:
            yield from self._transcript.post(self._client, self.attempt.relay)
        self.attempt.relay = "none"
        self.attempt.open.clear()

    # ---- greeting

    def greet(self) -> Decision[bool]:
        """Get to the point where mail can be sent; False where that fails, and it has been told."""
        client = self._client
        reply: Reply | Lost | None = yield Receive(self._connection, client.timeouts.helo)
        assert reply is not None
        reply = yield from self._heard(reply)
        if isinstance(reply, Lost):
            yield from self._broken(reply, "receiving the initial server greeting")
            return False
        if reply.kind != 2:
            soft = "4" + status_of(reply)[1:] if reply.kind == 5 and client.skip_5xx_greeting else ""
            yield from self._unwilling(reply, soft)
            return False
        words = reply.lines[0].split()
        if words and words[0].lower() == client.myhostname.lower() and self._loops:
            yield client.note(
                "warning", "", f"host {self.attempt.relay} greeted me with my own hostname {client.myhostname}"
            )
        esmtp = client.always_ehlo or any(word.upper() == "ESMTP" for line in reply.lines for word in line.split())
        if esmtp and not client.never_ehlo:
            verb = client.hello
            reply = yield from self._hello(verb)
            if reply is None:
                return False
            if reply.kind == 2:
                return (yield from self._greeted(reply))
            if verb != "EHLO" or reply.code == 421:
                yield from self._unwilling(reply)
                return False
        reply = yield from self._hello("HELO")
        if reply is None:
            return False
        if reply.kind != 2:
            yield from self._unwilling(reply)
            return False
        return (yield from self._willing())

    def _hello(self, verb: str) -> Decision[Reply | None]:
        client = self._client
        reply = (yield from self._say(Command(verb, client.helo_name), timeouts=(client.timeouts.helo,)))[0]
        if isinstance(reply, Lost):
            yield from self._broken(reply, f"performing the {verb} handshake")
            return None
        return reply

    def _greeted(self, reply: Reply) -> Decision[bool]:
        """Read what an EHLO reply offers."""
        client = self._client
        first = reply.lines[0].split()
        if first and first[0].lower() == client.myhostname.lower() and self._loops:
            yield client.note(
                "warning",
                "",
                f"host {self.attempt.relay} replied to HELO/EHLO with my own hostname {client.myhostname}",
            )
            if self._best:
                text = f"mail for {self.attempt.request.nexthop} loops back to myself"
                yield from self.attempt.all_failed(Dsn(LOOPS, "", text), True)
                return False
        discarded = client.discarded(self._host.address)
        if client.pending:
            yield from client.spoken()
        if discarded and "SILENT-DISCARD" not in discarded:
            yield client.note("text", "", f"discarding EHLO keywords: {shown_keywords(discarded)}")
        self.features = _offered(reply.lines[1:], discarded)
        return (yield from self._willing())

    def _willing(self) -> Decision[bool]:
        """Whether mail can be sent, with what the server offers."""
        tls = self._client.tls
        level = tls.level(self.attempt.request.nexthop)
        if level == NONE and tls.notes_offers and "STARTTLS" in self.features:
            yield self._client.note("text", "", f"Host offered STARTTLS: [{self._host.name}]")
        if level in STRICT:
            if "STARTTLS" in self.features:
                why = Dsn("4.7.5", "", "TLS is required, but our TLS engine is unavailable")
            else:
                why = Dsn("4.7.4", "", f"TLS is required, but was not offered by host {self._name}")
            yield from self.attempt.all_failed(why, True)
            return False
        if "SMTPUTF8" not in self.features and self.attempt.request.message.smtputf8 and self._needs_utf8():
            text = f"SMTPUTF8 is required, but was not offered by host {self._name}"
            yield from self.attempt.all_failed(Dsn("5.6.7", "", text), False)
            return False
        return True

    def _needs_utf8(self) -> bool:
        message = self.attempt.request.message
        texts = (message.sender, *(r.address for r in self.attempt.left), *message.content.header())
        return not all(map(str.isascii, texts))

    # ---- one transaction

    def transfer(self) -> Decision[None]:
        """Send the mail to the recipients that are left."""
        attempt, client = self.attempt, self._client
        attempt.connected = yield Now()
        size = attempt.request.message.size
        limit = self.features.get("SIZE", "")
        if limit.isdigit() and 0 < int(limit) < size:
            text = f"message size {size} exceeds size limit {int(limit)} of server {self._name}"
            yield from attempt.all_failed(Dsn("5.3.4", "", text), False)
            self.alive = False
            attempt.complete = True
            return
        recipients = list(attempt.left)
        commands = [Command("MAIL", self._mail()), *(Command("RCPT", self._rcpt(r)) for r in recipients)]
        commands.append(RSET if attempt.request.verify else DATA)
        times = client.timeouts
        if "PIPELINING" in self.features:
            timeouts = (times.mail, *(times.rcpt for _ in recipients), times.data_init)
            replies = yield from self._say(*commands, timeouts=timeouts)
            yield from self._hear(recipients, iter(replies))
        else:
            yield from self._step_by_step(recipients, commands)

    def _step_by_step(self, recipients: list[Recipient], commands: list[Command]) -> Decision[None]:
        """Send commands one by one, as far as it makes sense."""
        times = self._client.timeouts
        reply = (yield from self._say(commands[0], timeouts=(times.mail,)))[0]
        if not (yield from self._hear_mail(reply)):
            yield from self._reset()
            return
        accepted = []
        for recipient, command in zip(recipients, commands[1:], strict=False):
            reply = (yield from self._say(command, timeouts=(times.rcpt,)))[0]
            taken = yield from self._hear_rcpt(recipient, reply)
            if not self.alive:
                return
            if taken:
                accepted.append(recipient)
        if not accepted or self.attempt.request.verify:
            yield from self._reset()
            return
        reply = (yield from self._say(DATA, timeouts=(times.data_init,)))[0]
        yield from self._hear_data(accepted, reply)

    def _hear(self, recipients: list[Recipient], replies: Any) -> Decision[None]:
        """Take in the replies to a group of commands."""
        welcome = yield from self._hear_mail(next(replies))
        accepted = []
        for recipient in recipients:
            if not self.alive:
                return
            reply = next(replies)
            if type(reply) is Lost:
                yield from self._broken(reply, "sending RCPT TO")
            elif welcome and (yield from self._hear_rcpt(recipient, reply)):
                accepted.append(recipient)
        if not self.alive:
            return
        reply = next(replies)
        if self.attempt.request.verify:
            self.alive = type(reply) is not Lost
        else:
            yield from self._hear_data(accepted, reply)

    def _hear_mail(self, reply: Reply | Lost) -> Decision[bool]:
        if type(reply) is Lost:
            yield from self._broken(reply, "sending MAIL FROM")
            return False
        assert type(reply) is Reply
        if reply.kind == 2:
            return True
        yield from self.attempt.all_failed(self._refused(reply, "MAIL FROM command"), False)
        return False

    def _hear_rcpt(self, recipient: Recipient, reply: Reply | Lost) -> Decision[bool]:
        if type(reply) is Lost:
            yield from self._broken(reply, "sending RCPT TO")
            return False
        assert type(reply) is Reply
        if reply.kind != 2:
            yield from self.attempt.one_failed(recipient, self._refused(reply, "RCPT TO command"))
            return False
        if self.attempt.request.verify:
            yield from self._sent(recipient, reply)
        return True

    def _hear_data(self, accepted: list[Recipient], reply: Reply | Lost) -> Decision[None]:
        """Send the content where the server waits for it."""
        if type(reply) is Lost:
            yield from self._broken(reply, "sending DATA command")
            return
        assert type(reply) is Reply
        if reply.kind != 3:
            if accepted:
                yield from self.attempt.all_failed(self._refused(reply, "DATA command"), False)
            yield from self._reset()
            return
        data = Data(self._client.content(self.attempt.request, self.features)) if accepted else NOTHING
        if self._client.pending:
            yield from self._client.spoken()
        timeout = self._client.timeouts.data_done
        replies = yield from self._say(data, timeouts=(timeout,))
        yield from self._hear_end(accepted, replies)

    def _hear_end(self, accepted: list[Recipient], replies: list[Reply | Lost]) -> Decision[None]:
        reply = replies[0]
        if type(reply) is Lost:
            yield from self._broken(reply, "sending end of data -- message may be sent more than once")
            return
        assert type(reply) is Reply
        if self._client.reply_each:
            yield from self._hear_each(accepted, replies)
        elif reply.kind == 2:
            for recipient in accepted:
                yield from self._sent(recipient, reply)
        elif accepted:
            yield from self.attempt.all_failed(self._refused(reply, "end of DATA command"), False)
        self.attempt.complete = True

    def _hear_each(self, accepted: list[Recipient], replies: list[Reply | Lost]) -> Decision[None]:
        """LMTP: a reply for each recipient; the last one speaks for those behind it too."""
        for number, recipient in enumerate(accepted):
            reply = replies[min(number, len(replies) - 1)]
            if isinstance(reply, Lost):
                yield from self._broken(reply, "sending end of data -- message may be sent more than once")
                return
            if reply.kind == 2:
                yield from self._sent(recipient, reply)
            else:
                yield from self.attempt.one_failed(recipient, self._refused(reply, "end of DATA command"))

    def _sent(self, recipient: Recipient, reply: Reply) -> Decision[None]:
        if "DSN" in self.features and recipient.notify:
            recipient.notify -= {Notify.SUCCESS}
        said = reply.text
        dsn = Dsn(status_of(reply), self._client.success(self.features), said, "smtp", said, self._host.name)
        now: float = yield Now()
        times = delays(self.attempt.request, now, self.attempt.connected)
        drop(self.attempt.open, recipient)
        yield from self.attempt.delivered(recipient, dsn, times)

    def _reset(self) -> Decision[None]:
        """Give the transaction up."""
        if "PIPELINING" in self.features:
            self._last = (RSET, QUIT)
        elif self.alive:
            reply = (yield from self._say(RSET, timeouts=(self._client.timeouts.rset,)))[0]
            self.alive = type(reply) is not Lost

    # ---- parameters of commands

    def _mail(self) -> str:
        request = self.attempt.request
        message = request.message
        text = f"FROM:<{self._client.envelope(request.sender)}>"
        features = self.features
        if not features:
            return text
        if "SIZE" in features and not self._client.downgrades(message, features):
            text += f" SIZE={message.size}"
        if "8BITMIME" in features:
            text += {"8bit": " BODY=8BITMIME", "7bit": " BODY=7BIT"}.get(message.encoding, "")
        if "DSN" in features:
            if message.envid:
                text += f" ENVID={xtext(message.envid)}"
            if message.ret:
                text += f" RET={message.ret}"
        if "SMTPUTF8" in features and message.smtputf8:
            text += " SMTPUTF8"
        return text

    def _rcpt(self, recipient: Recipient) -> str:
        text = f"TO:<{self._client.envelope(recipient.address)}>"
        if "DSN" not in self.features:
            return text
        kind, _, original = recipient.orcpt.partition(";")
        if not recipient.orcpt and recipient.original:
            kind = "rfc822" if recipient.original.isascii() or not self.attempt.request.message.smtputf8 else "utf-8"
            original = quote_local(recipient.original)
        if original:
            text += f" ORCPT={kind};{xtext(original)}"
        if recipient.notify:
            text += " NOTIFY=" + ",".join(n.value for n in NOTIFY_ORDER if n in recipient.notify)
        return text


@lru_cache(maxsize=4096)
def _offered(lines: tuple[str, ...], discarded: frozenset[str]) -> Mapping[str, str]:
    """The keywords that EHLO's reply offers, in upper case -> their arguments."""
    found: dict[str, str] = {}
    for line in lines:
        keyword, _, argument = line.lstrip(" -").replace("=", " ", 1).partition(" ")
        if keyword.upper() not in discarded:
            found[keyword.upper()] = argument.strip()
    return found


_TO_ENCODE = re.compile(r"[^!-~]|[+=]")


def xtext(text: str) -> str:
    """A value of the DSN extension as it travels (RFC 3461 section 4)."""
    return _TO_ENCODE.sub(lambda found: f"+{ord(found[0]):02X}", text)
