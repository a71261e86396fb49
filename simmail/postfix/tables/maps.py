"""NAME
    maps - the list of tables behind one parameter

DESCRIPTION
    Tables are asked in order and the first answer counts.  One that fails ends the search; an empty answer is a
    mistake in the table and ends it too.  Nobody is asked for an empty key, which no table has.

DIAGNOSTICS
    hash:/etc/postfix/access lookup error for "KEY"
    PARAMETER lookup of KEY returns an empty string result

SEE ALSO
    maps(3), DATABASE_README
"""

from __future__ import annotations

from simmail.mail.errors import Location
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.registry import open_table
from simmail.postfix.tables.split import split_outside_braces
from simmail.postfix.tables.table import LookupFailure, Table, TableEnvironment


class Maps:
    """The tables that a parameter lists.

    Args:
        title: the parameter's name, for warnings.
        tables: in the order in which they are asked.
        environment: the program's.
    """

    __slots__ = ("environment", "fixed", "tables", "title")

    def __init__(self, title: str, tables: tuple[Table, ...], environment: TableEnvironment) -> None:
        self.title, self.tables, self.environment = title, tables, environment
        self.fixed = tuple(table for table in tables if not table.pattern)

    @classmethod
    def open(cls, parameter: str, value: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Maps:
        """Open all tables that `value` lists; in a daemon this never fails, the look-ups do."""
        return cls(
            parameter,
            tuple(open_table(spec, environment, flags) for spec in split_outside_braces(value)),
            environment,
        )

    def __bool__(self) -> bool:
        return bool(self.tables)

    def find(self, key: str, *, exact: bool = False) -> str | None:
        """The first answer for `key`, or None.

        Args:
            key: what to look up.
            exact: True leaves out tables of patterns: for the parts of an address (`user`, `@domain`).

        Raises:
            LookupFailure: where a table fails before one answers; the reason has been logged.
        """
        for table in self.fixed if exact else self.tables:
            value = self._ask(table, key)
            if value is not None:
                return value
        return None

    def find_with_source(self, key: str, *, exact: bool = False) -> tuple[str, Location] | None:
        """As `find`, with the place that decided."""
        for table in self.fixed if exact else self.tables:
            value = self._ask(table, key)
            if value is not None:
                return value, table.where(key)
        return None

    def _ask(self, table: Table, key: str) -> str | None:
        if not key:
            return None
        try:
            value = table.find(key)
        except LookupFailure:
            self.environment.warn("warning", f'{table.title} lookup error for "{key}"')
            raise
        if self.environment.asked is not None:
            self.environment.asked(table, key, value)
        if value == "":
            warn = self.environment.warn
            warn("warning", f"{self.title} lookup of {key} returns an empty string result")
            warn("warning", f"{self.title} should return NO RESULT in case of NOT FOUND")
            raise LookupFailure(f"{table.spec}: empty result", configuration=True)
        return value

    @property
    def needs(self) -> tuple[tuple[str, ...], ...] | None:
        """For each answer that there can be, what a key needs to have it, as `Table.needs`."""
        needs: list[tuple[str, ...]] = []
        for table in self.tables:
            if table.needs is None:
                return None
            needs += table.needs
        return tuple(needs)

    def changed(self) -> bool:
        """Whether the file behind one of the tables is another one now."""
        return any(table.changed() for table in self.tables)
