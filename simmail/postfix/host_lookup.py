"""NAME
    host_lookup - hosts by name and by address, as the C library finds them

DESCRIPTION
    /etc/hosts comes first; DNS is asked for what it does not have.  Of both only addresses of the families asked for
    count: a name that /etc/hosts has with an IPv6 address alone is looked up in DNS where only IPv4 is wanted.

BUGS
    /etc/nsswitch.conf is not read.

SEE ALSO
    getaddrinfo(3), hosts(5), inet_aton(3)
"""

from __future__ import annotations

import ipaddress

from simmail.files.machine import Machine
from simmail.mail.answers import DnsAnswer
from simmail.mail.hostnames import ascii_name, valid_address
from simmail.mail.questions import Decision, Dns

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: The types of records that hold addresses, which stand for the families of these.
FAMILIES = ("A", "AAAA")
#: Why there is no address, as gai_strerror(3) puts it.
NO_NAME = "Name or service not known"
NO_ADDRESS = "No address associated with hostname"
NO_FAMILY = "Address family for hostname not supported"
TRY_AGAIN = "Temporary failure in name resolution"
NO_SERVICE = "Servname not supported for ai_socktype"


def family(address: str) -> str:
    """The family of an IP address: the type of the records that hold its like."""
    return "AAAA" if ":" in address else "A"


def host_addresses(machine: Machine, name: str, families: tuple[str, ...]) -> Decision[tuple[tuple[str, ...], str]]:
    """The addresses of a host.

    Args:
        machine: the computer that asks.
        name: the host's name, or its address.
        families: `A`, `AAAA`, or both.

    Returns:
        The addresses, and the reason where there are none.
    """
    if valid_address(name):
        return ((name,), "") if family(name) in families else ((), NO_FAMILY)
    if name.endswith(".."):
        return (), NO_NAME
    listed = listed_addresses(machine, name, families)
    if listed:
        return listed, ""
    asked = ascii_name(name).removesuffix(".")
    found: list[str] = []
    temporary = exists = False
    for type in families:
        answer: DnsAnswer = yield Dns(asked, type)
        found += [record.data for record in answer.records] if answer.status == "ok" else []
        temporary = temporary or answer.temporary
        exists = exists or answer.knows(asked)
    if found:
        return tuple(found), ""
    return (), TRY_AGAIN if temporary else NO_ADDRESS if exists else NO_NAME


def addresses_at_once(machine: Machine, name: str, families: tuple[str, ...] = FAMILIES) -> tuple[Address, ...]:
    """The addresses of a host, for who reads a configuration and cannot wait for a slow answer.

    Args:
        machine: the computer that asks.
        name: the host's name; or its address, which may stand in brackets, and an IPv4 one in a short form.
        families: `A`, `AAAA`, or both.
    """
    literal = _literal(name)
    if literal is not None:
        return (literal,) if family(str(literal)) in families else ()
    found = listed_addresses(machine, name, families)
    found = found or tuple(data for type in families for data in machine.names(name, type))
    return tuple(map(ipaddress.ip_address, found))


def listed_addresses(machine: Machine, name: str, families: tuple[str, ...]) -> tuple[str, ...]:
    """The addresses that /etc/hosts has for a name; a dot at its end does not count."""
    wanted = name.removesuffix(".").lower()
    return tuple(
        address
        for address, *names in machine.hosts()
        if wanted in map(str.lower, names) and valid_address(address) and family(address) in families
    )


def listed_name(machine: Machine, address: str) -> str:
    """The name that /etc/hosts has for an address; "" for none."""
    return next((fields[1] for fields in machine.hosts() if len(fields) > 1 and fields[0] == address), "")


def _literal(text: str) -> Address | None:
    """An address as it may be written where a name may stand; None for a name."""
    try:
        return ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return _short_form(text)


def _short_form(text: str) -> Address | None:
    """An IPv4 address as inet_aton(3) has it: `192.0.2` is 192.0.0.2, a part may be octal or hexadecimal."""
    try:
        *first, last = [
            int(part, 16 if part[:2].lower() == "0x" else 8 if part[:1] == "0" else 10) for part in text.split(".")
        ]
    except ValueError:
        return None
    if len(first) > 3 or max(first, default=0) > 255 or last >= 256 ** (4 - len(first)):
        return None
    return ipaddress.IPv4Address(int.from_bytes(bytes(first).ljust(4, b"\0")) + last)
