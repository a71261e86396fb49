"""NAME
    session - a conversation with one SMTP or LMTP server

DESCRIPTION
    Greeting, EHLO (HELO where the server does not know it), and one mail transaction.  Where the server offers
    PIPELINING all commands up to DATA travel together.  A transaction that comes to nothing ends in RSET; QUIT is said
    in any case, and its reply not waited for; unless the session is left to scache(8), for further mail.

PARAMETERS
    smtp_helo_name, smtp_always_send_ehlo, smtp_never_send_ehlo, smtp_skip_5xx_greeting, smtp_discard_ehlo_keywords,
    smtp_discard_ehlo_keyword_address_maps, smtp_*_timeout, smtp_quote_rfc821_envelope, smtp_tls_security_level,
    smtp_address_verify_target, and those of `smtp.firewall`, `smtp.sasl` and `smtp.dialogue`, each also as lmtp_

DIAGNOSTICS
    host HOST greeted me with my own hostname NAME
    bad EHLO SIZE limit "WORD" from HOST
    host HOST offers SMTPUTF8 support, but not 8BITMIME

BUGS
    No TLS.

SEE ALSO
    RFC 5321, RFC 2033 (LMTP), smtp_proto(3)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.mail.answers import Lost
from simmail.mail.content import Content
from simmail.mail.errors import Fatal
from simmail.mail.message import Notify, Recipient
from simmail.mail.questions import NOW, Close, Decision, Send, Sleep
from simmail.postfix.delivery import Dsn
from simmail.postfix.ehlo_keywords import shown_keywords
from simmail.postfix.outgoing import DataError
from simmail.postfix.report import delays
from simmail.postfix.smtp.addresses import LOOPS, Host
from simmail.postfix.smtp.attempt import Attempt, quoted, status_of
from simmail.postfix.smtp.dialogue import DATA_ERROR, Dialogue, says
from simmail.postfix.smtp.envelope import mail_command, rcpt_command
from simmail.postfix.smtp.firewall import DELAY_DOT, NO_ESMTP, masked
from simmail.postfix.smtp.forwarding import Told, hear, xforward
from simmail.postfix.smtp.offer import NOTHING, Form, Offer, first_word, offer
from simmail.postfix.smtp.tls import NONE, STRICT
from simmail.postfix.tables import LookupFailure
from simmail.smtp.commands import Command, Data
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp

DATA, RSET, QUIT = Command("DATA"), Command("RSET"), Command("QUIT")
#: What is said at the end.
GOODBYE = (QUIT,)
EMPTY = Data(Content(()))
#: The status of what was taken by a reply that says no such thing.
TAKEN = "2.0.0"
#: What the queue manager finds of a recipient whose mail was taken, where the agent dies before it tells.
SENT = ("sent", None)


class Session(Dialogue):
    """One connection.

    Args:
        best: whether the server is of the domain's best preference.
        loops: whether a server of our own name means a loop.
        others: those of `Dialogue`.

    Attributes:
        offer: what it can do.
        conn_use: how often the connection has been used, this time included.
        until: to when it may be used, whole seconds; 0 where it ends with this request.
    """

    __slots__ = ("_best", "_dot_delay", "_last", "_loops", "_parted", "conn_use", "offer", "until")

    def __init__(
        self, client: Smtp, attempt: Attempt, host: Host, port: int, connection: Any, best: bool = False,
        loops: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(client, attempt, host, port, connection)
        self._best, self._loops = best, loops
        self.offer = NOTHING
        self.conn_use, self.until = 1, 0
        self._last: tuple[Command, ...] = GOODBYE
        #: Whether the transcript has its QUIT already.
        self._parted = False
        #: How long to wait before the dot that ends the content, seconds.
        self._dot_delay = 0.0

    def close(self) -> Decision[None]:
        """End the conversation, or leave it to further mail."""
        attempt, last, transcript = self.attempt, self._last, self._transcript
        if not (self.until and (yield from self._kept())):
            if self.alive:
                times = self._client.timeouts
                timeouts = (times.quit,) if last is GOODBYE else (times.rset, times.quit)
                replies: list[Reply | Lost] = yield Send(self._connection, last, timeouts)
                if transcript is not None:
                    if not self._parted:
                        transcript.sent(last)
                    for reply in replies[: len(last) - self._client.skips_quit]:
                        transcript.heard(reply, self._client.utf8)
            yield Close(self._connection)
        if self._client.misnamed is not None:
            raise self._client.misnamed
        if transcript is not None and transcript.wrong:
            yield from transcript.post(self._client, attempt.relay)
        attempt.relay = "none"
        attempt.open.clear()

    def _kept(self) -> Decision[bool]:
        """Whether a session that may be kept is: a good one that is not worn out."""
        attempt, reuse = self.attempt, self._client.reuse
        plan = attempt.plan
        attempt.request.conn_use = 1
        if plan is None or not self.alive:
            return False
        worn = yield from reuse.worn(self)
        if not worn:
            yield from reuse.keep(self, plan, self._host, self._port, self._connection)
        plan.nexthop = None
        return not worn

    def probe(self) -> Decision[bool]:
        """Whether the server of a session that was kept still listens; where it does not, the connection is closed."""
        reply = yield from self.say(RSET, self._client.timeouts.rset)
        if says(2, reply):
            return True
        yield Close(self._connection)
        self.attempt.relay = "none"
        self.attempt.open.clear()
        return False

    # ---- greeting

    def greet(self) -> Decision[bool]:
        """Get to the point where mail can be sent; False where that fails, and it has been told."""
        client, loops = self._client, self._loops
        if client.tls.wraps:
            self.alive = False
            return (yield from client.tls.shake_hands(self.attempt, self._connection))
        reply = yield from self._received(client.timeouts.helo)
        if isinstance(reply, Lost):
            yield from self.broken(reply, "receiving the initial server greeting")
            return False
        if reply.code // 100 != 2:
            soft = "4" + status_of(reply)[1:] if reply.kind == 5 and client.skip_5xx_greeting else ""
            yield from self._unwilling(reply, soft)
            return False
        if loops and first_word(reply.lines[0]) == client.own_name:
            yield client.note(
                "warning", "", f"host {self.attempt.relay} greeted me with my own hostname {client.myhostname}"
            )
        esmtp = client.always_ehlo or any(word.upper() == "ESMTP" for line in reply.lines for word in line.split())
        if masked(reply) and (yield from self._behind_firewall()):
            esmtp = False
        return (yield from (self._hello() if esmtp and not client.never_ehlo else self._hello_simply()))

    def _behind_firewall(self) -> Decision[bool]:
        """Work around what the firewall does wrong; whether it can do without EHLO only."""
        client, request = self._client, self.attempt.request
        now: float = yield NOW
        used = client.firewall.workarounds(self._host.address, now - request.message.arrival)
        if used is None:
            return False
        text = f"enabling PIX workarounds: {' '.join(used)} for {self.attempt.relay}"
        yield client.note("text", request.message.queue_id, text)
        self._dot_delay = client.firewall.delay if DELAY_DOT in used else 0.0
        return NO_ESMTP in used and client.hello == "EHLO"

    def _hello(self) -> Decision[bool]:
        """Introduce ourselves, and read what the server offers."""
        client = self._client
        replies: list[Reply | Lost] = yield self._said(client.greeting, (client.timeouts.helo,))
        if self._attentive:
            replies = yield from self._heard(replies)
        reply = replies[0]
        if isinstance(reply, Lost):
            yield from self.broken(reply, f"performing the {client.hello} handshake")
            return False
        if reply.code // 100 != 2:
            if client.hello == "EHLO" and reply.code != 421:
                return (yield from self._hello_simply())
            yield from self._unwilling(reply)
            return False
        if client.discards or client.pending:
            found = yield from self._without(reply)
            if found is None:
                yield from self.broken(DATA_ERROR, "")
                return False
        else:
            found = offer(reply.lines, client.discarded)
        if self._loops and found.name == client.own_name and (yield from self._met_myself()):
            return False
        for level, remark in found.remarks:
            yield client.note(level, "", remark.format(self.name, port=self._port))
        self.offer = found
        return (yield from self._willing()) if client.careful or self.attempt.request.message.smtputf8 else True

    def _hello_simply(self) -> Decision[bool]:
        """Introduce ourselves to a server that knows no extensions."""
        client = self._client
        reply = yield from self.say(Command("HELO", client.helo_name), client.timeouts.helo)
        if isinstance(reply, Lost):
            yield from self.broken(reply, "performing the HELO handshake")
            return False
        if reply.kind != 2:
            yield from self._unwilling(reply)
            return False
        return (yield from self._willing())

    def _met_myself(self) -> Decision[bool]:
        """The server has our own name; whether that is a loop."""
        client, attempt = self._client, self.attempt
        text = f"host {attempt.relay} replied to HELO/EHLO with my own hostname {client.myhostname}"
        yield client.note("warning", "", text)
        if self._best:
            text = f"mail for {attempt.request.nexthop} loops back to myself"
            yield from attempt.all_failed(Dsn(LOOPS, "", text), True)
        return self._best

    def _without(self, reply: Reply) -> Decision[Offer | None]:
        """What is offered, but for the keywords that do not count; None where nobody knows which these are."""
        client, address = self._client, self._host.address
        try:
            discarded = client.discarded_of(address)
        except LookupFailure:
            yield from client.spoken()
            what = f"{client.prefix}_discard_{client.hello.lower()}_keyword_address_maps map lookup error for {address}"
            yield client.note("warning", "", f"{self.attempt.request.message.queue_id}: {what}")
            return None
        yield from client.spoken()
        if discarded and "SILENT-DISCARD" not in discarded:
            yield client.note("text", "", f"discarding EHLO keywords: {shown_keywords(discarded)}")
        return offer(reply.lines, discarded)

    def _willing(self) -> Decision[bool]:
        """Whether mail can be sent, with what the server offers."""
        tls, sasl, offered = self._client.tls, self._client.sasl, self.offer.logins
        mechanisms: list[str] = []
        if sasl is not None and offered:
            mechanisms = sasl.heard(offered, self.attempt.relay)
            yield from self._client.spoken()
        level = tls.level(self.attempt.destination, self._host)
        if level == NONE and tls.notes_offers and "STARTTLS" in self.offer.features:
            yield self._client.note("text", "", f"Host offered STARTTLS: [{self._host.name}]")
        if level in STRICT:
            if "STARTTLS" in self.offer.features:
                why = Dsn("4.7.5", "", "TLS is required, but our TLS engine is unavailable")
            else:
                why = Dsn("4.7.4", "", f"TLS is required, but was not offered by host {self.name}")
            yield from self.attempt.all_failed(why, True)
            return False
        if not self.offer.smtputf8 and self.attempt.request.message.smtputf8 and self._needs_utf8():
            text = f"SMTPUTF8 is required, but was not offered by host {self.name}"
            yield from self.attempt.all_failed(Dsn("5.6.7", "", text), False)
            return False
        if sasl is None or not offered:
            return True
        try:
            return (yield from sasl.login(self, mechanisms, self.attempt.destination))
        except Fatal:
            yield Close(self._connection)
            raise

    def _content(self, form: Form) -> Content:
        """The text as it travels.  Raises DataError, Fatal."""
        client, request = self._client, self.attempt.request
        content = client.outgoing.content(request.message, form.downgrades)
        return content if client.final is None else content.under(client.final.head(request))

    def _needs_utf8(self) -> bool:
        message = self.attempt.request.message
        texts = (message.sender, *(r.address for r in self.attempt.left), *message.content.header())
        return not all(map(str.isascii, texts))

    # ---- one transaction

    def transfer(self) -> Decision[None]:
        """Send the mail to the recipients that are left."""
        attempt, client, offer = self.attempt, self._client, self.offer
        attempt.connected = yield NOW
        message = attempt.request.message
        if 0 < offer.limit < message.size and self.conn_use == 1:
            yield from self._too_large()
            return
        form = offer.form(message.encoding)
        recipients = attempt.left.copy()
        try:
            envelope = client.envelope
            mail = mail_command(attempt.request, offer, form, envelope)
            rcpts = [rcpt_command(recipient, attempt.request, offer, envelope) for recipient in recipients]
        except Fatal:
            yield Close(self._connection)
            raise
        told = xforward(message, offer, client.system.machine) if client.forwards else ()
        accepted = yield from (self._in_group if offer.pipelining else self._step_by_step)(
            recipients, told, mail, rcpts
        )
        if accepted is None:
            return
        try:
            data = Data(self._content(form)) if accepted else EMPTY
        except Fatal:
            yield Close(self._connection)
            raise
        except DataError as error:
            yield from self._cut_off(error.content)
            return
        reply = yield from self._content_said(data)
        if isinstance(reply, Lost):
            yield from self.broken(reply, "sending end of data -- message may be sent more than once")
            return
        if client.reply_each:
            yield from self._hear_each(accepted, reply)
        elif reply.code // 100 == 2:
            yield from self._sent(accepted, reply)
        elif accepted:
            yield from attempt.all_failed(self._refused(reply, "end of DATA command"), False)
        attempt.complete = True

    def _content_said(self, data: Data) -> Decision[Reply | Lost]:
        """Send the content and its end; what the server says to that."""
        client = self._client
        if client.pending:
            yield from client.spoken()
        if self._dot_delay:
            yield Sleep(self._dot_delay)
        send = self._said((data,), (client.timeouts.data_done,))
        if self._transcript is not None and self.offer.pipelining and not self.until:
            self._transcript.sent(GOODBYE)  # which goes out together with the dot
            self._parted = True
        replies: list[Reply | Lost] = yield send
        return (yield from self._heard(replies))[0] if self._attentive else replies[0]

    def _cut_off(self, content: Content) -> Decision[None]:
        """A table cannot tell how the content goes on."""
        yield from self._client.spoken()
        yield self._said((Data(content, False),), (self._client.timeouts.data_done,))
        yield from self.broken(DATA_ERROR, "")

    def _too_large(self) -> Decision[None]:
        """The server takes no message of this size."""
        attempt, limit = self.attempt, self.offer.limit
        text = f"message size {attempt.request.message.size} exceeds size limit {limit} of server {self.name}"
        yield from attempt.all_failed(Dsn("5.3.4", "", text), False)
        self.alive = self.until > 0  # QUIT is not said
        attempt.complete = True

    def _step_by_step(
        self, recipients: list[Recipient], told: tuple[Told, ...], mail: Command, rcpts: list[Command]
    ) -> Decision[list[Recipient] | None]:
        """Send commands one by one, as far as it makes sense.

        Returns:
            Whose mail the server waits for; None where it waits for none.
        """
        times = self._client.timeouts
        for telling in told:
            yield from hear(self, self._client, telling, (yield from self.say(telling.command, times.xforward)))
            if not self.alive:
                return None
        reply = yield from self.say(mail, times.mail)
        if not says(2, reply):
            yield from self._hear_mail(reply)
            yield from self._reset()
            return None
        accepted = []
        for recipient, command in zip(recipients, rcpts, strict=True):
            reply = yield from self.say(command, times.rcpt)
            if (yield from self._hear_rcpt(recipient, reply)):
                accepted.append(recipient)
            if not self.alive:
                return None
        if not accepted or self._probes_rcpt():
            yield from self._reset()
            return None
        reply = yield from self.say(DATA, times.data_init)
        return accepted if (yield from self._hear_data(accepted, reply)) else None

    def _in_group(
        self, recipients: list[Recipient], told: tuple[Told, ...], mail: Command, rcpts: list[Command]
    ) -> Decision[list[Recipient] | None]:
        """Send all commands up to DATA together; the verdict is that of `_step_by_step`."""
        times, verify = self._client.timeouts, self._probes_rcpt()
        timeouts = (*[times.xforward] * len(told), times.mail, *[times.rcpt] * len(rcpts), times.data_init)
        commands = (*[telling.command for telling in told], mail, *rcpts, RSET if verify else DATA)
        replies: list[Reply | Lost] = yield self._said(commands, timeouts)
        if self._attentive:
            replies = yield from self._heard(replies)
        for telling in told:
            yield from hear(self, self._client, telling, replies.pop(0))
            if not self.alive:
                return None
        welcome = says(2, replies[0])
        if not welcome:
            yield from self._hear_mail(replies[0])
        accepted = []
        for recipient, reply in zip(recipients, replies[1:], strict=False):
            if isinstance(reply, Lost):
                yield from self.broken(reply, "sending RCPT TO")
            elif welcome:
                taken = reply.code // 100 == 2 and not verify
                if taken or (yield from self._hear_rcpt(recipient, reply)):
                    accepted.append(recipient)
        if not self.alive:
            return None
        reply = replies[-1]
        if verify:
            self.alive = not isinstance(reply, Lost)
            return None
        if says(3, reply) and not self.attempt.request.verify:
            return accepted
        return accepted if (yield from self._hear_data(accepted, reply)) else None

    def _hear_mail(self, reply: Reply | Lost) -> Decision[None]:
        """The server does not take the sender."""
        if isinstance(reply, Lost):
            yield from self.broken(reply, "sending MAIL FROM")
        else:
            yield from self.attempt.all_failed(self._refused(reply, "MAIL FROM command"), False)

    def _hear_rcpt(self, recipient: Recipient, reply: Reply | Lost) -> Decision[bool]:
        if isinstance(reply, Lost):
            yield from self.broken(reply, "sending RCPT TO")
            return False
        if reply.kind != 2:
            yield from self.attempt.one_failed(recipient, self._refused(reply, "RCPT TO command"))
            return False
        if self._probes_rcpt():
            yield from self._sent([recipient], reply)
        return True

    def _probes_rcpt(self) -> bool:
        """Whether all that is wanted of the server is what it says to RCPT."""
        return self.attempt.request.verify and not self._client.probes_data

    def _hear_data(self, accepted: list[Recipient], reply: Reply | Lost) -> Decision[bool]:
        """Whether the server waits for the content."""
        if isinstance(reply, Lost):
            yield from self.broken(reply, "sending DATA command")
            return False
        if reply.kind != 3:
            if accepted:
                yield from self.attempt.all_failed(self._refused(reply, "DATA command"), False)
            yield from self._reset()
            return False
        if self.attempt.request.verify:
            yield from self._sent(accepted, reply)
            self.alive = False  # the server waits for the content: QUIT cannot be said
            return False
        return True

    def _hear_each(self, accepted: list[Recipient], reply: Reply | Lost) -> Decision[None]:
        """LMTP: a reply for each recipient, of which the first is heard."""
        for recipient in accepted:
            if recipient is not accepted[0]:
                reply = yield from self._received(self._client.timeouts.data_done)
            if isinstance(reply, Lost):
                yield from self.broken(reply, "sending end of data -- message may be sent more than once")
                return
            if reply.kind == 2:
                yield from self._sent([recipient], reply)
            else:
                yield from self.attempt.one_failed(recipient, self._refused(reply, "end of DATA command"))

    def _sent(self, recipients: list[Recipient], reply: Reply) -> Decision[None]:
        """The server took the mail for these."""
        client, attempt, request = self._client, self.attempt, self.attempt.request
        said = quoted(reply, client.utf8)
        status = status_of(reply) if reply.kind == 2 else TAKEN
        dsn = Dsn(status, client.success(self.offer), said, "smtp", said, self._host.name)
        attempt.taken(recipients)
        for recipient in recipients:
            if recipient.notify and self.offer.dsn:
                recipient.notify -= {Notify.SUCCESS}
            now: float = yield NOW
            times = delays(request, now, attempt.connected)
            note, result = client.reporter.sent(request, recipient, dsn, attempt.relay, times)
            attempt.results.append(result)
            if client.pending:
                yield from client.spoken()
            yield note
            recipient.reported = SENT

    def _reset(self) -> Decision[None]:
        """Give the transaction up."""
        if self.offer.pipelining and not self.until:
            self._last = (RSET, QUIT)
        elif self.alive:
            reply = yield from self.say(RSET, self._client.timeouts.rset)
            self.alive = not isinstance(reply, Lost)
