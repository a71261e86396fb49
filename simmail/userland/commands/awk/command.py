"""awk's command line."""

from __future__ import annotations

from dataclasses import dataclass, field

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.commands.awk.execution import Execution
from simmail.userland.commands.awk.lexer import unescaped
from simmail.userland.commands.awk.parser import Parser
from simmail.userland.commands.awk.runtime import Run, operands
from simmail.userland.commands.awk.values import characters, octets
from simmail.userland.process import CommandError, Process

USAGE = """\
Usage: mawk [Options] [Program] [file ...]

Program:
    The -f option value is the name of a file containing program text.
    If no -f option is given, a "--" ends option processing; the following
    parameters are the program text.

Options:
    -f program-file  Program  text is read from file instead of from the
                     command-line.  Multiple -f options are accepted.
    -F value         sets the field separator, FS, to value.
    -v var=value     assigns value to program variable var.
    --               unambiguous end of options.

    Implementation-specific options are prefixed with "-W".  They can be
    abbreviated:

    -W version       show version information and exit.
    -W dump          show assembler-like listing of program and exit.
    -W help          show this message and exit.
    -W interactive   set unbuffered output, line-buffered input.
    -W exec file     use file as program as well as last option.
    -W random=number set initial random seed.
    -W sprintf=number adjust size of sprintf buffer.
    -W posix_space   do not consider "\\n" a space.
    -W usage         show this message and exit.
"""


@dataclass(slots=True)
class Given:
    """What a command line says.

    Args:
        texts: the program's parts.
        separator: of -F.
        assignments: of -v.
        words: what follows.
    """

    texts: list[str] = field(default_factory=list)
    separator: str | None = None
    assignments: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)


def _given(process: Process) -> Decision[Given]:
    """Read the command line."""
    given = Given(words=list(process.argv[1:]))
    words = given.words
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        if word == "--":
            break
        letter, value = word[1:2], word[2:]
        if letter not in "fvF":
            raise CommandError(f"not an option: {word}", 2)
        if not value:
            if not words:
                raise CommandError(f"option {word} lacks argument", 2)
            value = words.pop(0)
        if letter == "f":
            given.texts.append((yield from _program(process, value)))
        elif letter == "v":
            given.assignments.append(value)
        else:
            given.separator = value
    if not given.texts and words:
        given.texts.append(octets(words.pop(0)))
    return given


def awk(process: Process) -> Decision[int]:
    """Run a program on each record of some files, or of standard input."""
    process.argv = (process.name, *process.argv[1:])
    given = yield from _given(process)
    if not given.texts:
        process.err.append(USAGE)
        return 0
    try:
        program = Parser("\n".join(given.texts), process.name).read()
        run = Run(process, program)
        operands(run, given.words, process.name)
        if given.separator is not None:
            run.assign("FS", unescaped(octets(given.separator)))
        for assignment in given.assignments:
            if not run.assigned(octets(assignment)):
                raise CommandError(f"improper assignment: -v {assignment}", 2)
        execution = Execution(run)
        if program.waits:
            yield from process.source.wait()
        return (yield from execution.go())
    except CommandError as error:
        raise CommandError(characters(error.text), error.status) from None


def _program(process: Process, name: str) -> Decision[str]:
    """A program that stands in a file."""
    if name in ("-", "/dev/stdin"):
        return octets((yield from process.source.read_all()))
    try:
        return octets(process.files.read(name).removesuffix("\n"))
    except FileError as error:
        raise CommandError(f"cannot open {name} ({error.reason})", 2) from None
