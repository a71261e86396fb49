"""NAME
    address_maps - the order in which an address is looked up

DESCRIPTION
    A table is asked for an address and then for parts of it; the first answer counts:

        user+extension@domain, user@domain, user+extension, user, @domain

    The bare names only where the domain is this machine's; tables of patterns are asked for the whole address alone.
    An address whose local part needs quotes is asked for with them, and then without.

PARAMETERS
    recipient_delimiter, owner_request_special, propagate_unmatched_extensions

SEE ALSO
    mail_addr_find(3), canonical(5), virtual(5)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Flag, auto
from typing import NamedTuple

from simmail.mail.address import quote_local, strip_extension
from simmail.postfix.config import Config
from simmail.postfix.tables import Maps


class Step(Flag):
    """The keys to try, in this order."""

    FULL = auto()
    NO_EXTENSION = auto()
    LOCAL_PART_IF_LOCAL = auto()
    LOCAL_PART_AT_IF_LOCAL = auto()
    AT_DOMAIN = auto()
    DOMAIN = auto()
    PARENT_DOMAINS = auto()
    DOT_PARENT_DOMAINS = auto()
    LOCAL_PART_AT = auto()


USUAL_STEPS = Step.FULL | Step.NO_EXTENSION | Step.LOCAL_PART_IF_LOCAL | Step.AT_DOMAIN


#: The tables whose answers may get what was unmatched of an address: words of propagate_unmatched_extensions.
_PROPAGATING = frozenset({"canonical", "virtual", "alias", "forward", "include", "generic"})


def propagated(config: Config) -> frozenset[str]:
    """The kinds of table whose answers get an address's extension.  Raises Fatal for a word that is none."""
    return config.mask("propagate_unmatched_extensions", _PROPAGATING)


class Found(NamedTuple):
    """An answer, and the extension (with its delimiter) that had to go before the table knew the address."""

    value: str
    extension: str = ""


class Key(NamedTuple):
    """One key to look up: whether tables of patterns are left out, and the extension it lacks."""

    text: str
    exact: bool
    extension: str


def keys(
    address: str,
    delimiters: str,
    owns: Callable[[str], bool],
    steps: Step = USUAL_STEPS,
    owner_request: bool = True,
) -> Iterator[Key]:
    """The keys under which `address` (internal form) is looked up, in order.

    Args:
        address: the address.
        delimiters: recipient_delimiter.
        owns: whether bare local parts stand for addresses of this domain.
        steps: which keys.
        owner_request: owner_request_special.
    """
    bare, extension = address, ""
    if delimiters and Step.NO_EXTENSION in steps:
        bare, extension = strip_extension(address, delimiters, owner_request)
    if Step.FULL in steps:
        yield from _quoted(address, False, False, "")
    if extension:
        yield from _quoted(bare, False, True, extension)
    local, at, domain = address.rpartition("@")
    if not at:
        return
    locals_ = [(local, "")] + ([(bare.rpartition("@")[0], extension)] if extension else [])
    if steps & (Step.LOCAL_PART_IF_LOCAL | Step.LOCAL_PART_AT_IF_LOCAL) and owns(domain):
        if Step.LOCAL_PART_IF_LOCAL in steps:
            yield from _local_parts(locals_, "")
        if Step.LOCAL_PART_AT_IF_LOCAL in steps:
            yield from _local_parts(locals_, "@")
    if Step.AT_DOMAIN in steps:
        yield Key("@" + domain, True, "")
    if Step.DOMAIN in steps:
        for name in _domains(domain, steps):
            yield Key(name, True, "")
    if Step.LOCAL_PART_AT in steps:
        yield from _local_parts(locals_, "@")


def _local_parts(locals_: list[tuple[str, str]], at: str) -> Iterator[Key]:
    for text, missing in locals_:
        yield from _quoted(text + at, not at, True, missing)


def _quoted(text: str, bare: bool, exact: bool, extension: str) -> Iterator[Key]:
    quoted = quote_local(text, bare)
    yield Key(quoted, exact, extension)
    if quoted != text:
        yield Key(text, exact, extension)


def _domains(domain: str, steps: Step) -> Iterator[str]:
    """A domain and, where asked for, those above it: `example.com`, or `.example.com`."""
    while domain:
        yield domain
        dot = domain.find(".", 1)
        if dot < 0 or not steps & (Step.PARENT_DOMAINS | Step.DOT_PARENT_DOMAINS):
            return
        domain = domain[dot + (Step.DOT_PARENT_DOMAINS not in steps) :]


def find_address(
    maps: Maps,
    address: str,
    delimiters: str,
    owns: Callable[[str], bool],
    steps: Step = USUAL_STEPS,
    owner_request: bool = True,
) -> Found | None:
    """Look an address up; the arguments are those of `keys`.

    Raises:
        LookupFailure: where a table cannot tell.
    """
    for key in keys(address, delimiters, owns, steps, owner_request):
        value = maps.find(key.text, exact=key.exact)
        if value is not None:
            return Found(value, key.extension)
    return None
