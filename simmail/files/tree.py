"""A simulated host's file system: a dictionary of texts, and views rendered when somebody reads them.

Nothing here ever touches the machine that runs the simulator: a path is a key, and so is what a link leads to.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import replace

from simmail.files.base_system import CLOSED_PATHS, FOLDER_GROUPS, FOLDER_MODES, SET_GROUP
from simmail.files.entries import File, Link, Owner, View, may_write
from simmail.files.file_errors import (
    DENIED,
    IS_DIRECTORY,
    NO_FILE,
    NOT_DIRECTORY,
    READ_ONLY,
    TOO_MANY,
    FileError,
)
from simmail.files.paths import above, normal
from simmail.mail.content import TextStore

#: How many symbolic links a path may lead through.
MOST_LINKS = 40
#: How many names a file may have, and how long a symbolic link's text may be.
MOST_NAMES, LONGEST_PATH = 100, 4095
#: The first inode number that is handed out.
FIRST_INODE = 0x20000


class FileSystem:
    """The files of one host.

    Args:
        clock: tells the simulated time, for the time of change of what is written.
        store: where delivered mail is kept; None for memory.

    Symbolic links are followed wherever a path leads through them, `..` being taken out before.

    Attributes:
        linked: whether any link was ever made, apart from those that every machine has.

    `version` grows with every change of a watched file, so that who remembers something read from files can tell
    whether to look again; others, such as mailboxes, change without end.
    """

    def __init__(self, clock: Callable[[], float] = lambda: 0.0, store: TextStore | None = None) -> None:
        self.clock, self.store = clock, store
        self.version = 0
        self._watched: set[str] = set()
        self._inode = FIRST_INODE
        self._files: dict[str, File] = {}
        self._folders: dict[str, str] = {"/": "root"}
        self._modes: dict[str, int] = {}
        self._views: dict[str, View] = {}
        self._mounted: tuple[str, ...] = ()
        self._orders: dict[str, tuple[str, ...]] = {}
        self._links: dict[str, Link] = {}
        self._leading: tuple[str, ...] = ()  # their paths: what does not begin so leads through none
        self._elsewhere: tuple[str, ...] = ()  # the same, and where views are
        self._reached: frozenset[str] = frozenset()  # what watched paths lead to that do
        self._hard: dict[str, set[str]] = {}
        self.linked = False

    def watch(self, path: str) -> None:
        """Let `version` tell of changes of the file at `path`, whether or not there is one now."""
        self._watched.add(normal(path))
        self._look_at_links()

    def _look_at_links(self) -> None:
        self._leading = tuple(self._links)
        self._elsewhere = self._leading + self._mounted
        self._reached = frozenset(self._led(path) for path in self._watched if path.startswith(self._leading))

    def _changed(self, path: str) -> None:
        if path in self._watched or path in self._reached:
            self.version += 1

    # ---- reading

    def mount(self, folder: str, view: View) -> None:
        """Let `view` speak for `folder` and all below it."""
        self.make_folder(posixpath.dirname(normal(folder)) or "/")
        self._views[normal(folder)] = view
        self._mounted = tuple(self._views)
        self._elsewhere = self._leading + self._mounted

    def _view(self, path: str) -> View | None:
        if not path.startswith(self._mounted):
            return None
        return next((view for folder, view in self._views.items() if f"{path}/".startswith(f"{folder}/")), None)

    def file(self, path: str) -> File:
        """The file at `path`.  Raises FileError."""
        path = normal(path)
        if path.startswith(self._leading):
            path = self.followed(path)
        view = self._view(path)
        if view is not None:
            return view.file(path)
        found = self._files.get(path)
        if found is None:
            raise FileError(path, IS_DIRECTORY if self.is_folder(path) else self._nothing_in(above(path)))
        return found

    def _nothing_in(self, folder: str) -> str:
        """Why there is nothing in `folder`, which need not be one."""
        while folder not in self._folders and self.find(folder) is None:
            folder = above(folder)
        return NO_FILE if folder in self._folders else NOT_DIRECTORY

    def find(self, path: str) -> File | None:
        """The file at `path`, which is absolute and normal; None where there is none."""
        found = self._files.get(path)
        if found is None and path.startswith(self._elsewhere):
            try:
                return self.file(path)
            except FileError:
                return None
        return found

    def may_append(self, path: str, user: str, group: int | None = None) -> str:
        """Why `user` of `group` may not append to the file at `path`, or make it (strerror(3)); "" where it may."""
        path = self._led(normal(path))
        if self.is_closed(path, user):
            return DENIED
        found = self.find(path)
        if found is not None:
            return "" if may_write(found, user) else DENIED
        if self._is_folder(path):
            return IS_DIRECTORY
        folder = above(path)
        if not self._is_folder(folder):
            return self._nothing_in(folder)
        mode = self.folder_mode(folder)
        if mode & 0o002 or user == "root":
            return ""
        ours = mode & 0o020 and group is not None and group == self.folder_group(folder)
        return "" if ours or (user == self.folder_owner(folder) and mode & 0o200) else DENIED

    def is_closed(self, path: str, user: str) -> bool:
        """Whether `user` may not enter a folder above `path`, which is absolute and normal.

        Folders have no group here: everybody counts as a member.
        """
        if user == "root" or not (self._modes or path.startswith(CLOSED_PATHS)):
            return False
        path = self._led(path)
        return any(
            not (mode >> 6 if user == self.folder_owner(folder) else mode | mode >> 3) & 0o001
            for folder, mode in {**FOLDER_MODES, **self._modes}.items()
            if path.startswith(folder + "/")
        )

    def read(self, path: str) -> str:
        """The text of the file at `path`.  Raises FileError."""
        return self.file(path).text

    def exists(self, path: str) -> bool:
        """Whether there is a file or a folder of that name."""
        return self.taken(normal(path))

    def taken(self, path: str) -> bool:
        """Whether there is a file or a folder at `path`, which is absolute and normal."""
        if path in self._files or path in self._folders:
            return True
        if path.startswith(self._leading):
            path = self._led(path)
            if path in self._files or path in self._folders:
                return True
        return path.startswith(self._mounted) and (self._is_folder(path) or self.find(path) is not None)

    def no_way_into(self, path: str) -> str:
        """Why chdir(2) fails for `path`; "" where it does not."""
        if self.is_folder(path):
            return ""
        if self.exists(path):
            return NOT_DIRECTORY
        try:
            return self._nothing_in(above(self.followed(normal(path))))
        except FileError as error:
            return error.reason

    def is_folder(self, path: str) -> bool:
        """Whether `path` is a folder."""
        return self._is_folder(normal(path))

    def _is_folder(self, path: str) -> bool:
        if path in self._folders:
            return True
        if path.startswith(self._leading):
            path = self._led(path)
            if path in self._folders:
                return True
        if path in self._views:
            return path not in self._views[path].names(path)
        view = self._view(path)
        if view is None:
            return False  # the folders above each file were made with it
        return any(True for _ in view.names(path.rstrip("/") + "/"))

    @property
    def count(self) -> int:
        """How many files there are, views aside."""
        return len(self._files)

    def names(self, folder: str = "/") -> list[str]:
        """The absolute paths of all files below `folder`, sorted."""
        below = self._led(normal(folder)).rstrip("/") + "/"
        found = {name for name in self._links if name.startswith(below) and self.find(name) is not None}
        found |= {name for name in self._files if name.startswith(below)}
        for top, view in self._views.items():
            if top.startswith(below) or below.startswith(top + "/") or below == top + "/":
                found.update(view.names(below))
        return sorted(found)

    def listing(self, folder: str) -> list[str]:
        """The names in `folder`, files and folders, sorted.  Raises FileError."""
        folder = self._led(normal(folder))
        if not self.is_folder(folder):
            raise FileError(folder, NOT_DIRECTORY if folder in self._files else NO_FILE)
        below = folder.rstrip("/") + "/"
        others = (*self._folders, *self._views, *self._links)
        everything = [*self.names(folder), *(other for other in others if other.startswith(below))]
        return sorted({name[len(below) :].split("/", 1)[0] for name in everything if name != below})

    def arrange(self, folder: str, names: tuple[str, ...]) -> None:
        """Say in what order the names in `folder` lie on the disk; others come behind them."""
        self._orders[normal(folder)] = names

    def as_stored(self, folder: str) -> list[str]:
        """The names in `folder` in the order in which a program finds them that does not sort.  Raises FileError."""
        order = self._orders.get(normal(folder), ())
        return sorted(self.listing(folder), key=lambda name: order.index(name) if name in order else len(order))

    def folder_owner(self, path: str) -> str:
        """The account that a folder belongs to; one that only a view has is whose the folder is that it lies in."""
        return self._folders.get(self._made(path), "root")

    def _made(self, path: str) -> str:
        """The folder that somebody made among those on the way to one."""
        path = self._led(normal(path))
        while path not in self._folders and path != "/":
            path = posixpath.dirname(path)
        return path

    def folder_group(self, path: str) -> int | None:
        """The number of the group that a folder belongs to; None for its owner's."""
        path = self._led(normal(path))
        owner = self._folders.get(path)
        return owner.group if isinstance(owner, Owner) else FOLDER_GROUPS.get(path)

    def folder_mode(self, path: str) -> int:
        """A folder's permissions: those that chmod(1) gave it, or those that FOLDER_MODES or habit have for it."""
        path = self._made(path)
        return self._modes.get(path, FOLDER_MODES.get(path, 0o755))

    # ---- writing

    def change_folder(self, path: str, *, owner: str | None = None, mode: int | None = None) -> None:
        """Give a folder to another account, or other permissions.  Raises FileError where there is no such folder."""
        path = self._led(normal(path))
        if not self.is_folder(path):
            raise FileError(path, NO_FILE)
        if owner is not None:
            self._folders[path] = owner
        if mode is not None:
            self._modes[path] = mode

    def make_folder(self, path: str, owner: str = "root") -> None:
        """Make a folder and those above it."""
        path = self._led(normal(path))
        if path not in self._folders:
            folder = posixpath.dirname(path)
            self.make_folder(folder, owner)
            self._folders[path] = self.heir(folder, owner)
            if self.folder_mode(folder) & SET_GROUP and path not in FOLDER_MODES:
                self._modes[path] = 0o755 | SET_GROUP

    def heir(self, folder: str, owner: str) -> str:
        """Whose a thing is that `owner` makes in a folder, which may hand its group on."""
        group = self.folder_group(folder) if self.folder_mode(folder) & SET_GROUP else None
        return owner if group is None else Owner(owner, group)

    def write(
        self, path: str, text: str, *, owner: str = "root", mode: int = 0o644, modified: float | None = None
    ) -> None:
        """Make or replace a file; the folders above it are made.  Raises FileError where a view forbids it."""
        path = normal(path)
        if path.startswith(self._leading):
            path = self.followed(path)
        view = self._view(path)
        if modified is None:
            modified = self.clock()
        if view is not None:
            view.write(path, text, modified)
            return
        if path in self._folders:
            raise FileError(path, IS_DIRECTORY)
        self.make_folder(posixpath.dirname(path), owner)
        self._changed(path)
        self._put(path, File(text, owner, mode, modified, self.clock()))

    def give(self, other: FileSystem) -> None:
        """Put what is here into another file system: folders, links and files, but no views and no mailboxes."""
        other._folders.update(self._folders)
        other._modes.update(self._modes)
        other._files.update((path, replace(file)) for path, file in self._files.items() if type(file) is File)
        other._links.update((path, replace(link)) for path, link in self._links.items())
        other._look_at_links()

    def place(self, path: str, file: File) -> None:
        """Put a file that makes its own text at `path`; the folders above it are made."""
        path = self._led(normal(path))
        folder = above(path)
        if folder not in self._folders:
            self.make_folder(folder, file.owner)
        self._changed(path)
        self._put(path, file)

    def _put(self, path: str, file: File) -> None:
        """Let a path, and those that are hard links to the same, have another file."""
        if path in self._hard:
            self._files.update((other, file) for other in self._hard[path])
            self.version += 1
        self._files[path] = file

    def inode(self) -> int:
        """A number that no file had before."""
        self._inode += 1
        return self._inode

    def append(self, path: str, text: str, *, owner: str = "root") -> None:
        """Add to a file's end; make it where it is not."""
        before = self.read(path) if self.exists(path) else ""
        self.write(path, before + text, owner=owner)

    def remove(self, path: str) -> None:
        """Remove a file.  Raises FileError."""
        path = self._at(normal(path))
        self._changed(path)
        self._hard.pop(path, set()).discard(path)
        if self._links.pop(path, None) is not None:
            self._look_at_links()
            self.version += 1
            return
        view = self._view(path)
        if view is not None:
            view.remove(path)
        elif self._files.pop(path, None) is None:
            raise FileError(path, IS_DIRECTORY if self.is_folder(path) else NO_FILE)

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder.  Raises FileError."""
        path = self._at(normal(path))
        if path not in self._folders:
            raise FileError(path, NOT_DIRECTORY if path in self._files or path in self._links else NO_FILE)
        if self.listing(path):
            raise FileError(path, "Directory not empty")
        del self._folders[path]
        self._modes.pop(path, None)

    # ---- links

    def followed(self, path: str) -> str:
        """Where a path leads, which is absolute and normal.  Raises FileError where that is round in circles."""
        where = path
        for _ in range(MOST_LINKS):
            link = self._first(where)
            if not link:
                return where
            where = normal(self._links[link].text + where[len(link) :], above(link))
        raise FileError(path, TOO_MANY)

    def _first(self, path: str) -> str:
        """The first symbolic link that a path leads through; "" for none."""
        end = path.find("/", 1)
        while end > 0:
            if path[:end] in self._links:
                return path[:end]
            end = path.find("/", end + 1)
        return path if path in self._links else ""

    def _led(self, path: str) -> str:
        """The same; a path that leads nowhere stays as it is."""
        if not path.startswith(self._leading):
            return path
        try:
            return self.followed(path)
        except FileError:
            return path

    def _at(self, path: str) -> str:
        """Where something lies that may be a link itself."""
        if not path.startswith(self._leading):
            return path
        return normal(path[path.rfind("/") + 1 :], self._led(above(path)))

    def link(self, path: str) -> Link | None:
        """The symbolic link at `path`; None where there is none."""
        return self._links.get(self._at(normal(path))) if self._links else None

    def make_link(self, path: str, target: str, owner: str = "root") -> None:
        """Make a symbolic link to `target` in a folder that is there.  Raises FileError where a view forbids it."""
        path = self._at(normal(path))
        if self._view(path) is not None:
            raise FileError(path, READ_ONLY)
        if len(target) > LONGEST_PATH:
            raise FileError(path, "File name too long")
        self.linked = True
        self.version += 1
        self._links[path] = Link(target, owner, 0o777, self.clock())
        self._look_at_links()

    def make_hard_link(self, path: str, other: str) -> None:
        """Let the file at `other` have a second name.  Raises FileError."""
        path, other = self._at(normal(path)), self._led(normal(other))
        file = self.file(other)
        if self._view(path) is not None or self._view(other) is not None:
            raise FileError(path, READ_ONLY)
        names = self._hard.setdefault(other, {other})
        if len(names) == MOST_NAMES:
            raise FileError(path, "Too many links")
        self.linked = True
        self.place(path, file)
        names.add(path)
        self._hard[path] = names

    def hard_links(self, path: str) -> int:
        """How many names the file at `path` has."""
        return len(self._hard.get(self._led(normal(path)), "1"))
