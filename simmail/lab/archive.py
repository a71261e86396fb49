"""A hand-in that came as a zip file, unpacked with distrust: nothing outside its folder, no links, not without end.

Where the learner's copy is in it, or in a folder that was handed in, depends on how it was packed: on top, in a folder
of its own, or at the end of a path.
"""

from __future__ import annotations

import lzma
import shutil
import zipfile
import zlib
from pathlib import Path

from simmail.lab.exercise import MANY, MUCH
from simmail.mail.errors import InputError

#: Folders within folders, at most.
DEEP = 40
#: What systems add to folders, and to what they pack.
ADDED = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
#: The bit by which a zip file says that a member can be read with a password alone.
LOCKED = 0x1
#: What is wrong with an archive: whatever reading it may raise.
_WRONG = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, NotImplementedError, RuntimeError,
)  # fmt: skip


def unpack(archive: Path, target: Path) -> None:
    """Unpack a zip file, member by member.

    Raises:
        InputError: for what is no zip file, or tries any of that.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [member for member in packed.infolist() if not _name(member).endswith("/")]
            if len(members) > 4 * MANY or sum(member.file_size for member in members) > 4 * MUCH:
                raise InputError(str(archive), "unpacks to too much", "hand in the copy alone")
            if any(member.flag_bits & LOCKED for member in members):
                raise InputError(str(archive), "is locked with a password", "hand in one without")
            for member in members:
                _member(packed, member, target)
    except InputError:
        raise
    except _WRONG as error:
        raise InputError(str(archive), f"cannot be unpacked: {error}", "hand in a zip file, or the folder") from None


def _name(member: zipfile.ZipInfo) -> str:
    """A member's path; some programs on Windows write it as it is written there."""
    return member.filename.replace("\\", "/")


def _member(packed: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    path = (target / _name(member)).resolve()
    if not path.is_relative_to(target.resolve()) or (member.external_attr >> 28) == 0o12:
        raise InputError(str(packed.filename), f"{member.filename!r} leads out of the hand-in")
    if len(path.relative_to(target.resolve()).parts) > DEEP:
        raise InputError(str(packed.filename), "has folders within folders without end")
    path.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(member) as source, path.open("wb") as out:
        shutil.copyfileobj(source, out)


def copy_in(folder: Path) -> Path:
    """The learner's copy in a hand-in: the folder itself, or the only one in it, or in that; where there is none, it.

    Raises:
        OSError: for a folder that cannot be looked into.
    """
    place = folder
    for _ in range(DEEP):
        if is_copy(place) or not place.is_dir():
            break
        inner = [path for path in place.iterdir() if path.name not in ADDED and path.is_dir() and not path.is_symlink()]
        if len(inner) != 1:
            break
        (place,) = inner
    return place if is_copy(place) else folder


def is_copy(path: Path) -> bool:
    """Whether a folder looks like a learner's copy; one that cannot be looked into does not."""
    try:
        return any((path / name).is_dir() for name in ("hosts", "zones", ".simmail"))
    except PermissionError:
        return False
