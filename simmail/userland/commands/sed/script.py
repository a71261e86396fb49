"""A sed script as read (POSIX.1 sed, with GNU's additions)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from simmail.userland.printf import octet
from simmail.userland.process import CommandError
from simmail.userland.regex import Pattern, PatternError, basic, extended

DEEPEST = 20


@dataclass(slots=True)
class Address:
    """Which lines a command is for.

    Args:
        kind: `line`, `last`, `match`, `step`, `plus` (so many lines more).
        number, step: the line's number; of `step`, the first and the distance.
        pattern: of `match`; None for the last one used.
    """

    kind: str
    number: int = 0
    step: int = 0
    pattern: Pattern | None = None


@dataclass(slots=True)
class Instruction:
    """One command.

    Args:
        name: its letter.
        first, second: its addresses.
        negated: whether it is for all other lines.
        text: what `a`, `i`, `c` put in, a label, a file's name.
        pattern, replacement: of `s`; the replacement's items are texts, group numbers, and CASES.
        which: which match `s` replaces; 0: the first.
        everywhere, prints: its flags `g`, `p`.
        table: of `y`.
        body: of `{`.
        active: whether a range has begun; `until`: the line where it ends at the latest.
    """

    name: str
    first: Address | None = None
    second: Address | None = None
    negated: bool = False
    text: str = ""
    pattern: Pattern | None = None
    replacement: list[str | int] = field(default_factory=list)
    which: int = 0
    everywhere: bool = False
    prints: bool = False
    table: dict[int, str] = field(default_factory=dict)
    body: list[Instruction] = field(default_factory=list)
    active: bool = False
    until: int = 0

    @property
    def needs_end(self) -> bool:
        """Whether it must be known if the line is the last."""
        return any(address is not None and address.kind == "last" for address in (self.first, self.second))


_HEXADECIMAL = re.compile("x([0-9a-fA-F]{2})")
#: What a replacement may say about the case of what follows, and the number that stands for it.
CASES = {"L": -1, "U": -2, "E": -3, "l": -4, "u": -5}


class ScriptReader:
    """Reads a script.

    Args:
        text: the script.
        is_extended: whether patterns are extended ones.
        count: counts the effort of matching.
        file: the file that it stands in; "" for an argument.
    """

    def __init__(self, text: str, is_extended: bool, count: Callable[[int], None], file: str = "") -> None:
        self.text, self.read, self.count, self.file = text, extended if is_extended else basic, count, file
        self.position = self.depth = 0

    def error(self, text: str) -> CommandError:
        """An error to raise."""
        if self.file:
            line = self.text.count("\n", 0, max(self.position - 1, 0)) + 1
            return CommandError(f"file {self.file} line {line}: {text}")
        return CommandError(f"-e expression #1, char {self.position}: {text}")

    def peek(self) -> str:
        """The next character; "" at the end."""
        return self.text[self.position : self.position + 1]

    def skip(self, chars: str) -> None:
        """Go past characters."""
        while self.peek() and self.peek() in chars:
            self.position += 1

    def commands(self) -> list[Instruction]:
        """All commands, up to the end or a closing brace."""
        found: list[Instruction] = []
        while True:
            self.skip(" \t\n;")
            if not self.peek():
                if self.depth:
                    self.position = 0
                    raise self.error("unmatched `{'")
                return found
            if self.peek() == "}":
                if not self.depth:
                    self.position += 1
                    raise self.error("unexpected `}'")
                return found
            if self.peek() == "#":
                self.position = (self.text.find("\n", self.position) + 1) or len(self.text)
                continue
            found.append(self.command())

    def command(self) -> Instruction:
        """One command with its addresses."""
        instruction = Instruction("")
        instruction.first = self.address()
        self.skip(" \t")
        if instruction.first is not None and self.peek() == ",":
            self.position += 1
            self.skip(" \t")
            instruction.second = self.address(second=True)
            if instruction.second is None:
                self.position += 1
                raise self.error("unexpected `,'")
        self.skip(" \t")
        while self.peek() == "!":
            instruction.negated = True
            self.position += 1
            self.skip(" \t")
        name = self.peek()
        self.position += 1
        if not name:
            raise self.error("missing command")
        instruction.name = name
        reader = READERS.get(name)
        if reader is None:
            raise self.error(f"unknown command: `{name}'")
        reader(self, instruction)
        return instruction

    # ---- addresses

    def number(self) -> int:
        """A number, 0 where there is none."""
        found = re.compile(r"[0-9]{1,9}").match(self.text, self.position)
        if found is None:
            return 0
        self.position = found.end()
        return int(found.group())

    def address(self, second: bool = False) -> Address | None:
        """An address, if one comes next."""
        char = self.peek()
        if char.isdecimal() and char.isascii():
            number = self.number()
            if self.peek() == "~":
                self.position += 1
                return Address("step", number, self.number())
            if number == 0 and not second and not re.compile(r"\s*,\s*[/\\]").match(self.text, self.position):
                raise self.error("invalid usage of line address 0")
            return Address("line", number)
        if char == "$":
            self.position += 1
            return Address("last")
        if char == "+" and second:
            self.position += 1
            return Address("plus", self.number())
        if char in ("/", "\\") and char:
            self.position += 1
            if char == "\\":
                char = self.peek()
                self.position += 1
            text = self.until(char, "unterminated address regex")
            fold = False
            while self.peek() in ("I", "M") and self.peek():
                fold = fold or self.peek() == "I"
                self.position += 1
            return Address("match", pattern=self.pattern(text, fold))
        return None

    def until(self, delimiter: str, missing: str, is_pattern: bool = True) -> str:
        """The text up to a delimiter that no backslash stands before, and in patterns no bracket around."""
        result: list[str] = []
        in_bracket = False
        while True:
            char = self.peek()
            if not char or (char == "\n" and is_pattern):
                raise self.error(missing)
            self.position += 1
            if char == "\\" and not in_bracket:
                following = self.peek()
                self.position += 1
                if following == delimiter and delimiter != "&":
                    result.append(delimiter)
                elif following == "\n" and is_pattern:
                    result.append("\n")
                else:
                    result.append("\\" + following)
                continue
            if char == delimiter and not in_bracket:
                return "".join(result)
            if is_pattern and in_bracket and char == "]":
                in_bracket = False
            elif is_pattern and char == "[" and not in_bracket and delimiter != "[":
                in_bracket = self._opens_bracket(delimiter)
                if in_bracket:
                    extra = re.compile(r"\^?\]?").match(self.text, self.position)
                    char += extra.group() if extra else ""
                    self.position += len(extra.group()) if extra else 0
            result.append(char)

    def _opens_bracket(self, delimiter: str) -> bool:
        end = self.text.find("]", self.position + 1)
        return end >= 0 and "\n" not in self.text[self.position : end]

    def pattern(self, text: str, fold: bool = False) -> Pattern | None:
        """A pattern; None for an empty one, which stands for the last one used."""
        if not text:
            return None
        try:
            return Pattern(self.read(text), fold=fold, count=self.count)
        except PatternError as error:
            raise self.error(str(error)) from None

    # ---- commands by their letters

    def ends(self, instruction: Instruction) -> None:
        """Nothing more may follow."""
        self.skip(" \t")
        if self.peek() and self.peek() not in "\n;}#":
            self.position += 1
            raise self.error("extra characters after command")

    def with_status(self, instruction: Instruction) -> None:
        """`q5`."""
        self.skip(" \t")
        instruction.which = self.number()
        self.ends(instruction)

    def with_text(self, instruction: Instruction) -> None:
        """`a\\`, newline, text; or all in one line."""
        self.skip(" \t")
        if not self.peek():
            raise self.error("expected \\ after `a', `c' or `i'")
        if self.peek() == "\\":
            self.position += 1
            line_end = re.compile(r"[ \t]*(\n|\Z)").match(self.text, self.position)
            if line_end is not None:
                self.position = line_end.end()
                if not line_end.group(1):
                    return
        result: list[str] = []
        while (char := self.peek()) and char != "\n":
            self.position += 1
            if char == "\\":
                char = self.peek()
                self.position += 1
            result.append(char)
        instruction.text = "".join(result) + "\n"

    def with_label(self, instruction: Instruction) -> None:
        """`b label`."""
        self.skip(" \t")
        ends = "\n;}" if instruction.name != ":" else "\n;"
        start = self.position
        while self.peek() and self.peek() not in ends:
            self.position += 1
        instruction.text = self.text[start : self.position].strip()
        if instruction.name == ":" and not instruction.text:
            raise self.error('":" lacks a label')

    def with_file(self, instruction: Instruction) -> None:
        """`w file`."""
        self.skip(" \t")
        end = self.text.find("\n", self.position)
        end = len(self.text) if end < 0 else end
        instruction.text = self.text[self.position : end]
        self.position = end
        if not instruction.text:
            raise self.error("missing filename in r/R/w/W commands")

    def block(self, instruction: Instruction) -> None:
        """`{ commands }`."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error("nested too deeply")
        instruction.body = self.commands()
        self.depth -= 1
        self.position += 1
        self.ends(instruction)

    def transliterate(self, instruction: Instruction) -> None:
        """`y/abc/xyz/`."""
        delimiter = self.peek()
        self.position += 1
        first = self.until(delimiter, "unterminated `y' command", False)
        second = self.until(delimiter, "unterminated `y' command", False)
        left, right = (_characters(text) for text in (first, second))
        if len(left) != len(right):
            raise self.error("strings for `y' command are different lengths")
        instruction.table = {ord(a): b for a, b in zip(left, right, strict=True)}
        self.ends(instruction)

    def substitute(self, instruction: Instruction) -> None:
        """`s/pattern/replacement/flags`."""
        delimiter = self.peek()
        self.position += 1
        if delimiter in ("", "\n", "\\"):
            raise self.error("unterminated `s' command")
        text = self.until(delimiter, "unterminated `s' command")
        replacement = self.until(delimiter, "unterminated `s' command", False)
        fold = False
        while (flag := self.peek()) and flag not in "\n;}# \t":
            self.position += 1
            if flag == "g":
                instruction.everywhere = True
            elif flag == "p":
                instruction.prints = True
            elif flag in "iI":
                fold = True
            elif flag.isdecimal():
                self.position -= 1
                instruction.which = self.number()
                if not instruction.which:
                    raise self.error("number option to `s' command may not be zero")
            elif flag == "w":
                self.with_file(instruction)
            elif flag not in "mM":
                raise self.error("unknown option to `s'")
        instruction.pattern = self.pattern(text, fold)
        instruction.replacement = _replacement(replacement)
        most = max((item for item in instruction.replacement if isinstance(item, int)), default=0)
        if instruction.pattern is not None and most > instruction.pattern.groups:
            raise self.error(f"invalid reference \\{most} on `s' command's RHS")
        self.ends(instruction)


