"""Splitting of lists at commas and white space, where {} holds together."""

from __future__ import annotations

SEPARATORS = ", \t\r\n"


def split_outside_braces(text: str, separators: str = SEPARATORS) -> list[str]:
    """The parts of `text` between separators; a separator inside braces does not count.

    >>> split_outside_braces("hash:/a, inline:{a=1, b=2}")
    ['hash:/a', 'inline:{a=1, b=2}']
    """
    parts: list[str] = []
    depth, start = 0, -1
    for position, character in enumerate(text):
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        if depth <= 0 and character in separators:
            if start >= 0:
                parts.append(text[start:position])
            start = -1
        elif start < 0:
            start = position
    if start >= 0:
        parts.append(text[start:])
    return parts
