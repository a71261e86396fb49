"""NAME
    destination - where a nexthop leads: a domain or host, and a port

DESCRIPTION
    `domain`, `domain:port`, `[host]`, `[host]:port`, `[address]`, `[ipv6:address]`: brackets keep MX records from being
    looked up.  The port is a number or a service's name.

DIAGNOSTICS
    REASON in server description: NEXTHOP; unknown service: NAME/tcp; both end the program.

SEE ALSO
    host_port(3), transport(5)
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from simmail.mail.errors import Fatal
from simmail.mail.hostnames import valid_address, valid_hostname

#: Services that a port may be named by (/etc/services).
SERVICES = {"smtp": 25, "lmtp": 24, "submission": 587, "smtps": 465, "submissions": 465, "qmqp": 628, "mail": 25}
SMTP_PORT, SMTPS_PORT = 25, 465


class Target(NamedTuple):
    """A parsed nexthop.

    Args:
        host: a domain, a host or an address, without brackets.
        port: TCP port.
        literal: whether it stood in brackets: no MX records then.
    """

    host: str
    port: int
    literal: bool


@lru_cache(maxsize=4096)
def parse(nexthop: str, service: str) -> Target:
    """The target of a nexthop; `service` is the port where it names none.  Raises Fatal."""
    literal = nexthop.startswith("[")
    if literal:
        host, closed, rest = nexthop[1:].partition("]")
        port = rest[1:] if closed and rest.startswith(":") else ""
        if not closed:
            raise _fatal('missing "]"', nexthop)
        if rest and not rest.startswith(":"):
            raise _fatal('garbage after "]"', nexthop)
        if host[:5].lower() == "ipv6:":
            host = host[5:]
    else:
        host, _, port = nexthop.rpartition(":") if ":" in nexthop else (nexthop, "", "")
        if nexthop.count(":") > 1 and valid_address(nexthop):
            host, port = nexthop, ""
    if not host and not literal:
        raise _fatal("missing host information", nexthop)
    if not (valid_hostname(host) or valid_address(host)):
        raise _fatal("valid hostname or network address required", nexthop)
    return Target(host, _port(port or service, nexthop), literal)


def _port(name: str, nexthop: str) -> int:
    if name.isascii() and name.isdigit():
        number = int(name)
        if not 0 < number < 65536:
            raise Fatal(f"bad network port: {name} for destination: {nexthop}")
        return number
    if name[:1].isdigit():
        raise _fatal("garbage after numerical service", nexthop)
    if name not in SERVICES:
        raise Fatal(f"unknown service: {name}/tcp")
    return SERVICES[name]


def _fatal(reason: str, nexthop: str) -> Fatal:
    return Fatal(f"{reason} in server description: {nexthop}")
