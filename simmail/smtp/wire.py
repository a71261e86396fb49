"""What travels on the wire: the text of what a client sends, and how a log shows it."""

from __future__ import annotations

from collections.abc import Iterable

from simmail.smtp.commands import Chunk, Command, Data, Sent

_ESCAPES = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


def wire(sent: Iterable[Sent]) -> str:
    """What a client sends, line ends and all.

    >>> wire((Command("HELO", "pc"), Command("QUIT")))
    'HELO pc\\r\\nQUIT\\r\\n'
    """
    return "".join(map(_text, sent))


def _text(sent: Sent) -> str:
    if type(sent) is Command:
        return sent.line() + "\r\n"
    if type(sent) is Data:
        return "".join(line + "\r\n" for line in sent.content.lines) + ".\r\n"
    assert type(sent) is Chunk
    return f"BDAT {sent.argument}\r\n{sent.text}"


def encoded(text: str) -> bytes:
    """A text as octets; surrogate escapes stand for octets that are no UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def escaped(sent: bytes) -> str:
    """Octets as a log shows them: C escapes for what does not print.

    >>> escaped(b"HELO pc\\r\\n")
    'HELO pc\\\\r\\\\n'
    """
    return "".join(_ESCAPES.get(chr(o)) or (chr(o) if 0x20 <= o < 0x7F else f"\\{o:03o}") for o in sent)
