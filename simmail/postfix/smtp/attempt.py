"""NAME
    attempt - one request on its way through several servers

DESCRIPTION
    Recipients that a server refuses for the moment are kept for the next one, as long as there is one; at the last
    server, and where the refusal is for good, they are deferred or bounced.  A trouble of the whole site is told to the
    queue manager, unless a session with it was completed.

DIAGNOSTICS
    QUEUE_ID: REASON
        where another server is tried after this one.

SEE ALSO
    smtp_trouble(3)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from simmail.mail.message import Recipient
from simmail.mail.questions import NOW, Decision
from simmail.postfix.delivery import Dsn, Request, Result, enter
from simmail.postfix.printable import printable
from simmail.postfix.report import Delays, delays
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


class Plan:
    """What one request may do about connections.

    Args:
        keeps: whether it leaves good ones to others.
        nexthop: the label of its destination.

    Attributes:
        nexthop: None where it is of no use, or no more: only the first good session is kept for the destination.
        used: the addresses of servers whose kept connections it has used.
    """

    __slots__ = ("keeps", "nexthop", "used")

    def __init__(self, keeps: bool, nexthop: tuple[str, str]) -> None:
        self.keeps = keeps
        self.nexthop: tuple[str, str] | None = nexthop if keeps else None
        self.used: set[str] = set()


class Attempt:
    """What one request has come to so far.

    Attributes:
        left: recipients that are not done with.
        open: those of them that the present server has not refused.
        why: what went wrong last; None where nothing did.
        results: of those that are done with.
        last_target: whether there is no other nexthop after this one.
        last_server: whether there is no other server after this one.
        complete: whether a session went through to its end.
        connected: when the last session was ready for mail, seconds; None before the first.
        relay: the present server as the log names it.
        destination: the present nexthop.
        plan: what may be done about connections; None where nothing may but to make and to end them.
    """

    __slots__ = (
        "client", "complete", "connected", "destination", "last_server", "last_target", "left", "open", "plan", "relay",
        "request", "results", "why",
    )  # fmt: skip

    def __init__(self, client: Smtp, request: Request) -> None:
        self.client, self.request = client, request
        self.left = request.recipients.copy()
        self.open: list[Recipient] = []
        self.results: list[Result] = []
        self.why: Dsn | None = None
        self.last_target = self.last_server = self.complete = False
        self.connected: float | None = None
        self.relay, self.destination = "none", ""
        self.plan: Plan | None = None

    def all_failed(self, why: Dsn, site: bool) -> Decision[None]:
        """All open recipients are refused.

        Args:
            why: with which status and reason.
            site: whether the whole site is in trouble.
        """
        self.why = why
        soft = why.status[0] == "4"
        if (soft or self.client.soft_bounce) and not self.last_server:
            yield self.client.note("text", self.request.message.queue_id, why.reason)
            self.open.clear()
            return
        now: float = yield NOW
        if self.connected is None:
            self.connected = now
        times = delays(self.request, now, self.connected)
        stays = False
        for recipient in self.open:
            stays |= yield from self._fail(recipient, why, times)
        self.open.clear()
        if site and stays and not self.complete and self.request.hop_status is None:
            self.request.hop_status = why

    def one_failed(self, recipient: Recipient, why: Dsn) -> Decision[None]:
        """One recipient is refused."""
        self.why = why
        drop(self.open, recipient)
        if (why.status[0] == "4" or self.client.soft_bounce) and not self.last_server:
            yield self.client.note("text", self.request.message.queue_id, why.reason)
            return
        now: float = yield NOW
        yield from self._fail(recipient, why, delays(self.request, now, self.connected))

    def taken(self, recipients: list[Recipient]) -> None:
        """The server took the mail for these, which are among the open ones."""
        if len(recipients) == len(self.left):
            self.left.clear()
            self.open.clear()
            return
        for recipient in recipients:
            drop(self.open, recipient)
            drop(self.left, recipient)

    def _fail(self, recipient: Recipient, why: Dsn, times: Delays) -> Decision[bool]:
        note, result = self.client.reporter.failed(self.request, recipient, why, self.relay, times)
        self.results.append(result)
        drop(self.left, recipient)
        if self.client.pending:
            yield from self.client.spoken()
        yield note
        enter(self.request.message, result)
        return result.dsn.action == "delayed"


def drop(recipients: list[Recipient], gone: Recipient) -> None:
    """Take out this recipient, and not another one that is equal to it."""
    for index, recipient in enumerate(recipients):
        if recipient is gone:
            del recipients[index]
            return


def status_of(reply: Reply) -> str:
    """The enhanced status code of a reply: its last line's own, where it fits the reply's first digit, or X.0.0."""
    words = reply.lines[-1].split(None, 1)
    return _status(reply.code // 100, words[0] if words else "")


@lru_cache(maxsize=1024)
def _status(kind: int, word: str) -> str:
    """The same, by the first digit of a reply and the first word of its last line."""
    if kind not in (2, 4, 5):
        return ""
    return word if word[:1] == str(kind) and _ENHANCED.fullmatch(word) else f"{kind}.0.0"


def refusal(host: str, reply: Reply, said: str, reason: str, status: str = "") -> Dsn:
    """What a server's refusal comes to; one that is no refusal at all is a protocol error.

    Args:
        host: the server's name.
        reply: what it said; `said`: the same as people are told of it.
        reason: how that is told.
        status: the enhanced status code, where it is not the reply's own.
    """
    status = status or status_of(reply)
    return Dsn(status if status[:1] in ("4", "5") else "5.5.0", "", reason, "smtp", said, host)


def quoted(reply: Reply, utf8: bool) -> str:
    """A reply in one line, as people are told of it: each line ends at a NUL, and `?` stands for what is no text.

    Args:
        reply: the reply.
        utf8: whether letters beyond ASCII are text (smtputf8_enable).
    """
    text = reply.text
    if text.isascii() and text.isprintable():
        return text
    return " ".join(readable(line, utf8) for line in reply.wire()) if "\0" in text else printable(text, utf8)


def readable(line: str, utf8: bool) -> str:
    """A line that a server sent, as people are told of it."""
    return printable(line.partition("\0")[0], utf8)
