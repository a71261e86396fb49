"""Where a command reads from and prints to: `<`, `>`, `>>`, `2>&1` and here-documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from simmail.files.file_errors import EXISTS, NO_FILE, NOT_DIRECTORY, FileError
from simmail.mail.questions import Decision
from simmail.userland.shell.control import ShellError
from simmail.userland.shell.nodes import Redirection
from simmail.userland.shell.state import Descriptor
from simmail.userland.streams import FileOutput, Nowhere, Output, Stream

if TYPE_CHECKING:
    from simmail.userland.shell.interpreter import Shell

#: Names that stand for descriptors already open.
SAME = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2, **{f"/dev/fd/{n}": n for n in range(10)}}


def redirected(shell: Shell, redirections: Iterable[Redirection]) -> Decision[dict[int, Descriptor]]:
    """The shell's descriptors as redirections change them, one after the other.

    Raises:
        ShellError: where a file cannot be opened.
    """
    descriptors = dict(shell.descriptors)
    for redirection in redirections:
        shell.line = redirection.line
        target = yield from shell.expansion.text(redirection.target)
        number, operator = redirection.descriptor, redirection.operator
        if operator == "<<":
            descriptors[number] = Stream(target)
        elif operator in ("<&", ">&"):
            _duplicate(descriptors, number, target)
        elif target in SAME:
            _duplicate(descriptors, number, str(SAME[target]))
        elif operator == "<":
            descriptors[number] = _reading(shell, target)
        elif operator == "<>":
            if not shell.process.files.exists(target):
                _writing(shell, target, ">>")
            descriptors[number] = _reading(shell, target)
        else:
            descriptors[number] = _writing(shell, target, operator)
    return descriptors


def _duplicate(descriptors: dict[int, Descriptor], number: int, target: str) -> None:
    if target == "-":
        descriptors.pop(number, None)
        return
    if not (target.isdecimal() and target.isascii()):
        raise ShellError("Syntax error: Bad fd number")
    source = descriptors.get(int(target[:9]))
    if source is None:
        raise ShellError(f"{target}: Bad file descriptor")
    descriptors[number] = source


def _reading(shell: Shell, name: str) -> Stream:
    shell.process.job.settle()
    files = shell.process.files
    if files.is_folder(name):
        return Stream()
    try:
        return Stream(files.read(name))
    except FileError as error:
        reason = "No such file" if error.reason in (NO_FILE, NOT_DIRECTORY) else error.reason
        raise ShellError(f"cannot open {name}: {reason}") from None


def _writing(shell: Shell, name: str, operator: str) -> Output:
    process = shell.process
    process.job.settle()
    files = process.files
    if name == "/dev/null":
        return Nowhere()
    try:
        if operator == ">>":
            files.append(name, "")
        elif operator == ">" and "C" in shell.options and files.is_file(name):
            raise FileError(name, EXISTS)
        else:
            files.write(name, "")
    except FileError as error:
        reason = "Directory nonexistent" if error.reason in (NO_FILE, NOT_DIRECTORY) else error.reason
        raise ShellError(f"cannot create {name}: {reason}") from None
    if files.path(name).startswith("/dev/") and not files.is_file(name):
        return Nowhere()
    return FileOutput(files, files.path(name), process.job)
