"""NAME
    compatibility - compatibility levels

DESCRIPTION
    A level is `major.minor.patch`; what is left out counts as 0.  Default values of some parameters depend on it.

PARAMETERS
    compatibility_level

SEE ALSO
    postconf(5), COMPATIBILITY_README
"""

from __future__ import annotations

import re

#: The newest level that changes anything in Postfix 3.7.
LAST_COMPATIBILITY_LEVEL = "3.6"
_LEVEL = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", re.ASCII)


class LevelError(ValueError):
    """A text that is no level."""


class Level(tuple[int, int, int]):
    """A comparable compatibility level."""

    __slots__ = ()

    def __str__(self) -> str:
        major, minor, patch = self
        return ".".join(map(str, self[: 3 if patch else 2 if minor or major >= 3 else 1]))


def level(text: str) -> Level:
    """Read a level.  Raises LevelError."""
    found = _LEVEL.fullmatch(text)
    if found is None:
        raise LevelError(f'malformed compatibility level syntax: "{text}"')
    return Level(int(part or 0) for part in found.groups())
