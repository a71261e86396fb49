"""Tables of the host itself: `unix:passwd.byname` and `unix:group.byname`."""

from __future__ import annotations

from collections.abc import Callable

from simmail.files.machine import GROUPS
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import Table, TableEnvironment


class Passwd(Table):
    """Login names and their lines of /etc/passwd."""

    def find(self, key: str) -> str | None:
        """The account's line."""
        folded = self.folded(key)
        account = self.environment.machine.accounts.get(folded) if folded else None
        return account.line if account is not None else None


class Group(Table):
    """Group names and their lines of /etc/group, members left out."""

    def find(self, key: str) -> str | None:
        """The group's line."""
        folded = self.folded(key)
        return f"{folded}:x:{GROUPS[folded]}:" if folded in GROUPS else None


KINDS: dict[str, Callable[[str, str, TableEnvironment, DictFlag], Table]] = {
    "passwd.byname": Passwd,
    "group.byname": Group,
}


def open_unix(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `unix:passwd.byname` or `unix:group.byname`."""
    kind = KINDS.get(name)
    if kind is None:
        return Unavailable(type, name, environment, f"unknown table: unix:{name}", flags)
    return kind(type, name, environment, flags)
