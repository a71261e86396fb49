"""Tables of the host itself: `unix:passwd.byname` and `unix:group.byname`."""

from __future__ import annotations

from collections.abc import Callable

from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import Table, TableEnvironment

#: Groups of Debian's base system, and their numbers.
GROUPS = {
    "root": 0, "daemon": 1, "bin": 2, "sys": 3, "adm": 4, "tty": 5, "disk": 6, "lp": 7, "mail": 8, "news": 9,
    "uucp": 10, "man": 12, "proxy": 13, "kmem": 15, "dialout": 20, "fax": 21, "voice": 22, "cdrom": 24, "floppy": 25,
    "tape": 26, "sudo": 27, "audio": 29, "dip": 30, "www-data": 33, "backup": 34, "operator": 37, "list": 38,
    "irc": 39, "src": 40, "shadow": 42, "utmp": 43, "video": 44, "sasl": 45, "plugdev": 46, "staff": 50, "games": 60,
    "users": 100, "nogroup": 65534, "postfix": 102, "postdrop": 103,
}  # fmt: skip


class Passwd(Table):
    """Login names and their lines of /etc/passwd."""

    def find(self, key: str) -> str | None:
        """The account's line."""
        folded = self.folded(key)
        account = self.environment.machine.accounts.get(folded) if folded else None
        if account is None:
            return None
        return f"{account.name}:x:{account.uid}:{account.gid}:{account.gecos}:{account.home}:{account.shell}"


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
