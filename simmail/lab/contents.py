"""The course's table of contents: labs with their goals and times, exercises with theirs, as they say themselves.

It is a page of Markdown beside the notebooks, on which JupyterLab opens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from simmail.lab import exercise as exercises
from simmail.mail.errors import InputError

#: The page's name, on the shelf of notebooks: before the first of them.
PAGE = "00-contents.md"
_TITLE = re.compile(r"# Lab (\d+): (.+)")
_ROW = re.compile(r"\| \*\*(\w+)\*\* \| (.+?) \|")
HEAD = """\
# Contents

Each lab is a notebook: click on it. Read on until it asks you to **predict**, do so, run the cell with Shift-Enter, and
compare. Nothing that you do there leaves your computer, and nothing can break: *Kernel, Restart Kernel* gives you a new
world.

| Lab | What you can do after it | Time |
|:---|:---|:---|
"""


class Lab(NamedTuple):
    """What a lab says of itself.

    Args:
        name: of its folder and its notebook.
        number: `03`.
        title: the words of its heading.
        about: the fields of its head (`Goals`, `Time`, `Difficulty`, ...) -> what they say.
    """

    name: str
    number: str
    title: str
    about: dict[str, str]


def labs(top: Path) -> Iterator[Lab]:
    """The labs that have a text, in their order.

    Raises:
        InputError: for a text that does not begin as a lab's does.
    """
    for source in sorted((top / "labs").glob("*/lab.md")):
        head = source.read_text(encoding="utf-8").partition("\n## ")[0]
        title = _TITLE.match(head)
        if title is None:
            found = head.partition("\n")[0]
            raise InputError(f"{source}:1", f"begins with {found!r}", "begin it with a heading: # Lab 03: Its title")
        yield Lab(source.parent.name, title[1], title[2].strip(), dict(_ROW.findall(head)))


def started(exercise: exercises.Exercise) -> str:
    """How somebody comes by an exercise who has the whole project: a command."""
    return f"{exercise.spec.title}: `simmail start {exercise.name}`"


def handed_out(exercise: exercises.Exercise) -> str:
    """The same for somebody who has it lying beside the notebooks: a link."""
    return f"[{exercise.spec.title}](../exercises/{exercise.name}/{exercise.name}.ipynb)"


#: How an exercise is named, and what is said of all that are named so.
Named = Callable[[exercises.Exercise], str]
EXERCISES: dict[Named, str] = {
    started: "An exercise is a task in a copy of your own. Its command, typed in a terminal (*File, New, Terminal*), "
    "makes the copy; the notebook in it says the rest, and `simmail.check()` there says what holds and what does not.",
    handed_out: "An exercise is a task in files of your own, beside its notebook; `simmail.check()` there says what "
    "holds and what does not.",
}


def contents(top: Path, exercise: Named = started) -> str:
    """The page.

    Args:
        top: the folder with `labs` and `exercises`.
        exercise: how an exercise is named: `started` or `handed_out`.

    Raises:
        InputError: where a lab's or exercise's head cannot be read.
    """
    known = list(labs(top))
    found = [exercises.read(spec.parent) for spec in sorted((top / "exercises").glob(f"*/{exercises.SPEC}"))]
    rows = [
        f"| [{lab.number}&nbsp; {lab.title}]({lab.name}.ipynb) | {lab.about.get('Goals', '')} "
        f"| {lab.about.get('Time', '')} |\n"
        for lab in known
    ]
    text = HEAD + "".join(rows)
    if found:
        text += f"\n## Exercises\n\n{EXERCISES[exercise]}\n\n| Lab | Exercise | Time |\n|:---|:---|:---|\n"
        text += "".join(f"| {e.spec.lab} | {exercise(e)} | {e.spec.minutes} minutes |\n" for e in found)
    return text
