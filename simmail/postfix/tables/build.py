"""NAME
    build - making and changing compiled tables

DESCRIPTION
    What postmap and postalias share: a table opened to be written, its keys folded and checked, duplicates treated
    as the options say, and the file written when it is closed.

DIAGNOSTICS
    /etc/postfix/access.db: duplicate entry: "good.example"
    unsupported dictionary type: hsh. Is the postfix-hsh package installed?
    unsupported dictionary type: pcre does not support bulk-mode creation.

SEE ALSO
    postmap(1), postalias(1)
"""

from __future__ import annotations

from simmail.files.entries import File
from simmail.files.file_errors import IS_DIRECTORY, FileError
from simmail.files.paths import normal
from simmail.mail.errors import Fatal
from simmail.postfix.tables.database import Database, dump, loaded, warn_if_stale
from simmail.postfix.tables.entries import Entry
from simmail.postfix.tables.flags import DictFlag
from simmail.postfix.tables.fold import MALFORMED, is_utf8
from simmail.postfix.tables.registry import TYPES, open_table
from simmail.postfix.tables.table import Table, TableEnvironment

#: Types that are compiled into a file.
COMPILED = ("hash", "btree")
#: The type that can be compiled, and takes no entry.
FAILING = "fail"
#: Types that cannot be opened for writing, and say so.
READ_ONLY = ("cidr", "inline", "pcre", "pipemap", "randmap", "regexp", "texthash", "unionmap")


class Builder:
    """A compiled table that is being written.

    Args:
        type: `hash` or `btree`.
        name: the source's name.
        environment: the command's.
        flags: how duplicates are treated, and whether keys are folded and checked.
        entries: what it holds already.
        like: the file whose owner and mode a new one gets.
    """

    def __init__(
        self,
        type: str,
        name: str,
        environment: TableEnvironment,
        flags: DictFlag,
        entries: dict[str, Entry],
        like: File,
    ) -> None:
        self.table = Database(type, name, environment, {}, like, flags)
        self.entries, self.like, self.flags = entries, like, flags

    def put(self, key: str, value: str, line: int = 0, bare: bool = False) -> None:
        """Store an entry.

        Args:
            key, value, line: the entry.
            bare: store the key as it is, without a null byte.

        Raises:
            Fatal: for a duplicate where no option says what to do with it.
        """
        table = self.table
        if table.type == FAILING:
            raise Fatal(f"table {table.spec}: write error: Application error")
        folded = key if bare else table.folded(key)
        if folded is None:
            return
        if table.utf8 and not is_utf8(value):
            table.environment.warn("warning", f'{table.title}: key "{key}": non-UTF-8 value "{value}": {MALFORMED}')
            return
        if folded not in self.entries or DictFlag.REPLACE in self.flags:
            self.entries[folded] = Entry(folded, value, line, bare)
        elif DictFlag.WARN_DUP in self.flags:
            table.environment.warn("warning", f'{table.path}: duplicate entry: "{folded}"')
        elif DictFlag.IGNORE_DUP not in self.flags:
            raise Fatal(f'{table.path}: duplicate entry: "{folded}"')

    def delete(self, key: str) -> bool:
        """Remove an entry; whether there was one (a key that is no UTF-8 counts as removed)."""
        folded = self.table.folded(key)
        return folded is None or self.entries.pop(folded, None) is not None

    def close(self) -> None:
        """Write the file."""
        if self.table.type == FAILING:
            return
        environment = self.table.environment
        path = normal(self.table.path, environment.folder)
        environment.machine.files.write(
            path, dump(self.table.type, self.entries), owner=self.like.owner, mode=self.like.mode
        )


def create(type: str, name: str, environment: TableEnvironment, flags: DictFlag, source: File | None) -> Builder:
    """Open a table to be compiled.

    Args:
        type: the dictionary type.
        name: the source's name.
        environment: the command's.
        flags: as of `Builder`.
        source: the source, whose owner makes the table, and whose permissions a new one gets; None adds to what the
            table holds.

    Raises:
        Fatal: for a type that cannot be compiled, for a file that is no table, and where the owner may not make one.
    """
    if type == FAILING:
        return Builder(type, name, environment, flags, {}, File(""))
    if type not in COMPILED:
        if type in TYPES:
            raise Fatal(f"unsupported dictionary type: {type} does not support bulk-mode creation.")
        raise Fatal(f"unsupported dictionary type: {type}. Is the postfix-{type} package installed?")
    path = name + ".db"
    try:
        existing: File | None = environment.file(path)
    except FileError as error:
        if error.reason == IS_DIRECTORY:
            raise Fatal(f"open {path}: {error.reason}") from None
        existing = None
    owner = "root" if source is None else source.owner
    reason = environment.machine.files.may_append(normal(path, environment.folder), owner)
    if reason:
        raise Fatal(f"open {'database ' if existing is None else ''}{path}: {reason}")
    if existing is not None and not existing.text:
        environment.warn("warning", f"removing zero-length database file: {path}")
        existing = None
    entries: dict[str, Entry] = {}
    if source is None and existing is not None:
        entries = _loaded(type, path, existing, environment)
        warn_if_stale(name, existing, environment, flags)
    like = existing or File("", *(("root", 0o644) if source is None else (source.owner, source.mode)))
    return Builder(type, name, environment, flags, entries, like)


def _loaded(type: str, path: str, file: File, environment: TableEnvironment) -> dict[str, Entry]:
    try:
        return loaded(type, path, file, environment)
    except FileError as error:
        raise Fatal(f"open database {path}: {error.reason}") from None


def modify(type: str, name: str, environment: TableEnvironment, flags: DictFlag) -> Builder | Table:
    """Open a table to delete from it: a compiled one to be written, or one of another type, which refuses.

    Raises:
        Fatal: where it cannot be opened.
    """
    if not type or not name:
        raise Fatal(f'open dictionary: expecting "type:name" form instead of "{type}:{name}"')
    if type in READ_ONLY:
        raise Fatal(f"{type}:{name} map requires O_RDONLY access mode")
    if type not in COMPILED:
        return open_table(f"{type}:{name}", environment, flags)
    path = name + ".db"
    try:
        file = environment.file(path)
    except FileError as error:
        raise Fatal(f"open database {path}: {error.reason}") from None
    builder = Builder(type, name, environment, flags, _loaded(type, path, file, environment), file)
    warn_if_stale(name, file, environment, flags)
    return builder