def _characters(text: str) -> list[str]:
    """The characters of a part of `y`, escapes replaced."""
    escapes = {"\\n": "\n", "\\t": "\t"}
    return [escapes.get(char, char[-1:]) for char in re.findall(r"\\.|.", text, re.DOTALL)]


def _replacement(text: str) -> list[str | int]:
    """The items of a replacement: texts, numbers of groups, and case changes (CASES)."""
    items: list[str | int] = []
    literal = ""
    position = 0
    while position < len(text):
        char = text[position]
        position += 1
        if char == "&":
            items += [literal, 0]
            literal = ""
        elif char == "\\" and position < len(text):
            char = text[position]
            position += 1
            if char in "0123456789":
                items += [literal, int(char)]
                literal = ""
            elif char in CASES:
                items += [literal, CASES[char]]
                literal = ""
            elif (code := _HEXADECIMAL.match(text, position - 1)) is not None:
                literal += octet(int(code.group(1), 16))
                position = code.end()
            else:
                literal += {"n": "\n", "t": "\t"}.get(char, char)
        else:
            literal += char
    items.append(literal)
    return [item for item in items if item != ""]


READERS: dict[str, Callable[[ScriptReader, Instruction], None]] = {
    **dict.fromkeys("=dDgGhHlnNpPxzF", ScriptReader.ends),
    **dict.fromkeys("qQ", ScriptReader.with_status),
    **dict.fromkeys("aic", ScriptReader.with_text),
    **dict.fromkeys(":btT", ScriptReader.with_label),
    **dict.fromkeys("rwRW", ScriptReader.with_file),
    "{": ScriptReader.block,
    "y": ScriptReader.transliterate,
    "s": ScriptReader.substitute,
}
