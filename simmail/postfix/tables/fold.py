"""Case folding of keys: bytes of ASCII, or Unicode where UTF-8 is in use."""

from __future__ import annotations


def casefold(text: str, utf8: bool = True) -> str:
    """`text` without difference of case: Unicode's full folding, or A-Z alone."""
    if text.isascii():
        return text.lower()
    if utf8:
        return text.casefold()
    return "".join(c.lower() if c.isascii() else c for c in text)
