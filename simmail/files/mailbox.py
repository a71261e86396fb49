"""Mailboxes: messages kept out of the way, or by reference, until somebody reads the file.

An mbox file (mbox(5)) is one `File` that knows its messages; a Maildir is a folder with a file for each message.
Both stand anywhere in a host's file system, and an editor or a shell may change them like any other file.
"""

from __future__ import annotations

from typing import NamedTuple

from simmail.files.base_system import SET_GROUP
from simmail.files.entries import File
from simmail.files.file_errors import IS_DIRECTORY, NOT_DIRECTORY, FileError
from simmail.files.paths import normal
from simmail.files.tree import FileSystem
from simmail.mail.content import Content, TextList, Texts, octets
from simmail.mail.questions import Deposit

TOO_LARGE = "File too large"
#: What a Maildir consists of.
MAILDIR_FOLDERS = ("tmp", "new", "cur")
_FROM = "From "
#: Stands for the text before a mailbox's first.
_NONE = -1


class Entry(NamedTuple):
    """One message in a mailbox.

    Args:
        head: the lines that the delivery agent put before the header.
        content: what was delivered, without those.
    """

    head: tuple[str, ...]
    content: Content

    def mbox(self) -> str:
        """As it stands in an mbox file: lines that begin with `From ` quoted, an empty line after it."""
        lines = self.content.lines
        text = "\n".join([*self.head, *lines, "", ""])
        if self.head and "\n" + _FROM not in text:
            return text
        quoted = [">" + line if line.startswith(_FROM) else line for line in lines]
        return "\n".join([*self.head, *quoted, "", ""])

    def plain(self) -> str:
        """As it stands in a file of its own."""
        return "\n".join([*self.head, *self.content.lines, ""])

    def bound(self) -> int:
        """Octets it takes in an mbox file, at most."""
        content = self.content
        return content.size + len(content.lines) + 1 + sum(octets(line) + 1 for line in self.head)


def split_mbox(text: str, anywhere: bool = False) -> list[str]:
    """The messages of an mbox file as they stand there; what is before the first From_ line is left out.

    Args:
        text: all of it.
        anywhere: whether a From_ line need not stand behind an empty line.
    """
    found: list[list[str]] = []
    after_empty = True
    for line in text.split("\n"):
        if line.startswith(_FROM) and (after_empty or anywhere):
            found.append([])
        if found:
            found[-1].append(line)
        after_empty = not line
    pieces = ["\n".join(lines) + "\n" for lines in found]
    if pieces:
        pieces[-1] = pieces[-1][:-1]
    return pieces


def unquoted(piece: str) -> str:
    """A message of an mbox file without its From_ line, `>From ` turned back."""
    lines = piece.split("\n")[1:]
    lines = [line[1:] if line.startswith(">" + _FROM) else line for line in lines]
    return "\n".join(lines[:-1] if lines[-2:] == ["", ""] else lines)


class Mbox(File):
    """A file to which messages are appended.

    Args:
        text: what stands in it before the first message.
        owner: the account it belongs to.
        mode: its permissions.
        store: where the texts of messages are kept, each with the number of the one before it.
    """

    __slots__ = ("_bound", "_first", "_last", "_store")

    def __init__(self, text: str = "", owner: str = "root", mode: int = 0o600, store: Texts | None = None) -> None:
        self._store: Texts = TextList() if store is None else store
        self.owner, self.mode, self.modified = owner, mode, 0.0
        self.text = text

    @property
    def text(self) -> str:
        """All of it, as a reader sees it."""
        texts, number = [], self._last
        while number != _NONE:
            before, _, text = self._store.read(number).partition("\n")
            texts.append(text)
            number = int(before)
        return "".join([self._first, *reversed(texts)])

    @text.setter
    def text(self, text: str) -> None:
        self._first, self._last = text, _NONE
        self._bound = octets(text)

    def append(self, entry: Entry, limit: int) -> bool:
        """Add a message; False, and nothing done, where the file would grow beyond `limit` octets (0: no limit)."""
        if limit:
            bound = self._bound + entry.bound()
            if bound > limit:
                bound = octets(self.text) + octets(entry.mbox())
                if bound > limit:
                    return False
            self._bound = bound
        self._last = self._store.keep(f"{self._last}\n{entry.mbox()}")
        return True


class Letter(File):
    """A file with one message: one of a Maildir's."""

    __slots__ = ("entry",)

    def __init__(self, entry: Entry, owner: str, modified: float) -> None:
        self.entry: Entry | str = entry
        self.owner, self.mode, self.modified = owner, 0o600, modified

    @property
    def text(self) -> str:
        """All of it, as a reader sees it."""
        return self.entry if isinstance(self.entry, str) else self.entry.plain()

    @text.setter
    def text(self, text: str) -> None:
        self.entry = text


def deposit(files: FileSystem, question: Deposit, now: float, unix: float, hostname: str) -> str:
    """Put a message into a mailbox.

    Args:
        files: the host's.
        question: what to put where.
        now: seconds since the world's start.
        unix: the same moment as time(2) tells it.
        hostname: what gethostname(2) tells, for the names in a Maildir.

    Returns:
        "", or the system's error text.
    """
    entry = Entry(question.head, question.message.content)
    try:
        if question.path.endswith("/"):
            _into_maildir(files, question, entry, now, unix, hostname)
            return ""
        return _onto_mbox(files, question, entry, now)
    except FileError as error:
        return error.reason


def _onto_mbox(files: FileSystem, question: Deposit, entry: Entry, now: float) -> str:
    path = question.path
    found = files.find(path)
    if found is None and files.is_folder(path):
        return IS_DIRECTORY
    if not isinstance(found, Mbox):
        if found is None:
            mbox = Mbox(owner=question.owner, store=files.store)
        else:
            mbox = Mbox(found.text, found.owner, found.mode, files.store)
        if not mbox.append(entry, question.limit):
            return TOO_LARGE
        files.place(path, mbox)
        found = mbox
    elif not found.append(entry, question.limit):
        return TOO_LARGE
    found.modified = now
    return ""


def _close(files: FileSystem, folder: str) -> None:
    files.change_folder(folder, mode=0o700 | files.folder_mode(folder) & SET_GROUP)


def _into_maildir(files: FileSystem, question: Deposit, entry: Entry, now: float, unix: float, hostname: str) -> None:
    folder = normal(question.path)
    if files.find(folder) is not None:
        raise FileError(folder, NOT_DIRECTORY)
    if not files.is_folder(folder + "/new"):
        for name in MAILDIR_FOLDERS:
            files.make_folder(f"{folder}/{name}", question.owner)
            _close(files, f"{folder}/{name}")
        _close(files, folder)
    seconds = int(unix)
    micros = int((unix - seconds) * 1e6)
    name = f"{folder}/new/{seconds}.Vfd01I{files.inode():x}M{micros}.{hostname}"
    files.place(name, Letter(entry, question.owner, now))
