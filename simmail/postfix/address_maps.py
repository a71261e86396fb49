"""NAME
    address_maps - the order in which an address is looked up

DESCRIPTION
    A table is asked for an address and then for parts of it; the first answer counts:

        user+extension@domain, user@domain, user+extension, user, @domain

    The bare names only where the domain is this machine's; tables of patterns are asked for the whole address alone.
    An address whose local part needs quotes is asked for with them, and then without.

PARAMETERS
    recipient_delimiter, owner_request_special, propagate_unmatched_extensions

DIAGNOSTICS
    MAPS lookup of ADDRESS returns non-address result "TEXT"
        Where addresses are wanted, an answer of a comment alone is as good as a table that cannot be read.

SEE ALSO
    mail_addr_find(3), canonical(5), virtual(5)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from simmail.mail.address import PLAIN, quote_local, strip_extension
from simmail.mail.tokens import Address, parse
from simmail.postfix.config import Config
from simmail.postfix.tables import LookupFailure, Maps


class Steps(NamedTuple):
    """Which keys are tried, in this order.

    Args:
        full: the address.
        no_extension: the address without its extension.
        local_part: `user`, where the domain is this machine's.
        at_domain: `@domain`.
        domain: `domain`, and
        parents: those above it: "" for none, `names` for `example.com`, `dots` for `.example.com`.
        local_part_at: `user@`, wherever.
    """

    full: bool = False
    no_extension: bool = False
    local_part: bool = False
    at_domain: bool = False
    domain: bool = False
    parents: str = ""
    local_part_at: bool = False


USUAL_STEPS = Steps(full=True, no_extension=True, local_part=True, at_domain=True)


#: The tables whose answers may get what was unmatched of an address: words of propagate_unmatched_extensions.
_PROPAGATING = frozenset({"canonical", "virtual", "alias", "forward", "include", "generic"})


def propagated(config: Config) -> frozenset[str]:
    """The kinds of table whose answers get an address's extension.  Raises Fatal for a word that is none."""
    return config.mask("propagate_unmatched_extensions", _PROPAGATING)


class Found(NamedTuple):
    """An answer, and the extension (with its delimiter) that had to go before the table knew the address."""

    value: str
    extension: str = ""

    def addresses(self, address: str) -> list[Address]:
        """The addresses in the answer to `address` (internal form); the one that is none, `<>`, is the empty one."""
        answer = self.complete(address)
        return [item for item in parse('""' if answer == "<>" else answer) if isinstance(item, Address)]

    def complete(self, address: str) -> str:
        """The answer; behind the local part of the address (internal form), less the extension, if it is `@domain`."""
        if not self.value.startswith("@"):
            return self.value
        local, at, domain = address.rpartition("@")
        return quote_local((local if at else domain).removesuffix(self.extension), True) + self.value


#: One key to look up, whether tables of patterns are left out, and the extension it lacks.
Key = tuple[str, bool, str]


def keys(
    address: str,
    delimiters: str,
    owns: Callable[[str], bool],
    steps: Steps = USUAL_STEPS,
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
    full, no_extension, local_part, at_domain, whole_domain, parents, local_part_at = steps
    bare, extension = address, ""
    if delimiters and no_extension:
        bare, extension = strip_extension(address, delimiters, owner_request)
    plain = not extension and PLAIN.fullmatch(address) is not None  # so that nothing needs quotes
    if full:
        yield from _quoted(address, plain, False, False, "")
    if extension:
        yield from _quoted(bare, plain, False, True, extension)
    local, at, domain = address.rpartition("@")
    if not at:
        return
    shorter = bare.rpartition("@")[0] if extension else ""
    if local_part and owns(domain):
        yield from _local_parts(local, shorter, "", plain, extension)
    if at_domain:
        yield "@" + domain, True, ""
    if whole_domain:
        for name in _domains(domain, parents):
            yield name, True, ""
    if local_part_at:
        yield from _local_parts(local, shorter, "@", plain, extension)


def _local_parts(local: str, shorter: str, at: str, plain: bool, extension: str) -> tuple[Key, ...]:
    """A local part, and the same without its extension where it has one."""
    whole = _quoted(local + at, plain, not at, True, "")
    return (*whole, *_quoted(shorter + at, plain, not at, True, extension)) if extension else whole


def _quoted(text: str, plain: bool, bare: bool, exact: bool, extension: str) -> tuple[Key, ...]:
    """A text with the quotes that it needs, and then without them."""
    quoted = text if plain else quote_local(text, bare)
    if quoted == text:
        return ((text, exact, extension),)
    return (quoted, exact, extension), (text, exact, extension)


def _domains(domain: str, parents: str) -> Iterator[str]:
    """A domain and, where asked for, those above it: `example.com`, or `.example.com`."""
    while domain:
        yield domain
        dot = domain.find(".", 1)
        if dot < 0 or not parents:
            return
        domain = domain[dot + (parents == "names") :]


def find_address(
    maps: Maps,
    address: str,
    delimiters: str,
    owns: Callable[[str], bool],
    steps: Steps = USUAL_STEPS,
    owner_request: bool = True,
) -> Found | None:
    """Look an address up; the arguments are those of `keys`.

    Raises:
        LookupFailure: where a table cannot tell.
    """
    for key, exact, extension in keys(address, delimiters, owns, steps, owner_request):
        value = maps.find(key, exact=exact)
        if value is not None:
            return Found(value, extension)
    return None


def map_address(
    maps: Maps,
    address: str,
    delimiters: str,
    owns: Callable[[str], bool],
    shown: str,
    warn: Callable[[str, str], None],
) -> tuple[list[Address], str] | None:
    """The addresses that a table has for an address (internal form), and the extension that it did not know.

    Args:
        maps: the tables.
        address, delimiters, owns: as those of `keys`.
        shown: the address as warnings have it.
        warn: hears of an answer that holds no address.

    Raises:
        LookupFailure: for such an answer, and where a table cannot tell.
    """
    found = find_address(maps, address, delimiters, owns)
    if found is None:
        return None
    addresses = found.addresses(address)
    if not addresses:
        warn("warning", f'{maps.title} lookup of {shown} returns non-address result "{found.value}"')
        raise LookupFailure(maps.title)
    return addresses, found.extension
