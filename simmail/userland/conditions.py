"""test(1): conditions on texts, numbers and files, as dash's builtin reads them."""

from __future__ import annotations

from collections.abc import Callable

from simmail.files.file_errors import FileError
from simmail.userland.files import EXECUTE, READ, WRITE, Stat, UserFiles
from simmail.userland.numbers import number


class ConditionError(Exception):
    """A condition that is none; the text is dash's."""


def _number(text: str) -> int:
    value = number(text.lstrip("0") or "0") if text.strip().lstrip("-+").isdecimal() else None
    if value is None:
        raise ConditionError(f"Illegal number: {text}")
    return value


TEXTS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
}
NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
}
FILES = frozenset({"-nt", "-ot", "-ef"})
BINARY = frozenset({*TEXTS, *NUMBERS, *FILES})
UNARY = frozenset(f"-{letter}" for letter in "bcdefghkLnoOpGrsStuwxz") - {"-o"}
MODES = {"-r": READ, "-w": WRITE, "-x": EXECUTE}
KINDS = {"-f": "f", "-d": "d", "-c": "c"}
BITS = {"-u": 0o4000, "-g": 0o2000, "-k": 0o1000}
DEEPEST = 30


class Condition:
    """One test.

    Args:
        words: its arguments.
        files: the host's files as the user sees them.
        user: the account.
        installed: whether a program of the host lies at a path.
    """

    def __init__(self, words: list[str], files: UserFiles, user: str, installed: Callable[[str], bool]) -> None:
        self.words, self.files, self.user, self.installed = words, files, user, installed
        self.position = self.depth = 0

    def value(self) -> bool:
        """Whether it holds.  Raises ConditionError."""
        words = self.words
        if len(words) == 3 and words[1] in BINARY:
            return self._binary(*words)
        if len(words) == 4 and words[0] == "!" and words[2] in BINARY:
            return not self._binary(*words[1:])
        if len(words) <= 1:
            return bool(words and words[0])
        result = self._or()
        if self.position < len(words):
            raise ConditionError(f"{words[self.position - 1]}: unexpected operator")
        return result

    def _peek(self, ahead: int = 0) -> str | None:
        index = self.position + ahead
        return self.words[index] if index < len(self.words) else None

    def _or(self) -> bool:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ConditionError("nested too deeply")
        result = self._and()
        while self._peek() == "-o":
            self.position += 1
            result = self._and() or result
        self.depth -= 1
        return result

    def _and(self) -> bool:
        result = self._not()
        while self._peek() == "-a":
            self.position += 1
            result = self._not() and result
        return result

    def _not(self) -> bool:
        negated = False
        while self._peek() == "!" and self._peek(1) is not None:
            negated = not negated
            self.position += 1
        return self._primary() is not negated

    def _primary(self) -> bool:
        word = self._peek()
        if word is None:
            raise ConditionError("argument expected")
        following = self._peek(1)
        if following in BINARY and following is not None:
            right = self._peek(2)
            if right is None:
                raise ConditionError(f"{following}: argument expected")
            self.position += 3
            return self._binary(word, following, right)
        self.position += 1
        if word == "(":
            result = self._or()
            if self._peek() != ")":
                raise ConditionError("closing paren expected")
            self.position += 1
            return result
        if word in UNARY and following is not None:
            self.position += 1
            return self._unary(word, following)
        if word in UNARY and self.position == len(self.words) and len(self.words) > 1:
            raise ConditionError(f"{word}: argument expected")
        return bool(word)

    def _binary(self, left: str, operator: str, right: str) -> bool:
        if operator in TEXTS:
            return TEXTS[operator](left, right)
        if operator in NUMBERS:
            return NUMBERS[operator](_number(left), _number(right))
        if operator == "-ef":
            return self.files.exists(left) and self.files.path(left) == self.files.path(right)
        first, second = self._stat(left), self._stat(right)
        if first is None or second is None:
            return (first is not None) if operator == "-nt" else (second is not None)
        return first.modified > second.modified if operator == "-nt" else first.modified < second.modified

    def _stat(self, name: str) -> Stat | None:
        try:
            return self.files.stat(name)
        except FileError:
            return None

    def _unary(self, operator: str, word: str) -> bool:
        if operator in ("-n", "-z"):
            return bool(word) is (operator == "-n")
        if operator == "-t":
            return False
        if operator in ("-h", "-L"):
            return self.files.is_link(word)
        stat = self._stat(word)
        if stat is None:
            return operator in ("-e", "-f", "-r", "-x", "-s") and bool(word) and self.installed(self.files.path(word))
        if operator == "-e":
            return True
        if operator in KINDS:
            return stat.kind == KINDS[operator]
        if operator in MODES:
            return self.files.may(word, MODES[operator])
        if operator in BITS:
            return bool(stat.mode & BITS[operator])
        if operator == "-s":
            return stat.size > 0
        return operator in ("-O", "-G") and stat.owner == self.user
