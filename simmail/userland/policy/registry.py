"""The policy servers that a host can run, by name."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from simmail.files.invocation import Command
from simmail.files.machine import Machine
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Listen
from simmail.userland.policy.postgrey import Postgrey
from simmail.userland.policy.protocol import PolicyProgram
from simmail.userland.policy.ratelimit import RateLimiter
from simmail.userland.process import Process, Tool

#: Name -> what makes it run: the host, its command line, when it is started.
PROGRAMS: dict[str, Callable[[Machine, tuple[str, ...], float], PolicyProgram]] = {
    "postgrey": Postgrey,
    "ratelimit": RateLimiter,
}


def start(machine: Machine, argv: tuple[str, ...], now: float = 0.0) -> PolicyProgram:
    """Make a policy server.

    Args:
        machine: the host.
        argv: its command line, `("postgrey", "--inet=10023", "--delay=60")`.
        now: seconds since the world's start.

    Raises:
        Fatal: where it does not take that command line.
    """
    return PROGRAMS[posixpath.basename(argv[0])](machine, argv, now)


def daemon(process: Process) -> Decision[int]:
    """Start a policy server; it goes on by itself, with or without `-d`."""
    try:
        program = start(process.machine, process.argv, process.now)
    except Fatal as fatal:
        process.complain(fatal.text)
        return fatal.status
    error: str = yield Listen(program)
    if error:
        process.complain(f"{process.argv[0]}: {program.endpoint}: {error}")
        return 1
    return 0


#: The commands that start them.
TOOLS: dict[str, Command] = dict.fromkeys(PROGRAMS, Tool(daemon))
