"""The lines of tables as they are written: what a source says, whether it has been compiled or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simmail.files.file_errors import FileError
from simmail.mail.errors import Fatal, Location
from simmail.postfix.commands.postalias import alias_entries
from simmail.postfix.maincf import SPACE, logical_lines
from simmail.postfix.tables import TableEnvironment
from simmail.postfix.tables.entries import read_entries
from simmail.postfix.tables.patterns import PatternTable
from simmail.postfix.tables.registry import open_table
from simmail.postfix.tables.split import BraceError, inside_braces, name_and_value, split_outside_braces

#: Types whose source is compiled, or read as such a source is.
KEYED = ("hash", "btree", "lmdb", "dbm", "cdb", "sdbm", "texthash")
COMPILED = ("hash", "btree", "lmdb", "dbm", "cdb", "sdbm")
#: Types that read a file of the name behind the colon.
FILES = (*COMPILED, "texthash", "cidr", "pcre", "regexp")


class TableLine(NamedTuple):
    """An entry of a table: its key or pattern, its value, and where it stands."""

    key: str
    value: str
    location: Location


def table_lines(spec: str, environment: TableEnvironment, alias: bool) -> Iterator[TableLine]:
    """The entries of a table; none for one that cannot be read.

    Args:
        spec: `hash:/etc/postfix/access`.
        environment: where files are found, and who hears what is wrong with them.
        alias: whether it is written as aliases(5) are.
    """
    type, _, name = spec.partition(":")
    if type == "inline":
        yield from _inline(name)
    elif type in ("pcre", "regexp"):
        yield from _patterns(spec, environment)
    elif type in (*KEYED, "cidr"):
        text = _text(name, environment)
        if alias:
            yield from _aliases(text, name, environment)
        elif type == "cidr":
            for line in logical_lines(text, name, environment.warn):
                key, _, value = line.text.partition(" ")
                yield TableLine(key, value.strip(SPACE), Location(name, line.first))
        else:
            for entry in read_entries(text, name, environment, utf8=True, files=False):
                yield TableLine(entry.key, entry.value, Location(name, entry.line))


def _text(name: str, environment: TableEnvironment) -> str:
    try:
        return environment.file(name).text
    except FileError:
        return ""


def _inline(name: str) -> Iterator[TableLine]:
    try:
        parts = split_outside_braces(inside_braces(name))
        pairs = [name_and_value(inside_braces(part) if part.startswith("{") else part) for part in parts]
    except (BraceError, ValueError):
        return
    for key, value in pairs:
        yield TableLine(key, value, Location(""))


def _aliases(text: str, name: str, environment: TableEnvironment) -> Iterator[TableLine]:
    for entry in alias_entries(text, name, environment.warn, utf8=True):
        yield TableLine(entry.key, entry.value, Location(name, entry.line))


def _patterns(spec: str, environment: TableEnvironment) -> Iterator[TableLine]:
    """The rules that work; those with a mistake are warned of when the table is opened."""
    try:
        table = open_table(spec, environment)
    except Fatal:
        return
    if not isinstance(table, PatternTable):
        return
    lines = {line.first: line.text for line in logical_lines(_text(table.name, environment), table.name, _silent)}
    for rule in table.rules:
        text = lines.get(rule.line, "")
        value = rule.value if rule.value is not None else "".join(str(part) for part in rule.parts)
        if not rule.end:
            yield TableLine(text.removesuffix(value).rstrip(SPACE), value, Location(table.name, rule.line))


def _silent(level: str, text: str) -> None:
    """Say nothing."""
