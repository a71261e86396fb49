"""NAME
    startup - what `postfix check`, and so `postfix start`, has to say of a configuration

DESCRIPTION
    postfix(1) reads main.cf and tells that it runs below the last compatibility level; then a script asks postconf(1)
    for some twenty parameters, one by one, and each run repeats what is wrong with main.cf and master.cf.  That is the
    only place where the system tells of a misspelt parameter.

DIAGNOSTICS
    postfix: fatal: bad numerical configuration: message_size_limit = 3MB
    postfix: fatal: chdir(/var/spool/nosuch): No such file or directory
    /usr/sbin/postconf: warning: /etc/postfix/main.cf: unused parameter: my_networks=10.0.0.0/8
    postfix/postfix-script: fatal: cannot execute /usr/sbin/postconf!

    bind 203.0.113.77 port 2525: Cannot assign requested address
        Said by master(8), of an address in master.cf that the machine does not have; it ends.

BUGS
    Folders are not looked for, but for those of the queue and those that postfix(1) goes to.

SEE ALSO
    postfix(1), postconf(1), master(8)
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from simmail.files.machine import Machine
from simmail.mail.errors import Fatal
from simmail.postfix.compatibility import notice
from simmail.postfix.config import FOLDER, Config
from simmail.postfix.maincf import parse
from simmail.postfix.master_entries import Entry, read_entries
from simmail.postfix.mastercf import MasterCf, Service
from simmail.postfix.own_addresses import is_own
from simmail.postfix.parameter_names import ParameterNames

POSTCONF = "/usr/sbin/postconf"
SCRIPT = "postfix/postfix-script"


class Said(NamedTuple):
    """A line that a program says: its name, `warning`, `fatal` or "" for neither, and the text."""

    program: str
    level: str
    text: str

    def __str__(self) -> str:
        return f"{self.program}: {self.level}: {self.text}" if self.level else f"{self.program}: {self.text}"


class StartUp(NamedTuple):
    """What is said when Postfix is checked.

    Args:
        said: the lines, in order.
        passes: whether the script goes through; `postfix start` does nothing otherwise.
        starts: whether master(8) runs once it is started.
    """

    said: tuple[Said, ...]
    passes: bool
    starts: bool


class _Failed(Exception):
    """A program of the script gave up."""


class _Check:
    """One run of `postfix check`."""

    def __init__(self, machine: Machine, folder: str) -> None:
        self.machine, self.folder = machine, folder
        self.said: list[Said] = []

    def run(self) -> None:
        """Run the script.  Raises _Failed."""
        try:
            config = Config.load(self.machine, self.hear("postfix"), self.folder, program="postfix")
        except Fatal as fatal:
            raise self.end("postfix", fatal.text) from None
        self.said.extend(Said("postfix", "", text) for text in notice(config.compatibility))
        try:
            enter_folders(config)
        except Fatal as fatal:
            raise self.end("postfix", fatal.text) from None
        defaults = self.defaults()
        values, answers = self.said_by(self.ask_value)
        if not answers:
            self.said += 4 * (defaults + values) + values
            raise _Failed
        for _ in range(3):
            self.said += defaults + values
        self.said += defaults + 15 * values
        if not self.machine.files.exists(f"{self.folder}/master.cf"):
            raise self.end(SCRIPT, f"no {self.folder}/master.cf file found")
        self.said += values
        if config["maillog_file"] and not self.has_postlog():
            raise self.end(SCRIPT, "missing 'postlog' service in master.cf - run 'postfix upgrade-configuration'")
        self.said += [Said("postsuper", level, text) for level, text in config.heard] + defaults + values

    def has_postlog(self) -> bool:
        """Whether master.cf has the service that writes maillog_file; what else it has is not told again."""
        entries = read_entries(self.machine, self.folder, lambda level, text: None)
        return any(entry.space == "postlog/unix-dgram" for entry in entries)

    def hear(self, program: str) -> Callable[[str, str], None]:
        """Who hears a program's warnings."""
        return lambda level, text: self.said.append(Said(program, level, text))

    def end(self, program: str, text: str) -> _Failed:
        """A program gives up."""
        self.said.append(Said(program, "fatal", text))
        return _Failed()

    def said_by(self, ask: Callable[[], None]) -> tuple[list[Said], bool]:
        """What postconf says whenever it is asked so, and whether it has an answer."""
        before, self.said = self.said, []
        try:
            ask()
            answers = True
        except Fatal as fatal:
            self.end(POSTCONF, fatal.text)
            answers = False
        said, self.said = self.said, before
        return said, answers

    def defaults(self) -> list[Said]:
        """What postconf says of defaults, which each script asks for first.  Raises _Failed where it has no answer."""
        said, answers = self.said_by(self.ask_defaults)
        if not answers:
            self.said += said
            raise self.end(SCRIPT, f"cannot execute {POSTCONF}!")
        return said

    def entries(self) -> list[Entry]:
        """The entries of master.cf; none where there is no such file."""
        try:
            return read_entries(self.machine, self.folder, self.hear(POSTCONF))
        except Fatal as fatal:
            if not fatal.text.startswith("open "):
                raise
            self.said.append(Said(POSTCONF, "warning", fatal.text))
            return []

    def ask_defaults(self) -> None:
        """`postconf -d` reads master.cf alone."""
        self.entries()

    def ask_value(self) -> None:
        """`postconf -h` reads both files, and tells what is set for nothing."""
        hear = self.hear(POSTCONF)
        path = f"{self.folder}/main.cf"
        settings = parse(self.machine.files.read(path), path, hear)
        names = ParameterNames(Config(self.machine, settings, hear, folder=self.folder), self.entries(), hear)
        names.register_users()
        for place, name, value in names.unused():
            hear("warning", f"{place}: unused parameter: {name}={value}")


