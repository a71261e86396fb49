"""awk's regular expressions, and how they part texts."""

from __future__ import annotations

import re
from collections.abc import Callable

from simmail.userland.regex import Pattern, PatternError, extended

#: A repetition where nothing stands that could be repeated, an empty alternative, empty parentheses.
_NO_OPERAND = re.compile(r"(?:\A|\(|\|)[*+?]|(?:\A|\(|\|)\||\|(?:\Z|\))|\(\)")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_OCTAL = re.compile("[0-7]{1,3}")
_WORDS = re.compile(r"[^ \t\n]+")
SPECIAL = frozenset(r"\^$.[]|()*+?{}")
#: mawk's words for what is wrong.
REASONS = {
    "Unmatched ( or \\(": "missing ')'",
    "Unmatched ) or \\)": "missing '('",
    "Invalid character class name": "bad class -- [], [^] or [",
    "Unmatched [, [^, [:, [., or [=": "bad class -- [], [^] or [",
}
#: How many dynamic expressions are kept.
KEPT = 500


def translated(text: str) -> str:
    """An expression of awk as `extended` reads it: no bounds in braces, and escapes in sets too."""
    result: list[str] = []
    bare: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        position += 1
        if char == "\\" and position < len(text):
            char, position = _escaped(text, position)
            result.append("\\" + char if char in SPECIAL else char)
            bare.append("x")
        elif char in "{}":
            result.append("\\" + char)
            bare.append("x")
        elif char == "[":
            inside, position = _set(text, position)
            result.append(inside)
            bare.append("x")
        else:
            result.append(char)
            bare.append(char)
    if _NO_OPERAND.search("".join(bare)):
        raise PatternError("missing operand")
    if "^*" in (plain := "".join(bare)) or "^+" in plain:
        raise PatternError("syntax error ^* or ^+")
    return "".join(result)


def _escaped(text: str, position: int) -> tuple[str, int]:
    """What an escape stands for, and the place behind it."""
    octal = _OCTAL.match(text, position)
    if octal is not None:
        return chr(int(octal.group(), 8) & 0xFF), octal.end()
    return _SIMPLE.get(text[position], text[position]), position + 1


def _set(text: str, position: int) -> tuple[str, int]:
    """The rest of a set, as POSIX has it, and the place behind it."""
    result = ["["]
    if text.startswith("^", position):
        result.append("^")
        position += 1
    first = True
    while position < len(text):
        char = text[position]
        position += 1
        if char == "]" and not first:
            return "".join([*result, "]"]), position
        first = False
        if char == "\\" and position < len(text):
            char, position = _escaped(text, position)
            char = f"[.{char}.]"
        elif char == "[" and text.startswith(":", position) and (end := text.find(":]", position)) >= 0:
            char, position = text[position - 1 : end + 2], end + 2
        result.append(char)
    raise PatternError("Unmatched [, [^, [:, [., or [=")


class Patterns:
    """The expressions of one run, those that were used before ready at hand.

    Args:
        count: counts the effort of matching.
    """

    def __init__(self, count: Callable[[int], None]) -> None:
        self.count = count
        self._known: dict[str, Pattern] = {}

    def get(self, text: str) -> Pattern:
        """An expression ready for use.  Raises PatternError, with mawk's words."""
        found = self._known.get(text)
        if found is None:
            if len(self._known) > KEPT:
                self._known.clear()
            self.count(1)
            try:
                found = Pattern(extended(translated(text)), count=self.count)
            except PatternError as error:
                raise PatternError(REASONS.get(str(error), str(error))) from None
            self._known[text] = found
        return found

    def parts(self, text: str, separator: str) -> list[str]:
        """The parts of a text.

        Args:
            text: the text.
            separator: FS: a space stands for all white space, any other single character for itself, "" parts into
                characters.
        """
        if separator == " ":
            return _WORDS.findall(text)
        if not text:
            return []
        if not separator:
            return list(text)
        if len(separator) == 1:
            return text.split(separator)
        return self.between(text, self.get(separator))

    @staticmethod
    def between(text: str, pattern: Pattern) -> list[str]:
        """What stands between the matches of an expression."""
        if not text:
            return []
        result, position = [], 0
        for match in pattern.all(text):
            if match.end > match.start:
                result.append(text[position : match.start])
                position = match.end
        result.append(text[position:])
        return result
