"""NAME
    transport_maps - the transport table

DESCRIPTION
    Asked for the whole address, the address without extension, the domain, its parents, and `*` at last.
    An entry `transport:nexthop` sets both; `transport:` sets the transport and makes the recipient's domain the
    nexthop; `:nexthop` keeps the transport; `:` changes nothing.

PARAMETERS
    transport_maps, parent_domain_matches_subdomains, recipient_delimiter

SEE ALSO
    transport(5)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from simmail.mail.address import strip_extension
from simmail.postfix.tables import LookupFailure, Maps


class TransportMaps:
    """The transport table of one personality of the resolver.

    Args:
        maps: the tables.
        delimiters: recipient_delimiter.
        parents: whether `example.com` stands for its subdomains (otherwise `.example.com` does).
    """

    __slots__ = ("_delimiters", "_maps", "_parents", "title")

    def __init__(self, maps: Maps, delimiters: str, parents: bool) -> None:
        self._maps, self._delimiters, self._parents = maps, delimiters, parents
        self.title = maps.title

    def __bool__(self) -> bool:
        return bool(self._maps)

    def find(self, recipient: str, domain: str, transport: str, nexthop: str) -> tuple[str, str]:
        """The transport and nexthop after the table had its say; those given where it has none.

        Raises:
            LookupFailure: where a table cannot tell.
        """
        entry = self._entry(recipient, domain)
        if entry is None:
            return transport, nexthop
        chosen, _, destination = entry.partition(":")
        if not chosen:
            return transport, destination or nexthop
        if destination:
            return chosen, destination
        return chosen, "Address is undeliverable" if chosen in ("error", "retry") else domain

    def try_wildcard(self) -> None:
        """Ask for `*`, as the resolver does when it begins: a table that cannot tell is heard of."""
        with suppress(LookupFailure):
            self._maps.find("*")

    def _entry(self, recipient: str, domain: str) -> str | None:
        found = self._maps.find(recipient)
        if found is not None:
            return found
        for key in self._parts(recipient, domain):
            found = self._maps.find(key, exact=True)
            if found is not None:
                return found
        return self._maps.find("*")

    def _parts(self, recipient: str, domain: str) -> Iterator[str]:
        bare, extension = strip_extension(recipient, self._delimiters)
        if extension:
            yield bare
        while domain:
            yield domain
            dot = domain.find(".", 1)
            if dot < 0:
                return
            domain = domain[dot + self._parents :]
