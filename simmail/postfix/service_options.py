"""NAME
    service_options - a service with options of its own, in braces

DESCRIPTION
    Policy servers and Milters can be named as `{ inet:host:port, name=value, { name = value } ... }`.

DIAGNOSTICS
    `Fatal`: SERVICE syntax error: ..., malformed option: ..., unknown option: "NAME = VALUE", and what is wrong with a
    value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simmail.mail.errors import Fatal
from simmail.postfix.maincf import split_name_value
from simmail.postfix.tables.split import BraceError, inside_braces, split_outside_braces
from simmail.postfix.values import seconds

#: Reads an option's value, given its name and its text.
Reader = Callable[[str, str], Any]


def time(name: str, text: str) -> float:
    """A time of a second at least, in seconds unless it says otherwise.  Raises Fatal."""
    value = seconds(text, "s")
    if value is None:
        raise Fatal(f"{name}: bad time value or unit: {text}")
    if value < 1:
        raise Fatal(f"invalid {name}: {value} (min 1)")
    return float(value)


def number(name: str, text: str) -> int:
    """A whole number.  Raises Fatal."""
    if not text.isascii() or not text.isdigit():
        raise Fatal(f"{name}: bad numerical configuration: {text}")
    return int(text)


def string(name: str, text: str) -> str:
    """Any text."""
    return text


def service_words(text: str, service: str) -> list[str]:
    """A service's name and its options, not yet read.

    Args:
        text: the name, or braces around it and its options.
        service: what it is, for complaints: `policy service`.

    Raises:
        Fatal: for braces that cannot be read.
    """
    if not text.startswith("{"):
        return [text]
    try:
        return split_outside_braces(inside_braces(text)) or [""]
    except BraceError as error:
        raise Fatal(f"{service} syntax error: {error}") from None


def read_options(words: Iterable[str], readers: Mapping[str, Reader], service: str) -> dict[str, Any]:
    """Options by their names.  Raises Fatal.

    Args:
        words: each `name=value` or `{ name = value }`.
        readers: how the value of each that there is is read.
        service: what has them, for complaints.
    """
    return dict(_option(word, readers, service) for word in words)


def _option(word: str, readers: Mapping[str, Reader], service: str) -> tuple[str, Any]:
    try:
        text = inside_braces(word) if word.startswith("{") else word
        name, value = split_name_value(text)
    except BraceError as error:
        raise Fatal(f"{service} syntax error: {error}") from None
    except ValueError as error:
        raise Fatal(f'malformed option: {error}: "...{text}..."') from None
    reader = readers.get(name)
    if reader is None:
        raise Fatal(f'unknown option: "{name} = {value}"')
    return name, reader(name, value)
