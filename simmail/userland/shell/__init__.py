"""The small shell of a simulated host: /bin/sh as dash(1) has it, on virtual files, within bounds."""

from __future__ import annotations

from collections.abc import Mapping

from simmail.files.invocation import Command, Invocation
from simmail.mail.questions import Decision
from simmail.userland.job import Exhausted, Job
from simmail.userland.process import KILLED, Process, execute
from simmail.userland.shell.interpreter import Shell
from simmail.userland.shell.nodes import Script
from simmail.userland.shell.parser import parse
from simmail.userland.shell.signals import Signalled
from simmail.userland.streams import BrokenPipe

__all__ = ["Script", "parse", "run", "run_program", "run_script"]


def run(text: str, invocation: Invocation, commands: Mapping[str, Command], job: Job | None = None) -> Decision[int]:
    """Run a command line or script, as `sh -c text` does.

    Args:
        text: the script.
        invocation: where it runs; argv[0] is `$0`, which stands before its error messages, and the rest `$1`, `$2`...
        commands: the host's programs by name.
        job: the bounds to keep; those of `simmail.userland.job` where none are given.
    """
    return (yield from run_script(parse(text), Process.of(invocation, commands, job)))


def run_script(script: Script, process: Process, letters: frozenset[str] = frozenset()) -> Decision[int]:
    """Run a script that was read already; its status, which is negative where a signal ended it.

    A script beyond its bounds is killed, with a line that says so.

    Args:
        script: from `parse`.
        process: what it runs as; argv as for `run`.
        letters: options of `set` to begin with.
    """
    shell = Shell(process, process.argv[0], list(process.argv[1:]))
    shell.options |= letters
    return (yield from _bounded(process, shell.to_the_end(shell.script(script))))


def run_program(invocation: Invocation, commands: Mapping[str, Command]) -> Decision[int]:
    """Run a program without a shell, as execvp(3) does; its status, which is negative where a signal ended it.

    Args:
        invocation: where it runs, and its words.
        commands: the host's programs by name.

    Raises:
        LaunchError: where it cannot be run.
    """
    process = Process.of(invocation, commands)
    return (yield from _bounded(process, execute(process, process.argv)))


def _bounded(process: Process, running: Decision[int]) -> Decision[int]:
    """What runs as a process, or as its child, to its end, whatever it is that ends it."""
    try:
        status = yield from running
    except Signalled as signal:
        status = -signal.number
    except BrokenPipe:
        status = 141
    except Exhausted as error:
        status = _killed(process, error.text)
    except RecursionError:
        status = _killed(process, "stopped: nested too deeply")
    finally:
        process.job.settle()
    return status


def _killed(process: Process, text: str) -> int:
    process.complain(f"{process.argv[0]}: {text}")
    return KILLED
