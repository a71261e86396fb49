"""A host's files as one of its users sees them: permissions, devices, and the errors that strerror(3) has words for."""

from __future__ import annotations

import posixpath
from typing import NamedTuple, Protocol

from simmail.files.base_system import SET_GROUP
from simmail.files.entries import File, Link, Owner
from simmail.files.file_errors import DENIED, EXISTS, IS_DIRECTORY, NO_FILE, NOT_DIRECTORY, READ_ONLY, FileError
from simmail.files.machine import Machine
from simmail.files.mailbox import TOO_LARGE
from simmail.files.paths import normal
from simmail.mail.content import clipped, octets

NOT_EMPTY = "Directory not empty"
READ, WRITE, EXECUTE = 4, 2, 1
DEVICES = frozenset(
    f"/dev/{name}" for name in ("null", "zero", "full", "tty", "stdin", "stdout", "stderr", "random", "urandom")
)


class Stat(NamedTuple):
    """What stat(2) tells of a file.

    Args:
        kind: `f` file, `d` folder, `c` device, `l` symbolic link.
        mode: permission bits.
        owner: account, or the number of one that is not there.
        group: gid.
        size: octets.
        modified: seconds since the world's start.
        links: how many names the file has.
    """

    kind: str
    mode: int
    owner: str
    group: int
    size: int
    modified: float
    links: int = 1


class Reader(Protocol):
    """Whose eyes and hands `UserFiles` are: a running program."""

    machine: Machine
    user: str
    folder: str
    umask: int
    now: float
    file_limit: int

    def looks_through(self, names: int) -> None:
        """It looks through so many names of files."""

    def copies(self, octets: int) -> None:
        """It copies so much text."""


