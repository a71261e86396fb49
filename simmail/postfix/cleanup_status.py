"""NAME
    cleanup_status - what cleanup(8) is told to do, and what it found wrong

SEE ALSO
    cleanup_strerror(3), cleanup_strflags(3)
"""

from __future__ import annotations

from enum import Flag, auto
from typing import TYPE_CHECKING, NamedTuple

from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.config import Config


class CleanupFlag(Flag):
    """What to do with a message."""

    NONE = 0
    #: Return the message to its sender where something is wrong with it.
    BOUNCE = auto()
    #: header_checks, body_checks and strict MIME.
    FILTER = auto()
    #: always_bcc, sender_bcc_maps, recipient_bcc_maps.
    BCC = auto()
    #: canonical, masquerade, virtual alias.
    MAP = auto()
    HOLD = auto()
    DISCARD = auto()
    #: Find out whether the message needs SMTPUTF8.
    AUTO_UTF8 = auto()

    __hash__ = object.__hash__  # there is one of each


#: Mail from outside; mail that Postfix itself writes.
EXTERNAL = CleanupFlag.FILTER | CleanupFlag.BCC | CleanupFlag.MAP
INTERNAL = CleanupFlag.MAP


#: receive_override_options -> what it switches off.
_OVERRIDES = {
    "no_address_mappings": CleanupFlag.MAP | CleanupFlag.BCC,
    "no_header_body_checks": CleanupFlag.FILTER,
    "no_milters": CleanupFlag.NONE,
    "no_unknown_recipient_checks": CleanupFlag.NONE,
}


def external_flags(config: Config) -> CleanupFlag:
    """What to do with mail from outside under receive_override_options.  Raises Fatal for one there is not."""
    flags = EXTERNAL
    for option in config.mask("receive_override_options", _OVERRIDES):
        flags &= ~_OVERRIDES[option]
    return flags


class CleanupStatus(Flag):
    """What is wrong with a message; several things may be."""

    OK = 0
    DEFER = auto()
    BAD = auto()
    NO_RECIPIENTS = auto()
    HOPS = auto()
    SIZE = auto()
    CONTENT = auto()
    WRITE = auto()
    #: A before-queue filter has answered, or failed to.
    PROXY = auto()


#: Wrong in a way that lets nobody return the message.
CANNOT_BOUNCE = CleanupStatus.BAD | CleanupStatus.WRITE | CleanupStatus.DEFER
#: Wrong in a way that ends reading even where the message will be returned.
INCOMPLETE = CANNOT_BOUNCE | CleanupStatus.SIZE


class Detail(NamedTuple):
    """A status as SMTP tells it: reply code, enhanced status code, text."""

    code: int
    dsn: str
    text: str


#: In the order in which the gravest is looked for.
DETAILS: dict[CleanupStatus, Detail] = {
    CleanupStatus.DEFER: Detail(451, "4.7.1", "service unavailable, try again later"),
    CleanupStatus.BAD: Detail(451, "4.3.0", "internal error 1"),
    CleanupStatus.NO_RECIPIENTS: Detail(550, "5.1.0", "no recipients specified"),
    CleanupStatus.HOPS: Detail(554, "5.4.0", "too many hops"),
    CleanupStatus.SIZE: Detail(552, "5.3.4", "message file too big"),
    CleanupStatus.CONTENT: Detail(550, "5.7.1", "message content rejected"),
    CleanupStatus.WRITE: Detail(451, "4.3.0", "queue file write error"),
    CleanupStatus.PROXY: Detail(451, "4.3.0", "queue file write error"),
}


#: What logs call a status where SMTP is told something else.
LOGGED = {CleanupStatus.BAD: "internal protocol error"}


class CleanupOutcome(NamedTuple):
    """How a message ended in cleanup.

    Args:
        status: all that was wrong; OK (false) where it is queued, discarded or returned to its sender.
        reason: an enhanced status code and a text, where an action chose them; "" for the usual one.
        reply: the answer, where another server has given it.
    """

    status: CleanupStatus
    reason: str = ""
    reply: Reply | None = None

    def detail(self, *only: CleanupStatus) -> Detail:
        """The gravest thing that was wrong, or the first of `only` that was."""
        for status in only or DETAILS:
            if status & self.status:
                return DETAILS[status]
        return Detail(250, "2.0.0", "Success")

    @property
    def logged(self) -> str:
        """The gravest thing that was wrong, as programs log it."""
        return next((text for status, text in LOGGED.items() if status & self.status), self.detail().text)
