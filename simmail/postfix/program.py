"""What every program of Postfix shares: its parameters, its tables, and how it speaks to the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from simmail.mail.errors import Fatal
from simmail.mail.hostnames import ascii_name
from simmail.mail.questions import Note
from simmail.postfix.config import MAIN_CF, Config
from simmail.postfix.dns_data import FILTERED
from simmail.postfix.fast_flush import FastFlush
from simmail.postfix.local_domains import LocalDomains, destinations
from simmail.postfix.log_form import log_form
from simmail.postfix.processes import Process, Processes
from simmail.postfix.start_checks import CHECKS
from simmail.postfix.tables import USUAL, DictFlag, Maps, TableEnvironment
from simmail.postfix.tables.proxy import proxymap_of

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem
    from simmail.postfix.trivial_rewrite import TrivialRewrite

P = TypeVar("P", bound=Process)


class Program:
    """One daemon in one generation of the configuration; made once, and used by all that it serves.

    Making it may raise `Fatal`: then the program does not run, and master(8) throttles its service.

    Args:
        system: the Postfix it belongs to.
        service: its entry in master.cf, whose `-o` options override main.cf.

    Attributes:
        name: as syslog shows it after `postfix/`.
        config: the parameters as this program reads them.
        pending: notes made by tables and parameters while something was decided; `spoken()` hands them on.
        main: the main.cf that it has read.
        outlived: whether there is another one now.
        awaited: how many clients wait for one of its processes, or for the first of the one that follows it.
        used: when its last client came, seconds since the start of the world.
        made: when it was started, seconds since the start of the world.
        proxied: the environment of proxymap(8); None where this program has not asked it for a table.
        seen: the version of the host's files when its tables were last looked at.
    """

    #: The file name in daemon_directory.
    command: ClassVar[str]
    #: Whether one process of it serves any number of clients.
    shared: ClassVar[bool] = False
    #: Whether a client is served in less time than a process takes to start.
    brief: ClassVar[bool] = False
    #: The services that it cannot do anything without.
    needs: ClassVar[tuple[str, ...]] = ()
    #: Whether it looks, before each client, for tables that have changed.
    watches: ClassVar[bool] = False
    #: What a process says of one before another process takes its place: severity and text.
    changed: ClassVar[tuple[tuple[str, str], ...]] = (("text", "table {} has changed -- restarting"),)
    #: The process limit that it must have in master.cf; None where any will do.
    process_limit: ClassVar[int | None] = None
    #: Whether it must be root, which its entry in master.cf has to allow.
    privileged: ClassVar[bool] = False

    def __init__(self, system: MailSystem, service: Service) -> None:
        self.system, self.service = system, service
        self.pending: list[Note] = []
        system.deaths.last_words = self.pending
        self.seen = system.machine.files.version
        self.made = self.used = system.machine.files.clock()
        self.outlived = False
        self.awaited = 0
        self.proxied: TableEnvironment | None = None
        self.name = self.command
        self.config: Config = system.latest(self.warn).for_service(service, warn=self.warn)
        #: An address as its log lines show it.
        self.shown = log_form(self.config)
        before = len(self.pending)
        self._destinations = destinations(self.config, self.environment)
        #: What mydestination has to say: only who has opened all else as it starts gets so far in life.
        system.deaths.late_words = self.pending[before:]
        for check in CHECKS.get(self.command, ()):
            check(self.config)
        #: What each of its processes says as it starts; the first one's words are among the pending ones.
        self.opening: list[Note] = list(self.pending)
        self._started = False
        self._check_entry()
        self.main = system.machine.files.find(MAIN_CF)
        self._max_idle: float = self.config["max_idle"]
        self._old_names: bool = self.config["enable_idna2003_compatibility"]
        self.name = self.config.log_name(self.command)
        #: Makes a note in this program's name: of an event, the message it belongs to or "", and the event's fields.
        self.note: Callable[..., Note] = partial(Note, self.name)

    def domain_name(self, name: str) -> str:
        """A domain name as this program asks the DNS for it."""
        return name if name.isascii() else ascii_name(name, self._old_names)

    @property
    def most_processes(self) -> int:
        """How many processes of it there may be; 0 for any number."""
        limit: int = self.config["default_process_limit"] if self.service.maxproc is None else self.service.maxproc
        return limit

    def _check_entry(self) -> None:
        """See that the entry in master.cf lets it run as it must.  Raises Fatal."""
        service, wanted = self.service, self.process_limit
        if wanted is not None and self.most_processes != wanted:
            raise Fatal(f"service {service.name} requires a process limit of {wanted}")
        if self.privileged and service.unprivileged:
            raise Fatal(f"service {service.name} requires privileged operation")
        if service.debugged:
            command = self.config["debugger_command"]
            if not command:
                raise Fatal("no debugger_command variable set up")
            self.opening.append(Note(self.name, "text", "", f"running: {command}"))
            self.pending.append(self.opening[-1])

    def warn(self, level: str, text: str) -> None:
        """Remember a line for the log (`warning`, `error`, `text`), to be noted by the next `spoken()`."""
        self.pending.append(Note(self.name, level, "", text))

    def spoken(self) -> Iterable[Note]:
        """Note what tables and parameters had to say since the last time."""
        if not self.pending:
            return ()
        pending, self.pending = self.pending, []
        return pending

    @cached_property
    def environment(self) -> TableEnvironment:
        """Where this program's tables find files and say what they have to say."""
        machine = self.system.machine
        ask = proxymap_of(machine, self.system.config, self._hear)

        def proxymap() -> TableEnvironment:
            said = self.system.others.roused("proxymap")
            if said and said[-1].event == "fatal":
                self.pending.extend(said[:-1])
                raise Fatal(said[-1].fields[0], program=said[-1].program)
            self.pending.extend(said)
            self.proxied = ask()
            return self.proxied

        fatal: bool = self.config["daemon_table_open_error_is_fatal"]
        return TableEnvironment(machine, self.warn, surrogates=not fatal, proxymap=proxymap)

    @cached_property
    def local_domains(self) -> LocalDomains:
        """The domains for which this machine is the destination."""
        return LocalDomains(self.config, self.system.machine, self._destinations)

    def _hear(self, program: str, level: str, text: str) -> None:
        """Remember what another program logs for this one's sake."""
        self.pending.append(Note(self.system.config.log_name(program), level, "", text))

    @property
    def rewriter(self) -> TrivialRewrite:
        """The present trivial-rewrite(8)."""
        return self.system.rewriting or self.system.rewriter

    @cached_property
    def processes(self) -> Processes[Any]:
        """Its processes that wait for a client."""
        return self.pool(Process)

    def pool(self, make: Callable[[], P]) -> Processes[P]:
        """Processes of a kind; each but the first, whose words are pending since this was made, says what is wrong."""

        def started() -> P:
            if self._started:
                self.pending.extend(self.opening)
            self._started = True
            return make()

        return Processes(self.config["max_use"], self.config["max_idle"], started)

    def settle_in(self) -> None:
        """It has been made: each further process says what is wrong with the tables that it opens, too."""
        self.dns_filter  # noqa: B018 - open from the start
        self.opening = [said for said in self.pending if said.program == self.name]

    def opens_with(self, level: str, *texts: str) -> None:
        """Each process says so as it starts."""
        for text in texts:
            self.warn(level, text)
            self.opening.append(self.pending[-1])

    def idle(self, now: float) -> int:
        """How many of its processes wait for a client."""
        pool: Processes[Any] | None = self.__dict__.get("processes")
        return int(now - self.used < self._max_idle) if pool is None else pool.idle(now)

    def survives(self, now: float) -> bool:
        """Whether a process of it waits for a client that has served others before."""
        pool: Processes[Any] | None = self.__dict__.get("processes")
        return pool is not None and pool.idle(now) > 0

    def stale(self) -> bool:
        """Whether a new process would find other tables than it has, or than proxymap(8) has for it."""
        return self.environment.stale() or (self.proxied is not None and self.proxied.stale())

    def forget(self) -> None:
        """trivial-rewrite(8) has been started anew: what it said before counts no more."""

    @cached_property
    def fast_flush(self) -> FastFlush:
        """The domains whose mail may be sent for."""
        return FastFlush(self.config, self.environment)

    @cached_property
    def dns_filter(self) -> Maps | None:
        """The tables of its DNS reply filter; None without one."""
        return (self.command in FILTERED and self.maps(f"{self.command}_dns_reply_filter")) or None

    def maps(self, parameter: str, flags: DictFlag = USUAL) -> Maps:
        """The tables that a parameter lists; one that cannot be opened fails at each look-up, as in a daemon."""
        return Maps.open(parameter, str(self.config[parameter]), self.environment, flags)
