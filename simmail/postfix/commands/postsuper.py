"""NAME
    postsuper - Postfix superintendent

SYNOPSIS
    postsuper [-psSv] [-c config_dir] [-d queue_id] [-e queue_id] [-f queue_id] [-h queue_id] [-H queue_id]
        [-r queue_id] [queue ...]

DESCRIPTION
    -d deletes messages, -h puts them on hold, -H takes them off it, -r requeues them, so that they pass cleanup(8)
    anew, -e makes them too old, so that the next try returns them, -f does that and takes them off hold.

    A queue id `ALL` stands for all messages, `-` for those listed on standard input.  Without queues, all that the
    action makes sense for are searched, in order; a queue that there is not ends the search for one of the messages
    (but not with -H), or all with `ALL`.  -s and -S, or no option, let each queue file lie in the folder that
    hash_queue_names gives it; -p, which mends the queue directory, too, finds nothing to do.

PARAMETERS
    maillog_file

DIAGNOSTICS
    Deleted: N messages, and its kin
    invalid mail queue id: ID
    scan_dir_push: open directory QUEUE: REASON
    open logfile 'NAME': cannot open file: Permission denied
        with maillog_file while Postfix is stopped: the command gives up at its first line for the log

SEE ALSO
    postsuper(1)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from simmail.files.invocation import Invocation
from simmail.mail.errors import Fatal
from simmail.mail.message import Message
from simmail.mail.questions import Decision, Note
from simmail.postfix.commands.usage import BadOption, Console, Option, getopt, valid_queue_id
from simmail.postfix.printable import printable
from simmail.postfix.queue_file import OWNER
from simmail.postfix.queue_id import Hashing
from simmail.postfix.spool import Spool
from simmail.postfix.spool_view import SCANNED, unscannable

USAGE = (
    "usage: postsuper [-c config_dir] [-d queue_id (delete)] [-e queue_id (expire)] "
    "[-f queue_id (expire and/or un-hold)] [-h queue_id (hold)] [-H queue_id (un-hold)] "
    "[-p (purge temporary files)] [-r queue_id (requeue)] [-s (structure fix)] [-S (redundant structure fix)]"
    "[-v (verbose)] [queue...]"
)
ALL = "ALL"
#: The folders that may be named.
NAMES = (*SCANNED, "trace")
MAIL = ("maildrop", "incoming", "active", "deferred", "hold")
#: Options that mend the queue directory.
MENDING, MOVING = "psS", "sS"


def _folder(options: list[Option]) -> str:
    """The folder that -c names; "" for the usual one.  Raises Fatal for a relative path."""
    folder = next((option.value for option in options if option.letter == "c"), "")
    if folder and not folder.startswith("/"):
        raise Fatal("-c requires absolute pathname")
    return folder


class Action(NamedTuple):
    """What an option does to a message.

    Args:
        queues: where it looks for messages.
        said: what is said of a message.
        total: what is said at the end; totals are said in the order of ACTIONS.
        act: does it; False where there was nothing to do.
    """

    queues: tuple[str, ...]
    said: str
    total: str
    act: Callable[[Spool, str, str, Invocation], bool]


def _delete(spool: Spool, queue: str, queue_id: str, invocation: Invocation) -> bool:
    return spool.delete(queue_id, queue) is not None


def _hold(spool: Spool, queue: str, queue_id: str, invocation: Invocation) -> bool:
    spool.move(queue_id, queue, "hold")
    return True


def _release(spool: Spool, queue: str, queue_id: str, invocation: Invocation) -> bool:
    spool.move(queue_id, queue, "deferred")
    return True


def _requeue(spool: Spool, queue: str, queue_id: str, invocation: Invocation) -> bool:
    spool.requeue(queue_id, queue).uid = invocation.machine.accounts[OWNER].uid
    return True


def _expire(spool: Spool, queue: str, queue_id: str, invocation: Invocation) -> bool:
    message = spool.queue(queue)[queue_id]
    fresh, message.expired = not message.expired, True
    return fresh


#: Option -> what it does.  Totals are printed in this order.
ACTIONS = {
    "r": Action(MAIL[1:], "requeued", "Requeued", _requeue),
    "d": Action(MAIL, "removed", "Deleted", _delete),
    "e": Action(MAIL[1:], "expired", "Force-expired", _expire),
    "h": Action(MAIL[1:4], "placed on hold", "Placed on hold", _hold),
    "H": Action(("hold",), "released from hold", "Released from hold", _release),
}
#: -f does what these two do.
BOTH = "eH"


class LogUnwritable(Fatal):
    """The log cannot be written to; not even this can be logged."""


def postsuper(invocation: Invocation) -> Decision[int]:
    """Run postsuper; the exit status."""
    return (yield from _Postsuper(invocation).run())


class _Postsuper:
    """One run of the command.

    Attributes:
        totals: action -> how many messages it was done to.
    """

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.console = Console("postsuper", invocation)
        self.totals: dict[str, int] = {}

    def run(self) -> Decision[int]:
        """Do what the command line asks for."""
        try:
            options, names = getopt(self.invocation.argv[1:], "c:d:e:f:h:H:pr:sSv")
        except BadOption as error:
            self.invocation.complain(f"postsuper: {error.text}")
            raise Fatal(USAGE) from None
        self.config = self.console.config(_folder(options))
        if self.invocation.user != "root":
            yield from self.console.die("use of this command is reserved for the superuser")
        self.control = self.console.control()
        wanted = [(letter, value) for letter, value in options if letter in ACTIONS or letter == "f"]
        if not wanted or any(value == ALL or letter in MENDING for letter, value in options):
            for place, name in enumerate(names):
                if name not in NAMES and place:
                    self._all_in(wanted, names[:place])
                yield from self._known(name)
            trouble = unscannable(self.invocation.machine, names or SCANNED)
            if trouble:
                yield from self.console.die(trouble)
        for letter, _ in wanted:
            for one in BOTH if letter == "f" else letter:
                self.totals.setdefault(one, 0)
        if not options or any(option.letter in MOVING for option in options):
            self.control.spool.hashing = Hashing.configured(self.config)
        for letter, value in wanted:
            yield from self._option(letter, value, names)
        for letter, action in ACTIONS.items():
            if letter in self.totals:
                count = self.totals[letter]
                yield from self._say(f"{action.total}: {count} message{'' if count == 1 else 's'}")
        if self.totals.get("r"):
            self.control.wake_pickup()
        return 0

    def _known(self, name: str) -> Decision[None]:
        """A queue must be one of those that there are."""
        if name not in NAMES:
            yield from self.console.die(f"invalid directory name: {name}")

    def _all_in(self, wanted: list[tuple[str, str]], names: list[str]) -> None:
        """Do what is to be done to all messages in those folders that come before one that is none."""
        for letter, value in wanted:
            if value == ALL:
                for one in BOTH if letter == "f" else letter:
                    self.totals[one] = 0
                    self._all(one, names)

    def _option(self, letter: str, value: str, names: list[str]) -> Decision[None]:
        if value == ALL:
            for one in BOTH if letter == "f" else letter:
                self._all(one, names)
            return
        for queue_id in self._listed() if value == "-" else [value]:
            if not valid_queue_id(queue_id):
                yield from self._say(f"invalid mail queue id: {printable(queue_id)}", "warning")
                continue
            for one in BOTH if letter == "f" else letter:
                yield from self._one(one, queue_id, names)

    def _listed(self) -> list[str]:
        """The lines of standard input."""
        lines = self.invocation.stdin.split("\n")
        return lines[: len(lines) - (lines[-1] == "")]

    def _places(self, letter: str, names: list[str]) -> list[str]:
        queues = ACTIONS[letter].queues
        return [name for name in names if name in queues] if names else list(queues)

    def _all(self, letter: str, names: list[str]) -> None:
        """Do something to all messages."""
        spool = self.control.spool
        action = ACTIONS[letter]
        found = [(name, queue_id) for name in self._places(letter, names) for queue_id in spool.listed(name)]
        for name, queue_id in found:
            self.totals[letter] += action.act(spool, name, queue_id, self.invocation)

    def _one(self, letter: str, queue_id: str, names: list[str]) -> Decision[None]:
        """Do something to one message."""
        spool = self.control.spool
        action = ACTIONS[letter]
        for name in names or action.queues:
            if letter != "H":
                yield from self._known(name)
            message: Message | None = spool.queue(name).get(queue_id) if name in action.queues else None
            if message is not None:
                if action.act(spool, name, queue_id, self.invocation):
                    self.totals[letter] += 1
                    yield from self._say(f"{queue_id}: {action.said}")
                return

    def _say(self, text: str, level: str = "text") -> Decision[None]:
        """Print a line, and log it."""
        self.invocation.complain("postsuper: " + (f"{level}: {text}" if level != "text" else text))
        log_file: str = self.config["maillog_file"]
        if log_file and self.control.system is None:
            raise LogUnwritable(f"open logfile '{log_file}': cannot open file: Permission denied")
        yield Note("postsuper", level, "", text)
