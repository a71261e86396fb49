"""Reads recipe files: what procmailrc(5) allows, as a tree of statements; nothing is expanded or run here."""

from __future__ import annotations

import re
from typing import NamedTuple

FLAGS = frozenset("HBDAaEehbfcwWir")
DEEPEST = 60
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*\|")
_NUMBER = re.compile(r"[ \t]*([0-9]+)")
_BLANKS = " \t"


class Assignment(NamedTuple):
    """`NAME=value`, or `NAME` alone, which unsets it.

    Args:
        line: where it stands, from 1.
        name: the variable.
        value: as written; None unsets.
    """

    line: int
    name: str
    value: str | None


class Complaint(NamedTuple):
    """Something that is no statement: `text` is what procmail says of it when it comes there."""

    line: int
    text: str


class Recipe(NamedTuple):
    """A recipe.

    Args:
        line: where it begins, from 1.
        flags: its letters.
        lock: the local lockfile as written; "" for one named after the folder, None for none.
        conditions: as written, without their star.
        action: as written, or the statements of a nesting block.
        skipped: what is not understood of its first line.
    """

    line: int
    flags: frozenset[str]
    lock: str | None
    conditions: tuple[str, ...]
    action: str | tuple[Statement, ...]
    skipped: str = ""


Statement = Assignment | Complaint | Recipe


def parse(text: str) -> tuple[Statement, ...]:
    """The statements of a recipe file."""
    return _Reader(text).statements(0)


class _Reader:
    """A place in a recipe file."""

    def __init__(self, text: str) -> None:
        self.text, self.position = text, 0
        self._counted, self._line = 0, 1

    @property
    def line(self) -> int:
        """The line of the present place, from 1."""
        self._line += self.text.count("\n", self._counted, self.position)
        self._counted = self.position
        return self._line

    def peek(self) -> str:
        """The next character; "" at the end."""
        return self.text[self.position : self.position + 1]

    def blanks(self, characters: str = _BLANKS) -> None:
        """Go past blanks."""
        while (char := self.peek()) and char in characters:
            self.position += 1

    def space(self) -> None:
        """Go past blanks, empty lines and comments."""
        while True:
            self.blanks(" \t\r\n")
            if self.peek() != "#":
                return
            self.rest_of_line()

    def rest_of_line(self) -> str:
        """The line up to its end, which it goes past; a backslash before a newline goes on with the next line."""
        start = self.position
        while True:
            end = self.text.find("\n", self.position)
            if end < 0:
                self.position = len(self.text)
                return self.text[start:]
            self.position = end + 1
            if not _is_escaped(self.text, end, start):
                return self.text[start:end]

    # ---- statements

    def statements(self, depth: int) -> tuple[Statement, ...]:
        """Everything up to the closing brace, or the end."""
        found: list[Statement] = []
        while True:
            self.space()
            char = self.peek()
            if not char:
                if depth:
                    found.append(Complaint(self.line, "Missing closing brace"))
                return tuple(found)
            if char == "}":
                self.position += 1
                if depth:
                    return tuple(found)
                found.append(Complaint(self.line, "Closing brace unexpected"))
            elif char == ":":
                found.append(self.recipe(depth))
            elif name := _NAME.match(self.text, self.position):
                found.append(self.assignment(name))
            else:
                line = self.line
                found.append(Complaint(line, f'Skipped "{self.rest_of_line()}"'))

    def assignment(self, name: re.Match[str]) -> Assignment:
        line = self.line
        self.position = name.end()
        self.blanks()
        if self.peek() != "=":
            return Assignment(line, name[0], None)
        self.position += 1
        self.blanks()
        return Assignment(line, name[0], self.value())

    def value(self) -> str:
        """A value as written: up to a blank that is not quoted."""
        start, text = self.position, self.text
        while (char := self.peek()) and char not in " \t\n":
            self.position = past(text, self.position)
        return text[start : self.position]

    def recipe(self, depth: int) -> Recipe | Complaint:
        line = self.line
        self.position += 1
        number = _NUMBER.match(self.text, self.position)
        self.position = number.end() if number else self.position
        flags, lock, skipped = self.head()
        wanted = int(number[1]) if number else int(not flags & set("AaEe"))
        conditions = self.conditions(wanted)
        self.space()
        if not self.peek() or self.peek() == "}":
            return Complaint(line, "Incomplete recipe")
        if self.peek() == "{" and self.text[self.position + 1 : self.position + 2] in (" ", "\t", "\n", ""):
            self.position += 1
            if depth >= DEEPEST:
                self.position = len(self.text)
                return Complaint(line, f"Nested too deeply, {DEEPEST} blocks are the most: the rest is not read")
            return Recipe(line, flags, lock, conditions, self.statements(depth + 1), skipped)
        return Recipe(line, flags, lock, conditions, self.rest_of_line().rstrip(" \t\r"), skipped)

    def head(self) -> tuple[frozenset[str], str | None, str]:
        """Flags and lockfile of a recipe's first line, and what is neither."""
        flags: set[str] = set()
        words = self.rest_of_line()
        before, colon, lock = words.partition(":")
        before, comment, _ = before.partition("#")
        letters = before.replace(" ", "").replace("\t", "").replace("\r", "")
        flags.update(letter for letter in letters if letter in FLAGS)
        skipped = "".join(letter for letter in letters if letter not in FLAGS)
        if not colon or comment:
            return frozenset(flags), None, skipped
        lock = re.sub(r"(^|[ \t])#.*", "", lock)
        return frozenset(flags), lock.strip(" \t\r"), skipped

    def conditions(self, wanted: int) -> tuple[str, ...]:
        """The conditions: as many as are wanted, or for none wanted those that begin with a star."""
        found: list[str] = []
        while not wanted or len(found) < wanted:
            self.space()
            if self.peek() == "*":
                self.position += 1
            elif not wanted or not self.peek():
                break
            self.blanks()
            found.append(_joined(self.rest_of_line()))
        return tuple(found)


