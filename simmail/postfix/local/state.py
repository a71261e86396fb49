"""NAME
    state - what local(8) knows while it expands one recipient

DESCRIPTION
    Aliases, lists and .forward files lead from address to address.  Each step works with a copy of the state of the
    step before, so that nothing it changes is seen by its neighbours.

SEE ALSO
    aliases(5), local(8)
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import Any, TypeAlias

from simmail.files.machine import Account
from simmail.mail.message import Notify, Recipient
from simmail.mail.questions import Decision
from simmail.postfix.delivery import Request, Result

#: How many steps of an expansion lead from one address to the next by way of an alias or a .forward file.
STEPS = 4
#: An expansion that has more of these, or an address of more characters, is one that grows by itself and has no end.
MOST_EXPANSIONS, LONGEST_ADDRESS = 1 << 14, 1 << 18
#: What one kind of destination has to do for an address; the verdict is whether the address must be tried again later.
#: None, at once or as the verdict: it is none of its business.
Step: TypeAlias = Decision[bool] | Decision[bool | None] | None


class Source(Enum):
    """Where an address was found; the values are those of allow_mail_to_commands and allow_mail_to_files."""

    NONE = ""
    ALIAS = "alias"
    FORWARD = "forward"
    INCLUDE = "include"


SOURCES = frozenset(source.value for source in Source if source.value)


class State:
    """One address on its way to a mailbox.

    Attributes:
        recipient: the address, with what its sender asked to be told.
        local: its part before the last `@`, in lower case.
        domain: the part behind it.
        user, extension: the local part taken apart at recipient_delimiter; the extension is None where there is none.
        unmatched: an extension to be handed on to the addresses this one leads to; None for none.
        delivered: what Delivered-To: will say; "" before it is known.
        sender: the envelope sender, which an owner- alias replaces.
        owner: who answers for the expansion: the owner- alias, or the owner of the .forward file; "" for nobody.
        listed: whether a list with an owner was passed, which hands on what the sender asked to be told
            of, without the names by which he knows the recipient.
        expanded_from: the alias or login that is being expanded.
        source: where the address was found.
        level: how many steps deep the expansion is.
        rights: whose rights commands and files get; None: those of default_privs.
    """

    __slots__ = (
        "delivered", "domain", "expanded_from", "extension", "level", "listed", "local", "owner", "recipient",
        "rights", "sender", "source", "unmatched", "user",
    )  # fmt: skip

    def __init__(self, recipient: Recipient, sender: str) -> None:
        self.recipient, self.sender = recipient, sender
        self.local = self.domain = self.user = self.delivered = self.owner = self.expanded_from = ""
        self.extension: str | None = None
        self.unmatched: str | None = None
        self.listed = False
        self.source = Source.NONE
        self.level = 0
        self.rights: Account | None = None

    def copy(self) -> State:
        """Another state that says the same."""
        new = State(self.recipient, self.sender)
        new.local, new.domain, new.user, new.extension = self.local, self.domain, self.user, self.extension
        new.unmatched, new.delivered, new.owner, new.listed = self.unmatched, self.delivered, self.owner, self.listed
        new.expanded_from, new.source, new.level = self.expanded_from, self.source, self.level
        new.rights = self.rights
        return new

    @property
    def original(self) -> str:
        """The address as the client gave it; "" where a list hides it."""
        return "" if self.listed else self.recipient.original or self.recipient.address

    @property
    def delimiter(self) -> str:
        """The character between user and extension; "" where there is none."""
        return self.local[len(self.user) : len(self.user) + 1]

    def leading_to(self, address: str) -> State:
        """The state of an address that this one leads to."""
        new = self.copy()
        old = self.recipient
        new.recipient = Recipient(address, self.original, old.orcpt, old.notify)
        return new


class Run:
    """The expansion of one recipient of a delivery request.

    Attributes:
        request: the delivery request.
        queued: the recipient as the queue file has it.
        results: what became of each address so far.
        seen: what was delivered or expanded already (Postfix's duplicate filter), `room` entries at most.
        loops: the addresses of the message's Delivered-To: header lines, in lower case.
        forwarded: (Delivered-To: address, envelope sender) -> the addresses that the message is sent on to.
        expansions: how many aliases, .forward files and luser_relays led further.
    """

    __slots__ = ("_room", "expansions", "forwarded", "loops", "queued", "request", "results", "seen")

    def __init__(
        self, request: Request, queued: Recipient, loops: frozenset[str], results: list[Result], room: float
    ) -> None:
        self._room = room
        self.request, self.queued, self.loops, self.results = request, queued, loops, results
        self.expansions = 0
        self.seen: set[Hashable] = set()
        self.forwarded: dict[tuple[str, str], list[State]] = {}

    def deeper(self, state: State) -> None:
        """An alias, a .forward file or luser_relay leads from one address to others."""
        state.level += STEPS
        self.expansions += 1

    def endless(self, address: str) -> bool:
        """Whether the expansion that has come to an address doubles from step to step: it will not see its end."""
        return self.expansions > MOST_EXPANSIONS or len(address) > LONGEST_ADDRESS

    def first(self, *what: Any) -> bool:
        """Whether this comes for the first time; it is remembered, as far as there is room."""
        if what in self.seen:
            return False
        if len(self.seen) < self._room:
            self.seen.add(what)
        return True


def without_success(notify: frozenset[Notify]) -> frozenset[Notify]:
    """What of NOTIFY= an alias hands on (RFC 3461 section 5.2.7.1): SUCCESS alone becomes NEVER."""
    if Notify.SUCCESS not in notify:
        return notify
    return notify - {Notify.SUCCESS} or frozenset({Notify.NEVER})
