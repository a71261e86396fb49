"""Expands what a recipe file says: quotes, variables, backquotes (procmailrc(5); sh(1) without its finer points)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simmail.mail.questions import Decision
from simmail.userland.procmail.rcfile import past_backquotes, past_braces

if TYPE_CHECKING:
    from simmail.userland.procmail.state import Session

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]")
_BRACED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*|[0-9]+)(:?[-+])?")
_MAGIC = re.compile(r"[\\^$.*+?()|\[]")
_ESCAPED_IN_QUOTES = frozenset('"\\$`')
BLANKS = " \t\n\r"


class Overflow(Exception):
    """Something became longer than LINEBUF."""


class _Words:
    """Collects words.

    Args:
        split: whether blanks, quoted ones aside, end a word.
        most: how long everything may become.
    """

    def __init__(self, split: bool, most: int) -> None:
        self.split, self.left = split, most
        self.words: list[str] = []
        self._parts: list[str] = []
        self.open = False

    def add(self, text: str) -> None:
        """Add to the present word."""
        self.left -= len(text)
        if self.left < 0:
            raise Overflow
        self._parts.append(text)
        self.open = True

    def gap(self) -> None:
        """The present word, if any, is complete."""
        if self.open:
            self.words.append("".join(self._parts))
            self._parts.clear()
            self.open = False

    def expansion(self, text: str, quoted: bool) -> None:
        """Add what stands for something else: blanks in it end words where nothing is quoted."""
        if quoted or not self.split:
            self.add(text)
            return
        for number, part in enumerate(re.split(r"[ \t\n]+", text)):
            if number:
                self.gap()
            if part:
                self.add(part)


def value(session: Session, raw: str) -> Decision[str]:
    """The value of an assignment.  Raises Overflow."""
    words = _Words(False, session.line_limit)
    yield from _scan(session, raw, 0, words, False, "")
    words.gap()
    return "".join(words.words)


def arguments(session: Session, raw: str) -> Decision[list[str]]:
    """The words of a command, of an action.  Raises Overflow."""
    words = _Words(True, session.line_limit)
    yield from _scan(session, raw, 0, words, False, "")
    words.gap()
    return words.words


def in_quotes(session: Session, raw: str) -> Decision[str]:
    """A text as if it stood in double quotes.  Raises Overflow."""
    words = _Words(False, session.line_limit)
    yield from _scan(session, raw, 0, words, True, "")
    words.gap()
    return "".join(words.words)


def _scan(session: Session, raw: str, at: int, words: _Words, quoted: bool, until: str) -> Decision[int]:
    """Expand a text up to `until`, or its end; the place where that was."""
    while at < len(raw):
        char = raw[at]
        if char == until:
            return at
        if char == "\\":
            at = _escape(raw, at, words, quoted)
        elif char == "'" and not quoted:
            end = raw.find("'", at + 1)
            end = len(raw) if end < 0 else end
            words.add(raw[at + 1 : end])
            at = end + 1
        elif char == '"' and (not quoted or until == '"'):
            words.add("")
            at = 1 + (yield from _scan(session, raw, at + 1, words, True, '"'))
        elif char == "`":
            end = past_backquotes(raw, at)
            command = re.sub(r"\\([\\`$])", r"\1", raw[at + 1 : end - 1])
            words.expansion((yield from session.captured(command)), quoted)
            at = end
        elif char == "$":
            at = yield from _variable(session, raw, at, words, quoted)
        elif char in BLANKS and not quoted and words.split:
            words.gap()
            at += 1
        elif char == "#" and words.split and not quoted and not words.open:
            return len(raw)
        else:
            words.add(char)
            at += 1
    return at


def _escape(raw: str, at: int, words: _Words, quoted: bool) -> int:
    """A backslash and what follows it."""
    following = raw[at + 1 : at + 2]
    if following == "\n":
        return at + 2
    words.add(following if not quoted or following in _ESCAPED_IN_QUOTES else "\\" + following)
    return at + 2


def _variable(session: Session, raw: str, at: int, words: _Words, quoted: bool) -> Decision[int]:
    """A dollar sign and what follows it."""
    sign = raw[at + 1 : at + 2]
    if raw.startswith('@"', at + 1) or (sign == "@" and quoted):
        for number, argument in enumerate(session.state.arguments):
            if number:
                words.gap()
            words.add(argument)
        return at + 2
    if sign == "\\":
        name = _NAME.match(raw, at + 2)
        if name is None:
            words.add("$\\")
            return at + 2
        words.add("()" + _MAGIC.sub(r"\\\g<0>", session.variable(name[0])))
        return name.end()
    if sign == "{":
        return (yield from _braced(session, raw, at, words, quoted))
    if sign and sign in "$?#-=_":
        words.expansion(session.special(sign), quoted)
        return at + 2
    name = _NAME.match(raw, at + 1)
    if name is None:
        words.add("$")
        return at + 1
    words.expansion(session.variable(name[0]), quoted)
    return name.end()


def _braced(session: Session, raw: str, at: int, words: _Words, quoted: bool) -> Decision[int]:
    """`${name}`, and what may stand for it."""
    end = past_braces(raw, at)
    inside = _BRACED.match(raw, at + 1)
    if inside is None:
        session.log.complain(f'Bad substitution of "{raw[at + 2 : end - 1]}"')
        return end
    name, operator = inside[1], inside[2] or ""
    found = session.lookup(name)
    there = found is not None and (":" not in operator or found != "")
    if operator and there is operator.endswith("+"):
        yield from _scan(session, raw[inside.end() : end - 1], 0, words, quoted, "")
    elif found is not None and not operator.endswith("+"):
        words.expansion(found, quoted)
    return end
