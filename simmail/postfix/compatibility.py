"""NAME
    compatibility - compatibility levels

DESCRIPTION
    When a new Postfix changes a default, the old one stays in force for those whose compatibility_level is lower than
    the level that the change came with, and a line in the log tells each time that it made a difference.  A level is
    `major.minor.patch`; what is left out counts as 0.

PARAMETERS
    compatibility_level

DIAGNOSTICS
    Postfix is using backwards-compatible default settings
    using backwards-compatible default setting NAME=VALUE to ...

SEE ALSO
    COMPATIBILITY_README, postconf(5)
"""

from __future__ import annotations

import re
from functools import lru_cache

from simmail.mail.digits import whole
from simmail.postfix.printable import printable

#: The newest level that changes anything in Postfix 3.7.
LAST_LEVEL = "3.6"
#: A parameter whose old default is told of in the log -> the level that changed it.
CHANGED_IN: dict[str, str] = {
    "append_dot_mydomain": "1",
    "smtpd_relay_restrictions": "1",
    "smtputf8_enable": "1",
    "relay_domains": "2",
    "smtpd_relay_before_recipient_restrictions": "3.6",
    "respectful_logging": "3.6",
}
_LEVEL = re.compile(r"[+]?0*(\d{1,11})(?:\.[+]?0*(\d{1,4}))?(?:\.[+]?0*(\d{1,4}))?", re.ASCII)
_LARGEST = (2**43 - 1, 1023, 1023)


class LevelError(ValueError):
    """A text that is no level."""


class Level(tuple[int, int, int]):
    """A compatibility level: (major, minor, patch), comparable."""

    __slots__ = ()

    def __str__(self) -> str:
        major, minor, patch = self
        if major <= 2:
            return str(major)
        return f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"


@lru_cache(maxsize=64)
def level(text: str) -> Level:
    """Read a level.

    >>> level("3.6") < level("3.10")
    True

    Raises:
        LevelError: in the words of the log.
    """
    found = _LEVEL.fullmatch(text)
    numbers = tuple(whole(part or "0") for part in found.groups()) if found else ()
    if not numbers or any(number > most for number, most in zip(numbers, _LARGEST, strict=True)):
        raise LevelError(printable(f'malformed compatibility level syntax: "{text}"', utf8=False))
    return Level(numbers)


#: What postfix(1) says, and logs, each time that it is run below the last level.
NOTICE = (
    "Postfix is using backwards-compatible default settings",
    "See http://www.postfix.org/COMPATIBILITY_README.html for details",
    f'To disable backwards compatibility use "postconf compatibility_level={LAST_LEVEL}" and "postfix reload"',
)


def notice(level_: Level) -> tuple[str, ...]:
    """The lines with which postfix(1) warns an administrator whose level is `level_`; none at the last level."""
    return NOTICE if level_ < level(LAST_LEVEL) else ()
