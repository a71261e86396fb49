"""ss and netstat: on which ports this host takes connections.

Connections are not shown, for none of this host's own lasts longer than the command that made it.
"""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from simmail.postfix.processes import PIDS, pid
from simmail.userland.commands.options import options
from simmail.userland.process import Process, Tool, plain

#: Names that stand for numbers where -n is not given (/etc/services), as ss and netstat have them.
NAMES = {25: "smtp", 110: "pop3", 143: "imap2", 465: "submissions", 587: "submission"}
LONG = {"listening": "l", "tcp": "t", "numeric": "n", "processes": "p", "programs": "p", "all": "a", "udp": "u"}
LETTERS = "ltnpau46"
#: Connections that wait to be taken, at most: Postfix's, another program's.
BACKLOG, USUAL_BACKLOG = 100, 128


class Socket(NamedTuple):
    """A socket as it is shown.

    Args:
        address: it listens on.
        port: by number or name.
        version: of IP.
        program: whose it is.
    """

    address: str
    port: str
    version: int
    program: str


def _sockets(process: Process, numeric: bool) -> list[Socket]:
    listening = process.control.listening() if process.control is not None else []
    found = []
    for address, port, program in sorted(set(listening), key=lambda one: (one.port, one.address)):
        shown = str(port) if numeric else NAMES.get(port, str(port))
        address = "0.0.0.0" if address == "*" else address
        found.append(Socket(address, shown, ipaddress.ip_address(address).version, program))
    return found


def ss(process: Process) -> int:
    """Print sockets, as iproute2's does."""
    given = options(process, LETTERS, LONG)
    found = _sockets(process, "n" in given) if "l" in given or "a" in given else []
    wide = max(4, *(len(one.port) for one in found)) if found else 4
    process.print(f"State  Recv-Q Send-Q Local Address:{'Port':<{wide}} Peer Address:PortProcess")
    for address, port, version, program in found:
        local, peer = (address, "0.0.0.0") if version == 4 else (f"[{address}]", "[::]")
        shown = "p" in given and process.user == "root"
        owner = f'users:(("{program}",pid={pid(program)},fd=13))' if shown else ""
        backlog = BACKLOG if program in PIDS else USUAL_BACKLOG
        process.print(f"LISTEN 0      {backlog:<6} {local:>13}:{port:<{wide}} {peer:>12}:*   {owner:<7}")
    return 0


def netstat(process: Process) -> int:
    """Print sockets, as net-tools' does."""
    given = options(process, LETTERS, LONG)
    servers = "l" in given or "a" in given
    process.print(f"Active Internet connections ({'only servers' if 'l' in given else 'servers and established'})")
    owner = "PID/Program name    " if "p" in given else ""
    process.print(f"Proto Recv-Q Send-Q Local Address           Foreign Address         State       {owner}")
    for address, port, version, name in _sockets(process, "n" in given) if servers else []:
        protocol, peer = ("tcp", "0.0.0.0:*") if version == 4 else ("tcp6", ":::*")
        who = f"{pid(name)}/{name}" if process.user == "root" else "-"
        program = f"{who:<20}" if "p" in given else ""
        process.print(f"{protocol:<5}      0      0 {f'{address}:{port}':<23} {peer:<23} LISTEN      {program}")
    return 0


TOOLS: dict[str, Tool] = {"ss": plain(ss), "netstat": plain(netstat)}
