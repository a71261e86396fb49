"""Programs that recipes start: directly, or by the shell where the line has characters that mean something."""

from __future__ import annotations

from typing import NamedTuple

from simmail.mail.questions import Decision
from simmail.userland.process import LaunchError, launch
from simmail.userland.procmail.state import Session
from simmail.userland.procmail.words import arguments
from simmail.userland.streams import Stream

SHELL_METAS = "&|<>~;?*["
NOT_THERE, NOT_EXECUTABLE = 2, 126


class Ran(NamedTuple):
    """How a program ended.

    Args:
        status: its exit status.
        output: what it printed, if that was wanted.
        name: what the log calls the program.
        line: what the log calls the whole command.
    """

    status: int
    output: str = ""
    name: str = ""
    line: str = ""


def needs_shell(session: Session, command: str) -> bool:
    """Whether a command line is the shell's to run: it has one of SHELLMETAS, or is a `test`."""
    metas = session.state.environment.get("SHELLMETAS", SHELL_METAS)
    return any(char in metas for char in command) or command.lstrip(" \t").startswith("test ")


def run(session: Session, command: str, stdin: str, captured: bool = False) -> Decision[Ran]:
    """Run a command line to its end.

    Args:
        session: whose recipe it is in.
        command: as written in the recipe file.
        stdin: what it reads.
        captured: whether its standard output is wanted; else it is lost.
    """
    if needs_shell(session, command):
        environment = session.state.environment
        argv = (environment.get("SHELL") or "/bin/sh", environment.get("SHELLFLAGS", "-c"), command)
        ran = yield from start(session, argv, stdin, command, captured)
        return ran._replace(name=command, line=command)
    words = yield from arguments(session, command)
    if not words:
        return Ran(0, stdin if captured else "")
    ran = yield from start(session, tuple(words), stdin, ",".join(words), captured)
    return ran._replace(name=words[0], line=" ".join(words))


def start(session: Session, argv: tuple[str, ...], stdin: str, shown: str, captured: bool = False) -> Decision[Ran]:
    """Start a program and wait for it; `shown` is how the log shows that."""
    process, log = session.process, session.log
    log.tell(f'Executing "{shown}"')
    out: list[str] = []
    err: list[str] = []
    process.job.spend(len(stdin))
    try:
        status = yield from launch(
            process, argv, source=Stream(stdin), environment=dict(session.state.environment), umask=process.umask,
            out=out, err=err,
        )  # fmt: skip
    except LaunchError as error:
        # execvp(3) takes what it cannot run for a script.
        reason = "No such file" if error.status != NOT_EXECUTABLE else error.reason
        err.append(f"/bin/sh: 0: cannot open {argv[0]}: {reason}\n")
        status = NOT_THERE if error.status != NOT_EXECUTABLE else NOT_EXECUTABLE
    process.job.settle()
    log.write("".join(err))
    session.state.status = status
    return Ran(status, "".join(out) if captured else "")
