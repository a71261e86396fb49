"""base64, md5sum, sha1sum, sha256sum: what octets look like otherwise."""

from __future__ import annotations

import base64 as codec
import hashlib
import re

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.options import options, read_operand
from simmail.userland.process import CommandError, Process, Tool
from simmail.userland.quoting import quoted

#: How long a line of base64 is where nothing is said.
WIDTH = 76
#: Four characters of base64; the last ones may stand for fewer than three octets.
_QUARTETS = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_OTHERS = re.compile(r"[^A-Za-z0-9+/=]")
_CHECKED = re.compile(r"([0-9a-f]+) [ *](.*)")


def base64(process: Process) -> Decision[int]:
    """Write octets as base64, or read them from it."""
    long = {"decode": "d", "ignore-garbage": "i", "wrap": "w"}
    given = options(process, "diw:", long)
    if len(given.operands) > 1:
        raise CommandError(f"extra operand '{given.operands[1]}'\nTry 'base64 --help' for more information.")
    wrap = given.value("w", str(WIDTH))
    if not wrap.isdecimal():
        raise CommandError(f"invalid wrap size: '{wrap}'")
    name = given.operands[0] if given.operands else "-"
    try:
        text = yield from read_operand(process, name)
    except FileError as error:
        raise CommandError(f"{quoted(error.path)}: {error.reason}") from None
    if "d" in given:
        return _decoded(process, text, "i" in given)
    encoded = codec.b64encode(_octets(text)).decode()
    width = int(wrap[:9]) or len(encoded) + 1
    for place in range(0, len(encoded), width):
        process.write(encoded[place : place + width] + ("\n" if int(wrap[:9]) else ""))
    return 0


def _decoded(process: Process, text: str, lenient: bool) -> int:
    """Print what base64 stands for, as far as it is some."""
    text = _OTHERS.sub("", text) if lenient else text.replace("\n", "")
    found = _QUARTETS.match(text)
    good = found[0] if found is not None else ""
    rest = text[len(good) :].rstrip("=")
    if len(rest) in (2, 3) and not _OTHERS.search(rest) and "=" not in good + rest:
        rest += "=" * (4 - len(rest))  # what is there of the last octets is printed before the complaint
    else:
        rest = ""
    process.write(codec.b64decode(good + rest).decode("utf-8", "surrogateescape"))
    return 0 if good == text else process.fail("invalid input")


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def digest(process: Process) -> Decision[int]:
    """Print the digests of files, or check (-c) those that a file lists; which kind, the command's name says."""
    kind = process.argv[0].rpartition("/")[2].removesuffix("sum")
    given = options(process, "bct", {"binary": "b", "check": "c", "text": "t"})
    status = 0
    for name in given.operands or ["-"]:
        try:
            text = yield from read_operand(process, name)
            if "c" in given:
                status = (yield from _checked(process, kind, name, text)) or status
                continue
        except FileError as error:
            status = process.fail(f"{quoted(error.path)}: {error.reason}")
            continue
        process.print(f"{_digest(kind, text)} {'*' if given.last('bt') == 'b' else ' '}{name}")
    return status


def _digest(kind: str, text: str) -> str:
    return hashlib.new(kind, _octets(text), usedforsecurity=False).hexdigest()


def _checked(process: Process, kind: str, listed: str, text: str) -> Decision[int]:
    """Say of each file that is listed whether it is as it was."""
    lines = [found for line in text.splitlines() if (found := _CHECKED.fullmatch(line))]
    if not lines:
        return process.fail(f"{listed}: no properly formatted checksum lines found")
    wrong = missing = 0
    for line in lines:
        try:
            same = _digest(kind, (yield from read_operand(process, line[2]))) == line[1]
        except FileError as error:
            process.fail(f"{quoted(error.path)}: {error.reason}")
            process.print(f"{line[2]}: FAILED open or read")
            missing += 1
            continue
        wrong += not same
        process.print(f"{line[2]}: {'OK' if same else 'FAILED'}")
    for number, one, several in (
        (missing, "listed file could not be read", "listed files could not be read"),
        (wrong, "computed checksum did NOT match", "computed checksums did NOT match"),
    ):
        if number:
            process.fail(f"WARNING: {number} {one if number == 1 else several}")
    return int(bool(wrong or missing))


TOOLS = {"base64": Tool(base64), **dict.fromkeys(("md5sum", "sha1sum", "sha256sum"), Tool(digest))}
