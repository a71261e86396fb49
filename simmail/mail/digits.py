"""Numbers in decimal digits, as untrusted files have them."""

from __future__ import annotations

#: More digits than any number has that is of use.
LONGEST = 100


def whole(text: str) -> int:
    """The number that decimal digits stand for, a sign before them or none; a longer one is cut to a googol.

    >>> whole("-0042"), whole("9" * 5000) == 10**100
    (-42, True)

    Raises:
        ValueError: for anything else.
    """
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) > LONGEST and digits.isdecimal():
        return int(("-1" if text.startswith("-") else "1") + "0" * LONGEST)
    return int(text[0] + digits if text[0] in "+-" and digits else digits or "0")
