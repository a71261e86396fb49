"""The words of a program of awk."""

from __future__ import annotations

import re
from typing import NamedTuple

from simmail.userland.process import CommandError

KEYWORDS = frozenset(
    "BEGIN END function if else while for do break continue next nextfile exit return delete in getline print printf"
    .split()
)  # fmt: skip
#: Name -> fewest and most arguments.
BUILTINS = {
    "length": (0, 1), "substr": (2, 3), "index": (2, 2), "split": (2, 3), "sub": (2, 3), "gsub": (2, 3),
    "match": (2, 2), "sprintf": (1, 1000), "tolower": (1, 1), "toupper": (1, 1), "sin": (1, 1), "cos": (1, 1),
    "atan2": (2, 2), "exp": (1, 1), "log": (1, 1), "sqrt": (1, 1), "int": (1, 1), "rand": (0, 0), "srand": (0, 1),
    "close": (1, 1), "fflush": (0, 1), "system": (1, 1),
}  # fmt: skip
#: What a slash behind it divides; mawk takes one behind `++` for the begin of an expression.
_OPERAND_ENDS = frozenset({"name", "number", "string", ")", "]", "builtin"})
#: How much of what never ends is shown.
SHOWN = 11
_SPACE = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n|#[^\n]*)+")
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"', re.DOTALL)
_OPERATOR = re.compile(r"\+=|-=|\*=|/=|%=|\^=|==|<=|>=|!=|!~|\+\+|--|&&|\|\||>>|[-+*/%^!<>|?:~$={}()\[\];,]")
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|(.))", re.DOTALL)
ESCAPES = dict(zip('"\\abfnrtv', '"\\\a\b\f\n\r\t\v', strict=True))


class Token(NamedTuple):
    """A word.

    Args:
        kind: `name`, `call` (a name with a parenthesis right behind it), `builtin`, `number`, `string`, `regex`,
            `newline`, `end`; for keywords and operators, the word itself.
        text: as it is written; of a string what it stands for.
        line: where it stands.
    """

    kind: str
    text: str
    line: int


def unescaped(text: str) -> str:
    """What a string between its quotes stands for; an escape that means nothing stays."""
    if "\\" not in text:
        return text

    def replaced(found: re.Match[str]) -> str:
        if found.group(1):
            return chr(int(found.group(1), 8) & 0xFF)
        char = found.group(2)
        return "" if char == "\n" else ESCAPES.get(char, "\\" + char)

    return _ESCAPE.sub(replaced, text)


def tokens(text: str) -> list[Token]:
    """All words of a program.  Raises CommandError."""
    return _Reader(text).read()


class _Reader:
    """Reads a program word by word."""

    def __init__(self, text: str) -> None:
        self.text, self.position, self.line = text, 0, 1
        self.found: list[Token] = []

    def add(self, kind: str, end: int, text: str | None = None) -> None:
        """A word up to `end`."""
        written = self.text[self.position : end]
        self.found.append(Token(kind, written if text is None else text, self.line))
        self.line += written.count("\n")
        self.position = end

    def read(self) -> list[Token]:
        text = self.text
        while True:
            space = _SPACE.match(text, self.position)
            if space is not None:
                self.line += space.group().count("\n")
                self.position = space.end()
            if self.position >= len(text):
                line = self.line + (not text.endswith("\n"))
                self.found.append(Token("end", "end of file", line))
                return self.found
            self.one(text[self.position])

    def one(self, char: str) -> None:
        """The next word, which begins with `char`."""
        text, position = self.text, self.position
        if char == "\n":
            self.add("newline", position + 1, "end of line")
        elif char == '"':
            found = _STRING.match(text, position)
            if found is None:
                raise CommandError(
                    f"line {self.line}: runaway string constant {text[position : position + SHOWN]} ...", 2
                )
            self.add("string", found.end(), unescaped(found.group()[1:-1]))
        elif char == "/" and not (self.found and self.found[-1].kind in _OPERAND_ENDS):
            self.regex()
        elif (number := _NUMBER.match(text, position)) is not None:
            self.add("number", number.end())
        elif (name := NAME.match(text, position)) is not None:
            word = name.group()
            if word in KEYWORDS:
                kind = word
            elif word in BUILTINS:
                kind = "builtin"
            else:
                kind = "call" if text.startswith("(", name.end()) else "name"
            self.add(kind, name.end())
        elif (operator := _OPERATOR.match(text, position)) is not None:
            self.add(operator.group(), operator.end())
        else:
            shown = f"'{char}'" if char.isascii() else f"0x{ord(char):02x}"
            raise CommandError(f"{self.line}: unexpected character {shown}", 2)

    def regex(self) -> None:
        """A regular expression between slashes; one in a set does not end it."""
        text, start = self.text, self.position
        position, in_set = start + 1, False
        while (char := text[position : position + 1]) not in ("", "\n"):
            if char == "\\":
                position += 1
            elif char == "/" and not in_set:
                self.add("regex", position + 1, text[start + 1 : position])
                return
            elif char == "[" and not in_set:
                in_set = True
                following = text[position + 1 : position + 3]
                position += len(following) if following == "^]" else following[:1] in ("^", "]")
            elif char == "[" and text[position + 1 : position + 2] == ":":
                position = max(text.find(":]", position), position) + 1
            elif char == "]":
                in_set = False
            position += 1
        raise CommandError(f"line {self.line}: runaway regular expression {text[start : start + SHOWN]} ...", 2)
