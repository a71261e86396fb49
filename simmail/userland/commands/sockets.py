"""ss and netstat: on which ports this host takes connections.

Connections are not shown, for none of this host's own lasts longer than the command that made it.
"""

from __future__ import annotations

import ipaddress

from simmail.postfix.processes import PIDS
from simmail.userland.commands.options import options
from simmail.userland.process import Process, Tool, plain

#: Names that stand for numbers where -n is not given (/etc/services), as ss and netstat have them.
NAMES = {25: "smtp", 110: "pop3", 143: "imap2", 465: "submissions", 587: "submission"}
LONG = {"listening": "l", "tcp": "t", "numeric": "n", "processes": "p", "programs": "p", "all": "a", "udp": "u"}
LETTERS = "ltnpau46"
BACKLOG = 100


def _sockets(process: Process, numeric: bool) -> list[tuple[str, str, int]]:
    """Address and port as they are shown, and the IP version."""
    listening = process.control.listening() if process.control is not None else []
    found = []
    for address, port in sorted(set(listening), key=lambda one: (one[1], one[0])):
        shown = str(port) if numeric else NAMES.get(port, str(port))
        if address == "*":
            found.append(("0.0.0.0", shown, 4))
        else:
            found.append((address, shown, ipaddress.ip_address(address).version))
    return found


def ss(process: Process) -> int:
    """Print sockets, as iproute2's does."""
    given = options(process, LETTERS, LONG)
    process.print("State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess")
    if not ("l" in given or "a" in given):
        return 0
    owner = f'users:(("master",pid={PIDS["master"]},fd=13))' if "p" in given and process.user == "root" else ""
    for address, port, version in _sockets(process, "n" in given):
        local, peer = (address, "0.0.0.0") if version == 4 else (f"[{address}]", "[::]")
        process.print(f"LISTEN 0      {BACKLOG:<6} {local:>13}:{port:<4} {peer:>12}:*   {owner:<7}")
    return 0


def netstat(process: Process) -> int:
    """Print sockets, as net-tools' does."""
    given = options(process, LETTERS, LONG)
    servers = "l" in given or "a" in given
    process.print(f"Active Internet connections ({'only servers' if 'l' in given else 'servers and established'})")
    owner = "PID/Program name    " if "p" in given else ""
    process.print(f"Proto Recv-Q Send-Q Local Address           Foreign Address         State       {owner}")
    who = f"{PIDS['master']}/master" if process.user == "root" else "-"
    for address, port, version in _sockets(process, "n" in given) if servers else []:
        protocol, peer = ("tcp", "0.0.0.0:*") if version == 4 else ("tcp6", ":::*")
        program = f"{who:<20}" if "p" in given else ""
        process.print(f"{protocol:<5}      0      0 {f'{address}:{port}':<23} {peer:<23} LISTEN      {program}")
    return 0


TOOLS: dict[str, Tool] = {"ss": plain(ss), "netstat": plain(netstat)}
