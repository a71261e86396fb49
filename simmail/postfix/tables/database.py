"""NAME
    database - compiled tables: hash: and btree:

DESCRIPTION
    postmap and postalias compile a text file into `file.db`, and programs read that: an edited source changes
    nothing until it is compiled again.  A program that finds its file changed finishes what it does and starts anew.

    Here the compiled file is text: a line that names its type, and a line for each entry, in JSON: key, value, and the
    source's line; true behind them marks an entry that the real file has without null bytes.

DIAGNOSTICS
    open database /etc/postfix/access.db: No such file or directory
        The table was never compiled.
    open database /etc/postfix/access.db: Invalid argument
        The file is no table, or one of the other type.
    database /etc/postfix/access.db is older than source file /etc/postfix/access
        Said when the table is opened, and only of a source that has not been touched for 100 s.

BUGS
    A file's name decides, not its inode: a table that is moved away and back counts as changed.  The options -N and
    -n (a null byte behind key and value) make no difference.

SEE ALSO
    postmap(1), DATABASE_README
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from simmail.files.entries import File
from simmail.files.file_errors import FileError
from simmail.mail.errors import Location
from simmail.postfix.tables.berkeley import hash_order, stored_key
from simmail.postfix.tables.entries import Entry
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import Table, TableEnvironment
from simmail.postfix.value_buffer import STATUS

SIGNATURE = "# compiled lookup table: "
#: What Berkeley DB prints of a table of another type than it was told.
OTHER_TYPE = "BDB0641 __db_meta_setup: {}: unexpected file type or format"
#: A source that changed within the last seconds is not yet called newer than its table.
GRACE = 100


class Database(Table):
    """A compiled table as a program has it open.

    Args:
        entries: key -> entry.
        file: the compiled file.
    """

    def __init__(
        self,
        type: str,
        name: str,
        environment: TableEnvironment,
        entries: dict[str, Entry],
        file: File,
        flags: DictFlag = USUAL,
    ) -> None:
        super().__init__(type, name, environment, flags)
        self.path = name + ".db"
        self.title = f"{type}:{self.path}"
        self.entries, self.opened = entries, file
        environment.watch(self.path)
        self.values = {key: entry.value for key, entry in entries.items()}

    def find(self, key: str) -> str | None:
        """The value stored under the key."""
        if key.isascii():
            value = self.values.get(key.lower() if self.fold else key)
        else:
            folded = self.folded(key)
            value = None if folded is None else self.values.get(folded)
        if value is None or value.isascii():
            return value
        return self.checked(key, value)

    @property
    def bare_status(self) -> bool:
        """Whether a value ends in an enhanced status code."""
        return any(map(STATUS.search, set(self.values.values())))

    def where(self, key: str) -> Location:
        """The entry's line in the source."""
        entry = self.entries.get(self.folded(key) or "")
        return Location(self.name, entry.line if entry else 0)

    def changed(self) -> bool:
        """Whether the compiled file is gone, or another one."""
        return self.version() is not self.opened

    def version(self) -> object:
        """The compiled file that is there now."""
        try:
            return self.environment.file(self.path)
        except FileError:
            return None

    def items(self) -> Iterator[tuple[str, str]]:
        """The entries in the order of Berkeley DB: sorted in a btree, by bucket in a hash."""
        stored = self.entries.values()
        for entry in sorted(stored, key=stored_key) if self.type == "btree" else hash_order(stored):
            yield entry.key, entry.value


def dump(type: str, entries: dict[str, Entry]) -> str:
    """The text of a compiled table."""
    lines = [SIGNATURE + type, *(json.dumps(entry if entry.bare else entry[:3]) for entry in entries.values())]
    return "\n".join(lines) + "\n"


def load(type: str, text: str) -> dict[str, Entry]:
    """The entries of a compiled table.  Raises ValueError where the text is none of that type.

    Its argument is what Berkeley DB prints of a table of another type; "" for a file that is no table at all.
    """
    first, *lines = text.split("\n")
    if first != SIGNATURE + type:
        raise ValueError(OTHER_TYPE if first.startswith(SIGNATURE) else "")
    entries: dict[str, Entry] = {}
    for line in lines:
        if line:
            entry = Entry(*json.loads(line))
            entries[entry.key] = entry
    return entries


def loaded(type: str, path: str, file: File, environment: TableEnvironment) -> dict[str, Entry]:
    """The entries of a compiled table that a program opens.  Raises FileError where it is none of that type."""
    try:
        return load(type, file.text)
    except (ValueError, TypeError) as error:
        if error.args[:1] == (OTHER_TYPE,):
            environment.printed(OTHER_TYPE.format(path))
        raise FileError(path, "Invalid argument") from None


def open_database(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `hash:/file` or `btree:/file`: the compiled `/file.db`."""
    path = name + ".db"
    try:
        file = environment.file(path)
        entries = loaded(type, path, file, environment)
    except FileError as error:
        environment.sought(path)
        return Unavailable(type, name, environment, f"open database {path}: {error.reason}", flags)
    warn_if_stale(name, file, environment, flags)
    return Database(type, name, environment, entries, file, flags)


def warn_if_stale(name: str, file: File, environment: TableEnvironment, flags: DictFlag) -> None:
    """Warn of a source that is newer than its table."""
    if DictFlag.LOCK not in flags:
        return
    try:
        source = environment.file(name)
    except FileError:
        return
    now = environment.machine.files.clock()
    if int(source.modified) > int(file.modified) and int(source.modified) < int(now) - GRACE:
        environment.warn("warning", f"database {name}.db is older than source file {name}")
