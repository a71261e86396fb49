"""A world's folder: found by name, read file by file, with nothing outside of it ever touched."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from simmail.mail.errors import InputError

FILE_LIMIT = 16 * 1024 * 1024
WORLD = "world.yaml"
#: What a folder of an exercise has: the world is made from it, in a copy.
EXERCISE = "exercise.yaml"
#: Where a learner's copy keeps what is about itself, and the file there that names what it is a copy of.
OWN, ORIGIN = ".simmail", "origin"
#: How many digits the numbers of labs have.
NUMBERS = 2
#: Folders that hold worlds, looked for beside and above the present one.
SHELVES = ("labs", "exercises", ".")


def find(name: str | Path, start: Path | None = None) -> Path:
    """The folder of a world.  Within a learner's copy of a lab, the lab's name means the copy.

    Args:
        name: a path, or the beginning of a lab's or exercise's name (`05`, or 5 for that).
        start: where to look from; the present folder by default.

    Raises:
        InputError: where there is none, or more than one.
    """
    if not isinstance(name, (str, os.PathLike)):
        raise InputError(f"world {name!r}", "is no name", "write it as a text: '01'")
    given = Path(name)
    if (given / WORLD).is_file():
        return given
    if given.name == WORLD and given.is_file():
        return given.parent
    name = str(name).zfill(NUMBERS) if str(name).isdecimal() else name
    here = (start or Path.cwd()).resolve()
    above = [here, *here.parents, Path(__file__).resolve().parents[2]]
    seen: set[str] = set()
    for folder in above:
        if origin(folder).startswith(str(name)):
            return folder
        for shelf in SHELVES:
            found = sorted(p.parent for p in (folder / shelf).glob(f"*/{WORLD}"))
            if shelf != "." or folder == here:
                seen.update(p.name for p in found)
            matches = [p for p in found if p.name == str(name)] or [p for p in found if p.name.startswith(str(name))]
            if len(matches) == 1:
                return matches[0]
            if matches:
                raise InputError(
                    f"world {str(name)!r}", f"could be {' or '.join(p.name for p in matches)}", "write more of its name"
                )
    if given.is_dir():
        raise InputError(str(given), f"has no {WORLD}", "a world is a folder with one in it")
    tasks = [path.parent.name for folder in above for path in (folder / "exercises").glob(f"*/{EXERCISE}")]
    for task in sorted(tasks):
        if task.startswith(str(name)):
            raise InputError(f"world {str(name)!r}", "is an exercise", f"make a copy of it: simmail start {task}")
    known = f"there are: {', '.join(sorted(seen))}" if seen else "a world is a folder with a world.yaml in it"
    raise InputError(f"world {str(name)!r}", "is nowhere to be found", known)


def origin(folder: Path) -> str:
    """The name of what a learner's folder is a copy of; "" for a folder that is none."""
    mark = folder / OWN / ORIGIN
    return mark.read_text(encoding="utf-8").strip() if mark.is_file() and (folder / WORLD).is_file() else ""


def files_below(folder: Path, strays: list[str] | None = None) -> Iterator[tuple[str, str]]:
    """Each file below a folder: its path from there, and its text (octets that are no UTF-8 as surrogate escapes).

    Args:
        folder: where to look.
        strays: gets what is said of each link that leads out of the folder; None makes it an error.

    Raises:
        InputError: for such a link, for a file that is too large, and for a file where the folder is looked for.
        OSError: for what may not be read.
    """
    if not folder.is_dir():
        if folder.exists():
            raise InputError(str(folder), "is a file", "a folder of that name is needed")
        return
    root = folder.resolve()
    for path in (root, *sorted(folder.rglob("*"))):
        wrong = _astray(path, root)
        if wrong:
            stray = InputError(str(path), wrong, "put a copy there")
            if strays is None:
                raise stray
            strays.append(str(stray))
        elif path.is_file():
            yield _read(path, folder)
        elif path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
            # what is searched for files leaves out such a folder in silence
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _astray(path: Path, root: Path) -> str:
    """What is wrong with a link, or a path that leads over one; "" for one that leads to a file below the root."""
    try:
        target = path.resolve()
    except RuntimeError:
        return "is a link that leads back to itself"
    if not target.is_relative_to(root):
        return "is a link that leads out of the world's folder"
    if not path.is_symlink() or target.is_file():
        return ""
    return "is a link to a folder" if target.is_dir() else "is a link to nothing"


def file_of(folder: Path, path: str) -> tuple[str, str]:
    """One file: its path from the folder, and its text.  Raises InputError for one that is too large."""
    return _read(folder / path, folder)


def _read(path: Path, folder: Path) -> tuple[str, str]:
    size = path.stat().st_size
    if size > FILE_LIMIT:
        raise InputError(str(path), f"has {size:,} octets", f"a file of a host may have {FILE_LIMIT:,}")
    return path.relative_to(folder).as_posix(), path.read_bytes().decode("utf-8", "surrogateescape")


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have, as a configuration may hold one, is that of none."""
    try:
        return path.is_file()
    except OSError:
        return False
