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
    cannot change directory to "FOLDER" for uid=UID gid=GID: REASON
    chroot(FOLDER): REASON

BUGS
    Of what import_environment names without a value nothing is set where Postfix is started.

    A command whose output goes to a file that may not grow is not told, and succeeds; the file ends at the limit.
    Of a file that a program writes itself, and that would be larger, nothing is written.

SEE ALSO
    pipe_command(3), exec_command(3), sys_exits(3)
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from simmail.files.file_errors import DENIED, NO_FILE
from simmail.files.machine import Account, Machine
from simmail.files.paths import normal
from simmail.mail.answers import Exit
from simmail.mail.content import clipped
from simmail.mail.questions import Decision
from simmail.mail.questions import Run as RunCommand
from simmail.postfix.agent import DeliveryAgent, failure
from simmail.postfix.config import QUEUE_DIRECTORY
from simmail.postfix.delivery import Dsn
from simmail.postfix.printable import printable
from simmail.postfix.report import split_status, valid_status

if TYPE_CHECKING:
    from simmail.postfix.config import Config

PATH = "/usr/bin:/bin"
OUTPUT_LIMIT = 4096
TEMPORARY = 75
_BLANKS = {ord("\t"): " ", ord("\n"): " "}
_HARMLESS = frozenset("1234567890!@%-_=+:,./abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \t")


class Meaning(NamedTuple):
    """What an exit status means: enhanced status code and text."""

    status: str
    text: str


class Start(NamedTuple):
    """Where a command starts: its folder, its root, and in the words of the log why it cannot; "" where it can."""

    folder: str
    root: str
    fatal: str = ""


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
    agent: DeliveryAgent, run: RunCommand, shown: str, caller: str = "", shell: str = ""
) -> Decision[Dsn | Exit]:
    """Run a command with a message on its standard input.

    Args:
        agent: in whose name warnings are noted.
        run: the command, and all that it is given.
        shown: the command's name in reasons.
        caller: what stands before the reason why a program cannot be run.
        shell: what a shell runs instead where PATH leads to no such program; "" for nothing.

    Returns:
        Why it failed; its end, with what it printed as reasons quote that, where it did not.
    """
    exit: Exit = yield run
    if shell and exit.unlaunched == NO_FILE and "/" not in run.command[0]:
        by_shell = copy(run)
        by_shell.command = shell
        exit = yield by_shell
    if exit.unlaunched:
        fatal = f"{caller}execvp {run.command[0]}: {exit.unlaunched}"
        yield agent.note("fatal", "", fatal)
        exit = Exit(TEMPORARY, f"{agent.command}: fatal: {fatal}\n")
    if exit.timed_out:
        yield agent.note("warning", "", "pipe_command_read: read time limit exceeded")
    exit = exit._replace(stdout=_readable(exit.stdout, agent.config["smtputf8_enable"]))
    return outcome(shown, exit) or exit


def start_in(machine: Machine, folder: str, account: Account, root: str = "") -> Start:
    """Where a command starts.

    Args:
        machine: the host.
        folder: where it shall start; "" for the queue directory, or its root.
        account: whose rights it has.
        root: the folder that shall be its root; "" for the machine's own.
    """
    files = machine.files
    base = QUEUE_DIRECTORY
    if root:
        reason = files.no_way_into(normal(root, QUEUE_DIRECTORY))
        if reason:
            return Start("", "", f"chroot({root}): {reason}")
        base = files.followed(normal(root, QUEUE_DIRECTORY))
    place = normal(f"{base}/{folder}" if root else folder, base)
    reason = files.no_way_into(place) or (DENIED if files.is_closed(posixpath.join(place, "*"), account.name) else "")
    if folder and reason:
        ids = f"uid={account.uid} gid={account.gid}"
        return Start("", "", f'cannot change directory to "{folder}" for {ids}: {reason}')
    return Start(files.followed(place), base if root else "/")


def died(agent: DeliveryAgent, fatal: str) -> Decision[Dsn]:
    """What becomes of mail for a command that never began; `fatal` is what the log hears."""
    yield agent.note("fatal", "", fatal)
    return failure(*EXITS[TEMPORARY], EXITS[TEMPORARY].text)


def _readable(printed: str, utf8: bool) -> str:
    """What a command printed, as reasons quote it: up to the first NUL."""
    return printable(clipped(printed, OUTPUT_LIMIT).split("\0", 1)[0].translate(_BLANKS), utf8, "_")


def by_itself(command: str) -> tuple[str, ...]:
    """The words of a command that is run without a shell; none where it takes one."""
    return tuple(command.split()) if _HARMLESS.issuperset(command) else ()


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
