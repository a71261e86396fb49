"""How operations on a simulated host's files fail, in the words of strerror(3)."""

from __future__ import annotations

NO_FILE = "No such file or directory"
IS_DIRECTORY = "Is a directory"
NOT_DIRECTORY = "Not a directory"
DENIED = "Permission denied"
EXISTS = "File exists"
READ_ONLY = "Operation not permitted"
TOO_MANY = "Too many levels of symbolic links"


class FileError(OSError):
    """A file operation that fails, with its reason: `No such file or directory`."""

    def __init__(self, path: str, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}")
