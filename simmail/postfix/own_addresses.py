"""NAME
    own_addresses - the machine's own addresses, and the networks derived from them

DESCRIPTION
    inet_interfaces names the addresses on which Postfix receives mail; from these and mynetworks_style follows
    mynetworks where it is not set.

PARAMETERS
    inet_interfaces, inet_protocols, mynetworks_style

DIAGNOSTICS
    `Fatal` for an interface that this machine does not have, and for a style or protocol that does not exist.

BUGS
    A host name in inet_interfaces is looked up in /etc/hosts and DNS at once; in life a program that starts waits for
    a slow answer.

SEE ALSO
    postconf(5)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from simmail.files.machine import Machine
from simmail.mail.errors import Fatal
from simmail.postfix.host_lookup import Address, addresses_at_once

PROTOCOLS: dict[str, frozenset[int]] = {
    "all": frozenset({4, 6}),
    "ipv4": frozenset({4}),
    "ipv6": frozenset({6}),
}
STYLES = ("class", "subnet", "host")


def words(text: str) -> list[str]:
    """The items of a list that has no tables in it."""
    return text.replace(",", " ").split()


def protocols(text: str) -> frozenset[int]:
    """The IP versions that inet_protocols enables.  Raises Fatal."""
    enabled: frozenset[int] = frozenset()
    for name in words(text):
        if name not in PROTOCOLS:
            raise Fatal(f'unknown inet_protocols value "{name}" in "{text}"')
        enabled |= PROTOCOLS[name]
    return enabled


def address_types(versions: frozenset[int]) -> tuple[str, ...]:
    """The types of record that hold addresses of these IP versions."""
    return tuple(type for version, type in ((4, "A"), (6, "AAAA")) if version in versions)


def machine_addresses(machine: Machine, versions: Iterable[int]) -> list[Address]:
    """The addresses of the machine's interfaces, IPv4 first; the loopback interface is a machine's first."""
    found = [ipaddress.ip_address(text) for text in machine.addresses]
    enabled = [address for address in found if address.version in versions]
    return sorted(enabled, key=lambda address: (address.version, not address.is_loopback))


def is_own(machine: Machine, address: str) -> bool:
    """Whether a program of the machine can listen at an address."""
    wanted = ipaddress.ip_address(address)
    return wanted.is_unspecified or wanted.is_loopback or wanted in map(ipaddress.ip_address, machine.addresses)


def own_addresses(machine: Machine, interfaces: str, enabled: frozenset[int]) -> list[Address]:
    """The addresses on which Postfix receives mail.

    Args:
        machine: the computer.
        interfaces: inet_interfaces, expanded.
        enabled: the IP versions of inet_protocols.

    Raises:
        Fatal: for an interface that is not the machine's.
    """
    local = machine_addresses(machine, enabled)
    if interfaces == "all":
        return local
    if interfaces == "loopback-only":
        return [address for address in local if address.is_loopback]
    found: set[Address] = set()
    for name in words(interfaces):
        wanted = addresses_at_once(machine, name, address_types(enabled))
        if not wanted:
            raise Fatal(f"config variable inet_interfaces: host not found: {name}")
        for address in wanted:
            if address not in local:
                raise Fatal(f"parameter inet_interfaces: no local interface found for {address}")
            found.add(address)
    return sorted(found, key=lambda address: (address.version, address.packed))


def derived_networks(machine: Machine, addresses: Iterable[Address], style: str) -> str:
    """The default of mynetworks.  Raises Fatal for a style that is not one of STYLES."""
    styles = words(style)
    for name in styles:
        if name not in STYLES:
            raise Fatal(f'unknown mynetworks mask style value "{name}" in "{style}"')
    if len(styles) != 1:
        raise Fatal(f"bad mynetworks_style value: {style}; specify exactly one value")
    networks: dict[str, None] = {}
    for address in addresses:
        bits = _bits(machine, address, styles[0])
        network = ipaddress.ip_network((address, bits), strict=False)
        base = f"[{network.network_address}]" if address.version == 6 else str(network.network_address)
        networks[f"{base}/{bits}"] = None
    return " ".join(networks)


def _bits(machine: Machine, address: Address, style: str) -> int:
    """How many bits of an address name its network, in a style."""
    if style == "host":
        return address.max_prefixlen
    if style == "class" and address.version == 4:
        first = address.packed[0]
        for below, bits in ((128, 8), (192, 16), (224, 24), (240, 32)):
            if first < below:
                return bits
        raise Fatal(f"unknown address class: {address}")
    return machine.prefix(str(address))
