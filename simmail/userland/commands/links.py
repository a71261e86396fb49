"""ln, readlink, realpath: links, and where they lead."""

from __future__ import annotations

import posixpath

from simmail.files.file_errors import NO_FILE, FileError
from simmail.userland.commands.options import options
from simmail.userland.process import CommandError, Process, plain


def ln(process: Process) -> int:
    """Make links, hard ones or (-s) symbolic ones."""
    given = options(process, "sfnvTt:", {"symbolic": "s", "force": "f", "no-dereference": "n", "target-directory": "t"})
    files, operands = process.files, given.operands
    if not operands:
        raise CommandError(f"missing file operand\nTry '{process.name} --help' for more information.")
    *targets, name = operands if len(operands) > 1 or "t" in given else (*operands, ".")
    folder = given.value("t")
    if folder:
        targets = operands
    elif files.is_folder(name) and "T" not in given and not ("n" in given and files.is_link(name)):
        folder = name
    elif len(targets) > 1:
        raise CommandError(f"target '{name}': {'Not a directory' if files.exists(name) else NO_FILE}")
    status = 0
    for target in targets:
        place = f"{folder.rstrip('/')}/{posixpath.basename(target.rstrip('/'))}" if folder else name
        try:
            _make(process, target, place.removeprefix("./"), "s" in given, "f" in given)
        except CommandError as error:
            status = process.fail(error.text)
    return status


def _make(process: Process, target: str, name: str, symbolic: bool, force: bool) -> None:
    """Make one link.  Raises CommandError."""
    files = process.files
    if not symbolic and not (files.exists(target) or files.is_link(target)):
        raise CommandError(f"failed to access '{target}': {NO_FILE}")
    if not symbolic and files.is_folder(target):
        raise CommandError(f"{target}: hard link not allowed for directory")
    try:
        if force and (files.is_link(name) or files.is_file(name)):
            files.remove(name)
        if symbolic:
            files.link(target, name)
        else:
            files.hard_link(target, name)
    except FileError as error:
        kind = "symbolic" if symbolic else "hard"
        raise CommandError(f"failed to create {kind} link '{name}': {error.reason}") from None


def _canonical(process: Process, name: str) -> str:
    """Where a name leads in the end; its last part need not be there.  Raises FileError."""
    path = process.machine.files.followed(process.files.locate(name))
    return path if process.files.exists(path) else process.files.locate(path)


def readlink(process: Process) -> int:
    """Print what symbolic links say, or (-f) where names lead in the end."""
    given = options(process, "fenmqsvz", {"canonicalize": "f", "no-newline": "n"})
    status = 0
    for name in given.operands:
        target: str | None = None
        if "f" in given or "e" in given or "m" in given:
            try:
                target = _canonical(process, name)
            except FileError:
                target = None
        else:
            target = process.files.target(name)
        if target is None:
            status = 1
        else:
            process.write(target + ("" if "n" in given else "\n"))
    return status


def realpath(process: Process) -> int:
    """Print where names lead in the end."""
    given = options(process, "emqsz")
    status = 0
    for name in given.operands:
        try:
            process.print(_canonical(process, name))
        except FileError as error:
            status = process.fail(f"{name}: {error.reason}")
    return status


TOOLS = {"ln": plain(ln), "readlink": plain(readlink), "realpath": plain(realpath)}
