"""lockfile(1): makes lockfiles, waiting where somebody else has them."""

from __future__ import annotations

import posixpath

from simmail.files.file_errors import FileError
from simmail.mail.questions import Decision
from simmail.userland.process import CommandError, Process, Tool
from simmail.userland.procmail import locks

USAGE, CANNOT_CREATE, UNAVAILABLE = 64, 73, 75
DEFAULT_SLEEP_S = 8


def lockfile(process: Process) -> Decision[int]:
    """Make the lockfiles that are named, in order; where one cannot be had all are given back."""
    sleep, retries, timeout = DEFAULT_SLEEP_S, -1, 0
    made: list[str] = []
    names = list(process.argv[1:])
    invert = False
    while names:
        word = names.pop(0)
        if word == "-!":
            invert = not invert
        elif word in ("-ml", "-mu"):
            _own_mailbox(process, word, made)
        elif word[:2] in ("-r", "-l", "-s"):
            text = word[2:] or (names.pop(0) if names else "")
            if not text.lstrip("-").isdigit() or len(text) > 9:
                raise CommandError(f'Bad argument: "{text}"', USAGE)
            retries = int(text) if word[1] == "r" else retries
            timeout = int(text) if word[1] == "l" else timeout
        elif word.startswith("-") and word[1:].isdigit() and len(word) < 10:
            sleep = int(word[1:])
        elif word.startswith("-"):
            raise CommandError(f'Unrecognised options: "{word}"', USAGE)
        else:
            status = yield from _take(process, word, sleep, retries, timeout)
            if status:
                for name in made:
                    process.files.remove(name)
                return int(not status) if invert else status
            made.append(word)
    return int(invert)


def _own_mailbox(process: Process, word: str, made: list[str]) -> None:
    """-ml and -mu: the lock of one's own system mailbox."""
    name = posixpath.join("/var/mail", f"{process.user}.lock")
    if word == "-mu":
        process.files.remove(name)
    elif locks.create(process, name):
        made.append(name)


def _take(process: Process, name: str, sleep: int, retries: int, timeout: int) -> Decision[int]:
    """Make one lockfile; the exit status."""
    for _ in range(locks.MOST_TRIES):
        try:
            if locks.create(process, name):
                return 0
        except FileError as error:
            process.fail(f'Try praying, giving up on "{name}": {error.reason}')
            return CANNOT_CREATE
        if locks.is_stale(process, name, timeout):
            process.complain(f'{process.name}: Forcing lock on "{name}"')
            process.files.remove(name)
            continue
        if retries == 0:
            break
        retries -= 1
        process.job.step()
        yield from locks.pause(process, max(sleep, 1))
    process.complain(f'{process.name}: Sorry, giving up on "{name}"')
    return CANNOT_CREATE


TOOLS = {"lockfile": Tool(lockfile)}
