"""/var/log/maillog of a host: its records as syslog would have written them, rendered when somebody looks.

BUGS: smtputf8_enable in main.cf holds for all programs of a host, whatever `-o` says in master.cf.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from simmail.files.entries import File
from simmail.files.file_errors import NO_FILE, FileError
from simmail.mail.records import Record, line
from simmail.postfix.printable import printable
from simmail.postfix.processes import pid

if TYPE_CHECKING:
    from simmail.world.host import Host
    from simmail.world.world import World

PATHS = ("/var/log/maillog", "/var/log/mail.log")
#: Programs whose names stand in the log as they are; so do those that begin with a slash, without it.
OTHERS = frozenset({"postfix", "postgrey", "policy-ratelimit"})


class Letters:
    """Which letters a host's log can hold: without smtputf8_enable each octet beyond ASCII is a question mark there."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._utf8 = [True]

    def change(self, time: float, utf8: bool) -> None:
        """The configuration that holds from `time` on says so."""
        if utf8 != self._utf8[-1]:
            self._times.append(time)
            self._utf8.append(utf8)

    def written(self, record: Record) -> str | None:
        """What follows `program[pid]: ` in the log; None for what no log shows."""
        text = line(record)
        if text is None or text.isascii() or self._utf8[bisect(self._times, record.time)]:
            return text
        return printable(text, utf8=False)


def rendered(record: Record, stamp: str, hostname: str, letters: Letters) -> str | None:
    """The line of a record, `Nov 22 09:01:30 mail postfix/smtpd[1215]: ...`; None for what syslog never hears of."""
    text = letters.written(record)
    if text is None:
        return None
    program = f"postfix/{record.program}"
    if record.program.startswith("/") or record.program in OTHERS:
        program = record.program.removeprefix("/")
    return f"{stamp} {hostname} {program}[{pid(record.program)}]: {text}"


def maillogs(world: World, hosts: Iterable[Host]) -> Iterator[tuple[str, str]]:
    """The lines of the logs of some hosts up to now: the host's name, and the line without its end."""
    known = {
        host.name: (host.machine.hostname.partition(".")[0], Letters() if host.master is None else host.master.letters)
        for host in hosts
    }
    stamp = world.calendar.syslog
    for record in world.results.records:
        found = known.get(record.host)
        if found is not None:
            text = rendered(record, stamp(record.time), *found)
            if text is not None:
                yield record.host, text


def maillog(host: Host) -> Iterator[str]:
    """The lines of a host's log up to now, without line ends."""
    return (line for _, line in maillogs(host.world, (host,)))


class LogView:
    """The log as a file.

    Args:
        host: whose log it is.
        path: where it stands.
    """

    def __init__(self, host: Host, path: str) -> None:
        self.host, self.path = host, path
        self._removed = 0
        self._rendered: tuple[tuple[float, int, int], File] | None = None

    def names(self, below: str) -> Iterator[str]:
        """The one file."""
        if self.path.startswith(below):
            yield self.path

    def file(self, path: str) -> File:
        """The log, rendered now."""
        if path != self.path:
            raise FileError(path, NO_FILE)
        world = self.host.world
        key = (world.now, len(world.journal), self._removed)
        if self._rendered is None or self._rendered[0] != key:
            lines = list(maillog(self.host))[self._removed :]
            self._rendered = key, File("".join(text + "\n" for text in lines), "root", 0o640, world.now)
        return self._rendered[1]

    def remove(self, path: str) -> None:
        """An administrator removes it: what comes later stands in a new one."""
        self._removed = sum(1 for _ in maillog(self.host))

    def write(self, path: str, text: str, modified: float) -> None:
        """An administrator empties it."""
        self.remove(path)
