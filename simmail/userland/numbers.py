"""Numbers as C's library reads them."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\s*([-+]?)(?:(0[xX][0-9a-fA-F]+)|(0[0-7]*)|([0-9]{1,40}))\s*")


def number(text: str) -> int | None:
    """The value of a number as C writes it: decimal, 0x hexadecimal, 0 octal; None for no number."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, hexadecimal, octal, decimal = found.groups()
    value = int(hexadecimal[:20], 16) if hexadecimal else int(octal[:30], 8) if octal else int(decimal)
    return max(min(-value if sign == "-" else value, 2**63 - 1), -(2**63))
