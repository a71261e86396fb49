"""NAME
    spool_view - the queue directory as files

DESCRIPTION
    /var/spool/postfix shows each message as a file below the queue it is in, named by its queue id, and below `defer`
    the log of why it waits (`simmail.postfix.queue_id` tells in which folders there).

    An administrator who removes a queue file removes the message (the log of why it waited stays); one who moves it
    moves the message to another queue; one who touches it makes the message due, for a file's time of modification is
    when a queue run may try it.

BUGS
    What a remote server said is told from the reason, and where a recipient stands in its queue file is not told of an
    address that local(8) has found.

SEE ALSO
    bounce(5)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from simmail.files.entries import File
from simmail.files.file_errors import DENIED, NO_FILE, READ_ONLY, FileError
from simmail.files.machine import Machine
from simmail.mail.message import Message, Recipient
from simmail.postfix.config import QUEUE_DIRECTORY
from simmail.postfix.queue_file import OWNER, in_order, notify_bits, queue_file, submitted
from simmail.postfix.queue_id import Hashing
from simmail.postfix.record import DONE, RECIPIENT
from simmail.postfix.spool import QUEUES, Spool

#: Where a queue is not spread over folders.
FLAT = Hashing(frozenset())
#: What there is in the queue directory, in the order in which the disk has it.
FOLDERS = tuple(
    """
    etc public incoming active maildrop dev corrupt bounce usr pid private deferred lib defer saved flush trace hold
    """.split()
)
#: Those of them that are made anew when they are missing.
MADE = frozenset(FOLDERS) - {"etc", "dev", "usr", "lib"}
#: Those of them that are not there before Postfix is checked, or started, for the first time.
MADE_LATE = frozenset({"hold", "trace"})
#: Those of them that postsuper(1) looks over.
SCANNED = ("maildrop", "incoming", "active", "deferred", "hold", "flush", "defer", "bounce")
MODE, DROPPED_MODE, EXPIRED_MODE = 0o700, 0o744, 0o710
#: A reason that has a server's own words: its name, and they.
SAID = re.compile(r"host (\S+?)\[[^]]*\] (?:said|refused to talk to me): (.*?)(?: \(in reply to .*\))?")


def located(path: str, hashing: Hashing) -> tuple[str, str] | None:
    """The queue and the queue id that a path speaks of; None for any other path."""
    below = path.removeprefix(QUEUE_DIRECTORY + "/")
    queue, queue_id = below.partition("/")[0], below.rpartition("/")[2]
    if path == below or queue not in (*QUEUES, "defer") or below != hashing.path(queue, queue_id):
        return None
    return queue, queue_id


class SpoolView:
    """The queue directory of one host (a `View` of its files).

    Args:
        spool: its messages.
        machine: the host.
    """

    def __init__(self, spool: Spool, machine: Machine) -> None:
        self.spool, self.machine = spool, machine

    def names(self, below: str) -> Iterator[str]:
        """The paths of all files, of those that begin with `below`."""
        for folder in (*QUEUES, "defer"):
            root = f"{QUEUE_DIRECTORY}/{folder}/"
            if not (root.startswith(below) or below.startswith(root)):
                continue
            yield from self._logs(below) if folder == "defer" else self._below(below, folder, self.spool.queue(folder))

    def _below(self, below: str, folder: str, queue_ids: Iterable[str]) -> Iterator[str]:
        """The paths of files in a folder, of those that begin so."""
        path = self.spool.hashing.path
        found = (f"{QUEUE_DIRECTORY}/{path(folder, queue_id)}" for queue_id in queue_ids)
        return (one for one in found if one.startswith(below))

    def _logs(self, below: str) -> Iterator[str]:
        """The paths of logs of why messages wait, of those that begin so."""
        spool = self.spool
        for queue in QUEUES:
            if queue != "active":
                found = self._below(below, "defer", spool.queue(queue))
                yield from (path for path in found if spool.shown(path.rpartition("/")[2], queue).deferrals)
        yield from self._below(below, "defer", spool.left_logs)

    def file(self, path: str) -> File:
        """The file at a path.  Raises FileError."""
        queue, queue_id = self._place(path)
        if queue == "defer":
            waits, log = self._log(queue_id)
            if not log:
                raise FileError(path, NO_FILE)
            return File(log, OWNER, 0o600, waits.arrival if waits is not None else 0.0)
        try:
            message = self.spool.shown(queue_id, queue)
        except KeyError:
            raise FileError(path, NO_FILE) from None
        text = queue_file(message, queue, self.machine).text()
        owner, mode = ("root", DROPPED_MODE) if submitted(message, queue, self.machine) else (OWNER, MODE)
        return File(text, owner, EXPIRED_MODE if message.expired else mode, float(message.due) or message.arrival)

    def remove(self, path: str) -> None:
        """Remove a message, or the log of why it waits.  Raises FileError."""
        queue, queue_id = self._place(path)
        if queue == "defer":
            waits, log = self._log(queue_id)
            if not log:
                raise FileError(path, NO_FILE)
            if waits is not None:
                waits.deferrals = ()
            else:
                del self.spool.left_logs[queue_id]
            return
        log = self._log(queue_id)[1]
        if self.spool.delete(queue_id, queue) is None:
            raise FileError(path, NO_FILE)
        if log:
            self.spool.left_logs[queue_id] = log

    def write(self, path: str, text: str, modified: float) -> None:
        """Put a message's own file into another queue, or let it be due at another time.

        Raises FileError for anything else.
        """
        queue, queue_id = located(path, FLAT) or self._place(path)
        found = self.spool.find(queue_id)
        if found is None or queue == "defer" or queue_file(found[1], found[0], self.machine).text() != text:
            raise FileError(path, READ_ONLY)
        if queue == found[0]:
            found[1].due = int(modified)
        elif queue == "incoming":
            self.spool.unseen.append(queue_id)
        self.spool.queue(queue)[queue_id] = found[1]

    def _log(self, queue_id: str) -> tuple[Message | None, str]:
        """The message, if it is still there, and the log of why it waits."""
        found = self.spool.find(queue_id)
        if found is None:
            return None, self.spool.left_logs.get(queue_id, "")
        return found[1], "".join(_defer_log(found[1], found[0], self.machine))

    def _place(self, path: str) -> tuple[str, str]:
        where = located(path, self.spool.hashing)
        if where is None:
            raise FileError(path, NO_FILE)
        return where


def mount(spool: Spool, machine: Machine) -> None:
    """Show a host's queue directory among its files."""
    for name in FOLDERS:
        if name not in MADE_LATE:
            owner = "root" if name in ("etc", "dev", "usr", "lib", "pid") else OWNER
            machine.files.make_folder(f"{QUEUE_DIRECTORY}/{name}", owner)
    for folder in ("/usr/lib/postfix/sbin", "/var/lib"):
        machine.files.make_folder(folder)
    machine.files.make_folder("/var/lib/postfix", OWNER)
    machine.files.arrange(QUEUE_DIRECTORY, FOLDERS)
    machine.files.mount(QUEUE_DIRECTORY, SpoolView(spool, machine))


