"""NAME
    cleanup_address - canonical, masqueraded and virtual alias addresses

DESCRIPTION
    One-to-one tables (canonical) are asked again with what they answered, until they know nothing more; one-to-many
    tables (virtual alias) as well, for each address, until an address leads to itself.  The null sender is
    looked up too, as `""`: a pattern that fits anything gives it an address.  An answer `<>` is the empty address.

PARAMETERS
    canonical_maps, sender_canonical_maps, recipient_canonical_maps, canonical_classes, sender_canonical_classes,
    recipient_canonical_classes, masquerade_domains, masquerade_exceptions, masquerade_classes, virtual_alias_maps,
    virtual_alias_recursion_limit, virtual_alias_expansion_limit, virtual_alias_address_length_limit,
    propagate_unmatched_extensions, recipient_delimiter

DIAGNOSTICS
    fatal: unknown canonical_classes value "WORD" in "TEXT", for the classes of senders and recipients, too
    QUEUE_ID: unreasonable virtual_alias_maps map nesting for ADDRESS -- message not accepted, try again later

SEE ALSO
    canonical(5), virtual(5), ADDRESS_REWRITING_README
"""

from __future__ import annotations

import itertools
from enum import Enum
from typing import NamedTuple

from simmail.mail.address import quote_local, unquote_local
from simmail.mail.content import clipped
from simmail.mail.tokens import Address, external_address
from simmail.postfix.address_maps import map_address, propagated
from simmail.postfix.cleanup_status import CleanupStatus
from simmail.postfix.local_domains import LocalDomains
from simmail.postfix.match_lists import StringList
from simmail.postfix.program import Program
from simmail.postfix.tables import LookupFailure, Maps

MAX_RECURSION = 10
EXPANSION = "4.6.0 Alias expansion error"


class Role(Enum):
    """Where an address stands; the value is its class in canonical_classes and masquerade_classes."""

    ENVELOPE_SENDER = "envelope_sender"
    ENVELOPE_RECIPIENT = "envelope_recipient"
    HEADER_SENDER = "header_sender"
    HEADER_RECIPIENT = "header_recipient"

    @property
    def sender(self) -> bool:
        """Whether it is one who writes."""
        return self in (Role.ENVELOPE_SENDER, Role.HEADER_SENDER)


ROLES = frozenset(role.value for role in Role)


class Trouble(Exception):
    """A table that cannot tell, or leads nowhere: what to log, as a warning mostly; what is wrong with the message."""

    def __init__(self, text: str, status: CleanupStatus, reason: str = "", warns: bool = True) -> None:
        self.text, self.status, self.reason, self.warns = text, status, reason, warns
        super().__init__(text)


class _Canonical(NamedTuple):
    """One canonical table and the classes of addresses it is for."""

    maps: Maps
    classes: frozenset[str]


