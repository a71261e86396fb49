"""NAME
    maincf - the syntax of main.cf

DESCRIPTION
    A logical line starts with text at the line's beginning; lines that start with white space continue it.  Empty
    lines and lines whose first visible character is `#` are left out wherever they stand, between a line and
    its continuation too.  Each logical line is `name = value`.

DIAGNOSTICS
    `Fatal` for a file that cannot be read, and for a line without a name or without `=`.  Warnings go through `warn`:
    for a value that replaces another one, for white space before the first line.

SEE ALSO
    postconf(5), section "main.cf file format"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from simmail.files.file_errors import IS_DIRECTORY, FileError
from simmail.files.reading import ROOT, file_for
from simmail.files.tree import FileSystem
from simmail.mail.errors import Fatal, Location
from simmail.postfix.printable import printable

Warn = Callable[[str, str], None]

#: isspace(3) in the C locale.
SPACE = " \t\n\r\f\v"


class LogicalLine(NamedTuple):
    """A logical line: its text, continuation lines joined, and the numbers of its first and last physical line."""

    text: str
    first: int
    last: int


class Setting(NamedTuple):
    """A parameter's value as main.cf (or `-o`) has it, unexpanded, and where it stands."""

    value: str
    location: Location


def read_file(files: FileSystem, path: str, purpose: str = "", user: str = ROOT) -> str:
    """The text of a configuration file; a folder opens like one, and cannot be read.

    Args:
        files: where it is.
        path: its name.
        purpose: what the complaint about a file that is not there says more.
        user: who reads it.

    Raises:
        Fatal: for a file that cannot be read.
    """
    try:
        return file_for(files, path, user).text
    except FileError as error:
        deed = f"read {path}" if error.reason == IS_DIRECTORY else f"open {path}{purpose}"
        raise Fatal(f"{deed}: {error.reason}") from None


def physical_lines(text: str) -> list[str]:
    """The lines of a file, each with its end, which the last one may lack."""
    *lines, last = text.split("\n")
    return [line + "\n" for line in lines] + ([last] if last else [])


def logical_lines(text: str, name: str, warn: Warn) -> Iterator[LogicalLine]:
    """The logical lines of a file.

    Args:
        text: the file's text.
        name: the file's name, for warnings.
        warn: told of a continuation line with nothing to continue, which is left out.
    """
    parts: list[str] = []
    first = last = 0

    def done() -> Iterator[LogicalLine]:
        joined = "".join(parts)
        if not joined:
            return
        if joined[0] in SPACE:
            octets = joined.encode("utf-8", "surrogateescape")
            shown = octets[:30].decode("utf-8", "surrogateescape") + ("..." if len(octets) > 30 else "")
            text = f'{name}: logical line must not start with whitespace: "{shown}"'
            warn("warning", printable(text, utf8=False))
        else:
            yield LogicalLine(joined, first, last)

    for number, line in enumerate(text.split("\n"), 1):
        visible = line.lstrip(SPACE)
        if not visible or visible[0] == "#":
            continue
        if parts and line[0] not in SPACE:
            yield from done()
            parts = []
        if not parts:
            first = number
        parts.append(line)
        last = number
    yield from done()


def split_name_value(text: str) -> tuple[str, str]:
    """`name = value` as its two halves, white space around them gone.

    Raises:
        ValueError: with the reason, `missing '=' after attribute name`.
    """
    text = text.strip(SPACE)
    if not text or text[0] == "=":
        raise ValueError("missing attribute name")
    end = 0
    while end < len(text) and text[end] not in SPACE and text[end] != "=":
        end += 1
    name, rest = text[:end], text[end:].lstrip(SPACE)
    if not rest.startswith("="):
        raise ValueError("missing '=' after attribute name")
    return name, rest[1:].strip(SPACE)


def parse(text: str, name: str, warn: Warn, elsewhere: str = "") -> dict[str, Setting]:
    """All settings of a main.cf; of one given twice, the last.

    Args:
        text: the file's text.
        name: its name, `/etc/postfix/main.cf`.
        warn: told of settings that replace others.
        elsewhere: the folder that `-c` or MAIL_CONFIG names; it sets config_directory, unless main.cf does.

    Raises:
        Fatal: for a line that is no setting.
    """
    settings: dict[str, Setting] = {}
    if elsewhere:
        settings["config_directory"] = Setting(elsewhere, Location("-c"))
    for line in logical_lines(text, name, warn):
        try:
            key, value = split_name_value(line.text)
        except ValueError as error:
            # nobody knows yet whether smtputf8_enable lets messages have letters beyond ASCII
            raise Fatal(printable(f'{name}, line {line.first}: {error}: "{line.text}"', utf8=False)) from None
        earlier = settings.get(key)
        if earlier is not None and earlier.value != value:
            what = f"overriding earlier entry: {key}={earlier.value}"
            warn("warning", printable(f"{name}, line {line.first}: {what}", utf8=False))
        settings[key] = Setting(value, Location(name, line.first))
    return settings
