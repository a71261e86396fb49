"""NAME
    mastercf - the services of a Postfix

DESCRIPTION
    Reads master.cf: logical lines as in main.cf, each with eight fields: name, type, private, unprivileged, chroot,
    wake-up time, process limit, command; then the command's options and arguments, of which one in braces may hold
    white space.  Of two lines with the same name and type the second counts.

PARAMETERS
    inet_interfaces, known_tcp_ports, master_service_disable

DIAGNOSTICS
    `Fatal` for a line that keeps master(8) from starting.  A faulty `-o` is fatal to its service only, and so is
    what stands behind the options of a daemon that has no arguments: `-o mynetworks=192.0.2.1, 127.0.0.1`.

BUGS
    A service whose host has several addresses listens on the first alone.  `chroot` changes nothing here.  Of two
    services with one port (`smtp` and `25`) the last has all connections; the kernel gives each of them some.

SEE ALSO
    master(5), master(8)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from simmail.files.machine import Machine
from simmail.files.reading import ROOT
from simmail.mail.digits import whole
from simmail.mail.errors import Fatal, Location
from simmail.postfix.config import FOLDER
from simmail.postfix.host_lookup import addresses_at_once
from simmail.postfix.maincf import SPACE, LogicalLine, Warn, logical_lines, read_file, split_name_value
from simmail.postfix.own_addresses import words
from simmail.postfix.roles import ROLES
from simmail.postfix.tables.split import BraceError, inside_braces, split_outside_braces

FIELDS = ("service", "type", "private", "unprivileged", "chroot", "wakeup", "process_limit", "command")
TYPES = ("inet", "unix", "fifo", "pass", "unix-dgram")
#: What stands for a process limit that a line leaves to default_process_limit: more than any service has.
UNSAID = "100000000000"
#: White space between fields.
BLANKS = " \t\r\n"
#: Names of ports that Postfix or /etc/services knows.
PORTS: dict[str, int] = {
    "smtp": 25, "mail": 25, "lmtp": 24, "smtps": 465, "submissions": 465, "ssmtp": 465, "urd": 465, "submission": 587,
    "qmqp": 628, "pop3": 110, "imap2": 143, "imaps": 993, "pop3s": 995, "http": 80, "https": 443, "ssh": 22, "ftp": 21,
    "telnet": 23, "time": 37, "domain": 53, "finger": 79, "auth": 113, "nntp": 119, "http-alt": 8080,
}  # fmt: skip
#: Options of a daemon that want a value, and those that do not.
_VALUED, _PLAIN = "imnost", "cdDluvVzS"


#: Programs whose sockets commands use too; and those that master(8) wakes, or whose clients say where they listen.
PUBLIC, ANYWHERE = ("cleanup", "postlogd", "showq"), ("flush", "pickup", "qmgr", "smtpd", "spawn")


class Service(NamedTuple):
    """An entry of master.cf.

    Args:
        name, type: `smtp`, `inet`; the name as written.
        private, unprivileged, chroot: yes or no; `-` stands for yes, yes, no.
        wakeup: seconds between wake-up calls, 0 for none.
        maxproc: the process limit; None for default_process_limit, 0 for none.
        command: the program's file name in daemon_directory.
        arguments: what follows its options: `flags=DRhu`, `user=vmail`, `argv=...` of pipe(8); braces are gone.
        overrides: parameter -> value, given with `-o`.
        location: where it stands.
        fault: what is wrong with its options, in the words of the log; "" for nothing.
        address, port: of an inet service: its one address ("" for those of inet_interfaces), and its port.
        debugged: whether each of its processes runs debugger_command as it starts.
    """

    name: str
    type: str
    private: bool
    unprivileged: bool
    chroot: bool
    wakeup: int
    maxproc: int | None
    command: str
    arguments: tuple[str, ...]
    overrides: dict[str, str]
    location: Location
    fault: str = ""
    address: str = ""
    port: int = 0
    debugged: bool = False

    @property
    def socket(self) -> str:
        """Where it listens below the queue directory; "" for a service of the network."""
        return "" if self.type == "inet" else f"{'private' if self.private else 'public'}/{self.name}"

    def until_woken(self, now: float) -> float:
        """Seconds until master(8) wakes it the next time; 0 where that never happens.

        Args:
            now: seconds since the start of the world, from which on it is woken each wake-up time.
        """
        return self.wakeup - now % self.wakeup if self.wakeup else 0.0

    @property
    def found(self) -> bool:
        """Whether it listens where its clients look for it, below public or private."""
        if self.type != "unix" or self.command in ANYWHERE:
            return True
        role = ROLES.get(self.name)
        return self.private is (role.folder == "private" if role is not None else self.command not in PUBLIC)


class MasterCf:
    """The services of a host.

    Args:
        services: (name, type) -> service, in the file's order.
    """

    def __init__(self, services: Mapping[tuple[str, str], Service]) -> None:
        self.services = dict(services)

    def within_reach(self) -> MasterCf:
        """The same without those services that nobody finds."""
        return MasterCf({key: service for key, service in self.services.items() if service.found})

    @classmethod
    def load(
        cls,
        machine: Machine,
        warn: Warn = lambda level, text: None,
        folder: str = FOLDER,
        disabled: str = "",
        opened: Callable[[str], object] = lambda socket: None,
    ) -> MasterCf:
        """Read master.cf as master(8) does.

        Args:
            machine: the computer.
            warn: hears what master(8) warns of.
            folder: where master.cf is.
            disabled: master_service_disable, which names services by type, or by name and type, that there shall be
                none of.
            opened: hears of each socket, which is made before the next line is read.

        Raises:
            Fatal: where master(8) would not start.
        """
        path = f"{folder}/master.cf"
        services: dict[tuple[str, str], Service] = {}
        for line in read_lines(machine, path, warn):
            service = _Line(machine, path, line).service(disabled)
            if service is None:
                continue
            key = (service.name, service.type)
            if key in services:
                warn("warning", f'duplicate service name "{service.name}" in {path} line {line.first}')
            services[key] = service
            if service.socket and service.found:
                opened(service.socket)
        return cls(services)


def read_lines(machine: Machine, path: str, warn: Warn, user: str = ROOT) -> Iterator[LogicalLine]:
    """The logical lines of master.cf; a folder has none.  Raises Fatal where there is no such file for `user`."""
    if not machine.files.is_folder(path):
        yield from logical_lines(read_file(machine.files, path, user=user), path, warn)


def _is_one_of(service: str, patterns: str) -> bool:
    """Whether a service, `smtp/inet`, is one of those that a list names: `inet`, `smtp/inet`, `!smtp/inet`."""
    for word in words(patterns):
        pattern = word.lstrip("!")
        if "/" not in pattern:  # as it was written once: smtp.inet
            pattern = "/".join(pattern.rsplit(".", 1))
        if pattern in (service, service.rpartition("/")[2]):
            return (len(word) - len(word.lstrip("!"))) % 2 == 0
    return False


class _Line:
    """A line of master.cf being read, field by field, as master(8) does."""

    def __init__(self, machine: Machine, path: str, line: LogicalLine) -> None:
        self.machine, self.line = machine, line
        self.location = Location(path, line.first)
        self.words = iter(split_outside_braces(line.text.lstrip(SPACE), BLANKS))

    def wrong(self, text: str) -> Fatal:
        return Fatal(f"{self.location.file}: line {self.location.line}: {text}")

    def word(self, field: str, default: str | None = None) -> str:
        value = next(self.words, None)
        if value is None:
            raise self.wrong(f'missing "{field}" field')
        if value != "-":
            return value
        if default is None:
            raise self.wrong(f'field "{field}" has no default value')
        return default

    def flag(self, field: str, default: str) -> bool:
        value = self.word(field, default)
        if value not in ("y", "n"):
            raise self.wrong(f'field "{field}": bad value: "{value}"')
        return value == "y"

    def number(self, field: str, default: str) -> int:
        value = self.word(field, default)
        digits = value[: len(value) - len(value.lstrip("0123456789"))]
        if not digits:
            raise self.wrong(f'field "{field}": bad value: "{value}"')
        return whole(digits)

    def service(self, disabled: str) -> Service | None:
        """The service that the line defines; None for one that shall not be, whose line is read no further."""
        name = self.word("service name")
        kind = self.word("transport type")
        if disabled and _is_one_of(f"{name}/{kind}".lower(), disabled.lower()):
            return None
        if kind not in TYPES:
            raise self.wrong(f"bad transport type: {kind}")
        address, port = self.endpoint(name) if kind == "inet" else ("", 0)
        private = self.flag("private", "y")
        if kind == "inet" and private:
            raise self.wrong("inet service cannot be private")
        unprivileged, chroot = self.flag("unprivileged", "y"), self.flag("chroot", "n")
        wakeup, maxproc = self.number("wakeup_time", "0"), self.number("max_proc", UNSAID)
        command = self.word("command")
        words = [self.unbraced(word) for word in self.words]
        options = Options(words)
        return Service(
            name,
            kind,
            private,
            unprivileged,
            chroot,
            wakeup,
            None if maxproc == int(UNSAID) else maxproc,
            command,
            tuple(options.rest),
            options.overrides,
            self.location,
            options.fault,
            address,
            port,
            options.debugged,
        )

    def unbraced(self, word: str) -> str:
        if not word.startswith("{"):
            return word
        try:
            return inside_braces(word).strip(SPACE)
        except BraceError as error:
            raise self.wrong(str(error)) from None

    def endpoint(self, name: str) -> tuple[str, int]:
        """The address and port of an inet service's name: `smtp`, `192.0.2.1:25`, `[::1]:submission`."""
        host, colon, port = name.rpartition(":")
        if not colon:
            host, port = "", name
        address = self.address(host.removeprefix("[").removesuffix("]"), name) if host else ""
        number = whole(port) & 0xFFFF if port.isdecimal() else PORTS.get(port, 0)
        if not number and not port.isdecimal():
            raise Fatal(f"{name}: service name or port number not known")
        return address, number

    def address(self, host: str, name: str) -> str:
        found = addresses_at_once(self.machine, host)
        if not found:
            raise self.wrong(f"bad hostname or network address: {name}")
        return str(found[0])


