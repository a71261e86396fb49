"""Writes the mailboxes of a host as files that any mail program opens, dated by the calendar of the world."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from simmail.files.mailbox import MAILDIR_FOLDERS

if TYPE_CHECKING:
    from simmail.world.host import Host

#: Where mail lies; below the homes everything is written, recipe files and logs too.
FOLDERS = ("/var/mail", "/home", "/root")
LONGEST_NAME = 255


def write_mailboxes(host: Host, out: Path) -> list[str]:
    """Write the mailboxes and homes of a host below a folder; the names that no file system takes are left out.

    Args:
        host: the host.
        out: the folder.

    Returns:
        What was left out.
    """
    files, calendar = host.machine.files, host.machine.calendar
    left_out = []
    for path in (path for folder in FOLDERS for path in files.names(folder)):
        if not _is_writable(path):
            left_out.append(path)
            continue
        target = out / path.lstrip("/")
        folder = posixpath.dirname(path)
        if posixpath.basename(folder) in MAILDIR_FOLDERS and files.is_folder(f"{folder}/../tmp"):
            for part in MAILDIR_FOLDERS:
                (target.parent.parent / part).mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        file = files.file(path)
        target.write_text(file.text, encoding="utf-8", errors="surrogateescape", newline="")
        moment = calendar.unix(file.modified)
        os.utime(target, (moment, moment))
    return left_out


def _is_writable(path: str) -> bool:
    """Whether each part of a path can be the name of a real file, whatever a user of the host called it."""
    parts = path.strip("/").split("/")
    return (
        all(
            part not in ("", ".", "..") and "\0" not in part and "\\" not in part and _octets(part) <= LONGEST_NAME
            for part in parts
        )
        and len(path) < 1000
    )


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
