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


def printable(text: str, utf8: bool = True, mark: str = "?") -> str:
    """`text` as Postfix shows it in a message: `mark` for each octet that is no printable character."""
    if text.isprintable() and text.isascii():
        return text
    if utf8:
        return "".join(_shown(c, mark) for c in text)
    return "".join(c if c.isascii() and c.isprintable() else mark * len(_octets(c)) for c in text)


def _octets(character: str) -> bytes:
    return character.encode("utf-8", "surrogateescape")


def _shown(character: str, mark: str) -> str:
    if character.isascii():
        return character if character.isprintable() else mark
    return mark if "\ud800" <= character <= "\udfff" else character
