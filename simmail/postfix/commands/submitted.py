"""NAME
    submitted - what sendmail(1) makes of the texts that it is given

DESCRIPTION
    Addresses of the command line, the message on standard input, and the recipients that its header names.

SEE ALSO
    sendmail(1)
"""

from __future__ import annotations

from collections.abc import Iterator

from simmail.mail.content import octets
from simmail.mail.tokens import Address, internalize, parse
from simmail.postfix.headers import HEADER

RECIPIENT_HEADERS = frozenset({"to", "cc", "bcc"})
RESENT_HEADERS = frozenset({"resent-to", "resent-cc", "resent-bcc"})
#: Values of sendmail_fix_line_endings -> whether carriage returns go; None: if the first line ends in one.
LINE_ENDINGS = {"always": True, "never": False, "strict": None}


def addresses(text: str) -> list[str]:
    """The addresses in a text as RFC 822 has it, in internal form."""
    return [internalize(item.tokens) for item in parse(text) if isinstance(item, Address)]


def probe(sender: str, operands: list[str]) -> Iterator[str]:
    """The message that carries recipients that are only looked at."""
    if sender:
        yield f"From: {sender}"
    yield "Subject: probe"
    if operands:
        first, *others = operands
        yield "To:\t" + first + ("," if others else "")
        for index, operand in enumerate(others):
            yield "\t" + operand + ("," if index + 1 < len(others) else "")


def content_lines(text: str, dots_are_text: bool, strip: bool | None, limit: int) -> Iterator[str]:
    """The lines of a message on standard input.

    From_ lines before the header go, `>From ` too, unless they are long.  Ends at a lone dot, unless `dots_are_text`.

    Args:
        text: standard input.
        dots_are_text: whether the message may hold a lone dot.
        strip: whether carriage returns at ends of lines go (one of LINE_ENDINGS); an unended last line keeps its own.
        limit: octets of a long line.
    """
    *lines, unended = text.split("\n")
    if strip is None:
        strip = bool(lines) and lines[0].endswith("\r")
    if strip:
        lines = [line.rstrip("\r") for line in lines]
    if unended:
        lines.append(unended)
    in_front = True
    for line in lines:
        if in_front and line.lstrip(">").startswith("From ") and octets(line) < limit:
            continue
        in_front = False
        if line == "." and not dots_are_text:
            return
        yield line


def extract(lines: list[str]) -> tuple[list[str], list[str]]:
    """A message, and the recipients its header names: those of Resent- headers, if there are any.

    What ends the header and is no empty line has one before it now.
    """
    plain: list[str] = []
    resent: list[str] | None = None
    index = 0
    while index < len(lines):
        header = HEADER.match(lines[index])
        if header is None:
            break
        value = lines[index][header.end() :]
        index += 1
        while index < len(lines) and lines[index][:1] in (" ", "\t"):
            value += "\n" + lines[index]
            index += 1
        key = header[1].lower()
        if key in RECIPIENT_HEADERS:
            plain += addresses(value)
        elif key in RESENT_HEADERS:
            resent = [*(resent or ()), *addresses(value)]
    separator = [""] if "".join(lines[index : index + 1]) else []
    return [*lines[:index], *separator, *lines[index:]], plain if resent is None else resent
