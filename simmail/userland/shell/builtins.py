"""The shell's own commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.conditions import Condition, ConditionError
from simmail.userland.files import EXECUTE
from simmail.userland.printf import Printf, Stop, unescape
from simmail.userland.process import LaunchError, is_installed, which
from simmail.userland.shell.builtins_read import getopts, read
from simmail.userland.shell.control import ExitShell, LeaveLoop, ReturnFrom, ShellError
from simmail.userland.shell.lexer import NAME
from simmail.userland.shell.parser import RESERVED, parse
from simmail.userland.shell.signals import Signalled, kill, signal_name

if TYPE_CHECKING:
    from simmail.userland.shell.interpreter import Shell

Builtin = Callable[["Shell", list[str]], Decision[int]]
Plain = Callable[["Shell", list[str]], int]
OPTIONS = {
    "a": "allexport",
    "b": "notify",
    "C": "noclobber",
    "e": "errexit",
    "f": "noglob",
    "n": "noexec",
    "u": "nounset",
    "v": "verbose",
    "x": "xtrace",
}


def _plain(function: Plain) -> Builtin:
    def run(shell: Shell, words: list[str]) -> Decision[int]:
        yield from ()
        return function(shell, words)

    return run


def count(words: list[str], default: int) -> int:
    """The number that is a builtin's only argument.  Raises ShellError."""
    if len(words) < 2:
        return default
    if not (words[1].isdecimal() and words[1].isascii()):
        raise ShellError(f"{words[0]}: Illegal number: {words[1]}")
    return int(words[1][:9])


def quoted(text: str) -> str:
    """A text as the shell would read it again."""
    return "'" + text.replace("'", "'\"'\"'") + "'"


# ---- going elsewhere


def _exit(shell: Shell, words: list[str]) -> int:
    raise ExitShell(count(words, shell.status) & 0xFF)


def _return(shell: Shell, words: list[str]) -> int:
    raise ReturnFrom(count(words, shell.status) & 0xFF)


def _leave(again: bool) -> Plain:
    def run(shell: Shell, words: list[str]) -> int:
        levels = count(words, 1)
        if levels < 1:
            raise ShellError(f"{words[0]}: Illegal number: {words[1]}")
        if shell.loops:
            raise LeaveLoop(min(levels, shell.loops), again)
        return 0

    return run


def _eval(shell: Shell, words: list[str]) -> Decision[int]:
    script = parse(" ".join(words[1:]))
    shell.process.job.enter()
    try:
        return (yield from shell.script(script))
    except ShellError as error:
        if script.error is not None and error.text == f"Syntax error: {script.error.text}":
            raise ShellError("eval: " + error.text) from None
        raise
    finally:
        shell.process.job.leave()


def _dot(shell: Shell, words: list[str]) -> Decision[int]:
    if len(words) < 2:
        return 0
    name, files = words[1], shell.process.files
    places = [name] if "/" in name else [f"{f or '.'}/{name}" for f in (shell.get("PATH") or "").split(":")]
    found = next((place for place in places if files.is_file(place)), None)
    if found is None:
        reason = f"cannot open {name}: No such file" if "/" in name else f"{name}: not found"
        raise ShellError(f".: {reason}")
    shell.process.job.settle()
    try:
        text = files.read(found)
    except FileError as error:
        raise ShellError(f".: cannot open {name}: {error.reason}") from None
    shell.process.job.enter()
    try:
        return (yield from shell.script(parse(text)))
    except ReturnFrom as end:
        return end.status
    finally:
        shell.process.job.leave()


def _exec(shell: Shell, words: list[str]) -> Decision[int]:
    if len(words) < 2:
        return 0
    try:
        shell.find(words[1])
    except LaunchError as error:
        shell.say(f"exec: {words[1]}: {'not found' if error.status == 127 else error.reason}")
        raise ExitShell(error.status) from None
    status = yield from shell.status_of(words[1:])
    if status < 0:
        raise Signalled(-status)
    raise ExitShell(status & 0xFF)


def _command(shell: Shell, words: list[str]) -> Decision[int]:
    rest = words[1:]
    while rest and rest[0] in ("-p", "--"):
        rest = rest[1:]
    if not rest:
        return 0
    if rest[0] == "-V":
        return _type(shell, ["command", *rest[1:2]])
    if rest[0] == "-v":
        return _where(shell, rest[1]) if len(rest) > 1 else 0
    return (yield from shell.call(rest, functions=False))


def _where(shell: Shell, name: str) -> int:
    if name in RESERVED or name in shell.functions or name in BUILTINS:
        shell.write(1, name + "\n")
        return 0
    try:
        shell.write(1, which(shell.process, name, shell.get("PATH") or "") + "\n")
    except LaunchError:
        return 127
    return 0


