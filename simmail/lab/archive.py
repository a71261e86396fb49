"""A hand-in that came as a zip file, unpacked with distrust: nothing outside its folder, no links, not without end."""

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
            members = [member for member in packed.infolist() if not member.is_dir()]
            if len(members) > 4 * MANY or sum(member.file_size for member in members) > 4 * MUCH:
                raise InputError(str(archive), "unpacks to too much", "hand in the copy alone")
            for member in members:
                _member(packed, member, target)
    except InputError:
        raise
    except _WRONG as error:
        raise InputError(str(archive), f"cannot be unpacked: {error}", "hand in a zip file, or the folder") from None
    inner = [path for path in target.iterdir() if path.is_dir()] if target.is_dir() else []
    if len(inner) == 1 and not is_copy(target) and is_copy(inner[0]):
        for path in inner[0].iterdir():
            shutil.move(str(path), target / path.name)


def _member(packed: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    path = (target / member.filename).resolve()
    if not path.is_relative_to(target.resolve()) or (member.external_attr >> 28) == 0o12:
        raise InputError(str(packed.filename), f"{member.filename!r} leads out of the hand-in")
    if len(path.relative_to(target.resolve()).parts) > DEEP:
        raise InputError(str(packed.filename), "has folders within folders without end")
    path.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(member) as source, path.open("wb") as out:
        shutil.copyfileobj(source, out)


def is_copy(path: Path) -> bool:
    """Whether a folder looks like a learner's copy; one that cannot be looked into does not."""
    try:
        return any((path / name).is_dir() for name in ("hosts", "zones", ".simmail"))
    except PermissionError:
        return False
