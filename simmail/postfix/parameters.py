"""NAME
    parameters - the table of all parameters

DESCRIPTION
    One row for each parameter that Postfix 3.7 knows, read from `parameters.tsv`: name, type, default.

SEE ALSO
    postconf(5)
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple


class Parameter(NamedTuple):
    """A parameter of main.cf."""

    name: str
    type: str
    default: str


@lru_cache(1)
def parameters() -> dict[str, Parameter]:
    """All parameters by name, in alphabetical order."""
    text = files("simmail.postfix").joinpath("parameters.tsv").read_text()
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {row[0]: Parameter(*row) for row in rows}
