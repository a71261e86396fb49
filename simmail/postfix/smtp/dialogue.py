"""NAME
    dialogue - what is said to one server, and what it answers

DESCRIPTION
    Replies go through smtp_reply_filter, and into the postmaster's transcript, before they are taken.  A refusal, a
    connection that ends and a server that falls silent are told in words of their own.

PARAMETERS
    smtp_reply_filter, each also as lmtp_; notify_classes, double_bounce_sender

DIAGNOSTICS
    host HOST refused to talk to me: REPLY
    host HOST said: REPLY (in reply to RCPT TO command)
    Protocol error: host HOST said: REPLY (in reply to DATA command): where that would have taken the message
    lost connection with HOST while sending RCPT TO
    conversation with HOST timed out while receiving the initial server greeting

SEE ALSO
    RFC 5321, smtp_chat(3)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.mail.answers import Lost
from simmail.mail.questions import Decision, Receive, Send, Sleep
from simmail.postfix.delivery import Dsn
from simmail.postfix.smtp.addresses import Host
from simmail.postfix.smtp.attempt import Attempt, quoted, refusal
from simmail.postfix.smtp.transcript import Transcript, confused
from simmail.smtp.commands import Command, Data
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp

#: What is as bad as a lost connection: nobody knows what to say.
DATA_ERROR = Lost("local data error")


class Dialogue:
    """One connection, and how it is spoken over.

    Args:
        client: whose it is.
        attempt: the request it serves.
        host: the server.
        port: its TCP port.
        connection: as `Connect` was answered.

    Attributes:
        alive: whether it can be spoken to.
    """

    __slots__ = (
        "_attentive", "_client", "_connection", "_host", "_patience", "_port", "_transcript", "alive", "attempt",
    )  # fmt: skip

    def __init__(self, client: Smtp, attempt: Attempt, host: Host, port: int, connection: Any) -> None:
        self._client, self.attempt, self._host, self._port = client, attempt, host, port
        self._connection = connection
        attempt.relay = f"{host.name}[{host.address}]:{port}"
        attempt.open = attempt.left.copy()
        self.alive = True
        noticed = client.notifies and attempt.request.sender.lower() not in client.unnoticed
        self._transcript = Transcript() if noticed else None
        #: How long each reply to what was said last may take, seconds.
        self._patience: tuple[float, ...] = (client.timeouts.helo,)
        #: Whether replies are looked at before they are taken.
        self._attentive = self._transcript is not None or client.reply_filter is not None

    @property
    def host(self) -> str:
        """The server's name."""
        return self._host.name

    @property
    def name(self) -> str:
        """The server as people are told of it."""
        return f"{self._host.name}[{self._host.address}]"

    def _said(self, commands: tuple[Command | Data, ...], timeouts: tuple[float, ...]) -> Send:
        """What is to be said; where the session is attentive the replies are to go through `_heard`."""
        self._patience = timeouts
        if self._transcript is not None:
            self._transcript.sent(commands)
        return Send(self._connection, commands, timeouts)

    def _heard(self, replies: list[Reply | Lost]) -> Decision[list[Reply | Lost]]:
        """Replies as they are taken."""
        taken: list[Reply | Lost] = []
        filter = self._client.reply_filter
        for place, reply in enumerate(replies):
            if filter is not None and type(reply) is Reply:
                made = self._client.filtered(filter, reply, self.attempt)
                yield from self._client.spoken()
                if made is None:  # its end is waited for in vain
                    yield Sleep(self._patience[place])
                    return [*taken, Lost("timeout")]
                reply = made
            if self._transcript is not None:
                self._transcript.heard(reply, self._client.utf8)
            taken.append(reply)
        return taken

    def say(self, command: Command, timeout: float) -> Decision[Reply | Lost]:
        """Say one thing; the reply."""
        replies: list[Reply | Lost] = yield self._said((command,), (timeout,))
        if self._attentive:
            replies = yield from self._heard(replies)
        return replies[0]

    def _received(self, timeout: float) -> Decision[Reply | Lost]:
        """A reply to nothing that is said now."""
        reply: Reply | Lost = yield Receive(self._connection, timeout)
        if self._attentive:
            self._patience = (timeout,)
            (reply,) = yield from self._heard([reply])
        return reply

    def _blame(self, reply: Reply) -> None:
        """A reply is a refusal: is it one that the postmaster should know of?"""
        if self._transcript is not None and confused(reply.code):
            self._transcript.wrong = True

    def broken(self, lost: Lost, where: str) -> Decision[None]:
        """The connection ended or fell silent."""
        self.alive = False
        if lost is DATA_ERROR:
            text = f"local data error while talking to {self.name}"
            yield from self.attempt.all_failed(Dsn("4.3.0", "", text), False)
            return
        if lost.reason == "timeout":
            text = f"conversation with {self.name} timed out while {where}"
        else:
            text = f"lost connection with {self.name} while {where}"
        yield from self.attempt.all_failed(Dsn("4.4.2", "", text), True)

    def _refused(self, reply: Reply, stage: str) -> Dsn:
        self._blame(reply)
        wrong = "Protocol error: " if stage == "DATA command" and reply.kind == 2 else ""
        said = quoted(reply, self._client.utf8)
        return refusal(self._host.name, reply, said, f"{wrong}host {self.name} said: {said} (in reply to {stage})")

    def _unwilling(self, reply: Reply, status: str = "") -> Decision[None]:
        self._blame(reply)
        said = quoted(reply, self._client.utf8)
        reason = f"host {self.name} refused to talk to me: {said}"
        yield from self.attempt.all_failed(refusal(self._host.name, reply, said, reason, status), True)


def says(kind: int, reply: Reply | Lost) -> bool:
    """Whether there is a reply, and its first digit is this one."""
    return type(reply) is Reply and reply.code // 100 == kind
