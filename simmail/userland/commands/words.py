"""echo, printf, test, basename, seq and other commands that print or judge their arguments."""

from __future__ import annotations

import posixpath
import re

from simmail.mail.questions import Decision
from simmail.userland.commands.options import options
from simmail.userland.conditions import Condition, ConditionError
from simmail.userland.printf import Printf, Stop, unescape
from simmail.userland.process import CommandError, Process, Tool, is_installed, plain
from simmail.userland.regex import Pattern, PatternError, basic
from simmail.userland.streams import PIPE_CAPACITY, Printed

#: What printing a pipe full counts, in steps.
CHUNK_STEPS = 100

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
        process.fail(f"‘{word}’: {WORDING.get(text, text)}")

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
            raise CommandError(f"extra operand ‘{names[2]}’\nTry 'basename --help' for more information.")
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
    while words and words[0][:2] in ("-s", "-w", "-f"):
        word = words.pop(0)
        if word == "-w":
            equal = True
        elif word.startswith("-s"):
            separator = word[2:] or (words.pop(0) if words else "")
    numbers = []
    for word in words:
        if not re.fullmatch(r"[-+]?(\d{1,15}(\.\d{0,9})?|\.\d{1,9})", word):
            raise CommandError(f"invalid floating point argument: ‘{word}’\nTry 'seq --help' for more information.")
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
    line = (" ".join(process.argv[1:]) or "y") + "\n"
    while True:
        process.job.step(CHUNK_STEPS)
        process.write(line * (PIPE_CAPACITY // len(line) + 1))
        yield Printed()


class _Expression:
    """An expression of expr(1)."""

    LEVELS = (("|",), ("&",), ("<", "<=", "=", "==", "!=", ">=", ">"), ("+", "-"), ("*", "/", "%"), (":",))

    def __init__(self, words: list[str], process: Process) -> None:
        self.words, self.process, self.position, self.depth = words, process, 0, 0

    def take(self) -> str:
        """The next word."""
        if self.position >= len(self.words):
            before = f" after ‘{self.words[-1]}’" if self.words else ""
            raise CommandError(f"syntax error: missing argument{before}", 2)
        self.position += 1
        return self.words[self.position - 1]

    def value(self, level: int = 0) -> str:
        """The value of what comes next."""
        if level == len(self.LEVELS):
            return self.primary()
        left = self.value(level + 1)
        while self.position < len(self.words) and self.words[self.position] in self.LEVELS[level]:
            operator = self.take()
            left = self.operate(left, operator, self.value(level + 1))
        return left

    def primary(self) -> str:
        """A word, a function, parentheses."""
        word = self.take()
        if word == "(":
            self.depth += 1
            if self.depth > 20:
                raise CommandError("syntax error: nested too deeply", 2)
            inner = self.value()
            if self.take() != ")":
                raise CommandError(f"syntax error: expecting ')' instead of ‘{self.words[self.position - 1]}’", 2)
            self.depth -= 1
            return inner
        if word == "length":
            return str(len(self.take()))
        if word == "substr":
            text, start, count = self.take(), self.number(self.take()), self.number(self.take())
            return text[start - 1 : start - 1 + count] if start > 0 and count > 0 else ""
        if word == "index":
            text, chars = self.take(), self.take()
            return str(next((place for place, char in enumerate(text, 1) if char in chars), 0))
        return word

    def number(self, text: str) -> int:
        """A number.  Raises CommandError."""
        if not re.fullmatch("-?[0-9]{1,300}", text):
            raise CommandError("non-integer argument", 2)
        return int(text)

    def operate(self, left: str, operator: str, right: str) -> str:
        """One operation."""
        if operator == "|":
            return left if left not in ("", "0") else right or "0"
        if operator == "&":
            return left if left not in ("", "0") and right not in ("", "0") else "0"
        if operator == ":":
            return self.match(left, right)
        if operator in self.LEVELS[2]:
            numbers = re.fullmatch("-?[0-9]{1,300}", left) and re.fullmatch("-?[0-9]{1,300}", right)
            order = (int(left) > int(right)) - (int(left) < int(right)) if numbers else (left > right) - (left < right)
            holds = {"<": order < 0, "<=": order <= 0, "!=": order != 0, ">=": order >= 0, ">": order > 0}
            return str(int(holds.get(operator, order == 0)))
        first, second = self.number(left), self.number(right)
        if operator in "/%" and second == 0:
            raise CommandError("division by zero", 2)
        quotient = abs(first) // abs(second) if second else 0
        quotient = quotient if (first < 0) == (second < 0) else -quotient
        return str(
            {"+": first + second, "-": first - second, "*": first * second, "/": quotient}.get(
                operator, first - second * quotient
            )
        )

    def match(self, text: str, pattern: str) -> str:
        """`text : pattern`: the first group, or how many characters match."""
        try:
            compiled = Pattern(basic("\\`\\(" + pattern + "\\)"), count=self.process.job.step)
            found = compiled.search(text)
        except PatternError as error:
            raise CommandError(str(error), 2) from None
        if compiled.groups > 1:
            return found.group(2) if found else ""
        return str(found.end) if found else "0"


def expr(process: Process) -> int:
    """Print the value of an expression."""
    words = list(process.argv[1:])
    if not words:
        raise CommandError("missing operand\nTry 'expr --help' for more information.", 2)
    expression = _Expression(words, process)
    value = expression.value()
    if expression.position < len(words):
        raise CommandError(f"syntax error: unexpected argument ‘{words[expression.position]}’", 2)
    process.print(value)
    return int(value in ("", "0"))


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
        "expr": expr,
    }.items()
}
TOOLS["yes"] = Tool(yes)
