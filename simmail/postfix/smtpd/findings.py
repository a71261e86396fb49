"""NAME
    smtpd.findings - what a restriction can find

DESCRIPTION
    A restriction's function looks at the facts it reads and returns a finding, or None where it is undecided.
    Findings are values: they are remembered and handed out again; what they bring about is smtpd.check's business.
    One that holds for all addresses of a domain leaves it to the session whom it names.

SEE ALSO
    smtpd.check, access(5)
"""

from __future__ import annotations

from enum import Enum, auto
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simmail.postfix.smtpd.state import SmtpdState
    from simmail.postfix.tables import LookupFailure


class Kind(Enum):
    """What a finding brings about."""

    __hash__ = object.__hash__  # each is there once

    PERMIT = auto()
    REJECT = auto()
    #: A reject that warn_if_reject does not soften: a table or the configuration is broken.
    TROUBLE = auto()
    DEFER_IF_PERMIT = auto()
    DEFER_IF_REJECT = auto()
    WARN = auto()
    INFO = auto()
    FILTER = auto()
    HOLD = auto()
    DISCARD = auto()
    REDIRECT = auto()
    BCC = auto()
    PREPEND = auto()
    HANGUP = auto()
    SLEEP = auto()
    #: The restrictions in a table's right-hand side, to be heard in its place.
    NESTED = auto()


class Subject(NamedTuple):
    """What a list of restrictions, or one of them, is about.

    Args:
        name: as the reply names it: an address, a host.
        title: `Client host`, `Helo command`, `Sender address`, `Recipient address`, ...
    """

    name: str
    title: str

    def reject(self, code: int, dsn: str, text: str) -> Finding:
        """A refusal in the usual form, `<name>: Title rejected: text`."""
        return Finding(Kind.REJECT, code, dsn, f"<{self.name}>: {self.title} rejected: {text}")


class Finding(NamedTuple):
    """What a restriction found.

    Args:
        kind: what it brings about.
        code, dsn: SMTP and enhanced status codes of a refusal or deferral.
        text: the refusal's text behind the codes; of an action, what the log says.
        value: an action's argument: the header, the address, the filter; for SLEEP, seconds.
        subject: of NESTED: what its restrictions are about.
        entry: the table's line that decided, `hash:/etc/postfix/access:3`; "" for none.
        error: its class in notify_classes.
        about: the fact of the session that the text is to name, `sender`; "" where the text is complete.
        mistake: of an action on a message: what is wrong with its argument, told in its place; "" for nothing.
    """

    kind: Kind
    code: int = 0
    dsn: str = ""
    text: str = ""
    value: str = ""
    subject: Subject | None = None
    entry: str = ""
    error: str = "policy"
    about: str = ""
    mistake: str = ""

    def named(self, state: SmtpdState) -> Finding:
        """The same about a session: with the name of what it is about before the text."""
        return self._replace(text=f"<{attrgetter(self.about)(state)}>: {self.text}", about="")


class Reason(NamedTuple):
    """Why a client was refused: the rule, and where it stands.

    Args:
        parameter: `smtpd_recipient_restrictions`.
        where: `/etc/postfix/main.cf:12`; "" for a default.
        restriction: as written, `check_sender_access hash:/etc/postfix/senders`.
        entry: the table's line that decided; "" for none.
    """

    parameter: str
    where: str
    restriction: str
    entry: str = ""

    @property
    def file(self) -> str:
        """The file of `where`; "" for a default."""
        return self.where.rpartition(":")[0]

    @property
    def line(self) -> int:
        """The line of `where`; 0 for a default."""
        return int(self.where.rpartition(":")[2] or 0)

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        entry = f" [{self.entry}]" if self.entry else ""
        return f"{self.parameter}{place}: {self.restriction}{entry}"


class Deferral(NamedTuple):
    """A refusal that is kept in case the command is permitted, or rejected, in the end; and the rule behind it."""

    finding: Finding
    reason: Reason


CLIENT, REVERSE_CLIENT, HELO = "Client host", "Unverified Client host", "Helo command"
SENDER, RECIPIENT = "Sender address", "Recipient address"
DATA, END_OF_DATA, ETRN = "Data command", "End-of-data", "Etrn command"

PERMIT = Finding(Kind.PERMIT)
SERVER_ERROR = Finding(Kind.TROUBLE, 451, "4.3.5", "Server configuration error", error="software")
#: A table cannot tell.
LOOKUP_FAILURE = Finding(
    Kind.TROUBLE, 451, "4.3.0", "Temporary lookup failure", error="data", about="subject.name"
)  # fmt: skip


def lookup_failure(name: str) -> Finding:
    """A table cannot tell what becomes of an address."""
    return LOOKUP_FAILURE._replace(text=f"<{name}>: {LOOKUP_FAILURE.text}", about="")


def untold(name: str, failure: LookupFailure) -> Finding:
    """The same of a table that said why: one that is wrong itself is the server's error."""
    return SERVER_ERROR if failure.configuration else lookup_failure(name)


#: The third number of an address status code -> what it is for a sender, and for a recipient.
_ADDRESS_STATUS = {
    "1": ("7", "1"),
    "2": ("8", "2"),
    "3": ("7", "3"),
    "4": ("7", "4"),
    "5": ("0", "5"),
    "6": ("7", "6"),
    "7": ("7", "3"),
    "8": ("8", "2"),
}


def fitting_status(status: str, title: str) -> str:
    """An enhanced status code made to fit what it is said of: X.1.1 about a sender is 4.1.7 (RFC 3463).

    Its first digit is made to fit the reply's code in the end.
    """
    if status[1:4] != ".1.":
        return status
    if title not in (SENDER, RECIPIENT):
        return "4.0.0"
    return f"4.1.{_ADDRESS_STATUS.get(status[4:], ('0', '0'))[title == RECIPIENT]}"
