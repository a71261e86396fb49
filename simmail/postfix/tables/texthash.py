"""NAME
    texthash - a table read from its text

DESCRIPTION
    `texthash:/file` reads the source that postmap would compile, each time a program starts.  A changed file is
    noticed when the program starts anew.  In a daemon, a key that comes twice makes the whole table unavailable.

DIAGNOSTICS
    /etc/postfix/access, line 3: duplicate entry: "good.example"
    /etc/postfix/access, line 4: expected format: key whitespace value -- ignoring this line

SEE ALSO
    DATABASE_README
"""

from __future__ import annotations

from collections.abc import Iterator

from simmail.files.file_errors import IS_DIRECTORY, FileError
from simmail.mail.errors import Fatal, Location
from simmail.postfix.tables.entries import Entry, read_entries
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.surrogate import Unavailable
from simmail.postfix.tables.table import Table, TableEnvironment


class TextHash(Table):
    """The entries of a text file.

    Args:
        entries: key, folded -> entry.
    """

    def __init__(
        self, type: str, name: str, environment: TableEnvironment, entries: dict[str, Entry], flags: DictFlag = USUAL
    ) -> None:
        super().__init__(type, name, environment, flags)
        self.entries = entries
        self.values = {key: entry.value for key, entry in entries.items()}

    def find(self, key: str) -> str | None:
        """The value of the first entry with that key."""
        folded = self.folded(key)
        return None if folded is None else self.values.get(folded)

    def where(self, key: str) -> Location:
        """The entry's line."""
        entry = self.entries.get(self.folded(key) or "")
        return Location(self.name, entry.line if entry else 0)

    def items(self) -> Iterator[tuple[str, str]]:
        """The entries as they stand (the real one's order differs from run to run)."""
        yield from self.values.items()


def open_texthash(type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> Table:
    """Open `texthash:/file`."""
    try:
        text = environment.text(name)
    except FileError as error:
        if error.reason == IS_DIRECTORY:
            raise Fatal(f"read {name}: {error.reason}") from None
        return Unavailable(type, name, environment, f"open database {name}: {error.reason}", flags)
    table = TextHash(type, name, environment, {}, flags)
    files = DictFlag.SRC_RHS_IS_FILE in flags
    for entry in read_entries(text, name, environment, utf8=table.utf8, files=files):
        key = table.folded(entry.key)
        if key is None:
            continue
        if key not in table.entries or DictFlag.REPLACE in flags:
            table.entries[key] = entry
            table.values[key] = entry.value
        elif DictFlag.IGNORE_DUP not in flags:
            reason = f'{name}, line {entry.line}: duplicate entry: "{entry.key}"'
            if DictFlag.WARN_DUP not in flags:
                return Unavailable(type, name, environment, reason, flags)
            environment.warn("warning", reason)
    return table