class UserFiles:
    """The files of the host that a program runs on, with its user's rights.

    Every method takes names as the program has them, relative to its working directory or absolute, and raises
    FileError(name, reason).

    Args:
        reader: the program.
    """

    __slots__ = ("_reader",)

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    # ---- names and rights

    def path(self, name: str) -> str:
        """The absolute path of a name."""
        return normal(name, self._reader.folder)

    def _allowed(self, owner: str, group: int, mode: int, wanted: int) -> bool:
        user = self._reader.user
        if user == "root":
            return wanted != EXECUTE or bool(mode & 0o111)
        if user == owner:
            granted = mode >> 6
        elif self._reader.machine.gid(user) == group:
            granted = mode >> 3
        else:
            granted = mode
        return granted & wanted == wanted

    def _folder_allows(self, path: str, wanted: int) -> bool:
        if self._reader.user == "root":
            return True
        tree = self._reader.machine.files
        mode = tree.folder_mode(path)
        if mode & mode >> 3 & mode >> 6 & wanted == wanted:
            return True  # whoever it is
        return self._allowed(tree.folder_owner(path), self._reader.machine.folder_gid(path), mode, wanted)

    def locate(self, name: str) -> str:
        """The path of a name whose folder is there and may be entered."""
        if not name:
            raise FileError(name, NO_FILE)
        path = self.path(name)
        if path == "/" or path in DEVICES:
            return path
        tree = self._reader.machine.files
        folder = posixpath.dirname(path)
        if not tree.is_folder(folder):
            above = folder
            while not tree.exists(above):
                above = posixpath.dirname(above)
            raise FileError(name, NO_FILE if tree.is_folder(above) else NOT_DIRECTORY)
        if self._reader.user != "root":
            above = folder
            while above != "/":
                if not self._folder_allows(above, EXECUTE):
                    raise FileError(name, DENIED)
                above = posixpath.dirname(above)
        if name.endswith("/") and tree.exists(path) and not tree.is_folder(path):
            raise FileError(name, NOT_DIRECTORY)
        return path

    def _file(self, name: str, wanted: int) -> tuple[str, File]:
        path = self.locate(name)
        tree = self._reader.machine.files
        if tree.is_folder(path):
            raise FileError(name, IS_DIRECTORY)
        try:
            file = tree.file(path)
        except FileError as error:
            raise FileError(name, error.reason) from None
        if wanted and not self._allowed(file.owner, self._reader.machine.gid(file.owner), file.mode, wanted):
            raise FileError(name, DENIED)
        return path, file

    def may(self, name: str, wanted: int) -> bool:
        """Whether the user may READ, WRITE or EXECUTE it (access(2))."""
        try:
            path = self.locate(name)
            if path in DEVICES:
                return wanted != EXECUTE
            if self._reader.machine.files.is_folder(path):
                return self._folder_allows(path, wanted)
            self._file(name, wanted)
        except FileError:
            return False
        return True

    # ---- looking

    def exists(self, name: str) -> bool:
        """Whether there is anything of that name that the user can reach."""
        try:
            path = self.locate(name)
        except FileError:
            return False
        return path in DEVICES or self._reader.machine.files.exists(path)

    def is_folder(self, name: str) -> bool:
        """Whether it is a folder."""
        try:
            return self._reader.machine.files.is_folder(self.locate(name))
        except FileError:
            return False

    def is_link(self, name: str) -> bool:
        """Whether it is a symbolic link, wherever that leads."""
        return self.target(name) is not None

    def target(self, name: str) -> str | None:
        """What a symbolic link says; None where it is none."""
        try:
            link = self._reader.machine.files.link(self.locate(name))
        except FileError:
            return None
        return None if link is None or name.endswith("/") else link.text

    def lstat(self, name: str) -> Stat:
        """What `stat` tells, but of a symbolic link itself."""
        link = None if name.endswith("/") else self._reader.machine.files.link(self.locate(name))
        if link is None:
            return self.stat(name)
        return Stat("l", link.mode, link.owner, self._reader.machine.gid(link.owner), octets(link.text), link.modified)

    def is_file(self, name: str) -> bool:
        """Whether it is a regular file."""
        try:
            path = self.locate(name)
        except FileError:
            return False
        tree = self._reader.machine.files
        return path not in DEVICES and tree.exists(path) and not tree.is_folder(path)

    def stat(self, name: str) -> Stat:
        """What kind of file it is, whose, how large."""
        path = self.locate(name)
        if path in DEVICES:
            return Stat("c", 0o666, "root", 0, 0, 0.0)
        tree = self._reader.machine.files
        if tree.is_folder(path):
            return Stat(
                "d", tree.folder_mode(path), tree.folder_owner(path), self._reader.machine.folder_gid(path), 4096, 0.0
            )
        _, file = self._file(name, 0)
        size = len(file.text) if file.text.isascii() else len(file.text.encode("utf-8", "surrogateescape"))
        group, links = self._reader.machine.gid(file.owner), tree.hard_links(path) if tree.linked else 1
        return Stat("f", file.mode, file.owner, group, size, file.modified, links)

    def listing(self, name: str, *, stored: bool = False) -> list[str]:
        """The names in a folder, sorted, or as they lie on the disk."""
        path = self.locate(name)
        tree = self._reader.machine.files
        self._reader.looks_through(tree.count)
        if tree.is_folder(path) and not self._folder_allows(path, READ):
            raise FileError(name, DENIED)
        try:
            return tree.as_stored(path) if stored else tree.listing(path)
        except FileError as error:
            raise FileError(name, error.reason) from None

    def read(self, name: str) -> str:
        """A file's text."""
        if self.path(name) in DEVICES:
            return ""
        return self._file(name, READ)[1].text

    def program(self, name: str) -> str:
        """The text of a program, which one may run without being able to read it."""
        return self._file(name, EXECUTE)[1].text

    # ---- changing

    def _change(self, name: str, path: str, text: str, old: File | None, modified: float | None = None) -> None:
        reader = self._reader
        owner = old.owner if old is not None else reader.machine.files.heir(posixpath.dirname(path), reader.user)
        mode = old.mode if old is not None else 0o666 & ~reader.umask
        try:
            modified = reader.now if modified is None else modified
            reader.machine.files.write(path, text, owner=owner, mode=mode, modified=modified)
        except FileError as error:
            raise FileError(name, error.reason) from None

    def _writable(self, name: str) -> tuple[str, File | None]:
        """The path of a file that may be written, and the file if there is one."""
        path = self.locate(name)
        if self._reader.machine.files.exists(path) or name.endswith("/"):
            return self._file(name, WRITE)
        path = self._reader.machine.files.followed(path)
        self._may_change(posixpath.dirname(path), name)
        return path, None

    def _may_change(self, folder: str, name: str, owner: str | None = None) -> None:
        """Whether names may come into a folder, or go (then `owner` is the file's): the sticky bit guards those."""
        if not self._folder_allows(folder, WRITE):
            raise FileError(name, DENIED)
        tree, user = self._reader.machine.files, self._reader.user
        if (
            owner is not None
            and user not in ("root", owner, tree.folder_owner(folder))
            and (tree.folder_mode(folder) & 0o1000)
        ):
            raise FileError(name, READ_ONLY)

    def write(self, name: str, text: str) -> None:
        """Make a file, or replace its text; owner and permissions of one that is there stay."""
        if self.path(name) in DEVICES:
            return
        path, old = self._writable(name)
        self._fits(name, text)
        self._change(name, path, text, old)

    def _fits(self, name: str, text: str) -> None:
        """Whether a file may be as large as this text.  Raises FileError."""
        limit = self._reader.file_limit
        if limit and octets(text) > limit:
            raise FileError(name, TOO_LARGE)

    def fitting(self, name: str, text: str) -> str:
        """What of a text there is room for at a file's end."""
        limit = self._reader.file_limit
        return text if not limit else clipped(text, max(0, limit - self.stat(name).size))

    def append(self, name: str, text: str) -> None:
        """Add to a file's end; make it where it is not."""
        if self.path(name) in DEVICES:
            return
        path, old = self._writable(name)
        before = old.text if old is not None else ""
        if text:
            self._fits(name, before + text)
        self._reader.copies(len(before))
        self._change(name, path, before + text, old)

    def touch(self, name: str, modified: float | None = None) -> None:
        """Make an empty file, or let one have been changed at another time, now if none is given."""
        if self.path(name) in DEVICES or self.is_folder(name):
            return
        path, old = self._writable(name)
        self._change(name, path, old.text if old is not None else "", old, modified)

    def _name(self, name: str) -> tuple[str, File]:
        """Where a file or a symbolic link lies, and what it is."""
        path = self.locate(name)
        link = self._reader.machine.files.link(path)
        return self._file(name, 0) if link is None else (path, link)

    def link(self, target: str, name: str) -> None:
        """Make a symbolic link that says `target`."""
        self._reader.machine.files.make_link(self._new(name), target, self._reader.user)

    def hard_link(self, source: str, name: str) -> None:
        """Give a file another name."""
        path, _ = self._file(source, 0)
        self._reader.machine.files.make_hard_link(self._new(name), path)

    def _new(self, name: str) -> str:
        """The path of a name that is to be made.  Raises FileError where it is there."""
        path = self.locate(name)
        tree = self._reader.machine.files
        if tree.exists(path) or tree.link(path):
            raise FileError(name, EXISTS)
        self._may_change(posixpath.dirname(path), name)
        return path

    def remove(self, name: str) -> None:
        """Remove a file, or a symbolic link."""
        path, file = self._name(name)
        self._may_change(posixpath.dirname(path), name, file.owner)
        try:
            self._reader.machine.files.remove(path)
        except FileError as error:
            raise FileError(name, error.reason) from None

    def make_folder(self, name: str, mode: int | None = None) -> None:
        """Make a folder in one that is there."""
        path = self._new(name.rstrip("/") or "/")
        tree = self._reader.machine.files
        tree.make_folder(path, self._reader.user)
        mode = 0o777 & ~self._reader.umask if mode is None else mode
        if mode != 0o755:
            tree.change_folder(path, mode=mode | tree.folder_mode(path) & SET_GROUP)

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""
        path = self.locate(name)
        tree = self._reader.machine.files
        if tree.is_folder(path) and not tree.link(path):
            if tree.listing(path):
                raise FileError(name, NOT_EMPTY)
            self._may_change(posixpath.dirname(path), name, tree.folder_owner(path))
        try:
            tree.remove_folder(path)
        except FileError as error:
            raise FileError(name, error.reason) from None

    def copy(self, source: str, target: str, *, keep: bool = False) -> None:
        """Copy a file's text; with `keep` its owner (for root), permissions and time too."""
        text = self.read(source)
        mode = 0o644
        if self.path(source) not in DEVICES:
            _, file = self._file(source, READ)
            mode = file.mode
        fresh = not self.exists(target)
        self.write(target, text)
        if self.path(target) in DEVICES:
            return
        _, copy = self._file(target, 0)
        if fresh:
            copy.mode = mode & ~self._reader.umask
        if keep and self.path(source) not in DEVICES:
            copy.mode, copy.modified = mode, file.modified
            copy.owner = file.owner if self._reader.user == "root" else copy.owner

    def move(self, source: str, target: str) -> None:
        """Give a file another name, replacing what has it."""
        path, file = self._name(source)
        there = self.locate(target)
        tree = self._reader.machine.files
        if tree.is_folder(there) and not tree.link(there):
            raise FileError(target, IS_DIRECTORY)
        self._may_change(posixpath.dirname(path), source, file.owner)
        self._may_change(posixpath.dirname(there), target, tree.file(there).owner if tree.exists(there) else None)
        if path == there:
            return
        try:
            if tree.link(there):
                tree.remove(there)
            if isinstance(file, Link):
                tree.make_link(there, file.text, file.owner)
            else:
                tree.write(there, file.text, owner=file.owner, mode=file.mode, modified=file.modified)
            tree.remove(path)
        except FileError as error:
            raise FileError(source, error.reason) from None

    def change(self, name: str, *, owner: str | None = None, group: int | None = None, mode: int | None = None) -> None:
        """chmod(2) and chown(2): the owner's, and root's, to do; only root gives a file away."""
        stat = self.stat(name)
        user, machine = self._reader.user, self._reader.machine
        kept = owner in (None, user) and group in (None, machine.gid(user))
        if user != "root" and not (user == stat.owner and kept):
            raise FileError(name, READ_ONLY)
        whose = None
        if owner is not None or group is not None:
            whose = Owner(stat.owner if owner is None else owner, stat.group if group is None else group)
        path = self.locate(name)
        if stat.kind == "d":
            machine.files.change_folder(path, owner=whose, mode=mode)
        elif stat.kind == "f":
            file = machine.files.file(path)
            file.mode = (file.mode if whose is None else file.mode & 0o1777) if mode is None else mode
            file.owner = file.owner if whose is None else whose
