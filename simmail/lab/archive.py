"""A hand-in that came as a zip or tar file, unpacked with distrust: nothing outside its folder, no links, not too much.

Where the learner's copy is in it, or in a folder that was handed in, depends on how it was packed: on top, in a folder
of its own, at the end of a path, or in an archive within, as platforms for courses make a folder for what each learner
sent.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from simmail.lab.exercise import MANY, MUCH
from simmail.mail.errors import InputError

#: What the names of archives end in, in any case of letters; the longer ones first.
ENDINGS = (".tar.bz2", ".tar.gz", ".tar.xz", ".tbz2", ".tgz", ".txz", ".tar", ".zip")
#: Folders within folders, and archives within archives, at most.
DEEP, NESTED = 40, 3
#: What systems add to folders, and to what they pack.
ADDED = frozenset({"__MACOSX", "Thumbs.db", "desktop.ini"})
#: The bit by which a zip file says that a member can be read with a password alone.
LOCKED = 0x1
#: What a zip file begins with; and packed tar files, each with what reads it.
_ZIP = b"PK"
_SQUEEZED: Mapping[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
#: Files, and octets in them, that a hand-in may be; a tar file has some more for their names.
_FILES, _OCTETS = 4 * MANY, 4 * MUCH
_TAR_OCTETS = _OCTETS + 4096 * _FILES
#: What is wrong with an archive: whatever reading it may raise.
_WRONG = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


class _Member(NamedTuple):
    """A file in an archive: its path, its octets, whether it is a link or what else is no file, how it is read."""

    name: str
    size: int
    odd: bool
    read: Callable[[], IO[bytes] | None]


def ending(path: Path) -> str:
    """What makes a file's name that of an archive; "" for no archive's."""
    name = path.name
    found = next((ending for ending in ENDINGS if name.lower().endswith(ending)), "")
    return name[len(name) - len(found) :]


def unpack(archive: Path, target: Path) -> None:
    """Unpack a zip or tar file, whatever it is called, member by member.

    Raises:
        InputError: for what is neither, or tries to get out or to be too much.
    """
    try:
        with archive.open("rb") as file:
            opened = _zipped if file.read(2) == _ZIP else _tarred
        target.mkdir(parents=True, exist_ok=True)
        with opened(archive) as members:
            left = _OCTETS
            for number, member in enumerate(members):
                left -= member.size
                if number >= _FILES or left < 0:
                    raise _too_much(archive)
                _write(archive, member, target)
    except InputError:
        raise
    except _WRONG as error:
        raise InputError(str(archive), f"cannot be unpacked: {error}", "hand in a zip file, or the folder") from None


def _too_much(archive: Path) -> InputError:
    return InputError(str(archive), "unpacks to too much", "hand in the copy alone")


@contextmanager
def _zipped(archive: Path) -> Iterator[list[_Member]]:
    with zipfile.ZipFile(archive) as packed:
        members = [
            _Member(path, member.file_size, (member.external_attr >> 28) == 0o12, partial(packed.open, member))
            for member in packed.infolist()
            # some programs on Windows write paths as they are written there
            if not (path := member.filename.replace("\\", "/")).endswith("/")
        ]
        if any(member.flag_bits & LOCKED for member in packed.infolist()):
            raise InputError(str(archive), "is locked with a password", "hand in one without")
        yield members


@contextmanager
def _tarred(archive: Path) -> Iterator[Iterator[_Member]]:
    with tempfile.TemporaryFile() as plain:
        with archive.open("rb") as file:
            begins = file.read(6)
        squeezed = next((opened for magic, opened in _SQUEEZED.items() if begins.startswith(magic)), open)
        with squeezed(archive, "rb") as source:  # not read as a tar file before it is known to be small enough
            while piece := source.read(1 << 16):
                plain.write(piece)
                if plain.tell() > _TAR_OCTETS:
                    raise _too_much(archive)
        plain.seek(0)
        with tarfile.open(fileobj=plain, mode="r:") as packed:
            yield (
                _Member(member.name, member.size, not member.isreg(), partial(packed.extractfile, member))
                for member in packed
                if not member.isdir()
            )


def _write(archive: Path, member: _Member, target: Path) -> None:
    path = (target / member.name).resolve()
    if not path.is_relative_to(target.resolve()) or member.odd:
        raise InputError(str(archive), f"{member.name!r} leads out of the hand-in")
    if len(path.relative_to(target.resolve()).parts) > DEEP:
        raise InputError(str(archive), "has folders within folders without end")
    path.parent.mkdir(parents=True, exist_ok=True)
    source = member.read()
    assert source is not None, "a file that is no link can be read"
    with source, path.open("wb") as out:
        shutil.copyfileobj(source, out)


def unpacked(hand_in: Path, place: Path) -> Path:
    """The learner's copy in a hand-in, a folder or an archive, in which there may be another archive.

    Args:
        hand_in: what was handed in.
        place: a folder in which it may be unpacked.

    Raises:
        InputError: for an archive that cannot be unpacked.
        OSError: for a folder that cannot be looked into.
    """
    for number in range(NESTED):
        archive = packed_in(hand_in) if hand_in.is_dir() else hand_in
        if archive is None:
            break
        hand_in = place / f"hand-in-{number}"
        unpack(archive, hand_in)
    return copy_in(hand_in)


def packed_in(folder: Path) -> Path | None:
    """The only archive in a hand-in's folder, or in the only one in that; None where there is none, or a copy."""
    place = _inmost(folder)
    if is_copy(place) or not place.is_dir():
        return None
    archives = [path for path in place.iterdir() if ending(path) and path.is_file() and not path.is_symlink()]
    return archives[0] if len(archives) == 1 else None


def copy_in(folder: Path) -> Path:
    """The learner's copy in a hand-in: the folder itself, or the only one in it, or in that; where there is none, it.

    Raises:
        OSError: for a folder that cannot be looked into.
    """
    place = _inmost(folder)
    return place if is_copy(place) else folder


def _inmost(folder: Path) -> Path:
    """The copy in a folder, or where there is more than one way on, or none."""
    place = folder
    for _ in range(DEEP):
        if is_copy(place) or not place.is_dir():
            break
        inner = [path for path in place.iterdir() if path.name not in ADDED and path.is_dir() and not path.is_symlink()]
        if len(inner) != 1:
            break
        (place,) = inner
    return place


def is_copy(path: Path) -> bool:
    """Whether a folder looks like a learner's copy; one that cannot be looked into does not."""
    try:
        return any((path / name).is_dir() for name in ("hosts", "zones", ".simmail"))
    except PermissionError:
        return False