class AddressMapper:
    """Maps addresses as cleanup(8) is configured to.

    Args:
        program: whose parameters and tables these are.
        local: for which domains tables may hold bare local parts.

    Attributes:
        warnings: what is wrong with table entries, since somebody last took it.

    Raises:
        Fatal: where a parameter cannot be used.
    """

    def __init__(self, program: Program, local: LocalDomains) -> None:
        config = program.config
        self.program, self.local = program, local
        self.warnings: list[str] = []
        self.delimiters: str = config["recipient_delimiter"]

        def canonical(prefix: str) -> _Canonical:
            known = [role for role in ROLES if role.endswith(prefix.rstrip("_"))]
            classes = config.mask(f"{prefix}canonical_classes", known, "canonical_classes")
            return _Canonical(program.maps(f"{prefix}canonical_maps"), classes)

        common = canonical("")
        tables = {True: (canonical("sender_"), common), False: (canonical("recipient_"), common)}
        self.canonical: dict[Role, tuple[Maps, ...]] = {
            role: tuple(t.maps for t in tables[role.sender] if t.maps and role.value in t.classes) for role in Role
        }
        self.masquerade_domains = tuple(map(str.lower, config.list("masquerade_domains")))
        self.masquerade_exceptions = StringList.open(
            "masquerade_exceptions", config["masquerade_exceptions"], program.environment
        )
        classes = config.mask("masquerade_classes", ROLES)
        self.masqueraded = frozenset(r for r in Role if self.masquerade_domains and r.value in classes)
        propagate = propagated(config)
        self.propagate_canonical = "canonical" in propagate
        self.propagate_virtual = "virtual" in propagate
        self.aliases = program.maps("virtual_alias_maps")
        self.recursion_limit: int = config["virtual_alias_recursion_limit"]
        self.expansion_limit: int = config["virtual_alias_expansion_limit"]
        self.length_limit: int = config["virtual_alias_address_length_limit"]
        #: The roles whose addresses no table and no masquerade touches.
        self.untouched = frozenset(r for r in Role if not self.canonical[r] and r not in self.masqueraded)

    # ---- one to one

    def internal(self, address: str, role: Role) -> str:
        """The canonical, masqueraded form of an address in internal form.  Raises Trouble."""
        if role in self.untouched:
            return address
        return unquote_local(self.external(quote_local(address), role))

    def external(self, address: str, role: Role) -> str:
        """The same in external form.  Raises Trouble."""
        for maps in self.canonical[role]:
            address = self.map_one(maps, address, self.propagate_canonical)
        return self.masquerade(address) if role in self.masqueraded else address

    def map_one(self, maps: Maps, address: str, propagate: bool) -> str:
        """What a one-to-one table makes of an address (external form).  Raises Trouble.

        A table that goes round in circles is left after a few turns; whatever the warning says, the message is taken.
        """
        for _ in range(MAX_RECURSION):
            found = self._look_up(maps, address, propagate, address, "")
            if not found:
                return address
            if len(found) > 1:
                self.warnings.append(f"multi-valued {maps.title} entry for {address}")
            before, address = address, found[0]
            if before.lower() == address.lower():
                return address
        self.warnings.append(
            f"unreasonable {maps.title} map nesting for {address} -- message not accepted, try again later"
        )
        return address

    def _look_up(self, maps: Maps, address: str, propagate: bool, shown: str, reason: str) -> list[str]:
        """The addresses that a table has for one, completed, in external form; none where it has none."""
        internal = unquote_local(address)
        try:
            found = map_address(maps, internal, self.delimiters, self.local.owns, address, self.program.warn)
        except LookupFailure:
            raise Trouble(
                f"{maps.title} map lookup problem for {shown} -- message not accepted, try again later",
                CleanupStatus.WRITE,
                reason,
            ) from None
        if found is None:
            return []
        addresses, extension = found
        return self._complete(addresses, extension if propagate else "")

    def _complete(self, answer: list[Address], extension: str) -> list[str]:
        """Those of a table's answer, each completed and with the extension in its local part."""
        done = []
        for item in answer:
            address = self.program.rewriter.rewrite("local", external_address(item))
            local, at, domain = address.rpartition("@")
            if extension:
                address = local + extension + at + domain if at else address + extension
            done.append(address)
        return done

    def masquerade(self, address: str) -> str:
        """An address (external form) without the host names below masquerade_domains.  Raises Trouble."""
        local, at, domain = address.rpartition("@")
        if not at or (self.masquerade_exceptions and self._is_excepted(local)):
            return address
        folded = domain.lower()
        for pattern in self.masquerade_domains:
            name = pattern.lstrip("!")
            if not name:
                continue
            if folded == name:
                return address
            if folded.endswith("." + name):
                return f"{local}@{name}" if (len(pattern) - len(name)) % 2 == 0 else address
        return address

    def _is_excepted(self, local: str) -> bool:
        exceptions = self.masquerade_exceptions
        try:
            return exceptions.matches(local.lower())
        except LookupFailure:
            raise Trouble(
                f"{exceptions.parameter} map lookup problem -- message not accepted, try again later",
                CleanupStatus.WRITE,
                warns=False,
            ) from None

    # ---- one to many

    def expand(self, address: str) -> list[str]:
        """The addresses that virtual_alias_maps make of one (internal form).  Raises Trouble."""
        addresses = [address]
        itself: set[str] = set()
        index = 0
        while index < len(addresses):
            if len(addresses) > self.expansion_limit:
                raise self._unreasonable("map expansion size", address)
            self._follow(addresses, index, itself, address)
            index += 1
        return addresses

    def _follow(self, addresses: list[str], index: int, itself: set[str], first: str) -> None:
        """Replace one address by what it leads to, the others of which go to the end."""
        for count in itertools.count():
            address = addresses[index]
            if address.lower() in itself:
                return
            if count >= self.recursion_limit:
                raise self._unreasonable("map nesting", first)
            found = self._look_up(self.aliases, quote_local(address), self.propagate_virtual, first, EXPANSION)
            if not found:
                return
            for number, result in enumerate(map(unquote_local, found)):
                if len(result) > self.length_limit:
                    raise self._unreasonable("result", f"{clipped(result, 300)}...", "")
                if number == 0:
                    addresses[index] = result
                else:
                    addresses.append(result)
                if result.lower() == address.lower():
                    itself.add(result.lower())

    def _unreasonable(self, what: str, shown: str, link: str = "for ") -> Trouble:
        return Trouble(
            f"unreasonable {self.aliases.title} {what} {link}{shown} -- message not accepted, try again later",
            CleanupStatus.DEFER,
            EXPANSION,
        )
