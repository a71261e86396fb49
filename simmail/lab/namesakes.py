"""Files that an editor, a browser or a file manager gave another name than they should have, or another place."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from posixpath import basename, dirname

from simmail.postfix.printable import printable
from simmail.world.folder import OWN

#: So many files of a hand-in are looked at, so many folders deep: more is no slip.
MANY, DEEP = 1000, 8


def namesakes(name: str, there: Iterable[str]) -> list[str]:
    """Of the files that there are, those that look like one, in order.

    Args:
        name: the file's: `main.cf`, for which `Main.cf`, `main.cf.txt`, `main (1).cf` and `main.cf~` would be taken.
        there: paths.
    """
    stem, dot, ending = name.casefold().partition(".")
    like = re.compile(f"{re.escape(stem)}([ ._(~-].*)?{re.escape(dot + ending)}([ .~].*)?")
    return sorted(path for path in there if like.fullmatch(basename(path).casefold()))


def misplaced(folder: Path, wanted: Iterable[str]) -> str:
    """What has to be said of files in a hand-in that look like those that it lacks; "" for nothing.

    Args:
        folder: the hand-in, in which none of these files are.
        wanted: their paths.
    """
    there = list(islice(_files(folder), MANY))
    found = {path: names for path in wanted if (names := namesakes(basename(path), there))}
    return " ".join(
        f"There is {printable(' and '.join(names))}: {basename(path)} belongs in {dirname(path)}."
        for path, names in found.items()
    )


def _files(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        at = Path(place).relative_to(folder)
        folders[:] = [name for name in folders if name != OWN] if len(at.parts) < DEEP else []
        yield from (str(at / name) for name in names)
