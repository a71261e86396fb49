"""What a program may know of the simulated machine it runs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from simmail.files.accounts_view import PASSWD, AccountsView
from simmail.files.base_system import FOLDERS, LINKS
from simmail.files.entries import Owner
from simmail.files.file_errors import FileError
from simmail.files.tree import FileSystem
from simmail.mail.calendar import Calendar


class Account(NamedTuple):
    """A line of /etc/passwd."""

    name: str
    uid: int
    home: str
    gecos: str = ""
    gid: int = 8
    shell: str = "/bin/sh"

    @property
    def line(self) -> str:
        """It as a line."""
        return f"{self.name}:x:{self.uid}:{self.gid}:{self.gecos}:{self.home}:{self.shell}"


#: The accounts that Debian's base system and its postfix package make; each can receive mail.
SYSTEM_ACCOUNTS = tuple(
    Account(name, uid, home, gecos, gid, shell)
    for name, uid, gid, gecos, home, shell in (
        ("root", 0, 0, "root", "/root", "/bin/bash"),
        ("daemon", 1, 1, "daemon", "/usr/sbin", "/usr/sbin/nologin"),
        ("bin", 2, 2, "bin", "/bin", "/usr/sbin/nologin"),
        ("sys", 3, 3, "sys", "/dev", "/usr/sbin/nologin"),
        ("sync", 4, 65534, "sync", "/bin", "/bin/sync"),
        ("games", 5, 60, "games", "/usr/games", "/usr/sbin/nologin"),
        ("man", 6, 12, "man", "/var/cache/man", "/usr/sbin/nologin"),
        ("lp", 7, 7, "lp", "/var/spool/lpd", "/usr/sbin/nologin"),
        ("mail", 8, 8, "mail", "/var/mail", "/usr/sbin/nologin"),
        ("news", 9, 9, "news", "/var/spool/news", "/usr/sbin/nologin"),
        ("uucp", 10, 10, "uucp", "/var/spool/uucp", "/usr/sbin/nologin"),
        ("proxy", 13, 13, "proxy", "/bin", "/usr/sbin/nologin"),
        ("www-data", 33, 33, "www-data", "/var/www", "/usr/sbin/nologin"),
        ("backup", 34, 34, "backup", "/var/backups", "/usr/sbin/nologin"),
        ("list", 38, 38, "Mailing List Manager", "/var/list", "/usr/sbin/nologin"),
        ("irc", 39, 39, "ircd", "/run/ircd", "/usr/sbin/nologin"),
        ("nobody", 65534, 65534, "nobody", "/nonexistent", "/usr/sbin/nologin"),
        ("postfix", 101, 102, "", "/var/spool/postfix", "/usr/sbin/nologin"),
    )
)
#: The groups of Debian's base system and its postfix package, for a machine without /etc/group.
GROUPS: dict[str, int] = {
    "root": 0, "daemon": 1, "bin": 2, "sys": 3, "adm": 4, "tty": 5, "disk": 6, "lp": 7, "mail": 8, "news": 9,
    "uucp": 10, "man": 12, "proxy": 13, "kmem": 15, "dialout": 20, "fax": 21, "voice": 22, "cdrom": 24, "floppy": 25,
    "tape": 26, "sudo": 27, "audio": 29, "dip": 30, "www-data": 33, "backup": 34, "operator": 37, "list": 38,
    "irc": 39, "src": 40, "shadow": 42, "utmp": 43, "video": 44, "sasl": 45, "plugdev": 46, "staff": 50, "games": 60,
    "users": 100, "postfix": 102, "postdrop": 103, "nogroup": 65534,
}  # fmt: skip
FIRST_USER_ID = 2000
#: The addresses of every machine's loopback interface.
LOOPBACK = ("127.0.0.1", "::1")
#: /etc/hosts of a machine that has none.
USUAL_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"


def host_lines(text: str) -> list[list[str]]:
    """The lines of a file such as /etc/hosts (hosts(5)), comments apart: an address, then its names."""
    return [words for line in text.splitlines() if (words := line.partition("#")[0].split())]


@dataclass(slots=True)
class Machine:
    """One simulated computer, as its programs see it.

    Args:
        hostname: what gethostname(2) tells, which need not be fully qualified.
        addresses: those of its network interfaces, those of the loopback included.
        free: octets that are free on its disk.
        prefixes: address -> length of its network's prefix in bits, where it is not that of a lone host.
        files: its file system.
        calendar: how its clock reads as a date.
        accounts: login name -> account.
        names: tells at once what DNS has of a name, of the type `A` or `AAAA`; nothing where there is no DNS.
    """

    hostname: str
    addresses: tuple[str, ...] = LOOPBACK
    files: FileSystem = field(default_factory=FileSystem)
    calendar: Calendar = field(default_factory=lambda: Calendar(datetime(2026, 1, 5, tzinfo=UTC)))
    accounts: dict[str, Account] = field(default_factory=lambda: {a.name: a for a in SYSTEM_ACCOUNTS})
    prefixes: dict[str, int] = field(default_factory=lambda: {"127.0.0.1": 8})
    free: float = 10e9
    names: Callable[[str, str], tuple[str, ...]] = lambda name, type: ()

    def __post_init__(self) -> None:
        for folder in FOLDERS:
            self.files.make_folder(folder)
        for path, target in LINKS.items():
            self.files.make_link(path, target)
        self.files.mount(PASSWD, AccountsView(self.accounts))
        self.files.linked = False  # none of these is a mailbox

    @property
    def outside(self) -> tuple[str, ...]:
        """The addresses that others can reach: all but those of the loopback interface."""
        return tuple(a for a in self.addresses if a != "::1" and not a.startswith("127."))

    def prefix(self, address: str) -> int:
        """The length of the prefix of an own address's network, in bits."""
        return self.prefixes.get(address, 128 if ":" in address else 32)

    def groups(self) -> dict[str, int]:
        """The groups by name."""
        try:
            text = self.files.read("/etc/group")
        except FileError:
            return GROUPS
        fields = (line.split(":") for line in text.splitlines())
        return {field[0]: int(field[2]) for field in fields if len(field) > 2 and field[2].isdecimal()}

    def hosts(self) -> list[list[str]]:
        """The lines of /etc/hosts, an address and then its names."""
        try:
            text = self.files.read("/etc/hosts")
        except FileError:
            text = USUAL_HOSTS
        return host_lines(text)

    def uid(self, owner: str) -> int:
        """The number of a file's owner, who need not be an account."""
        account = self.accounts.get(owner)
        return account.uid if account is not None else int(owner) if owner.isdecimal() else 0

    def gid(self, owner: str) -> int:
        """The number of the group that a file belongs to as its owner says."""
        if isinstance(owner, Owner):
            return owner.group
        account = self.accounts.get(owner)
        return account.gid if account is not None else 0

    def folder_gid(self, path: str) -> int:
        """The number of the group that a folder belongs to: one of its own, or its owner's."""
        group = self.files.folder_group(path)
        return self.gid(self.files.folder_owner(path)) if group is None else group

    def add_user(self, name: str, gecos: str = "") -> Account:
        """Make an account with a home below /home."""
        taken = [a.uid for a in self.accounts.values() if a.uid >= FIRST_USER_ID and a.uid < 60000]
        account = Account(name, max(taken, default=FIRST_USER_ID - 1) + 1, f"/home/{name}", gecos)
        self.accounts[name] = account
        self.files.make_folder(account.home, name)
        return account
