"""The command lines of policy servers, read as Getopt::Long does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from simmail.mail.errors import Fatal


class Option(NamedTuple):
    """An option.

    Args:
        name: `delay`, for `--delay=300` or `--delay 300`.
        letter: its short form, if it has one.
        default: its value where it is not given.
        flag: it takes no value; given, it is `1`.
        several: it may be given more than once; the values are joined by newlines.
        optional: its value where it is given without one.
    """

    name: str
    letter: str = ""
    default: str = ""
    flag: bool = False
    several: bool = False
    optional: str = ""


def read_options(argv: tuple[str, ...], known: Sequence[Option]) -> dict[str, str]:
    """Each option's value.  Raises Fatal for a word that is none of them."""
    values = {option.name: option.default for option in known}
    words = list(argv[1:])
    given: set[str] = set()
    while words:
        word = words.pop(0)
        name, equals, value = word.lstrip("-").partition("=")
        long = word.startswith("--")
        option = next((option for option in known if name == (option.name if long else option.letter)), None)
        if option is None or not word.startswith("-"):
            raise Fatal(f"Unknown option: {name}")
        if option.flag:
            value = "1"
        elif not equals and option.optional:
            value = words.pop(0) if words and not words[0].startswith("-") else option.optional
        elif not equals:
            if not words:
                raise Fatal(f"Option {name} requires an argument")
            value = words.pop(0)
        if option.several and option.name in given:
            value = values[option.name] + "\n" + value
        given.add(option.name)
        values[option.name] = value
    return values