def make_missing(machine: Machine) -> None:
    """Make the folders of the queue directory that are not there yet, or that somebody has removed."""
    for name in MADE:
        if not machine.files.is_folder(f"{QUEUE_DIRECTORY}/{name}"):
            machine.files.make_folder(f"{QUEUE_DIRECTORY}/{name}", OWNER)


def unscannable(machine: Machine, queues: Iterable[str]) -> str:
    """Why Postfix cannot go through one of these folders, as it says it; "" where it can."""
    for name in queues:
        path, reason = f"{QUEUE_DIRECTORY}/{name}", ""
        if not machine.files.is_folder(path):
            reason = NO_FILE
        else:
            mode = machine.files.folder_mode(path)
            if ~(mode >> 6 if machine.files.folder_owner(path) == OWNER else mode) & 0o005:
                reason = DENIED
        if reason:
            return f"scan_dir_push: open directory {name}: {reason}"
    return ""


def _defer_log(message: Message, queue: str, machine: Machine) -> Iterator[str]:
    """The text of a defer log file (bounce(5))."""
    if not message.deferrals:
        return
    records = queue_file(message, queue, machine).placed()
    offsets = [offset for offset, record in records if record.kind in (RECIPIENT, DONE)]
    listed = list(zip(in_order(message), offsets, strict=True))
    for address, reason in message.deferrals:
        yield f"\n<{address}>: {reason}\nrecipient={address}\n"
        place = next((place for place in listed if place[0].address == address), None)
        if place is not None:
            listed.remove(place)
            yield from _wanted(*place)
        said = SAID.fullmatch(reason)
        if said is not None:
            yield f"diag_type=smtp\ndiag_text={said[2]}\nmta_type=dns\nmta_mname={said[1]}\n"
        yield f"reason={reason}\n\n"


def _wanted(recipient: Recipient, offset: int) -> Iterator[str]:
    """What a defer log has of a recipient: where its record begins, and what its sender wants to hear."""
    if recipient.original and recipient.original.lower() != recipient.address.lower():
        yield f"original_recipient={recipient.original}\n"
    yield f"offset={offset}\n"
    if recipient.orcpt:
        yield f"dsn_orig_rcpt={recipient.orcpt}\n"
    if recipient.notify:
        yield f"notify_flags={notify_bits(recipient)}\n"
    yield f"status={recipient.dsn}\naction=delayed\n"
