"""Where an address leads, as trivial-rewrite(8) says (ADDRESS_CLASS_README)."""

from __future__ import annotations

from enum import Enum, Flag, auto
from typing import NamedTuple


class AddressClass(Enum):
    """The five classes of ADDRESS_CLASS_README; NONE where resolving failed before it got that far."""

    __hash__ = object.__hash__  # each is there once

    LOCAL = "local"
    VIRTUAL_ALIAS = "virtual alias"
    VIRTUAL_MAILBOX = "virtual mailbox"
    RELAY = "relay"
    DEFAULT = "default"
    NONE = ""


class ResolveFlag(Flag):
    """What else is to be said of a resolved address."""

    NONE = 0
    #: The local part holds `@`, `%` or `!`: the next host may route it on.
    ROUTED = auto()
    #: The address is malformed.
    ERROR = auto()
    #: A table could not tell.
    FAIL = auto()
    #: There is no transport: no answer at all for whoever asks, who asks again.
    NOWHERE = auto()


class Resolved(NamedTuple):
    """Where an address leads.

    Args:
        transport: a service of master.cf, `smtp`.
        nexthop: its destination; for the error transport, the text.
        recipient: the address in internal form, as it is delivered.
        address_class: its domain's class.
        flags: what else is to be said.
    """

    transport: str
    nexthop: str
    recipient: str
    address_class: AddressClass
    flags: ResolveFlag = ResolveFlag.NONE
