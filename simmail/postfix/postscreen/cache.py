"""NAME
    postscreen.cache - the clients that postscreen remembers

DESCRIPTION
    For each address the time, in seconds since 1970, up to which having passed each test counts: 0 for a test never
    passed, 1 for one that was not asked for.  The table lives in a file of the host and outlives Postfix.  Now and then
    entries are dropped whose results have been void for long.

PARAMETERS
    postscreen_cache_map, postscreen_cache_retention_time, postscreen_cache_cleanup_interval

DIAGNOSTICS
    cache TABLE full cleanup: retained=N dropped=N entries
    TABLE is unavailable. REASON, and its kin: nothing is remembered.
    request to update table TABLE in non-postfix directory FOLDER
    redirecting the request to postfix-owned data_directory FOLDER

BUGS
    Old entries are dropped when the next client comes, not in between.  A memcache: table is not simulated, and is
    unavailable.

SEE ALSO
    postscreen(8)
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from simmail.files.entries import File
from simmail.files.machine import Machine
from simmail.files.paths import normal
from simmail.postfix.config import QUEUE_DIRECTORY
from simmail.postfix.postscreen.tests import TESTS, Test
from simmail.postfix.tables.database import dump, load
from simmail.postfix.tables.entries import Entry
from simmail.postfix.tables.registry import TYPES

#: Times that are none: a test never passed, and one that is not asked for.
NEVER, DISABLED = 0, 1
#: The key that holds when old entries were last dropped.
CLEANED = "_LAST_CACHE_CLEANUP_COMPLETED_"
WRITABLE = frozenset({"btree", "hash"})
#: The types of table that live in files which Postfix writes.
OWN_FILES = WRITABLE | {"cdb", "dbm", "lmdb", "sdbm"}

Stamps = dict[Test, int]


class CacheFile(File):
    """The table's file, rendered when somebody reads it.

    Args:
        type: `btree` or `hash`.
        values: its entries.
        modified: when somebody last wrote it, seconds.
    """

    __slots__ = ("type", "values")

    def __init__(self, type: str, values: dict[str, str], modified: float) -> None:
        self.type, self.values = type, values
        self.owner, self.mode, self.modified = "postfix", 0o600, modified

    @property
    def text(self) -> str:
        """The compiled table."""
        return dump(self.type, {key: Entry(key, value, 0) for key, value in self.values.items()})

    @text.setter
    def text(self, text: str) -> None:
        """Somebody has put another there."""
        self.values = {key: entry.value for key, entry in load(self.type, text).items()}


class Cache:
    """What one postscreen remembers of its clients.

    Args:
        spec: postscreen_cache_map; "" remembers nothing.
        machine: the host.
        folder: data_directory, which is always there.
        usual: default_database_type, for a table without a type.
        say: hears (level, text) for the log.
    """

    def __init__(self, spec: str, machine: Machine, folder: str, usual: str, say: Callable[[str, str], None]) -> None:
        self.folder, self.usual, self.say = normal(folder), usual, say
        self.spec = self._redirected(spec, machine)
        self._cleaned = False
        self.values: dict[str, str] | None = None
        self.trouble = ""
        if spec:
            self._open(machine)

    def _redirected(self, spec: str, machine: Machine) -> str:
        """The table: in a folder that is not Postfix's own it is not made, but in data_directory."""
        type, name = spec.split(":", 1) if ":" in spec else (self.usual, spec)
        folder, _, base = name.rpartition("/")
        folder = folder or "."
        path = normal(folder, QUEUE_DIRECTORY)
        if not spec:
            return ""
        if type in OWN_FILES and path != self.folder and machine.files.is_folder(path):
            self.say("warning", f"request to update table {spec} in non-postfix directory {folder}")
            self.say("warning", f"redirecting the request to postfix-owned data_directory {self.folder}")
            name = f"{self.folder}/{base}"
        return f"{type}:{name}"

    def _open(self, machine: Machine) -> None:
        type, _, name = self.spec.removeprefix("proxy:").partition(":")
        path, files = normal(name + ".db", QUEUE_DIRECTORY), machine.files
        if type not in TYPES:
            self.trouble = f"unsupported dictionary type: {type}"
        elif type not in WRITABLE:
            self.trouble = f"{self.spec} map requires O_RDONLY access mode"
        elif not files.is_folder(posixpath.dirname(path)) and posixpath.dirname(path) != self.folder:
            self.trouble = f"open database {path}: No such file or directory"
        else:
            found = files.find(path)
            if not isinstance(found, CacheFile):
                try:
                    kept = {} if found is None else {e.key: e.value for e in load(type, found.text).values()}
                except (ValueError, TypeError):
                    self.trouble = f"open database {path}: Invalid argument"
                    kept = {}
                if not self.trouble:
                    found = CacheFile(type, kept, files.clock())
                    files.place(path, found)
            if isinstance(found, CacheFile):
                self.values = found.values
        if self.trouble:
            self.say("error", self.trouble)

    def _unavailable(self, *more: str) -> None:
        self.say("warning", f"{self.spec} is unavailable. {self.trouble}")
        for text in more:
            self.say("warning", f"{self.spec}: {text}")

    def find(self, address: str) -> Stamps:
        """Up to when each test counts as passed."""
        value = None
        if self.trouble:
            self._unavailable(f"cache lookup for '{address}' failed due to error")
        elif self.values is not None:
            value = self.values.get(address)
        fields = value.split(";") if value else []
        times = [int(field) if field.isdigit() else NEVER for field in fields]
        return dict(zip(TESTS, [*times, *[NEVER] * (len(TESTS) - len(times))], strict=False))

    def keep(self, address: str, stamps: Stamps) -> None:
        """Remember a client."""
        if self.trouble:
            self._unavailable(f"could not update entry for {address}")
        elif self.values is not None:
            self.values[address] = ";".join(str(stamps[test]) for test in TESTS)

    def clean(self, now: int, interval: float, retention: float) -> None:
        """Drop entries that have been void for `retention` seconds, if it is `interval` seconds since that was done.

        Args:
            now: seconds since 1970.
            interval: 0 for never.
            retention: in seconds.
        """
        if not interval or not self.spec:
            return
        if self.trouble:
            if self._cleaned:
                return
            self._cleaned = True
            self._unavailable()
            self._unavailable("sequence error", "cache cleanup scan terminated due to error")
            self.say("text", f"cache {self.spec} partial cleanup: retained=0 dropped=0 entries")
            return
        values = self.values
        assert values is not None
        done = values.get(CLEANED, "")
        if done.isdigit() and int(done) + interval > now:
            return
        clients = [key for key in values if key != CLEANED]
        void = [key for key in clients if max(map(int, values[key].split(";"))) + retention < now]
        for key in void:
            del values[key]
        values[CLEANED] = str(now)
        kept = len(clients) - len(void)
        self.say("text", f"cache {self.spec} full cleanup: retained={kept} dropped={len(void)} entries")
