"""truncate: makes files shorter or longer."""

from __future__ import annotations

import re

from simmail.files.file_errors import FileError
from simmail.mail.content import clipped
from simmail.userland.commands.options import Options, options
from simmail.userland.files import DEVICES
from simmail.userland.process import CommandError, Process, plain

LONG = {"no-create": "c", "io-blocks": "o", "reference": "r", "size": "s"}
SIZE = re.compile(r"\s*([<>/%]?)\s*([+-]?)(\d*)(?:([KkMmGgTtPE])(B|D|iB)?)?", re.ASCII)
UNITS = "KMGTPE"
GREATEST = 2**63 - 1
#: How much an I/O block is, octets.
BLOCK = 4096


def truncate(process: Process) -> int:
    """Make files as long as -s says, or as long as another is (-r)."""
    given = options(process, "cor:s:", LONG)
    hint = f"\nTry '{process.name} --help' for more information."
    how, size = "", 0
    for text in given.values("s"):
        how, size = _size(text, hint)
    if "o" in given:
        size *= BLOCK
    if "s" not in given and "r" not in given:
        raise CommandError(f"you must specify either ‘--size’ or ‘--reference’{hint}")
    if "s" in given and "r" in given and not how:
        raise CommandError(f"you must specify a relative ‘--size’ with ‘--reference’{hint}")
    if not given.operands:
        raise CommandError(f"missing file operand{hint}")
    reference = _reference(process, given)
    status = 0
    for name in given.operands:
        if "c" in given and not process.files.exists(name):
            continue
        try:
            _cut(process, name, how, size, reference)
        except CommandError as error:
            status = process.fail(error.text)
    return status


def _size(text: str, hint: str) -> tuple[str, int]:
    """What -s says: a sign for what to do with a number ("" makes it the new size), and that.  Raises CommandError."""
    found = SIZE.fullmatch(text)
    if found is None or not (found[3] or found[4]):
        raise CommandError(f"Invalid number: ‘{text}’")
    mark, sign, digits, unit, base = found.groups()
    if mark and sign:
        raise CommandError(f"multiple relative modifiers specified{hint}")
    power = UNITS.index(unit.upper()) + 1 if unit else 0
    size = int(digits[:20] or 1) * (1000 if base in ("B", "D") else 1024) ** power
    if size > GREATEST or len(digits) > 20:
        raise CommandError(f"Invalid number: ‘{text}’: Value too large for defined data type")
    if mark in ("/", "%") and not size:
        raise CommandError("division by zero")
    return mark or sign, size


def _reference(process: Process, given: Options) -> int | None:
    """How long the file of -r is; None without one.  Raises CommandError."""
    if "r" not in given:
        return None
    name = given.value("r")
    try:
        return process.files.stat(name).size
    except FileError as error:
        raise CommandError(f"cannot stat '{name}': {error.reason}") from None


def _new_size(how: str, size: int, old: int) -> int:
    """How long a file gets that is `old` octets long."""
    if how == "/":
        return old - old % size
    if how == "%":
        return old + -old % size
    sizes = {"+": old + size, "-": max(old - size, 0), "<": min(old, size), ">": max(old, size)}
    return sizes.get(how, size)


def _cut(process: Process, name: str, how: str, size: int, reference: int | None) -> None:
    """Make one file shorter or longer.  Raises CommandError."""
    files = process.files
    try:
        text = files.read(name) if files.exists(name) else ""
        old = files.stat(name).size if files.exists(name) else 0
        base = old if reference is None else reference
        new = base if reference is not None and not how else _new_size(how, size, base)
        failed = f"failed to truncate '{name}' at {new} bytes"
        if files.path(name) in DEVICES:
            raise CommandError(f"{failed}: Invalid argument")
        process.job.spend(new)
        text = clipped(text, new) if new < old else text + "\0" * (new - old)
        files.write(name, text)
    except FileError as error:
        raise CommandError(f"cannot open '{name}' for writing: {error.reason}") from None


TOOLS = {"truncate": plain(truncate)}
