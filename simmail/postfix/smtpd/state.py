"""NAME
    smtpd.state - what smtpd knows of one session

DESCRIPTION
    The facts that restrictions read, the transaction begun, the actions that tables have asked for, and the
    counters of commands and errors.

SEE ALSO
    smtpd(8)
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.message import Authentication
from simmail.postfix.smtpd.findings import Subject
from simmail.postfix.smtpd.notice import Transcript
from simmail.postfix.smtpd.process import SmtpdProcess

if TYPE_CHECKING:
    from simmail.mail.message import Recipient
    from simmail.postfix.smtpd.findings import Deferral, Reason

UNKNOWN = "unknown"
#: Stands for the process of a session that has none yet.
NO_PROCESS = SmtpdProcess()


class NameStatus(Enum):
    """What came of looking up a client's name; the value is the first digit of the reply it can earn."""

    OK = "2"
    TEMPORARY = "4"
    PERMANENT = "5"
    FORGED = "6"


class Bdat(Enum):
    """How far a message has come that is sent in chunks."""

    NONE = "none"
    OK = "ok"
    ERROR = "error"


class Client(NamedTuple):
    """Who speaks.

    Args:
        address: its IP address.
        name: its verified host name, or `unknown`.
        reverse_name: the name its PTR record gives, verified or not, or `unknown`.
        name_status, reverse_status: how the look-ups went.
        port: its TCP port, or `unknown`.
        server_address, server_port: where it called.
        socket: the address that it called from, where XCLIENT told another; "" otherwise.
    """

    address: str
    name: str = UNKNOWN
    reverse_name: str = UNKNOWN
    name_status: NameStatus = NameStatus.PERMANENT
    reverse_status: NameStatus = NameStatus.PERMANENT
    port: str = UNKNOWN
    server_address: str = UNKNOWN
    server_port: str = UNKNOWN
    socket: str = ""

    @property
    def literal(self) -> str:
        """The address as RFC 5321 writes it in brackets."""
        return f"IPv6:{self.address}" if ":" in self.address else self.address


@lru_cache(maxsize=1024)
def unnamed(address: str) -> Client:
    """A client of whom the address alone is known."""
    return Client(address)


class Actions:
    """What access tables asked for on a message's behalf; they take effect only if it is accepted."""

    __slots__ = ("bcc", "discard", "filter", "hold", "prepend", "redirect")

    def __init__(self) -> None:
        self.hold = self.discard = False
        self.filter = self.redirect = ""
        self.bcc: tuple[str, ...] = ()
        self.prepend: tuple[str, ...] = ()


class SmtpdState:
    """One session.

    Attributes:
        client: who speaks; XCLIENT puts another in its place.
        namaddr, known_as: how the log names it: as one word, and as its name and its address.
        process: the process that serves it; NO_PROCESS before the greeting.
        helo: the name in the last HELO or EHLO, "?" for doubtful characters; None before one.
        protocol: `SMTP` or `ESMTP`.
        sasl_method: how the client has logged in, a mechanism as it wrote it, or `XCLIENT`; "" where it has not.
        sasl_username: who is logged in; "" for nobody.
        sasl_sender: AUTH= of MAIL; "" for none.
        sender, recipient: envelope addresses in internal form; None before MAIL or RCPT.
        sender_domain, recipient_domain: their domains where they are plain addresses; "" for any others.
        stage: the command now decided on, `CONNECT` at first.
        about: what the list of restrictions now heard is about: a name, and what it is.
        queue_id: the queue file; "" before there is one.
        permitted: the rule that permitted the present recipient last; None where no rule spoke for it.
        instance: what policy servers know the transaction by; "" before one of them was asked about it.
        recipients: the accepted ones.
        looked_up: which addresses, sender or recipient, were asked about, and need not exist from now on.
        carried: the size of the content before, where the end of the data was refused.
        stuck: the service that it waits for, whatever its client does meanwhile; "" for none.
        errors, junk: how many of the client's commands were mistakes, and idle ones.
    """

    __slots__ = (
        "about", "accepted", "access_denied", "actions", "bdat", "carried", "client", "defer_if_permit",
        "defer_if_permit_client", "defer_if_permit_helo", "defer_if_permit_sender", "defer_if_reject", "discard_mask",
        "encoding", "envid", "errors", "etrn", "helo", "instance", "junk", "known_as", "looked_up", "namaddr",
        "overshoot", "permitted", "pipelined", "process", "protocol", "queue_id", "recipient", "recipient_domain",
        "recipients", "refusal", "ret", "route_sender", "sasl_method", "sasl_sender", "sasl_username", "sender",
        "sender_domain", "size", "smtputf8", "stage", "stuck", "transcript", "verp",
    )  # fmt: skip

    def __init__(self, address: str) -> None:
        self.client: Client = unnamed(address)
        self.process = NO_PROCESS
        self.transcript = Transcript()
        self.namaddr: str = ""
        self.known_as = ("", "")
        self.helo: str | None = None
        self.protocol = "SMTP"
        self.sasl_method = self.sasl_username = ""
        self.stage = "CONNECT"
        self.stuck = ""
        self.about: tuple[str, str] = ("", "")
        self.refusal = ""
        self.access_denied = False
        self.pipelined = False
        self.errors = self.junk = 0
        self.discard_mask: frozenset[str] = frozenset()
        self.defer_if_permit: Deferral | None = None
        self.defer_if_reject: Deferral | None = None
        self.defer_if_permit_client: Deferral | None = None
        self.defer_if_permit_helo: Deferral | None = None
        self.defer_if_permit_sender: Deferral | None = None
        self.etrn: str | None = None
        self.looked_up: set[str] = set()
        self.forget_mail()

    @property
    def subject(self) -> Subject:
        """What the list of restrictions now heard is about."""
        return Subject(*self.about)

    def met(self, client: Client, namaddr: str) -> None:
        """Know a client, and let the log name it so; an XCLIENT that ends in a mistake leaves the log the old one."""
        self.client, self.namaddr, self.known_as = client, namaddr, (client.name, client.address)

    @property
    def authentication(self) -> Authentication:
        """The client's login."""
        return Authentication(self.sasl_method, self.sasl_username, self.sasl_sender)

    def forget_deferrals(self) -> None:
        """Forget what would have deferred the command, had it been permitted or rejected in the end."""
        self.defer_if_permit = self.defer_if_reject = None

    def early_deferral(self) -> Deferral | None:
        """What the lists of the client and of HELO would defer: of the latter the last that was heard.

        XCLIENT has the client's heard anew, and not that of a HELO name that it brings or takes away.
        """
        return self.defer_if_permit_client or self.defer_if_permit_helo

    def forget_mail(self) -> None:
        """Forget the transaction (mail_reset and rcpt_reset)."""
        self.sender: str | None = None
        self.sender_domain = self.route_sender = ""
        self.recipient: str | None = None
        self.recipient_domain = ""
        self.recipients: list[Recipient] = []
        self.accepted = self.overshoot = 0
        self.queue_id = ""
        self.size = self.carried = 0
        self.encoding = self.ret = self.envid = self.verp = self.sasl_sender = ""
        self.smtputf8 = False
        self.actions = Actions()
        self.instance = ""
        self.permitted: Reason | None = None
        self.bdat = Bdat.NONE
