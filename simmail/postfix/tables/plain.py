"""NAME
    plain - tables that need no file

DESCRIPTION
    `static:value` and `static:{value}` give the same answer to every key, `inline:{name=value, {name = two words}}`
    holds its entries in its name, `randmap:{value, ...}` draws one of its values, `fail:name` fails, and `environ:`,
    `internal:` and `nis:` find nothing.

DIAGNOSTICS
    dict_nis_init: NIS domain name not set - NIS lookups disabled
        Said by each process that opens `nis:`, once.  Harmless, and seen where alias_maps has its default.
    bad syntax: "inline:a=1"; need "inline:{name=value...}"

BUGS
    environ: does not show the environment of the process, nis: knows no domain.

SEE ALSO
    DATABASE_README
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

from simmail.postfix.tables.base64files import BadFile, encoded_files
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.fold import is_utf8
from simmail.postfix.tables.split import (
    SPACE,
    BraceError,
    balanced,
    inside_braces,
    name_and_value,
    split_outside_braces,
)
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import LookupFailure, Table, TableEnvironment


class Static(Table):
    """The same answer to every key."""

    def __init__(
        self, type: str, name: str, environment: TableEnvironment, value: str, flags: DictFlag = USUAL
    ) -> None:
        super().__init__(type, name, environment, flags)
        self.value = value

    def find(self, key: str) -> str | None:
        """The value."""
        if not key.isascii() and self.folded(key) is None:
            return None
        return self.checked(key, self.value)


def open_static(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `static:value` or `static:{value}`."""
    value = name
    if name.startswith("{"):
        try:
            value = inside_braces(name).strip(SPACE)
        except BraceError as error:
            return Unavailable(type, name, environment, f"bad static:name syntax: {error}", flags)
    if DictFlag.SRC_RHS_IS_FILE in flags:
        try:
            value = encoded_files(value, environment)
        except BadFile as error:
            return Unavailable(type, name, environment, str(error), flags)
    return Static(type, name, environment, value, flags)


class Inline(Table):
    """Entries written in the table's name.

    Args:
        entries: key, folded -> value.
    """

    def __init__(
        self, type: str, name: str, environment: TableEnvironment, entries: dict[str, str], flags: DictFlag = USUAL
    ) -> None:
        super().__init__(type, name, environment, flags)
        self.entries = {folded: value for key, value in entries.items() if (folded := self.folded(key)) is not None}

    def find(self, key: str) -> str | None:
        """The value of the last entry with that key."""
        folded = self.folded(key)
        return None if folded is None else self.entries.get(folded)

    def items(self) -> Iterator[tuple[str, str]]:
        """The entries, as they stand."""
        yield from self.entries.items()


def open_inline(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `inline:{name=value, {name = two words}}`."""
    value_name = "filename" if DictFlag.SRC_RHS_IS_FILE in flags else "value"
    need = f'need "inline:{{name={value_name}...}}"'
    if environment.utf8 and DictFlag.UTF8_REQUEST in flags and not is_utf8(name):
        return Unavailable(type, name, environment, f'bad UTF-8 syntax: "inline:{name}"; {need}', flags)
    if balanced(name) != len(name) or len(name) <= 2:
        return Unavailable(type, name, environment, f'bad syntax: "inline:{name}"; {need}', flags)
    entries: dict[str, str] = {}
    try:
        for item in split_outside_braces(name[1:-1]):
            if item.startswith("{"):
                item = inside_braces(item)
            key, value = name_and_value(item)
            if DictFlag.SRC_RHS_IS_FILE in flags:
                value = encoded_files(value, environment)
            entries[key] = value
    except (ValueError, BadFile) as error:
        return Unavailable(type, name, environment, f'{error}: "inline:{name}"; {need}', flags)
    if not entries:
        return Unavailable(type, name, environment, f'empty table: "inline:{name}"; {need}', flags)
    return Inline(type, name, environment, entries, flags)


class Random(Table):
    """One of its values, by chance: a sequence that only the table's name and the number of draws decide."""

    pattern = True

    def __init__(
        self, type: str, name: str, environment: TableEnvironment, values: list[str], flags: DictFlag = USUAL
    ) -> None:
        super().__init__(type, name, environment, flags)
        self.values = values
        self.state = crc32(f"{environment.machine.hostname} {name}".encode("utf-8", "surrogateescape"))

    def find(self, key: str) -> str | None:
        """The next draw."""
        self.environment.unrepeatable += 1
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return self.values[(self.state >> 16) % len(self.values)]


def open_random(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `randmap:{value, ...}`."""
    values = split_outside_braces(name[1:-1]) if balanced(name) == len(name) else []
    if not values:
        reason = f'bad syntax: "randmap:{name}"; need "randmap:{{value...}}"'
        return Unavailable(type, name, environment, reason, flags)
    if DictFlag.SRC_RHS_IS_FILE in flags:
        try:
            values = [encoded_files(value, environment) for value in values]
        except BadFile as error:
            return Unavailable(type, name, environment, str(error), flags)
    return Random(type, name, environment, values, flags)


class Fail(Table):
    """Fails at every look-up: for tests of what follows."""

    pattern = True
    available = False

    def find(self, key: str) -> str | None:
        """Raises LookupFailure."""
        self.environment.unrepeatable += 1
        raise LookupFailure(self.title)

    def items(self) -> Iterator[tuple[str, str]]:
        """Raises LookupFailure."""
        raise LookupFailure(self.title)


class Environ(Table):
    """The variables of the program's environment; a daemon has none that matter."""

    def find(self, key: str) -> str | None:
        """The variable's value."""
        folded = self.folded(key)
        return None if folded is None else self.environment.variables.get(folded)


class Nothing(Table):
    """A table without entries."""

    def find(self, key: str) -> str | None:
        """None."""
        return None


def open_nis(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `nis:map`; nobody has set a domain."""
    if not any(table.type == type for table in environment.tables.values()):
        environment.warn("warning", "dict_nis_init: NIS domain name not set - NIS lookups disabled")
    return Nothing(type, name, environment, flags)
