"""A message in a queue: envelope, content and what Postfix remembers of its arrival."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from enum import Enum
from operator import attrgetter
from sys import intern
from typing import Any, NamedTuple

from simmail.mail.content import EMPTY, Content


class Notify(Enum):
    """What a sender asked to be told of (RFC 3461 section 4.1)."""

    NEVER = "NEVER"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


class Authentication(NamedTuple):
    """What is known of a client's login.

    Args:
        method: how it was made; "" for no login.
        username: who is logged in.
        sender: AUTH= of MAIL, as the client wrote it: who sent the message at first.
    """

    method: str = ""
    username: str = ""
    sender: str = ""


#: That of a client of whom nothing is known.
ANONYMOUS = Authentication()


@dataclass(slots=True)
class Recipient:
    """One recipient of a queued message.

    Args:
        address: the address after all rewriting: where it goes.
        original: the address as the client gave it (Postfix's `orig_to`); "" where it is the same.
        orcpt: ORCPT of the DSN extension, `rfc822;joe@example.com`; "" for none.
        notify: NOTIFY of the DSN extension; empty where the client asked for nothing.
        status: the last failed try's text (`delay_reason` of postqueue -j); "" before the first.
        dsn: the last try's enhanced status code.
        place: where it stood among those that waited when it was done with.
        end: what became of it: `sent`, `bounced`, `expired`, `discarded`, `expanded` into others, `replaced` by another
            (REDIRECT), `verified` only; "" as long as it waits.
        reported: the end that an agent has come to, and its status, until the queue manager hears of it; else None.
    """

    address: str
    original: str = ""
    orcpt: str = ""
    notify: frozenset[Notify] = frozenset()
    status: str = ""
    dsn: str = ""
    place: int = 0
    end: str = ""
    reported: tuple[str, Any] | None = None

    def __reduce__(self) -> tuple[Callable[..., Recipient], tuple[Any, ...]]:
        return _recipient, _fields(self)


_fields = attrgetter(*(field.name for field in fields(Recipient)))


def shared(values: Iterable[Any]) -> list[Any]:
    """These, and for each text, as many are the same, that which others have."""
    return [intern(value) if type(value) is str else value for value in values]


def _recipient(*values: Any) -> Recipient:
    """A recipient that was kept on disk."""
    return Recipient(*shared(values))


@dataclass(slots=True, eq=False)
class Message:
    """A queue file: everything known of one message on one host.

    Args:
        queue_id: the queue file's name.
        arrival: when it came in, seconds since the world's start.
        sender: the envelope sender; "" is the null sender.
        recipients: those not yet done with; an agent's success or bounce takes them out.
        content: what is transmitted, Received: header and all.
        size: octets that the content takes in the queue file.
        client_name, client_address, helo, protocol: the client that brought it; empty for local submission.
        authentication: its login, and AUTH= of MAIL; None for neither.
        encoding: BODY= of the sender: "", `7bit`, `8bit`.
        envid, ret: the DSN extension's ENVID and RET; "" for none.
        smtputf8: whether the sender asked for it.
        filter: the destination that FILTER or content_filter chose, `transport:nexthop`; "" for none.
        redirect: the only recipient, where an action REDIRECT chose one.
        origin: `smtp`, `local`, `gateway`, `bounce`, ...: how it came in.
        identity: which message of the world this is, kept across hosts (ground truth, journeys).
        traced: (recipient, what was done with it) of what the sender is to be told of success so far.
        unreturned, untold: recipients that failed, and results, of which the sender could not be told yet.
        trace: `verify` where addresses are only looked at (`sendmail -bv`), `probe` where verify(8) asks for it,
            `record` where all is reported (`-v`).
        uid, fullname: who submitted it with the sendmail command, and his name; Postfix's own uid for a requeued one.
        verp: the two delimiters of a VERP request (`+=`); "" for none.
        warn_after: the age (s) at which its sender is to be told that it is late; 0 for never, infinite for not
            again; less where he has been told, and is to be told of its delivery, too.
        done: recipients that are done with.
        deferrals: (address, reason) of those that the last try left waiting, in that order (the defer log).
        expired: whether an administrator has declared it too old (postsuper -e).
        sections: how many recipients stand in the queue file right behind the sender, and how many behind the content.
        due: the first whole second in which a queue run may try it again (the queue file's time of modification).
        created: when the queue file was made, which is later than its arrival for a requeued one.
        ident: the queue id of the client's message that local(8) made it of; "" for that message itself.
    """

    queue_id: str = ""
    arrival: float = 0.0
    sender: str = ""
    recipients: list[Recipient] = field(default_factory=list)
    content: Content = EMPTY
    size: int = 0
    client_name: str = ""
    client_address: str = ""
    helo: str = ""
    protocol: str = ""
    encoding: str = ""
    envid: str = ""
    ret: str = ""
    smtputf8: bool = False
    filter: str = ""
    redirect: str = ""
    origin: str = "smtp"
    identity: str = ""
    verp: str = ""
    warn_after: float = 0.0
    done: tuple[Recipient, ...] = ()
    traced: tuple[tuple[Recipient, Any], ...] = ()
    trace: str = ""
    uid: int = 0
    fullname: str = ""
    deferrals: tuple[tuple[str, str], ...] = ()
    expired: bool = False
    sections: tuple[int, int] = (0, 0)
    due: int = 0
    unreturned: tuple[tuple[Recipient, Any], ...] = ()
    untold: tuple[Any, ...] = ()
    authentication: Authentication | None = None
    created: float = 0.0
    ident: str = ""
