"""echo, printf, test, basename, seq and other commands that print or judge their arguments."""

from __future__ import annotations

import posixpath
import re

from simmail.mail.questions import Decision
from simmail.userland.commands.options import options
from simmail.userland.conditions import Condition, ConditionError
from simmail.userland.printf import Printf, Stop, unescape
from simmail.userland.process import CommandError, Process, Tool, is_installed, plain
from simmail.userland.streams import PIPE_CAPACITY

MOST_ITEMS = 1_000_000
#: printf(1)'s words for what dash's own printf says in others.
WORDING = {
    "expected numeric value": "expected a numeric value",
    "not completely converted": "value not completely converted",
}


def true(process: Process) -> int:
    """Succeed."""
    return 0


def false(process: Process) -> int:
    """Fail."""
    return 1


def pwd(process: Process) -> int:
    """Print the working directory."""
    process.print(process.folder)
    return 0


def echo(process: Process) -> int:
    """Print words."""
    words = list(process.argv[1:])
    newline, escapes = True, False
    while words and re.fullmatch("-[neE]+", words[0]):
        newline = newline and "n" not in words[0]
        escapes = words[0].rfind("e") > words[0].rfind("E") if set(words[0]) & {"e", "E"} else escapes
        words.pop(0)
    text = " ".join(words)
    try:
        text = unescape(text, zero=True, hexadecimal=True) if escapes else text
    except Stop as stop:
        text, newline = stop.text, False
    process.write(text + ("\n" if newline else ""))
    return 0


def printf(process: Process) -> int:
    """Print words in a form."""
    words = list(process.argv[1:])
    if words[:1] == ["--"]:
        words.pop(0)
    if not words:
        raise CommandError("missing operand\nTry 'printf --help' for more information.")

    def complain(word: str, text: str) -> None:
        process.complain(f"printf: '{word}': {WORDING.get(text, text)}")

    form = Printf(words[0], words[1:], complain)
    for text in form.run():
        process.job.step()
        process.write(text)
    return min(form.status, 1)


def test(process: Process) -> int:
    """Tell whether a condition holds."""
    words = list(process.argv[1:])
    if process.name == "[":
        if words[-1:] != ["]"]:
            return process.fail("missing ']'", 2)
        words.pop()
    condition = Condition(words, process.files, process.user, lambda path: is_installed(process.commands, path))
    try:
        return int(not condition.value())
    except ConditionError as error:
        return process.fail(str(error), 2)


def basename(process: Process) -> int:
    """Print names without their folders."""
    given = options(process, "as:z", {"multiple": "a", "suffix": "s"})
    names, suffix = given.operands, given.value("s")
    if not names:
        raise CommandError("missing operand\nTry 'basename --help' for more information.")
    if "a" not in given and "s" not in given:
        if len(names) > 2:
            raise CommandError(f"extra operand '{names[2]}'\nTry 'basename --help' for more information.")
        names, suffix = names[:1], names[1] if len(names) > 1 else ""
    for name in names:
        base = posixpath.basename(name.rstrip("/")) or ("/" if name.startswith("/") else "")
        process.print(base.removesuffix(suffix) if suffix and base != suffix else base)
    return 0


def dirname(process: Process) -> int:
    """Print the folders of names."""
    given = options(process, "z")
    if not given.operands:
        raise CommandError("missing operand\nTry 'dirname --help' for more information.")
    for name in given.operands:
        stripped = name.rstrip("/")
        if not stripped:
            process.print("/" if name else ".")
        else:
            folder = posixpath.dirname(stripped)
            process.print(folder.rstrip("/") or "/" if folder else ".")
    return 0


def seq(process: Process) -> int:
    """Print a row of numbers."""
    words = list(process.argv[1:])
    separator, equal = "\n", False
    while words and words[0] in ("-s", "-w"):
        if words.pop(0) == "-w":
            equal = True
        elif words:
            separator = words.pop(0)
    numbers = []
    for word in words:
        if not re.fullmatch(r"[-+]?(\d{1,15}(\.\d{0,9})?|\.\d{1,9})", word):
            raise CommandError(f"invalid floating point argument: '{word}'\nTry 'seq --help' for more information.")
        numbers.append(float(word))
    if not 1 <= len(numbers) <= 3:
        raise CommandError("missing operand\nTry 'seq --help' for more information.")
    first, step, last = {1: (1.0, 1.0, numbers[-1]), 2: (numbers[0], 1.0, numbers[-1])}.get(
        len(numbers), (numbers[0], numbers[len(numbers) // 2], numbers[-1])
    )
    if step == 0:
        raise CommandError("invalid Zero increment value: '0'\nTry 'seq --help' for more information.")
    count = int((last - first) / step + 1e-9) + 1
    if count > MOST_ITEMS:
        raise CommandError("too many numbers")
    places = max((len(word.partition(".")[2]) for word in words[: max(len(words) - 1, 1)]), default=0)
    texts = [f"{first + index * step:.{places}f}" for index in range(max(count, 0))]
    width = max(map(len, texts), default=0) if equal else 0
    if texts:
        process.write(separator.join(text.zfill(width) for text in texts) + "\n")
    return 0


def yes(process: Process) -> Decision[int]:
    """Print a line again and again, as long as somebody reads."""
    yield from ()
    line = (" ".join(process.argv[1:]) or "y") + "\n"
    process.write(line * (PIPE_CAPACITY // len(line) + 1))
    return 0


TOOLS: dict[str, Tool] = {
    name: plain(function)
    for name, function in {
        "true": true,
        "false": false,
        "pwd": pwd,
        "echo": echo,
        "printf": printf,
        "test": test,
        "[": test,
        "basename": basename,
        "dirname": dirname,
        "seq": seq,
    }.items()
}
TOOLS["yes"] = Tool(yes)
