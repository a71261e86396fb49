"""Lockfiles: made before a folder is written to, waited for where they are there, taken by force when they are old."""

from __future__ import annotations

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision, Sleep
from simmail.userland.process import Process

SLEEP_S, TIMEOUT_S = 8, 1024
#: How often it is looked again at most.
MOST_TRIES = 10_000
#: How often procmail tries to make a lockfile that cannot be made.
MOST_REFUSALS = 8


def pause(process: Process, seconds: float) -> Decision[None]:
    """Let time pass for a process and all that belong to it."""
    yield Sleep(seconds)
    process.now += seconds


def create(process: Process, name: str) -> bool:
    """Make a lockfile; whether it was not there.  Raises FileError where it cannot be made at all."""
    if process.files.exists(name):
        return False
    process.files.write(name, "0")
    process.files.change(name, mode=0o444)
    return True


def is_stale(process: Process, name: str, timeout: float) -> bool:
    """Whether a lockfile is so old that whoever made it must be gone; a timeout of 0 waits for ever."""
    try:
        return bool(timeout) and process.now - process.files.stat(name).modified >= timeout
    except FileError:
        return False
