"""NAME
    endpoints - servers that main.cf names as `host:port`

DESCRIPTION
    Policy servers, Milters and before-queue filters stand behind `inet:host:port`; without a colon all of it is the
    service.

DIAGNOSTICS
    warning: host or service SERVER not found: Name or service not known
    fatal: SERVER: garbage after numerical service

SEE ALSO
    inet_connect(3), host_port(3)
"""

from __future__ import annotations

from collections.abc import Sequence

from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision
from simmail.postfix.host_lookup import NO_SERVICE, host_addresses
from simmail.postfix.mastercf import PORTS
from simmail.postfix.program import Program


def located(program: Program, server: str, families: tuple[str, ...]) -> Decision[tuple[Sequence[str], int]]:
    """The addresses of a server and its port; no address, with a warning, where it is not found.

    Whoever then has none to connect to says that it is `NOT_ASSIGNABLE`.

    Args:
        program: who wants to connect, and tells the log.
        server: `host:port`.
        families: the types of DNS records that are looked for.

    Raises:
        Fatal: for a service that begins like a number and is none.
    """
    host, _, service = server.rpartition(":")
    if service[:1].isdigit() and not service.isdecimal():
        raise Fatal(f"{server}: garbage after numerical service")
    port = int(service) if service.isdecimal() else PORTS.get(service, 0)
    addresses, reason = yield from host_addresses(program.system.machine, host.strip("[]") or "localhost", families)
    if not port:
        addresses, reason = (), NO_SERVICE
    if not addresses:
        yield program.note("warning", "", f"host or service {server} not found: {reason}")
    return addresses, port
