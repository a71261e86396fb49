"""awk's values: numbers, texts, and texts from outside, which compare as numbers if they look like some.

All text is held octet by octet, a character for each, for that is what mawk counts and compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable

#: Whole numbers up to here are printed as such, all others in CONVFMT or OFMT.
LARGEST = 2147483647
_BEGIN = re.compile(
    r"[ \t\n\v\f\r]*([-+]?(?:0[xX][0-9a-fA-F]{1,200}|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,9})?"
    r"|(?i:nan|inf(?:inity)?)))"
)
_NUMERIC = re.compile(r"[ \t\n]*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,9})?[ \t\n]*\Z")


class Seen(str):
    """A text that came from outside: a field, a variable of the command line, what split() made."""

    __slots__ = ()


#: None is what no value was ever given to: "" and 0 at once.
Value = float | str | None


def octets(text: str) -> str:
    """A text of the host, octet by octet."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def characters(text: str) -> str:
    """The same, back again."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")


def parsed(text: str) -> float:
    """The number that a text begins with, 0 for none (strtod(3))."""
    if text.isdecimal():
        return float(text)
    found = _BEGIN.match(text)
    if found is None:
        return 0.0
    digits = found.group(1)
    return float(int(digits, 16)) if "x" in digits.lower() else float(digits)


def number(value: Value) -> float:
    """A value as a number."""
    if isinstance(value, float):
        return value
    return 0.0 if value is None else parsed(value)


def is_true(value: Value) -> bool:
    """Whether a value counts as true."""
    if isinstance(value, Seen) and _NUMERIC.match(value):
        return parsed(value) != 0
    return bool(value)


def is_numeric(value: Value) -> bool:
    """Whether it compares as a number."""
    return not isinstance(value, str) or (isinstance(value, Seen) and _NUMERIC.match(value) is not None)


def compared(left: Value, right: Value, as_text: Callable[[Value], str]) -> int:
    """-1, 0 or 1; 0 too where one of them is no number at all."""
    if is_numeric(left) and is_numeric(right):
        a, b = number(left), number(right)
        return (a > b) - (a < b)
    one, other = as_text(left), as_text(right)
    return (one > other) - (one < other)