class Options:
    """The options of a daemon, and what follows them.

    Args:
        words: all that stands behind the command's name, braces gone.

    Attributes:
        overrides: parameter -> value, of `-o`.
        verbose: how many `-v` there are.
        debugged: whether debugger_command is to be run.
        rest: the arguments behind the options.
        fault: why the daemon would end at once; "" where it would not.
    """

    def __init__(self, words: list[str]) -> None:
        self.overrides: dict[str, str] = {}
        self.verbose = 0
        self.debugged = False
        self.rest: list[str] = []
        self.fault = ""
        pending = iter(words)
        for word in pending:
            if not word.startswith("-") or word == "-":
                self.rest.append(word)
                break
            if word == "--":
                break
            self._cluster(word[1:], pending)
            if self.fault:
                return
        self.rest.extend(pending)

    def _cluster(self, letters: str, pending: Iterator[str]) -> None:
        """Take one word of options apart: `-v`, `-oNAME=VALUE`, `-vo` with its value in the next word."""
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in _VALUED:
                value = letters or next(pending, None)
                if value is None:
                    self.fault = f"invalid option: {letter}"
                elif letter == "o":
                    self._override(value)
                return
            if letter not in _PLAIN:
                self.fault = f"invalid option: {letter}"
                return
            self.verbose += letter == "v"
            self.debugged = self.debugged or letter == "D"

    def _override(self, text: str) -> None:
        try:
            name, value = split_name_value(text)
        except ValueError as error:
            self.fault = f'invalid "-o {text}" option value: {error}'
            return
        self.overrides[name] = value
