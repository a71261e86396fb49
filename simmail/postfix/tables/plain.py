"""Tables that need no file: static: and fail:."""

from __future__ import annotations

from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.table import LookupFailure, Table, TableEnvironment


class Static(Table):
    """The same answer to every key."""

    def __init__(self, type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> None:
        super().__init__(type, name, environment, flags)
        self.value = name

    def find(self, key: str) -> str | None:
        """The table's name."""
        return self.value


class Fail(Table):
    """Fails at every look-up: for tests."""

    pattern = True

    def find(self, key: str) -> str | None:
        """Raises LookupFailure."""
        raise LookupFailure(self.spec)
