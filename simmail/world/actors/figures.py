"""The figures that the living part of a world is made with: one data file, each line with its source.

`figures.tsv` has five columns: name, value, unit, grade, source.  A value is a number, or several, or pairs `a:b`.
Grades: A read in the primary source, B in a report of it, D reckoned from an A or B figure, C quoted from memory,
`assumed` chosen by us because nobody has measured it.  A world can say otherwise under `figures:`, name by name.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from simmail.mail.errors import InputError


class Figure(NamedTuple):
    """One line of the data file.

    Args:
        name: `bot.tries`, by which actors ask for it.
        value: the text of its value.
        unit: what it counts: `s`, `1/d`, `share`, ...
        grade: A, B, C, D or `assumed`.
        source: where it comes from, or why it was assumed so.
    """

    name: str
    value: str
    unit: str
    grade: str
    source: str


@cache
def known() -> dict[str, Figure]:
    """All figures by name."""
    found: dict[str, Figure] = {}
    for line in files(__package__).joinpath("figures.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            figure = Figure(*line.split("\t"))
            found[figure.name] = figure
    return found


class Figures:
    """The figures of one world.

    Args:
        otherwise: name -> value, where the world differs from the data file.

    Attributes:
        asked: the names that have been asked for.

    Raises:
        InputError: for a name that no figure has, or a value that is no number where the file has one.
    """

    def __init__(self, otherwise: Mapping[str, float] | None = None) -> None:
        self._own = dict(otherwise or {})
        self.asked: set[str] = set()
        for name in self._own:
            if name not in known():
                close = difflib.get_close_matches(name, known(), 1)
                raise InputError(
                    f"figures.{name}", "there is no such figure", f"was {close[0]!r} meant?" if close else ""
                )
            if not _is_number(known()[name].value):
                raise InputError(f"figures.{name}", "is a table, which a world cannot change")

    def __getitem__(self, name: str) -> float:
        """A figure that is one number."""
        self.asked.add(name)
        own = self._own.get(name)
        return float(known()[name].value) if own is None else float(own)

    @staticmethod
    def numbers(name: str) -> tuple[float, ...]:
        """A figure that is several numbers."""
        return tuple(map(float, known()[name].value.split()))

    @staticmethod
    def pairs(name: str) -> tuple[tuple[float, float], ...]:
        """A figure that is pairs of numbers."""
        rows = (pair.partition(":") for pair in known()[name].value.split())
        return tuple((float(left), float(right)) for left, _, right in rows)

    def shares(self, prefix: str) -> dict[str, float]:
        """The figures whose names begin with `prefix` and a dot, by the rest of their names."""
        start = prefix + "."
        return {name[len(start) :]: self[name] for name in known() if name.startswith(start)}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
