"""Puts messages into folders: mbox files, Maildirs, MH folders, directories of files."""

from __future__ import annotations

import posixpath

from simmail.files.file_errors import FileError
from simmail.files.mailbox import MAILDIR_FOLDERS
from simmail.files.paths import NULL_DEVICE
from simmail.userland.commands.options import octets
from simmail.userland.procmail.mail import quoted
from simmail.userland.procmail.state import Session

PREFIX = "msg."
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"


def is_directory(session: Session, name: str) -> bool:
    """Whether a folder's name means a directory of some kind: no lockfile is needed there."""
    return name.endswith(("/", "/.")) or session.process.files.is_folder(name)


def deliver(session: Session, names: list[str], text: str, unended: str, raw: bool = False) -> bool:
    """Put a text into a folder, or into several directories at once; whether that went well.

    Args:
        session: whose message it is.
        names: as expanded; behind a file's name nothing may follow.
        text: the message, or the part of it that is wanted.
        unended: the same without the newline that was added.
        raw: whether lines that look like the begin of a message stay as they are in a file.
    """
    if names and names[0].endswith("/"):
        text = session.state.mail.without_from_line(unended)
    elif names and not raw and not is_directory(session, names[0]):
        text = quoted(text)
    written: list[str] = []
    for name in names:
        try:
            written.append(_deliver_one(session, name, text, further=bool(written)))
        except FileError:
            if not written:
                session.last_folder(name)
                session.log.complain(f'Error while writing to "{name}"')
                return False
            session.log.complain(f'Couldn\'t make link to "{name}"')
            continue
        if len(written) == 1:
            session.last_folder(written[0])
        else:
            session.log.tell(f'Linking to "{written[-1]}"')
        if not is_directory(session, name):
            break
    session.assign("LASTFOLDER", " ".join(written), quiet=True)
    return True


def _deliver_one(session: Session, name: str, text: str, further: bool) -> str:
    """Put a text into one folder, or into one directory more; the name of what was written.  Raises FileError."""
    files = session.process.files
    session.process.job.spend(len(text))
    session.state.size = octets(text)
    if name == NULL_DEVICE:
        return name
    if name.endswith("/."):
        return _into_mh(session, name[:-2] or "/", text)
    if name.endswith("/"):
        return _into_maildir(session, name.rstrip("/") or "/", text)
    if further:
        make_folders(session, name)
    if files.is_folder(name):
        return _write_new(session, f"{name}/{session.variable('MSGPREFIX')}", text)
    files.append(name, text)
    return name


def make_folders(session: Session, name: str) -> None:
    """Make a folder, and those above it where they are not.  Raises FileError."""
    files = session.process.files
    if files.is_folder(name):
        return
    above = posixpath.dirname(name)
    if above and not files.is_folder(above):
        make_folders(session, above)
    files.make_folder(name)


def _into_maildir(session: Session, folder: str, text: str) -> str:
    for name in MAILDIR_FOLDERS:
        make_folders(session, f"{folder}/{name}")
    process = session.process
    session.names += 1
    seconds = int(process.machine.calendar.unix(process.now))
    name = f"{folder}/new/{seconds}.{session.pid}_{session.names}.{process.machine.hostname}"
    process.files.write(name, text)
    return name


def _into_mh(session: Session, folder: str, text: str) -> str:
    make_folders(session, folder)
    numbers = [int(name) for name in session.process.files.listing(folder) if name.isascii() and name.isdecimal()]
    name = f"{folder}/{max(numbers, default=0) + 1}"
    session.process.files.write(name, text)
    return name


def _write_new(session: Session, prefix: str, text: str) -> str:
    """Write a file whose name begins with a prefix and is new."""
    files = session.process.files
    while True:
        number = session.process.machine.files.inode()
        name = prefix + "".join(_DIGITS[number >> shift & 63] for shift in (0, 6, 12, 18))
        if not files.exists(name):
            files.write(name, text)
            return name