def _joined(text: str) -> str:
    """A condition without its continuations; the indentation of continued lines goes, but not from what `$` expands."""
    lines = text.split("\\\n")
    if not text.lstrip("! \t").startswith("$"):
        lines[1:] = [line.lstrip(" \t") for line in lines[1:]]
    return "".join(lines).rstrip(" \t\r")


def _is_escaped(text: str, position: int, start: int) -> bool:
    """Whether an odd number of backslashes stands before a place."""
    count = 0
    while position - count - 1 >= start and text[position - count - 1] == "\\":
        count += 1
    return count % 2 == 1


def past(text: str, position: int) -> int:
    """Behind the character, escape, quotation, backquotes or braces at a place."""
    char = text[position]
    if char == "\\":
        return min(position + 2, len(text))
    if char == "'":
        end = text.find("'", position + 1)
        return len(text) if end < 0 else end + 1
    if char == "`":
        return past_backquotes(text, position)
    if char == '"':
        position += 1
        while position < len(text) and text[position] != '"':
            position = past(text, position) if text[position] in "\\`" else position + 1
        return min(position + 1, len(text))
    if text.startswith("${", position):
        return past_braces(text, position)
    return position + 1


def past_backquotes(text: str, position: int) -> int:
    """Behind the backquotes that begin at a place."""
    position += 1
    while position < len(text) and text[position] != "`":
        position += 2 if text[position] == "\\" else 1
    return min(position + 1, len(text))


def past_braces(text: str, position: int, levels: int = 20) -> int:
    """Behind the `${...}` that begins at a place."""
    position += 2
    while position < len(text) and text[position] != "}":
        if text.startswith("${", position):
            position = past_braces(text, position, levels - 1) if levels else len(text)
        else:
            position = past(text, position)
    return min(position + 1, len(text))


def captured_variable(action: str) -> tuple[str, str] | None:
    """The variable and the program of an action `NAME=| program`; None for another action."""
    found = _ASSIGNED.match(action)
    return (found[1], action[found.end() :]) if found else None
