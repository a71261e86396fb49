"""NAME
    pipe_command - give a message to a program, and make out how that went

DESCRIPTION
    A command without characters that mean something to a shell is run as it is; any other by the host's shell.  Its
    exit status is read as sysexits(3) has it, unless it prints an enhanced status code and a text of its own.

PARAMETERS
    export_environment, import_environment, smtputf8_enable

DIAGNOSTICS
    Command died with status N: "COMMAND", Command died with signal N: "COMMAND"
    Command time limit exceeded: "COMMAND"
    pipe_command_read: read time limit exceeded
    execvp NAME: No such file or directory
    cannot change directory to "FOLDER" for uid=UID gid=GID: No such file or directory

BUGS
    Of what import_environment names without a value nothing is set where Postfix is started.

    A command whose output goes to a file that may not grow is not told, and succeeds; the file ends at the limit.
    Of a file that a program writes itself, and that would be larger, nothing is written.

SEE ALSO
    pipe_command(3), exec_command(3), sys_exits(3)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from simmail.files.file_errors import DENIED, NO_FILE
from simmail.files.machine import Account
from simmail.mail.answers import Exit
from simmail.mail.content import clipped
from simmail.mail.questions import Decision
from simmail.mail.questions import Run as RunCommand
from simmail.postfix.agent import DeliveryAgent, failure
from simmail.postfix.delivery import Dsn
from simmail.postfix.printable import printable
from simmail.postfix.report import split_status, valid_status

if TYPE_CHECKING:
    from simmail.postfix.config import Config

PATH = "/usr/bin:/bin"
OUTPUT_LIMIT = 4096
TEMPORARY = 75
NOT_FOUND, NOT_EXECUTABLE = 127, 126
_BLANKS = {ord("\t"): " ", ord("\n"): " "}
_HARMLESS = frozenset("1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \t")


class Meaning(NamedTuple):
    """What an exit status means: enhanced status code and text."""

    status: str
    text: str


#: sysexits(3).
EXITS = {
    64: Meaning("5.3.0", "command line usage error"),
    65: Meaning("5.6.0", "data format error"),
    66: Meaning("5.3.0", "cannot open input"),
    67: Meaning("5.1.1", "user unknown"),
    68: Meaning("5.1.2", "host name unknown"),
    69: Meaning("5.3.0", "service unavailable"),
    70: Meaning("5.3.0", "internal software error"),
    71: Meaning("4.3.0", "system resource problem"),
    72: Meaning("5.3.0", "critical OS file missing"),
    73: Meaning("5.2.0", "can't create user output file"),
    74: Meaning("5.3.0", "input/output error"),
    TEMPORARY: Meaning("4.3.0", "temporary failure"),
    76: Meaning("5.5.0", "remote error in protocol"),
    77: Meaning("5.7.0", "permission denied"),
    78: Meaning("5.3.5", "local configuration error"),
}
#: What is said of an end that sysexits(3) knows nothing of.
SOFTWARE = EXITS[70].text


def exported(config: Config) -> dict[str, str]:
    """The variables of export_environment: `NAME=value`, or `NAME` as the daemons have it by import_environment."""
    imported = _variables(config.list("import_environment"), {})
    return _variables(config.list("export_environment"), imported)


def _variables(items: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Of a list of variables those that are given a value, and those of the others that are known."""
    found: dict[str, str] = {}
    for item in items:
        name, equals, value = item.strip("{} ").partition("=")
        if equals:
            found[name.strip()] = value.strip()
        elif name in known:
            found[name] = known[name]
    return found


def run_command(
    agent: DeliveryAgent, run: RunCommand, shown: str, program: str | None, caller: str = ""
) -> Decision[Dsn | Exit]:
    """Run a command with a message on its standard input.

    Args:
        agent: in whose name warnings are noted.
        run: the command, and all that it is given.
        shown: the command's name in reasons.
        program: the file that is run without a shell; None where a shell is.
        caller: what stands before the reason why that file cannot be run.

    Returns:
        Why it failed; its end, with what it printed as reasons quote that, where it did not.
    """
    exit: Exit = yield run
    if (
        program is not None
        and exit.status in (NOT_FOUND, NOT_EXECUTABLE)
        and exit.stdout.startswith(f"sh: 1: {program}: ")
    ):
        reason = NO_FILE if exit.status == NOT_FOUND else DENIED
        fatal = f"{caller}execvp {program}: {reason}"
        yield agent.note("fatal", "", fatal)
        exit = Exit(TEMPORARY, f"{agent.command}: fatal: {fatal}\n")
    if exit.timed_out:
        yield agent.note("warning", "", "pipe_command_read: read time limit exceeded")
    exit = exit._replace(stdout=_readable(exit.stdout, agent.config["smtputf8_enable"]))
    return outcome(shown, exit) or exit


def no_folder(agent: DeliveryAgent, folder: str, account: Account) -> Decision[Dsn]:
    """Why a command cannot start in a folder that is not there."""
    text = f'cannot change directory to "{folder}" for uid={account.uid} gid={account.gid}: {NO_FILE}'
    yield agent.note("fatal", "", text)
    return failure(*EXITS[TEMPORARY], EXITS[TEMPORARY].text)


def _readable(printed: str, utf8: bool) -> str:
    """What a command printed, as reasons quote it: up to the first NUL."""
    return printable(clipped(printed, OUTPUT_LIMIT).split("\0", 1)[0].translate(_BLANKS), utf8, "_")


def direct(command: str) -> bool:
    """Whether a command is run without a shell."""
    return bool(command.strip(" \t")) and _HARMLESS.issuperset(command)


def outcome(command: str, exit: Exit) -> Dsn | None:
    """What the end of a command means for the message; None where all is well."""
    told = exit.stdout
    tail = f". Command output: {told}" if told else ""
    words = told.lstrip()
    if exit.timed_out:
        return failure("5.3.0", f'Command time limit exceeded: "{command}"{tail}', words or SOFTWARE)
    if exit.status == 0:
        return None
    if exit.status < 0:
        return failure("4.3.0", f'Command died with signal {-exit.status}: "{command}"{tail}', words or SOFTWARE)
    if valid_status(told):
        status, text = split_status(told, "5.3.0")
        return failure(status, text, text)
    known = EXITS.get(exit.status)
    if known is not None:
        return failure(known.status, known.text + tail, words or known.text)
    unknown = f"unknown mail system error {exit.status}"
    return failure("5.3.0", f'Command died with status {exit.status}: "{command}"{tail}', words or unknown)
