"""cat, tac, head, tail, wc, tee, rev: commands that pass text on."""

from __future__ import annotations

from typing import NamedTuple

from simmail.files.file_errors import IS_DIRECTORY, FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.options import Inputs, Options, lines, octets, options, read_operand
from simmail.userland.process import CommandError, Process, Tool
from simmail.userland.quoting import quoted
from simmail.userland.streams import NeedInput

FEW = 10
SUFFIXES = {"": 1, "b": 512, "k": 1024, "K": 1024, "KB": 1000, "M": 1024**2, "MB": 1000**2, "G": 1024**3}


def cat(process: Process) -> Decision[int]:
    """Print files."""
    long = {"number": "n", "number-nonblank": "b", "squeeze-blank": "s", "show-ends": "E", "show-all": "A"}
    given = options(process, "nbsEATvetu", {**long, "show-tabs": "T", "show-nonprinting": "v"})
    marked = any(letter in given for letter in "nbsEATetv")
    status = number = blank = 0
    for name in given.operands or ["-"]:
        if name == "-" and not marked:
            yield from _pass_on(process)
            continue
        try:
            text = yield from read_operand(process, name)
        except FileError as error:
            status = process.fail(f"{quoted(error.path)}: {error.reason}")
            continue
        if not marked:
            process.write(text)
            continue
        for line in lines(text):
            blank = blank + 1 if line == "\n" else 0
            if blank > 1 and "s" in given:
                continue
            if line != "\n" if "b" in given else "n" in given:
                number += 1
                process.write(f"{number:6d}\t")
            process.write(_shown(line, given))
    return status


def _shown(line: str, given: Options) -> str:
    """A line as cat prints it that marks what cannot be seen."""
    end = "\n" if line.endswith("\n") else ""
    text = line.removesuffix("\n")
    if any(letter in given for letter in "Aetv"):
        text = "".join(map(_visible, text.encode("utf-8", "surrogateescape")))
    if any(letter in given for letter in "ATt"):
        text = text.replace("\t", "^I")
    return text + ("$" if end and any(letter in given for letter in "AEe") else "") + end


def _visible(octet: int) -> str:
    """An octet in letters that can be seen: `^A`, `M-C`; a tab stays."""
    if octet >= 128:
        return "M-" + (_visible(octet - 128) if octet != 137 else "^I")
    if octet == 9 or 32 <= octet < 127:
        return chr(octet)
    return "^" + chr(octet ^ 64)


def _pass_on(process: Process) -> Decision[None]:
    """Print standard input as it comes."""
    source = process.source
    while True:
        text = source.take()
        if text:
            process.write(text)
        elif source.ended:
            return
        else:
            yield NeedInput(source)


def tac(process: Process) -> Decision[int]:
    """Print files, the last line first."""
    given = options(process, "")
    for name in given.operands or ["-"]:
        text = yield from read_operand(process, name)
        process.write("".join(reversed(lines(text))))
    return 0


def rev(process: Process) -> Decision[int]:
    """Print the letters of each line the other way round."""
    inputs = Inputs(process, options(process, "").operands)
    while (line := (yield from inputs.line())) is not None:
        process.write(line.rstrip("\n")[::-1] + line[len(line.rstrip("\n")) :])
    return int(inputs.failed)


class Amount(NamedTuple):
    """How much of files is printed: so many lines (`n`) or octets (`c`), counted as a sign says; and under titles."""

    kind: str
    sign: str
    number: int
    titled: bool


def _amount(given: Options) -> Amount:
    """What the options of head and tail ask for."""
    kind = given.last("nc") or "n"
    sign, number = _count(given.value(kind, str(FEW)), "lines" if kind == "n" else "bytes")
    return Amount(kind, sign, number, (len(given.operands) > 1 or "v" in given) and "q" not in given)


def _count(text: str, what: str) -> tuple[str, int]:
    """The sign and number of `-n` and `-c`."""
    sign = text[:1] if text[:1] in ("+", "-") else ""
    digits = text[len(sign) :]
    number = digits.rstrip("bkKMGB")
    if not (number.isdecimal() and number.isascii()) or digits[len(number) :] not in SUFFIXES or len(number) > 15:
        raise CommandError(f"invalid number of {what}: ‘{text}’")
    return sign, int(number) * SUFFIXES[digits[len(number) :]]


def _titled(process: Process, name: str, several: bool, first: bool) -> None:
    if several:
        process.write(("" if first else "\n") + f"==> {'standard input' if name == '-' else name} <==\n")


