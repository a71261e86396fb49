"""Files as those read them who are not root."""

from __future__ import annotations

from simmail.files.entries import File, may_read
from simmail.files.file_errors import DENIED, FileError
from simmail.files.paths import normal
from simmail.files.tree import FileSystem

ROOT = "root"


def file_for(files: FileSystem, path: str, user: str) -> File:
    """The file at `path` as `user` finds it.

    Raises:
        FileError: where there is none, or where that user may not read it, or not enter a folder above it.
    """
    if user != ROOT and files.is_closed(normal(path), user):
        raise FileError(path, DENIED)
    found = files.file(path)
    if not may_read(found, user):
        raise FileError(path, DENIED)
    return found
