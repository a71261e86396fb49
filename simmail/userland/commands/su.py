"""su, runuser and sudo: run a shell, or a command, as somebody else."""

from __future__ import annotations

import posixpath

from simmail.files.file_errors import NO_FILE
from simmail.files.machine import Account
from simmail.mail.questions import Decision
from simmail.userland.commands.options import Options, options
from simmail.userland.process import DEFAULT_PATH, CommandError, LaunchError, Process, Tool, launch

LONG = {
    "command": "c",
    "session-command": "C",
    "fast": "f",
    "group": "g",
    "supp-group": "G",
    "login": "l",
    "preserve-environment": "m",
    "pty": "P",
    "shell": "s",
    "whitelist-environment": "w",
}
LETTERS = "c:C:fg:G:lmpPs:w:"
SHELL = "/bin/sh"
#: PATH in a new session (/etc/login.defs) of anybody but root.
USER_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
UNKNOWN = "user {} does not exist or the user entry does not contain all the required fields"
EXCLUSIVE = "options --{shell,fast,command,session-command,login} and --user are mutually exclusive"


def su(process: Process) -> Decision[int]:
    """Run a shell as another user; nobody but root knows the password."""
    given = options(process, LETTERS, LONG)
    login, account, words = _session(process, given)
    if process.user != "root":
        process.err.append("Password: ")
        raise CommandError("Authentication failure")
    return (yield from _shell(process, given, account, words, login))


def runuser(process: Process) -> Decision[int]:
    """Run a command, or a shell, as another user; for root alone."""
    given = options(process, LETTERS + "u:", LONG | {"user": "u"})
    if process.user != "root":
        raise CommandError("may not be used by non-root users")
    if "u" not in given:
        login, account, words = _session(process, given)
        return (yield from _shell(process, given, account, words, login))
    if given.last("cCfls"):
        raise CommandError(EXCLUSIVE)
    if not given.operands:
        raise CommandError("no command was specified")
    account = _account(process, given.value("u"))
    environment = {**process.environment, "HOME": account.home, **_names(account)}
    child = process.child(process.argv, user=account.name, environment=environment)
    try:
        return (yield from launch(child, tuple(given.operands)))
    except LaunchError as error:
        return process.fail(f"failed to execute {given.operands[0]}: {error.reason}")


def sudo(process: Process) -> Decision[int]:
    """Run a command as root, or as another user (-u); nobody but root knows a password."""
    long = {"user": "u", "login": "i", "shell": "s", "preserve-env": "E", "set-home": "H", "non-interactive": "n"}
    given = options(process, "u:isEHn", long, permute=False)
    if process.user != "root":
        raise CommandError("no password was provided\nsudo: a password is required")
    name = given.value("u", "root")
    account = process.machine.accounts.get(name)
    if account is None:
        raise CommandError(f"unknown user {name}")
    shell = (account.shell or SHELL,) if given.last("is") else ()
    words = tuple(given.operands) or shell
    if not words:
        raise CommandError("a command is required")
    environment = {**process.environment, "HOME": account.home, "USER": account.name, "LOGNAME": account.name}
    child = process.child(process.argv, user=account.name, environment=environment)
    try:
        return (yield from launch(child, words))
    except LaunchError:
        raise CommandError(f"{words[0]}: command not found") from None


def _account(process: Process, name: str) -> Account:
    found = process.machine.accounts.get(name)
    if found is None:
        raise CommandError(UNKNOWN.format(name))
    return found


def _names(account: Account) -> dict[str, str]:
    """The variables with the user's name; root's leave those alone that are there."""
    return {} if account.uid == 0 else {"USER": account.name, "LOGNAME": account.name}


def _session(process: Process, given: Options) -> tuple[bool, Account, list[str]]:
    """Whether it is to be a session as after a login, whose, and what the shell is to be told."""
    words = list(given.operands)
    login = "l" in given
    if words[:1] == ["-"]:
        login = True
        words.pop(0)
    return login, _account(process, words.pop(0) if words else "root"), words


def _shell(process: Process, given: Options, account: Account, words: list[str], login: bool) -> Decision[int]:
    """Run somebody's shell."""
    keep = not login and ("m" in given or "p" in given)
    shell = given.value("s") or (process.environment.get("SHELL", "") if keep else account.shell) or SHELL
    environment = dict(process.environment)
    if login:
        environment = {name: environment[name] for name in ("TERM",) if name in environment}
        environment |= {"USER": account.name, "LOGNAME": account.name}
        environment["PATH"] = USER_PATH if account.uid else DEFAULT_PATH
    if not keep:
        environment |= {"HOME": account.home, "SHELL": shell, **_names(account)}
    child = process.child(process.argv, user=account.name, environment=environment)
    if login:
        if child.files.is_folder(account.home):
            child.folder = child.files.path(account.home)
        else:
            process.complain(f"{process.argv[0]}: warning: cannot change directory to {account.home}: {NO_FILE}")
    command = given.last("cC")
    options_ = ("-c", given.value(command)) if command else ()
    name = ("-" if login else "") + posixpath.basename(shell)
    try:
        return (yield from launch(child, (shell, *options_, *words), name=name))
    except LaunchError as error:
        return process.fail(f"failed to execute {shell}: {error.reason}", error.status)


TOOLS = {"su": Tool(su), "runuser": Tool(runuser), "sudo": Tool(sudo)}