#: The device that has as many NULs as one asks for.
ENDLESS = "/dev/zero"
LONG = {"lines": "n", "bytes": "c", "quiet": "q", "silent": "q", "verbose": "v"}


def head(process: Process) -> Decision[int]:
    """Print the first lines of files."""
    given = options(process, "n:c:qvz", LONG, numeric="n")
    kind, sign, number, several = _amount(given)
    status, first = 0, True
    for name in given.operands or ["-"]:
        if name == "-" and kind == "n" and sign != "-":
            _titled(process, name, several, first)
            for _ in range(number):
                line = yield from process.source.read_line()
                if not line:
                    break
                process.write(line)
            first = False
            continue
        if name == ENDLESS and kind == "c" and sign != "-":
            process.job.spend(number)
            _titled(process, name, several, first)
            first = False
            process.write("\0" * number)
            continue
        try:
            text = yield from read_operand(process, name)
        except FileError as error:
            status = _unreadable(process, error)
            continue
        _titled(process, name, several, first)
        first = False
        parts = lines(text) if kind == "n" else list(text)
        process.write("".join(parts[: max(len(parts) - number, 0)] if sign == "-" else parts[:number]))
    return status


def _unreadable(process: Process, error: FileError) -> int:
    if error.reason == IS_DIRECTORY:
        return process.fail(f"error reading '{error.path}': {error.reason}")
    return process.fail(f"cannot open '{error.path}' for reading: {error.reason}")


def tail(process: Process) -> Decision[int]:
    """Print the last lines of files; what `-f` would wait for does not come."""
    words = process.argv
    if len(words) > 1 and words[1][:1] == "+" and words[1][1:].isdecimal():
        process.argv = (words[0], "-n", *words[1:])
    given = options(process, "n:c:qvfFs:z", {**LONG, "follow": "f"}, numeric="n")
    kind, sign, number, several = _amount(given)
    status, first = 0, True
    for name in given.operands or ["-"]:
        try:
            text = yield from read_operand(process, name)
        except FileError as error:
            status = _unreadable(process, error)
            continue
        _titled(process, name, several, first)
        first = False
        parts = lines(text) if kind == "n" else list(text)
        process.write("".join(parts[max(number - 1, 0) :] if sign == "+" else parts[max(len(parts) - number, 0) :]))
    return status


def wc(process: Process) -> Decision[int]:
    """Count lines, words, octets."""
    given = options(process, "lwcmL", {"lines": "l", "words": "w", "bytes": "c", "chars": "m", "max-line-length": "L"})
    wanted = [letter for letter in "lwmcL" if letter in given] or ["l", "w", "c"]
    rows: list[tuple[list[int], str]] = []
    status = size = 0
    for name in given.operands or [""]:
        try:
            text = yield from read_operand(process, name or "-")
        except FileError as error:
            status = process.fail(f"{quoted(error.path)}: {error.reason}")
            if error.reason == IS_DIRECTORY:
                rows.append(([0] * len(wanted), name))
            continue
        size += octets(text)
        counts = {
            "l": text.count("\n"),
            "w": len(text.split()),
            "c": octets(text),
            "m": len(text),
            "L": max(map(len, text.split("\n"))),
        }
        rows.append(([counts[letter] for letter in wanted], name))
    if len(given.operands) > 1:
        totals = [sum(column) for column in zip(*(row for row, _ in rows), strict=True)]
        rows.append((totals or [0] * len(wanted), "total"))
    # Only sizes of regular files are known beforehand; for all else wc leaves room for seven digits.
    regular = all(process.files.is_file(name) or not process.files.exists(name) for name in given.operands)
    if len(wanted) == 1 and len(rows) == 1:
        width = 1
    else:
        width = len(str(size)) if regular and given.operands else 7
    for row, name in rows:
        process.print(" ".join(str(number).rjust(width) for number in row) + (f" {name}" if name else ""))
    return status


def tee(process: Process) -> Decision[int]:
    """Print standard input, and put it into files too."""
    given = options(process, "ai", {"append": "a"})
    text = yield from process.source.read_all()
    process.write(text)
    status = 0
    for name in given.operands:
        try:
            (process.files.append if "a" in given else process.files.write)(name, text)
        except FileError as error:
            status = process.fail(f"{quoted(error.path)}: {error.reason}")
    return status


TOOLS = {
    "cat": Tool(cat),
    "less": Tool(cat),
    "more": Tool(cat),
    "tac": Tool(tac),
    "rev": Tool(rev),
    "head": Tool(head),
    "tail": Tool(tail),
    "wc": Tool(wc),
    "tee": Tool(tee),
}
