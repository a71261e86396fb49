"""What a lab's text says was printed, held against what its cells and the commands beside it print."""

from __future__ import annotations

import contextlib
import difflib
import functools
import io
import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable

from simmail.cli import main
from simmail.lab.notebook import ANYTHING, Cell, Printed, pieces

SECTION = re.compile(r"## (\d+)\.")
ANSWER = re.compile(r"^Out\[\d+\]: ?", re.MULTILINE)
"""What IPython puts before a cell's value, and a notebook beside it."""


def lines(output: str) -> list[str]:
    """The lines of an output, their blanks as one: columns may move."""
    return [" ".join(line.split()) for line in ANSWER.sub("", output).splitlines()]


def stands(claim: Printed, output: str) -> bool:
    """Whether the claim's lines are whole lines of the output, one below the other; `...` is anything, or any lines."""
    patterns = [
        r"(?:[^\n]*\n)*?" if line == ANYTHING else "[^\n]*".join(map(re.escape, line.split(ANYTHING))) + r"\n"
        for line in claim.lines
    ]
    return bool(re.search("^" + "".join(patterns), "\n".join(lines(output)) + "\n", re.MULTILINE))


def missed(claim: Printed, output: str, file: str) -> list[str]:
    """What to tell of a claim that does not stand: where it is said, the line that fails, and what is printed instead."""
    if stands(claim, output):
        return []
    told = f"{file}:{claim.number}: not printed: "
    alone = [line for line in claim.lines if not stands(claim._replace(lines=(line,)), output)]
    if not alone:
        return [told + "these lines one below the other: " + " / ".join(claim.lines)]
    near = difflib.get_close_matches(alone[0], lines(output), n=1, cutoff=0.3)
    return [told + alone[0], *(f"  but: {line}" for line in near)]


def play(source: str, file: str, said: Callable[[], str]) -> tuple[dict[str, str], list[str]]:
    """Run a lab's cells from top to bottom, in a fresh IPython.

    Args:
        source: the lab's text.
        file: its name, for what is told.
        said: gives what was printed since it was last asked.

    Returns:
        What each section printed, and of the claims what was missed.
    """
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    section, outputs, missing = "", defaultdict[str, str](str), list[str]()
    for piece in pieces(source, file):
        if isinstance(piece, Cell):
            if piece.kind == "code":
                shell.run_cell(piece.text, store_history=False).raise_error()
                outputs[section] += said() + "\n"
            elif heading := SECTION.match(piece.text):
                section = heading[1]
        elif not piece.command:
            missing += missed(piece, outputs[piece.section or section], file)
    return outputs, missing


def claims(source: str, file: str) -> Iterable[Printed]:
    """What a text says was printed."""
    return (piece for piece in pieces(source, file) if isinstance(piece, Printed))


@functools.cache
def output(command: str) -> str:
    """What a command of simmail's prints; what it tells by the way is no answer."""
    with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.redirect_stderr(io.StringIO()):
        assert main(shlex.split(command.removeprefix("simmail "))) == 0, command
    return told.getvalue()