def _type(shell: Shell, words: list[str]) -> int:
    status = 0
    for name in words[1:]:
        if name in RESERVED:
            what = "is a shell keyword"
        elif name in shell.functions:
            what = "is a shell function"
        elif name in BUILTINS:
            what = "is a special shell builtin" if name in SPECIAL else "is a shell builtin"
        else:
            try:
                what = "is " + which(shell.process, name, shell.get("PATH") or "")
            except LaunchError:
                shell.write(1, f"{name}: not found\n")
                status = 127
                continue
        shell.write(1, f"{name} {what}\n")
    return status


# ---- variables


def _named(shell: Shell, word: str, builtin: str) -> tuple[str, str | None]:
    """The parts of `name=value`, or a name alone.  Raises ShellError."""
    name, equals, value = word.partition("=")
    if not NAME.fullmatch(name):
        raise ShellError(f"{builtin}: {name}: bad variable name")
    return name, value if equals else None


def _mark(names: Callable[[Shell], set[str]]) -> Plain:
    def run(shell: Shell, words: list[str]) -> int:
        rest = [word for word in words[1:] if word not in ("-p", "--")]
        if not rest:
            for name in sorted(names(shell)):
                value = shell.variables.get(name)
                shell.write(1, f"{words[0]} {name}" + (f"={quoted(value)}" if value is not None else "") + "\n")
        for word in rest:
            name, value = _named(shell, word, words[0])
            if value is not None:
                shell.put(name, value)
            names(shell).add(name)
        return 0

    return run


def _local(shell: Shell, words: list[str]) -> int:
    if not shell.scopes:
        raise ShellError("local: not in a function")
    for word in words[1:]:
        name, value = _named(shell, word, "local")
        shell.scopes[-1].setdefault(name, shell.variables.get(name))
        if value is not None:
            shell.put(name, value)
    return 0


def _unset(shell: Shell, words: list[str]) -> int:
    functions = False
    for word in words[1:]:
        if word in ("-f", "-v"):
            functions = word == "-f"
        elif functions:
            shell.functions.pop(word, None)
        elif not NAME.fullmatch(word):
            raise ShellError(f"unset: {word}: bad variable name")
        else:
            shell.drop(word)
    return 0


def _shift(shell: Shell, words: list[str]) -> int:
    number = count(words, 1)
    if number > len(shell.parameters):
        raise ShellError("shift: can't shift that many")
    del shell.parameters[:number]
    return 0


def _set(shell: Shell, words: list[str]) -> int:
    rest = words[1:]
    if not rest:
        for name in sorted(shell.variables):
            shell.write(1, f"{name}={quoted(shell.variables[name])}\n")
        return 0
    while rest and rest[0][:1] in ("-", "+") and len(rest[0]) > 1:
        word = rest.pop(0)
        if word == "--":
            shell.parameters = rest
            return 0
        for letter in word[1:]:
            if letter == "o":
                _long_option(shell, rest.pop(0) if rest else "", word[0] == "-")
            elif letter not in OPTIONS:
                raise ShellError(f"set: Illegal option {word[0]}{letter}")
            else:
                (shell.options.add if word[0] == "-" else shell.options.discard)(letter)
    if rest:
        shell.parameters = rest[1:] if rest[0] == "-" else rest
    return 0


def _long_option(shell: Shell, name: str, on: bool) -> None:
    if not name:
        shell.write(1, "Current option settings\n")
        for letter, long in sorted(OPTIONS.items(), key=lambda item: item[1]):
            shell.write(1, f"{long:<15} {'on' if letter in shell.options else 'off'}\n")
        return
    letter = next((letter for letter, long in OPTIONS.items() if long == name), "")
    if not letter:
        raise ShellError(f"set: Illegal option -o {name}")
    (shell.options.add if on else shell.options.discard)(letter)


# ---- the surroundings


def _cd(shell: Shell, words: list[str]) -> int:
    rest = [word for word in words[1:] if word not in ("-L", "-P", "--")]
    target = rest[0] if rest else shell.get("HOME") or ""
    back = target == "-"
    if back:
        target = shell.get("OLDPWD") or shell.process.folder
    if not target:
        return 0
    files = shell.process.files
    if not files.is_folder(target) or not files.may(target, EXECUTE):
        shell.say(f"cd: can't cd to {target}")
        return 2
    shell.variables["OLDPWD"] = shell.process.folder
    shell.process.folder = files.path(target)
    shell.variables["PWD"] = shell.process.folder
    shell.exported |= {"PWD", "OLDPWD"}
    if back:
        shell.write(1, shell.process.folder + "\n")
    return 0


