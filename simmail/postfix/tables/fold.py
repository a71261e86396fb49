"""Keys as tables compare them: folded case, and UTF-8 that is none."""

from __future__ import annotations

MALFORMED = "malformed UTF-8 or invalid codepoint"


def casefold(text: str, utf8: bool = True) -> str:
    """`text` without difference of case: Unicode's full folding, or A-Z alone."""
    if text.isascii():
        return text.lower()
    if utf8:
        return text.casefold()
    return "".join(c.lower() if c.isascii() else c for c in text)


def is_utf8(text: str) -> bool:
    """Whether the octets of `text` are UTF-8 (those that are not stand as surrogates)."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
