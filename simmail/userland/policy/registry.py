"""The policy servers that a host can run, by name."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from simmail.files.machine import Machine
from simmail.mail.errors import Fatal
from simmail.userland.policy.postgrey import Postgrey
from simmail.userland.policy.protocol import PolicyProgram
from simmail.userland.policy.ratelimit import RateLimiter

#: Name -> what makes it run: the host, its command line, when it is started.
PROGRAMS: dict[str, Callable[[Machine, tuple[str, ...], float], PolicyProgram]] = {
    "postgrey": Postgrey,
    "ratelimit": RateLimiter,
}


def start(machine: Machine, argv: tuple[str, ...], now: float = 0.0) -> PolicyProgram:
    """Start a policy server.

    Args:
        machine: the host.
        argv: its command line, `("postgrey", "--inet=10023", "--delay=60")`.
        now: seconds since the world's start.

    Raises:
        Fatal: where there is no such program, or it does not take that command line.
    """
    program = PROGRAMS.get(posixpath.basename(argv[0]) if argv else "")
    if program is None:
        raise Fatal(f"{argv[0] if argv else ''}: no policy server; there are: {', '.join(PROGRAMS)}", 127)
    return program(machine, argv, now)
