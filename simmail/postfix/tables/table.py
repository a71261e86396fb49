"""What every lookup table is: a name, options, and a question with one answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from simmail.files.entries import File
from simmail.files.file_errors import NO_FILE, FileError
from simmail.files.machine import Machine
from simmail.files.paths import NULL_DEVICE, normal
from simmail.files.reading import ROOT, file_for
from simmail.mail.errors import Fatal, Location
from simmail.postfix.printable import printable
from simmail.postfix.tables.flags import USUAL, DictFlag
from simmail.postfix.tables.fold import MALFORMED, casefold, is_utf8

#: What is read of the null device.
NOTHING = File("", mode=0o666)


class LookupFailure(Exception):
    """A table cannot answer now; a later try may succeed.

    Args:
        text: the table's name.
        configuration: whether trying again is in vain.
        reason: the system's word for it, as commands print it.
    """

    def __init__(self, text: str, configuration: bool = False, reason: str = "Application error") -> None:
        self.text, self.configuration, self.reason = text, configuration, reason
        super().__init__(text)


class TableEnvironment:
    """Where one program's tables find files, and where they say what they have to say.

    Args:
        machine: the computer.
        warn: hears (level, text), level `warning`, `error` or `text`.
        utf8: smtputf8_enable: keys are UTF-8, and fold as such.
        surrogates: True in daemons, where a table that cannot be opened fails at each look-up; False raises Fatal.
        folder: where names of files without a leading slash begin; daemons run in the queue directory.
        proxymap: gives the environment of proxymap(8), whose tables `proxy:` asks; without it they are opened here.
        printed: hears what a library prints that the table is made with; a daemon's words are lost.
        variables: the program's environment.
        approved: of proxymap(8): the tables it may open, `type:name` each; None lets it open all.
        reader: whose files it may read; daemons open their tables as root.

    Attributes:
        tables: `type:name(0,flags)` -> the table opened under that name, shared by all who ask for it.
        asked: hears each question to a table, (table, key, value or None); None where nobody listens.
        unrepeatable: grows with each warning and each draw of chance, so that who remembers an answer can tell
            whether asking again would have said the same.
    """

    def __init__(
        self,
        machine: Machine,
        warn: Callable[[str, str], None],
        *,
        utf8: bool = True,
        surrogates: bool = True,
        folder: str = "/var/spool/postfix",
        proxymap: Callable[[], TableEnvironment] | None = None,
        printed: Callable[[str], None] = lambda text: None,
        variables: Mapping[str, str] | None = None,
        approved: Collection[str] | None = None,
        reader: str = ROOT,
    ) -> None:
        self.machine, self.utf8, self.surrogates = machine, utf8, surrogates
        self.folder, self.proxymap, self.approved, self.reader = folder, proxymap, approved, reader
        self.printed, self.variables = printed, variables or {}
        self._warn = warn
        self.asked: Callable[[Table, str, str | None], None] | None = None
        self.unrepeatable = 0
        self.tables: dict[str, Table] = {}
        self._read: dict[str, File | None] = {}

    def warn(self, level: str, text: str) -> None:
        """Say something: level `warning`, `error` or `text`."""
        self.unrepeatable += 1
        self._warn(level, printable(text, self.utf8))

    def file(self, name: str) -> File:
        """The file of that name.  Raises FileError."""
        if not name:
            raise FileError(name, NO_FILE)
        path = normal(name, self.folder)
        return NOTHING if path == NULL_DEVICE else file_for(self.machine.files, path, self.reader)

    def text(self, name: str) -> str:
        """The content of a file that is read as a table is made, and then no more.  Raises FileError."""
        self.sought(name)
        return self.file(name).text

    def sought(self, name: str) -> None:
        """A file is looked for as a table is made, and then no more."""
        path, files = normal(name, self.folder), self.machine.files
        files.watch(path)
        self._read[path] = files.find(path)

    def stale(self) -> bool:
        """Whether one of those files is another one now: a new process would read that."""
        return any(self.machine.files.find(path) is not file for path, file in self._read.items())

    def watch(self, name: str) -> None:
        """Let the version of the machine's files tell of changes of that file."""
        self.machine.files.watch(normal(name, self.folder))

    def changed(self) -> str | None:
        """The registered name of a table whose file is another one now; None where there is none.

        Daemons then log `table NAME has changed -- restarting` and end after the client they serve.
        """
        return next((name for name, table in self.tables.items() if table.changed()), None)


class Table:
    """One lookup table, `type:name`.

    Args:
        type: the dictionary type, `hash`.
        name: what follows the first colon.
        environment: the program's.
        flags: the options it is opened with.

    Attributes:
        pattern: whether its keys are patterns: it is asked with the full key only.
        available: whether it could be opened, and may answer.
        title: what warnings call it, `hash:/etc/postfix/access.db`.
        fold: whether keys are folded before they are looked for.
        utf8: whether keys and values have to be UTF-8.
    """

    pattern: bool = False
    available: bool = True

    def __init__(self, type: str, name: str, environment: TableEnvironment, flags: DictFlag = USUAL) -> None:
        self.type, self.name, self.environment, self.flags = type, name, environment, flags
        self.title = f"{type}:{name}"
        self.utf8 = environment.utf8 and DictFlag.UTF8_REQUEST in flags
        self.fold = DictFlag.FOLD_FIX in flags

    @property
    def spec(self) -> str:
        """The name as it stands in main.cf."""
        return f"{self.type}:{self.name}"

    def find(self, key: str) -> str | None:
        """The value for `key`, or None.  Raises LookupFailure where the table cannot tell."""
        raise NotImplementedError

    @property
    def needs(self) -> tuple[tuple[str, ...], ...] | None:
        """For each answer that there can be, texts without all of which no key has it; None where that is not known.

        The texts are in ASCII and lower case, and told of keys in ASCII that are no longer than `literal.LONGEST`.
        """
        return None

    @property
    def bare_status(self) -> bool:
        """Whether a value ends in an enhanced status code, and is given away in a buffer (see value_buffer)."""
        return False

    def where(self, key: str) -> Location:
        """The place that decided about `key`, which `find` has an answer for."""
        return Location(self.spec)

    def changed(self) -> bool:
        """Whether the file it was opened from is another one now (only types that Postfix watches)."""
        return False

    def version(self) -> object:
        """Another object for each content of the file it was opened from (only types that Postfix watches)."""
        return None

    def items(self) -> Iterator[tuple[str, str]]:
        """All keys and values, in the table's own order.  Raises Fatal where the type has no such operation."""
        raise Fatal(f"table {self.title}: sequence operation is not supported")

    # ---- for those who make tables

    def folded(self, key: str) -> str | None:
        """`key` as it is looked for; None, with a warning, for one that is no UTF-8."""
        if key.isascii():
            return key.lower() if self.fold else key
        if self.utf8 and not is_utf8(key):
            self.environment.warn("warning", f'{self.title}: non-UTF-8 key "{key}": {MALFORMED}')
            return None
        return casefold(key, self.utf8) if self.fold else key

    def checked(self, key: str, value: str) -> str:
        """`value`, which has to be UTF-8.  Raises LookupFailure, with a warning."""
        if self.utf8 and not is_utf8(value):
            self.environment.warn("warning", f'{self.title}: key "{key}": non-UTF-8 value "{value}": {MALFORMED}')
            raise LookupFailure(self.title, configuration=True)
        return value
