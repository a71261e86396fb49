"""Files that travel with a message: their MIME parts (RFC 2045, 2046), and how a header writes a file's name.

Most mail programs put the name between quotes; RFC 2045 asks for them only where the name has blanks or the like, RFC
5322 lets a header go on in the next line, RFC 2047 words in quotes are against the rules and everywhere, and RFC 2231
has a way of its own for names that are long or foreign.  Whoever looks for names has to know all of them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

#: A line of base64, which holds LINE_OCTETS of a file, and what the file is full of.
LINE_OCTETS = 57
LINE = base64.b64encode(b"The same words, over and over, till the file is complete."[:LINE_OCTETS]).decode()

Written = Literal["quoted", "folded", "bare", "followed", "encoded", "pieces"]
WAYS: tuple[Written, ...] = get_args(Written)


def _encoded(parameter: str, name: str) -> str:
    return f' {parameter}="=?utf-8?B?{base64.b64encode(name.encode()).decode()}?="'


def _pieces(parameter: str, name: str) -> str:
    middle = max(1, len(name) - 3)
    return f' {parameter}*0="{name[:middle]}"; {parameter}*1="{name[middle:]}"'


#: Way -> the text of a parameter, behind the semicolon.
_PARAMETER: Mapping[Written, Callable[[str, str], str]] = {
    "quoted": lambda parameter, name: f' {parameter}="{name}"',
    "folded": lambda parameter, name: f'\n {parameter}="{name}"',
    "bare": lambda parameter, name: f" {parameter}={name}",
    "followed": lambda parameter, name: f' {parameter}="{name}"; x-mac-type="0"',
    "encoded": _encoded,
    "pieces": _pieces,
}


class Attachment(NamedTuple):
    """A file that travels with a message.

    Args:
        name: its name.
        octets: its size; base64 makes 78 octets of 57.
        written: how headers write its name; a name that is not ASCII is always `encoded`.
        type: its media type.
    """

    name: str
    octets: int
    written: Written = "quoted"
    type: str = "application/octet-stream"


def chosen(uniform: float, share: float, names: Sequence[str], octets: int) -> tuple[Attachment, ...]:
    """What somebody sends along who does so in a share of all cases.

    Args:
        uniform: a number from 0 to 1 that belongs to the case.
        share: how often anything is sent along.
        names: what it may be called.
        octets: how large it is.
    """
    if not names or uniform >= share:
        return ()
    return (Attachment(names[int(uniform / share * len(names))], octets),)


def file_octets(size: float) -> int:
    """The size of a file that takes so many octets of a message."""
    return int(size * LINE_OCTETS / (len(LINE) + 2))


def part(attachment: Attachment) -> list[str]:
    """The lines of the part that carries a file."""
    written: Written = attachment.written if attachment.name.isascii() else "encoded"
    parameter = _PARAMETER[written]
    return [
        *f"Content-Type: {attachment.type};{parameter('name', attachment.name)}".split("\n"),
        "Content-Transfer-Encoding: base64",
        *f"Content-Disposition: attachment;{parameter('filename', attachment.name)}".split("\n"),
        "",
        *[LINE] * max(1, -(-attachment.octets // LINE_OCTETS)),
    ]


def body(text: Sequence[str], attachments: Sequence[Attachment], identity: str) -> list[str]:
    """What follows a message's header fields, from Content-Type: on: its text, and files where there are any.

    Args:
        text: the text's lines.
        attachments: the files.
        identity: the Message-ID, of which the boundary is made.
    """
    ascii = all(map(str.isascii, text))
    plain = [
        f"Content-Type: text/plain; charset={'us-ascii' if ascii else 'utf-8'}",
        *([] if ascii else ["Content-Transfer-Encoding: 8bit"]),
        "",
        *text,
    ]
    if not attachments:
        return plain
    boundary = f"part-{identity.strip('<>').partition('@')[0]}"
    lines = [f'Content-Type: multipart/mixed; boundary="{boundary}"', "", f"--{boundary}", *plain]
    for attachment in attachments:
        lines += [f"--{boundary}", *part(attachment)]
    return [*lines, f"--{boundary}--"]
