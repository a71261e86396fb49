"""Lists in which braces hold together, and texts in braces: the small syntax that table names share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

SPACE = " \t\n\v\f\r"
SEPARATORS = ", \t\r\n"


def split_outside_braces(text: str, separators: str = SEPARATORS) -> list[str]:
    """The parts of `text` between separators; a separator inside braces does not count.

    >>> split_outside_braces("hash:/a, inline:{a=1, b=2}")
    ['hash:/a', 'inline:{a=1, b=2}']
    """
    if "{" not in text:
        return _between(separators).findall(text)
    return [text[start:end] for start, end in spans_outside_braces(text, separators)]


def split_at(text: str, separators: str) -> list[str]:
    """The parts of `text` between separators, whatever braces it has."""
    return _between(separators).findall(text)


@lru_cache
def _between(separators: str) -> re.Pattern[str]:
    return re.compile(f"[^{re.escape(separators)}]+")


def spans_outside_braces(text: str, separators: str = SEPARATORS) -> Iterator[tuple[int, int]]:
    """Where the parts of `text` begin and end."""
    depth, start = 0, -1
    for position, character in enumerate(text):
        if start < 0:
            if character in separators:
                continue
            start = position
        if character == "{":
            depth += 1
        elif depth and character == "}":
            depth -= 1
        elif not depth and character in separators:
            yield start, position
            start = -1
    if start >= 0:
        yield start, len(text)


def balanced(text: str) -> int:
    """The length of the text in balanced braces that `text` begins with; 0 where it does not."""
    depth = 0
    for position, character in enumerate(text):
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        if depth <= 0:
            return position + 1 if position else 0
    return 0


class BraceError(ValueError):
    """A text that is not one pair of braces; its message is Postfix's."""


def inside_braces(text: str) -> str:
    """What stands inside `{...}`, untrimmed.  Raises BraceError where `text` is anything else.

    >>> inside_braces("{ a = 1 }")
    ' a = 1 '
    """
    if not text.startswith("{"):
        raise BraceError(f"no '{{' at start of text in \"{text}\"")
    length = balanced(text)
    if not length:
        raise BraceError(f"missing '}}' in \"{text}\"")
    if length < len(text):
        raise BraceError(f"syntax error after '}}' in \"{text}\"")
    return text[1:-1]


def key_end(text: str, ends: str = SPACE) -> int | None:
    """Where a key ends that may be in double quotes; None where these do not pair.

    Args:
        text: begins with the key.
        ends: the characters that end it outside of quotes.
    """
    quoted = False
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == '"':
            quoted = not quoted
        elif character in ends and not quoted:
            break
        position += 1
    return None if quoted else min(position, len(text))


def name_and_value(text: str) -> tuple[str, str]:
    """`name = value`, where the name may be in double quotes, which stay.  Raises ValueError with Postfix's words."""
    text = text.strip(SPACE)
    if not text:
        raise ValueError("no key found; expected format: key = value")
    end = key_end(text, SPACE + "=")
    if end is None:
        raise ValueError("unbalanced '\"'")
    name, rest = text[:end], text[end:].lstrip(SPACE)
    if not rest.startswith("="):
        raise ValueError("missing '=' after attribute name")
    return name, rest[1:].lstrip(SPACE)
