"""sh: the shell as a program."""

from __future__ import annotations

from simmail.files.file_errors import NO_FILE, FileError
from simmail.mail.questions import Decision
from simmail.userland.process import Process, Tool
from simmail.userland.shell import run_script
from simmail.userland.shell.builtins import OPTIONS
from simmail.userland.shell.parser import parse


def sh(process: Process) -> Decision[int]:
    """Run commands from -c, a file, or standard input."""
    words = list(process.argv[1:])
    letters = ""
    while words and words[0][:1] == "-" and len(words[0]) > 1:
        word = words.pop(0)
        if word == "--":
            break
        unknown = set(word[1:]) - set(OPTIONS) - set("cilms")
        if unknown:
            process.complain(f"{process.argv[0]}: 0: Illegal option -{min(unknown)}")
            return 2
        letters += word[1:]
    name, before = process.argv[0], process.argv
    if "c" in letters:
        if not words:
            process.complain(f"{name}: 0: -c requires an argument")
            return 2
        text = words.pop(0)
        process.argv = tuple(words) if words else (name,)
    elif words and "s" not in letters:
        try:
            text = process.files.read(words[0])
        except FileError as error:
            reason = "No such file" if error.reason == NO_FILE else error.reason
            process.complain(f"{name}: 0: cannot open {words[0]}: {reason}")
            return 2
        process.argv = tuple(words)
    else:
        text = yield from process.source.read_all()
        process.argv = (name, *words)
    try:
        return (yield from run_script(parse(text), process, frozenset(letters) & frozenset(OPTIONS)))
    finally:
        process.argv = before


TOOLS = {"sh": Tool(sh), "dash": Tool(sh), "bash": Tool(sh)}
