"""NAME
    spool_view - the queue directory as files

DESCRIPTION
    /var/spool/postfix shows each message as a file below the queue it is in, named by its queue id, and below `defer`
    the log of why it waits.  `deferred` and `defer` have a folder for each first character of a queue id.

    An administrator who removes a queue file removes the message (the log of why it waited stays); one who moves it
    moves the message to another queue.

SEE ALSO
    hash_queue_names, hash_queue_depth in postconf(5)
"""

from __future__ import annotations

from collections.abc import Iterator

from simmail.files.machine import Machine
from simmail.files.tree import NO_FILE, READ_ONLY, File, FileError
from simmail.mail.message import Message
from simmail.postfix.queue_file import queue_file
from simmail.postfix.spool import QUEUES, Spool

FOLDER = "/var/spool/postfix"
#: Folders that a queue id is hashed in.
HASHED = frozenset({"deferred", "defer"})
#: What there is in the queue directory, in the order in which the disk has it.
FOLDERS = tuple(
    """
    etc public incoming active maildrop dev corrupt bounce usr pid private deferred lib defer saved flush trace hold
    """.split()
)
OWNER, MODE, DROPPED_MODE = "postfix", 0o700, 0o744


def path_of(queue: str, queue_id: str) -> str:
    """Where the file of a message lies."""
    return f"{FOLDER}/{queue}/{queue_id[0]}/{queue_id}" if queue in HASHED else f"{FOLDER}/{queue}/{queue_id}"


def located(path: str) -> tuple[str, str] | None:
    """The queue and the queue id that a path speaks of; None for any other path."""
    parts = path.removeprefix(FOLDER + "/").split("/")
    if not path.startswith(FOLDER + "/") or len(parts) not in (2, 3) or parts[0] not in (*QUEUES, "defer"):
        return None
    return parts[0], parts[-1]


class SpoolView:
    """The queue directory of one host (a `View` of its files).

    Args:
        spool: its messages.
        machine: the host.
    """

    def __init__(self, spool: Spool, machine: Machine) -> None:
        self.spool, self.machine = spool, machine

    def names(self) -> Iterator[str]:
        """The paths of all files."""
        for queue in QUEUES:
            for queue_id, message in self.spool.queue(queue).items():
                yield path_of(queue, queue_id)
                if message.deferrals and queue != "active":
                    yield path_of("defer", queue_id)
        for queue_id in self.spool.left_logs:
            yield path_of("defer", queue_id)

    def file(self, path: str) -> File:
        """The file at a path.  Raises FileError."""
        queue, queue_id = self._place(path)
        if queue == "defer":
            message, deferrals = self._deferrals(queue_id)
            if not deferrals:
                raise FileError(path, NO_FILE)
            return File(_defer_log(deferrals), OWNER, 0o600, message.arrival if message is not None else 0.0)
        message = self.spool.queue(queue).get(queue_id)
        if message is None:
            raise FileError(path, NO_FILE)
        text = queue_file(message, queue, self.machine).text()
        dropped = queue == "maildrop"
        return File(text, "root" if dropped else OWNER, DROPPED_MODE if dropped else MODE, message.arrival)

    def remove(self, path: str) -> None:
        """Remove a message, or the log of why it waits.  Raises FileError."""
        queue, queue_id = self._place(path)
        if queue == "defer":
            message, deferrals = self._deferrals(queue_id)
            if not deferrals:
                raise FileError(path, NO_FILE)
            if message is not None:
                message.deferrals = ()
            else:
                del self.spool.left_logs[queue_id]
            return
        message = self.spool.delete(queue_id, queue)
        if message is None:
            raise FileError(path, NO_FILE)
        if message.deferrals:
            self.spool.left_logs[queue_id] = message.deferrals

    def write(self, path: str, text: str) -> None:
        """Put a message's own file into another queue.  Raises FileError for anything else."""
        queue, queue_id = self._place(path)
        found = self.spool.find(queue_id)
        if found is None or queue == "defer" or queue_file(found[1], found[0], self.machine).text() != text:
            raise FileError(path, READ_ONLY)
        self.spool.queue(queue)[queue_id] = found[1]

    def _deferrals(self, queue_id: str) -> tuple[Message | None, tuple[tuple[str, str], ...]]:
        """The message, if it is still there, and why it waits."""
        found = self.spool.find(queue_id)
        if found is None:
            return None, self.spool.left_logs.get(queue_id, ())
        return found[1], found[1].deferrals

    def _place(self, path: str) -> tuple[str, str]:
        where = located(path)
        if where is None:
            raise FileError(path, NO_FILE)
        return where


def mount(spool: Spool, machine: Machine) -> None:
    """Show a host's queue directory among its files."""
    for name in FOLDERS:
        machine.files.make_folder(f"{FOLDER}/{name}", OWNER)
    machine.files.arrange(FOLDER, FOLDERS)
    machine.files.mount(FOLDER, SpoolView(spool, machine))


def _defer_log(deferrals: tuple[tuple[str, str], ...]) -> str:
    """The text of a defer log file (bounce(5))."""
    return "".join(f"<{address}>: {reason}\nrecipient={address}\nreason={reason}\n\n" for address, reason in deferrals)
