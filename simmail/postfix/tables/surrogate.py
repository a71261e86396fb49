"""A table that could not be opened: every question fails."""

from __future__ import annotations

from simmail.mail.errors import Fatal
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.table import LookupFailure, Table, TableEnvironment


class Unavailable(Table):
    """Stands for a table that cannot be opened.

    Opening it is fatal in a command; a daemon logs an error and goes on, and each look-up warns and fails.

    Args:
        reason: what is said at opening and at each look-up.

    Raises:
        Fatal: with `reason`, in a command.
    """

    pattern = True
    available = False

    def __init__(
        self, type: str, name: str, environment: TableEnvironment, reason: str, flags: DictFlag = USUAL
    ) -> None:
        super().__init__(type, name, environment, flags)
        self.reason = reason
        if not environment.surrogates:
            raise Fatal(reason)
        environment.warn("error", reason)

    def find(self, key: str) -> str | None:
        """Warns and raises LookupFailure."""
        self.environment.warn("warning", f"{self.spec} is unavailable. {self.reason}")
        raise LookupFailure(self.spec)
