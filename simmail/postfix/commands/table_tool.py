"""NAME
    table_tool - what postmap and postalias share

DESCRIPTION
    Options, queries (`-q`), deletions (`-d`) and listings (`-s`); how a source becomes a table is each command's own.

DIAGNOSTICS
    Everything is printed, and goes to the log as well.

BUGS
    -v says nothing more.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from simmail.files.entries import File
from simmail.files.file_errors import DENIED, IS_DIRECTORY, NO_FILE, FileError
from simmail.files.invocation import Invocation
from simmail.files.paths import normal
from simmail.files.reading import ROOT
from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note
from simmail.postfix.commands.usage import LOGGED, BadOption, getopt
from simmail.postfix.config import FOLDER, Config
from simmail.postfix.printable import printable
from simmail.postfix.tables.base64files import BadFile, decoded
from simmail.postfix.tables.build import COMPILED, Builder, modify
from simmail.postfix.tables.flags import DictFlag
from simmail.postfix.tables.proxy import proxymap_of
from simmail.postfix.tables.registry import open_table
from simmail.postfix.tables.table import LookupFailure, Table, TableEnvironment

ONE_OF = "specify only one of -s -q or -d"
ONE_OR = "specify only one of -s or -q or -d"


@dataclass(slots=True)
class Request:
    """What a command line asks for.

    Args:
        flags: how tables are opened.
        query, delete: the key, or None.
        sequence: whether to list a table.
        incremental: whether to add to a table, from standard input.
        folder: where main.cf is.
        letters: the options that are the command's own business.
        tables: the operands.
    """

    flags: DictFlag = DictFlag.WARN_DUP | DictFlag.FOLD_FIX | DictFlag.UTF8_REQUEST
    query: str | None = None
    delete: str | None = None
    sequence: bool = False
    incremental: bool = False
    folder: str = FOLDER
    letters: set[str] = field(default_factory=set)
    tables: list[str] = field(default_factory=list)


class TableTool:
    """One run of postmap or postalias.

    Args:
        invocation: the run.
    """

    #: The options, for getopt(3), what is said of them, and what stands behind a key that is printed.
    letters: ClassVar[str]
    usage: ClassVar[str]
    colon: ClassVar[str] = ""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.name = posixpath.basename(invocation.argv[0]) or invocation.argv[0]
        self.notes: list[Note] = []
        self.config: Config
        self.log_name: Callable[[str], str] = str
        self.environment: TableEnvironment
        self.request = Request()
        #: Whether it knows where the log is: from main.cf, or from the command that has started it.
        self.logs = LOGGED in invocation.environment
        #: Whether what it prints may be UTF-8.
        self.utf8 = True

    def prepare(self) -> None:
        """Look at the options again, the configuration being known."""

    def make(self, type: str, name: str) -> None:
        """Compile a table, or add to it."""
        raise NotImplementedError

    def run(self) -> Decision[int]:
        """Do what the command line asks for; the exit status."""
        self.request = self._parse()
        printed = len(self.invocation.out)
        folder = self.invocation.environment.get("MAIL_CONFIG", FOLDER) or FOLDER
        try:
            self.config = Config.load(
                self.invocation.machine,
                self.warn,
                self._path(self.request.folder or folder),
                self.name,
                self.invocation.user,
            )
            self.utf8 = bool(self.config["smtputf8_enable"])
            # nobody but root can reach postlogd(8)
            self.logs = self.invocation.user == "root" or not self.config["maillog_file"]
            self.log_name = self.config.log_name
            self.environment = TableEnvironment(
                self.invocation.machine,
                self.warn,
                utf8=self.utf8,
                surrogates=False,
                folder=self.invocation.folder,
                printed=self.invocation.complain,
                variables=self.invocation.environment,
                reader=self.invocation.user,
                proxymap=self._proxymap(),
            )
            self.prepare()
            status = self._act()
        except Fatal as fatal:
            text = printable(fatal.text, self.utf8)
            self.invocation.lose_output(printed)
            self._note(self.name, "fatal", text)
            yield from self.notes
            raise Fatal(text, fatal.status) from None
        yield from self.notes
        return status

    # ---- speaking

    def warn(self, level: str, text: str) -> None:
        """Print what tables and parameters have to say."""
        text = printable(text, self.utf8)
        self.invocation.complain(f"{self.name}: " + (f"{level}: {text}" if level != "text" else text))
        self._note(self.name, level, text)

    def _proxymap(self) -> Callable[[], TableEnvironment]:
        """What gives the environment of proxymap(8), which runs while Postfix does, for root and its own account."""
        denied = self.invocation.user not in (ROOT, self.config["mail_owner"])
        warn = None if self.invocation.system is not None and not denied else self.warn
        return proxymap_of(self.invocation.machine, self.config, self._note, warn, DENIED if denied else NO_FILE)

    def _note(self, program: str, level: str, text: str) -> None:
        if self.logs:
            self.notes.append(Note(self.log_name(program), level, "", text))

    # ---- the command line

    def _parse(self) -> Request:
        try:
            given, operands = getopt(self.invocation.argv[1:], self.letters)
        except BadOption as error:
            self.invocation.complain(f"{self.name}: {error.text}")
            raise self._usage() from None
        request = Request(folder="", tables=operands)
        for letter, value in given:
            self._option(request, letter, value)
        return request

    def _option(self, request: Request, letter: str, value: str) -> None:
        busy = request.query is not None or request.delete is not None
        duplicates = DictFlag.WARN_DUP | DictFlag.IGNORE_DUP | DictFlag.REPLACE
        if letter in "dq":
            if request.sequence or busy:
                raise Fatal(ONE_OF)
            setattr(request, "delete" if letter == "d" else "query", value)
        elif letter == "s":
            if busy:
                raise Fatal(ONE_OR)
            request.sequence = True
        elif letter == "c":
            request.folder = value
        elif letter == "f":
            request.flags &= ~DictFlag.FOLD_FIX
        elif letter == "F":
            request.flags |= DictFlag.SRC_RHS_IS_FILE
        elif letter == "i":
            request.incremental = True
        elif letter in "rw":
            request.flags &= ~duplicates
            request.flags |= DictFlag.REPLACE if letter == "r" else DictFlag.IGNORE_DUP
        elif letter == "u":
            request.flags &= ~DictFlag.UTF8_REQUEST
        else:
            request.letters.add(letter)

    def _usage(self) -> Fatal:
        return Fatal(f"usage: {self.name} {self.usage}")

    def _path(self, folder: str) -> str:
        return posixpath.join(self.invocation.folder, folder)

    # ---- what is done

    def _act(self) -> int:
        request = self.request
        if request.sequence:
            if not request.tables:
                return 1
            self._list(*self.typed(request.tables[0]))
            return 0
        if not request.tables:
            raise self._usage()
        if request.delete is not None:
            return 0 if self._deletions(request.delete) else 1
        if request.query == "-":
            return 0 if self.queries() else 1
        if request.query is not None:
            return 0 if any(self._query(spec, request.query) for spec in request.tables) else 1
        for spec in request.tables:
            self.make(*self.typed(spec))
        return 0

    def text(self, source: File | None) -> str:
        """What a table is made of: its source, or standard input, which the first table reads to its end."""
        if source is not None:
            return source.text
        text, self.invocation.stdin = self.invocation.stdin, ""
        return text

    def check(self, type: str, name: str, deed: str = "") -> None:
        """See that who runs the command may write to a compiled table.  Raises Fatal."""
        files, path = self.invocation.machine.files, name + ".db"
        full = normal(path, self.invocation.folder)
        if type in COMPILED and files.may_append(full, self.invocation.user) == DENIED:
            deed = deed or ("open" if files.exists(full) else "open database")
            raise Fatal(f"{deed} {path}: {DENIED}")

    def source(self, type: str, name: str) -> tuple[str, File | None]:
        """The name and file of a table's source, with the owner and permissions that a new table gets.

        Standard input, with -i, is no file.  Raises Fatal.
        """
        found = self._source(type, name)
        self.check(type, name)
        return found

    def _source(self, type: str, name: str) -> tuple[str, File | None]:
        if self.request.incremental:
            return "stdin", None
        if type == "proxy":
            raise Fatal("can't create maps via the proxy service")
        try:
            file = self.environment.file(name)
        except FileError as error:
            if error.reason == IS_DIRECTORY:  # which opens, and reads as nothing
                return name, File("")
            raise Fatal(f"open {name}: {error.reason}") from None
        letters = self.request.letters
        owner, mode = "root" if "o" in letters else file.owner, 0o644 if "p" in letters else file.mode
        return name, File(file.text, owner, mode, file.modified)

    def typed(self, spec: str) -> tuple[str, str]:
        """A table's type and name; default_database_type where it names none."""
        type, colon, name = spec.partition(":")
        return (type, name) if colon else (str(self.config["default_database_type"]), spec)

    def opened(self, spec: str) -> Table:
        """A table to be asked.  Raises Fatal where it cannot be opened."""
        type, name = self.typed(spec)
        return open_table(f"{type}:{name}", self.environment, self.request.flags | DictFlag.LOCK)

    def ask(self, table: Table, key: str) -> str | None:
        """A table's answer.  Raises Fatal where it fails."""
        try:
            value = table.find(key)
            if value is not None and DictFlag.SRC_RHS_IS_FILE in self.request.flags:
                value = decoded(value)
        except LookupFailure as failure:
            reason = "" if failure.configuration else f": {failure.reason}"
            raise Fatal(f"table {table.title}: query error{reason}") from None
        except BadFile as error:
            self.warn("warning", f"table {table.title}: key {key}: {error}")
            raise Fatal(f"table {table.title}: query error") from None
        if value == "":
            self._empty(table.title, key)
        return value

    def _empty(self, title: str, key: str) -> None:
        self.warn("warning", f"table {title}: key {key}: empty string result is not allowed")
        self.warn("warning", f"table {title} should return NO RESULT in case of NOT FOUND")

    def _query(self, spec: str, key: str) -> bool:
        value = self.ask(self.opened(spec), key)
        if value is not None:
            self.invocation.print(value)
        return value is not None

    def queries(self) -> bool:
        """Answer each line of standard input; whether there was an answer to any."""
        found = False
        for key in lines(self.invocation.stdin):
            found |= self.answer(key)
        return found

    def answer(self, key: str) -> bool:
        """Print a key with the first table's answer to it; whether there is one."""
        for spec in self.request.tables:
            value = self.ask(self.opened(spec), key)
            if value is not None:
                self.invocation.print(f"{key}{self.colon}\t{value}")
                return True
        return False

    def _deletions(self, key: str) -> bool:
        flags = self.request.flags | DictFlag.LOCK
        for spec in self.request.tables:
            self.check(*self.typed(spec), "open database")
        open_ones = [modify(*self.typed(spec), self.environment, flags) for spec in self.request.tables]
        keys = lines(self.invocation.stdin) if key == "-" else [key]
        found = False
        for each in keys:
            for table in open_ones:
                found |= self._delete(table, each)
        for table in open_ones:
            if isinstance(table, Builder):
                table.close()
        return found

    def _delete(self, table: Builder | Table, key: str) -> bool:
        if isinstance(table, Builder):
            return table.delete(key)
        if table.type == "fail":
            raise Fatal(f"table {table.title}: delete error: Application error")
        raise Fatal(f"table {table.title}: delete operation is not supported")

    def _list(self, type: str, name: str) -> None:
        if type == "proxy":
            raise Fatal("can't sequence maps via the proxy service")
        table = self.opened(f"{type}:{name}")
        try:
            for key, value in table.items():
                self._listed(table, key, value)
        except LookupFailure as failure:
            raise Fatal(f"table {table.title}: sequence error: {failure.reason}") from None

    def _listed(self, table: Table, key: str, value: str) -> None:
        if not key:
            self.warn("warning", f"table {table.spec}: empty lookup key value is not allowed")
        elif not value:
            self._empty(table.spec, key)
        if DictFlag.SRC_RHS_IS_FILE in self.request.flags:
            try:
                value = decoded(value)
            except BadFile as error:
                self.warn("warning", f"table {table.title}: key {key}: {error}")
                return
        self.invocation.print(f"{key}{self.colon}\t{value}")


def lines(text: str) -> list[str]:
    """The lines of standard input; a last one without its newline counts."""
    found = text.split("\n")
    if found[-1] == "":
        found.pop()
    return found