def enter_folders(config: Config) -> None:
    """Go to the folders that postfix(1) works in.  Raises Fatal where one is not there."""
    for name in ("command_directory", "daemon_directory", "queue_directory"):
        folder: str = config[name]
        reason = config.machine.files.no_way_into(folder)
        if reason:
            raise Fatal(f"chdir({folder}): {reason}")


def bind(service: Service, config: Config) -> None:
    """Take a service's address, or the place of its socket.  Raises Fatal where that cannot be had."""
    files, socket = config.machine.files, service.socket
    if service.address and not is_own(config.machine, service.address):
        raise Fatal(f"bind {service.address} port {service.port}: Cannot assign requested address")
    folder = f"{config['queue_directory']}/{posixpath.dirname(socket)}"
    if "/" in service.name and socket and not files.is_folder(folder):
        raise Fatal(f"bind: {socket}: No such file or directory")


class _Asks(NamedTuple):
    """What the scripts of a command ask postconf(1) for: `d` for defaults, `v` for a value.

    Args:
        answered: in full.
        unanswered: where no values are told; the script takes most for empty ones.
        insists: whether the command ends then.
    """

    answered: str = "dv"
    unanswered: str = "dv"
    insists: bool = False


#: The commands that ask for more.
_ASKS = {
    "set-permissions": _Asks(3 * "dv" + 14 * "v", 3 * "dv"),
    "logrotate": _Asks(unanswered="dvv", insists=True),
}


def asked(machine: Machine, folder: str = FOLDER, command: str = "") -> StartUp:
    """What postconf(1) says when the script asks it for parameters, as it does ahead of every command.

    Args:
        machine: the host.
        folder: where main.cf is.
        command: what postfix(1) shall do.
    """
    run, asks = _Check(machine, folder), _ASKS.get(command, _Asks())
    passes = False
    with suppress(_Failed):
        defaults = run.defaults()
        values, answers = run.said_by(run.ask_value)
        for kind in asks.answered if answers else asks.unanswered:
            run.said += defaults if kind == "d" else values
        passes = answers or not asks.insists
    return StartUp(tuple(run.said), passes, passes)


def check(machine: Machine, folder: str = FOLDER) -> StartUp:
    """What a terminal shows of `postfix check`, and what comes of a start.

    Args:
        machine: the host.
        folder: where main.cf is.
    """
    run = _Check(machine, folder)
    passes = starts = False
    with suppress(_Failed):
        run.run()
        passes = True
    with suppress(Fatal):
        config = Config.load(machine, folder=folder)
        enter_folders(config)
        MasterCf.load(machine, folder=folder, disabled=config["master_service_disable"])
        starts = True
    return StartUp(tuple(run.said), passes, starts)
