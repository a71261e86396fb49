"""NAME
    local_domains - is this domain this machine?

DESCRIPTION
    Every daemon opens mydestination as it starts, whether it will need it or not, and says what is wrong with it.

    A domain is local where mydestination lists it, and an address literal where it is one of the machine's own
    addresses or those of proxy_interfaces.  A dot at the end does not count.

PARAMETERS
    mydestination, inet_interfaces, proxy_interfaces, myorigin, inet_protocols, myhostname

BUGS
    Names in proxy_interfaces that /etc/hosts does not have are looked up by smtp(8) alone: an address literal that only
    they have is not local here.

SEE ALSO
    resolve_local(3)
"""

from __future__ import annotations

from simmail.files.machine import Machine
from simmail.mail.hostnames import literal_address, valid_address
from simmail.postfix.config import Config
from simmail.postfix.host_lookup import listed_addresses
from simmail.postfix.match_lists import StringList
from simmail.postfix.own_addresses import address_types, own_addresses, protocols
from simmail.postfix.tables import TableEnvironment


class LocalDomains:
    """The domains for which this machine is the destination, as one program sees them."""

    __slots__ = ("addresses", "destinations", "origin")

    def __init__(self, config: Config, machine: Machine, destinations: StringList) -> None:
        self.destinations = destinations
        self.addresses = receiving_addresses(config, machine)
        self.origin = str(config["myorigin"]).lower()

    def matches(self, domain: str) -> bool:
        """Whether mail for `domain` is for this machine.  Raises LookupFailure where a table cannot tell."""
        domain = domain.removesuffix(".")
        if not domain or domain.endswith("."):
            return False
        if self.destinations.matches(domain):
            return True
        if domain[0] == "[" and domain[-1] == "]":
            return literal_address(domain[1:-1]) in self.addresses
        return False

    def owns(self, domain: str) -> bool:
        """As `matches`, and also true for myorigin: where a bare local part may stand in a table."""
        return domain.lower() == self.origin or self.matches(domain)


def destinations(config: Config, environment: TableEnvironment) -> StringList:
    """The list of mydestination."""
    return StringList.open("mydestination", config["mydestination"], environment)


def receiving_addresses(config: Config, machine: Machine) -> frozenset[str]:
    """The addresses of inet_interfaces and proxy_interfaces, as far as no name must be asked for in DNS."""
    found, families = set(listening_addresses(config, machine)), _families(config)
    for proxy in _proxies(config):
        found.update((proxy,) if valid_address(proxy) else listed_addresses(machine, proxy, families))
    return frozenset(found)


def named_proxies(config: Config, machine: Machine) -> tuple[str, ...]:
    """What proxy_interfaces has that is no address, and that /etc/hosts does not have: names of hosts."""
    families = _families(config)
    return tuple(
        name for name in _proxies(config) if not valid_address(name) and not listed_addresses(machine, name, families)
    )


def _families(config: Config) -> tuple[str, ...]:
    return address_types(protocols(config.text("inet_protocols")))


def _proxies(config: Config) -> list[str]:
    return [name.strip("[]") for name in config.list("proxy_interfaces")]


def listening_addresses(config: Config, machine: Machine) -> frozenset[str]:
    """The addresses of inet_interfaces.  Raises Fatal for what is no address of this machine."""
    enabled = protocols(config.text("inet_protocols"))
    own = own_addresses(machine, config.text("inet_interfaces"), enabled)
    return frozenset(map(str, own))
