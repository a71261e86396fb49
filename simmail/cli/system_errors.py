"""What the system refuses, in words: which file, what is wrong with it, and what would do."""

from __future__ import annotations

import errno

#: The system's number of an error -> what is wrong with the file, and what would do.
KNOWN = {
    errno.EACCES: ("may not be read or written by you", "change its permissions, or name another place"),
    errno.EPERM: ("may not be read or written by you", "change its permissions, or name another place"),
    errno.ENOENT: ("there is no such file or folder", "mind the spelling, or make the folder first"),
    errno.EISDIR: ("is a folder where a file is needed", "name a file"),
    errno.ENOTDIR: ("is, or lies below, a file where a folder is needed", "name a folder"),
    errno.EEXIST: ("is there already, as something else", "name another place"),
    errno.ENAMETOOLONG: ("has too long a name", "name a shorter one"),
    errno.ENOSPC: ("finds no room on the disk", "make room, or name another place"),
    errno.EROFS: ("lies where nothing can be written", "name another place"),
    errno.ELOOP: ("is a link that leads back to itself", "put a copy there"),
}


def told(error: OSError, place: object = None) -> str:
    """One that no command has expected, as a sentence for its user.

    Args:
        error: what the system says; of a file that is being written it does not say which.
        place: where the command writes, for one of these.
    """
    names = [error.filename]
    if error.errno == errno.ENOSPC:  # of a copy the first name is what is read
        names = [error.filename2, error.filename, place]
    file = next((name for name in names if name is not None), None)
    wrong, advice = KNOWN.get(error.errno or 0, (error.strerror or str(error) or type(error).__name__, ""))
    where = f"{_name(file)}: " if file is not None else ""
    return f"{where}{wrong}" + (f"; {advice}" if advice else "")


def _name(name: object) -> str:
    text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
