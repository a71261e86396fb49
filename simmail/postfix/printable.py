"""Text as Postfix shows it in its messages."""

from __future__ import annotations


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