def _pwd(shell: Shell, words: list[str]) -> int:
    shell.write(1, shell.process.folder + "\n")
    return 0


def _umask(shell: Shell, words: list[str]) -> int:
    if len(words) < 2:
        shell.write(1, f"{shell.process.umask:04o}\n")
    elif words[1] == "-S":
        granted = [0o7 & ~(shell.process.umask >> shift) for shift in (6, 3, 0)]
        rights = (("r", 4), ("w", 2), ("x", 1))
        letters = ["".join(letter for letter, bit in rights if bits & bit) for bits in granted]
        shell.write(1, "u={},g={},o={}\n".format(*letters))
    elif all(digit in "01234567" for digit in words[1]) and words[1]:
        shell.process.umask = int(words[1], 8) & 0o777
    else:
        raise ShellError(f"umask: Illegal number: {words[1]}")
    return 0


def _trap(shell: Shell, words: list[str]) -> int:
    if len(words) < 3:
        for name in [*shell.traps] if len(words) < 2 else []:
            shell.write(1, f"trap -- {quoted(shell.traps[name])} {name}\n")
        return 0
    status = 0
    for word in words[2:]:
        name = "EXIT" if word in ("0", "EXIT") else signal_name(word.removeprefix("SIG"))
        if not name:
            shell.write(2, f"trap: {word}: bad trap\n")
            status = 1
        elif words[1] == "-":
            shell.traps.pop(name, None)
        else:
            shell.traps[name] = words[1]
    return status


def _ulimit(shell: Shell, words: list[str]) -> int:
    if not words[1:] or words[-1].startswith("-"):
        shell.write(1, "unlimited\n")
    return 0


def _nothing(status: int) -> Plain:
    def run(shell: Shell, words: list[str]) -> int:
        return status

    return run


# ---- printing, testing


def _echo(shell: Shell, words: list[str]) -> int:
    newline = words[1:2] != ["-n"]
    text = " ".join(words[1 if newline else 2 :])
    try:
        text = unescape(text, zero=True) + ("\n" if newline else "")
    except Stop as stop:
        text = stop.text
    if not shell.write(1, text):
        shell.say("echo: echo: I/O error")
        return 1
    return 0


def _printf(shell: Shell, words: list[str]) -> int:
    rest = words[2:] if words[1:2] == ["--"] else words[1:]
    if not rest:
        raise ShellError("printf: usage: printf format [arg ...]")
    printf = Printf(rest[0], rest[1:], lambda argument, text: shell.say(f"printf: {argument}: {text}"))
    for text in printf.run():
        shell.process.job.step()
        if not shell.write(1, text):
            shell.say("printf: printf: I/O error")
            return 1
    return printf.status


def _test(shell: Shell, words: list[str]) -> int:
    operands = words[1:]
    if words[0] == "[":
        if operands[-1:] != ["]"]:
            shell.say("[: missing ]")
            return 2
        operands = operands[:-1]
    process = shell.process
    process.job.settle()
    condition = Condition(operands, process.files, process.user, lambda path: is_installed(process.commands, path))
    try:
        return int(not condition.value())
    except ConditionError as error:
        shell.say(f"{words[0]}: {error}")
        return 2


SPECIAL = frozenset(": . break continue eval exec exit export readonly return set shift times trap unset".split())
#: Builtins whose arguments `name=value` are assignments: they are not split.
ASSIGNERS = frozenset({"export", "readonly", "local"})
BUILTINS: dict[str, Builtin] = {
    ":": _plain(_nothing(0)),
    ".": _dot,
    "[": _plain(_test),
    "break": _plain(_leave(False)),
    "cd": _plain(_cd),
    "command": _command,
    "continue": _plain(_leave(True)),
    "echo": _plain(_echo),
    "eval": _eval,
    "exec": _exec,
    "exit": _plain(_exit),
    "export": _plain(_mark(lambda shell: shell.exported)),
    "false": _plain(_nothing(1)),
    "getopts": _plain(getopts),
    "hash": _plain(_nothing(0)),
    "jobs": _plain(_nothing(0)),
    "kill": _plain(kill),
    "local": _plain(_local),
    "printf": _plain(_printf),
    "pwd": _plain(_pwd),
    "read": read,
    "readonly": _plain(_mark(lambda shell: shell.readonly)),
    "return": _plain(_return),
    "set": _plain(_set),
    "shift": _plain(_shift),
    "test": _plain(_test),
    "times": _plain(_nothing(0)),
    "trap": _plain(_trap),
    "true": _plain(_nothing(0)),
    "type": _plain(_type),
    "ulimit": _plain(_ulimit),
    "umask": _plain(_umask),
    "unset": _plain(_unset),
    "wait": _plain(_nothing(0)),
}
