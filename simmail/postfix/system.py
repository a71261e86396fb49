"""NAME
    system - a Postfix as started

DESCRIPTION
    Holds one generation of the configuration: main.cf and master.cf as they were when Postfix was started or
    reloaded, and the programs that were made from them.  A program is made when it is first needed, as master(8)
    does.

    A compiled table may change under a running program.  Most programs look before each client whether one of theirs
    has, and then end, each process with a line in the log, so that the client meets a new one.  trivial-rewrite(8)
    looks every ten seconds, clients or none.

    A program reads main.cf when it starts.  Where one has been idle for max_idle it has ended, and the next one reads
    what stands there then, reload or no; the queue manager never ends.  master.cf is read by a reload alone.

PARAMETERS
    max_idle, ipc_idle, master_service_disable, rewrite_service_name, cleanup_service_name

DIAGNOSTICS
    table hash:/etc/aliases(0,FLAGS) has changed -- restarting

    table hash:/etc/postfix/virtual: has changed -- restarting
        Said by proxymap(8).

    Making the system, or a program, raises `Fatal` where the real one would not run.

BUGS
    master(8) complains not of services that do not listen when it wakes them (unix_trigger_event: read timeout).

    A process that is at work while a table changes says nothing afterwards.  proxymap(8) says once what its processes
    each say.  pickup(8), which is woken each minute, counts as idle while there is nothing in the maildrop queue.

    A cleanup(8) that waits for a missing trivial-rewrite(8) ends when a reload brings that back, and pickup(8) begins
    anew; the real one goes on.

SEE ALSO
    master(8), master(5)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simmail.files.machine import Machine
from simmail.mail.errors import Fatal, LateFatal
from simmail.mail.questions import Decision, Level, Note, Now, Sleep
from simmail.postfix.config import MAIN_CF, Config
from simmail.postfix.deaths import Deaths
from simmail.postfix.mastercf import MasterCf, Service
from simmail.postfix.memo import Memo, Memory
from simmail.postfix.other_services import LIMITS, OtherServices
from simmail.postfix.programs import OTHERS
from simmail.postfix.roles import RETRY_S, Stranger, misunderstood, stranger
from simmail.postfix.spool import Spool

if TYPE_CHECKING:
    from simmail.postfix.program import Program
    from simmail.postfix.tables import Table
    from simmail.postfix.trivial_rewrite import TrivialRewrite

#: How often, and with what pause between, a program tries to reach a service that is not there.
CONNECT_TRIES, CONNECT_PAUSE_S = 11, 10.0
#: Services that go by a name of the administrator's choice -> the parameter that has it.
NAMED = {"rewrite": "rewrite_service_name"}


class MailSystem:
    """A Postfix as started, reloaded, or asked by a command.

    Args:
        machine: the computer it runs on.
        programs: the file name in daemon_directory -> its class.
        warn: hears what the configuration's parser warns of (`warning`, text).
        remember: False switches every memo off.
        spool: the queue directory, which outlives this generation.
        memory: what its programs share with those of other systems; None for one of its own.

    Attributes:
        used: when a client last came to one of the programs, seconds since the start of the world.
        deaths: what becomes of programs that die, and of their services.
        starting: how long it takes to start what writes notifications, and what forwards mail, seconds.
        intakes: the names under which cleanup(8) is looked for.
        generation: how often Postfix has been started or reloaded on this host.
        writers: since when they run, `bounce` and `local`, seconds since the start of the world.
        others: the services that have no programs of their own here.
        rewriting: the trivial-rewrite(8) that runs; None before it is needed.
        stopped: whether Postfix was stopped: no program starts any more.
        successor: the system after a reload or a start; whoever still waits here for a program gets it from there.

    Raises:
        Fatal: where main.cf or master.cf keeps all of Postfix from starting.
    """

    def __init__(
        self,
        machine: Machine,
        programs: Mapping[str, type[Program]],
        warn: Callable[[str, str], None],
        remember: bool = True,
        spool: Spool | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.machine, self.classes, self._warn = machine, programs, warn
        self.spool = Spool() if spool is None else spool
        self.config = Config.load(machine, warn=warn)
        machine.files.watch(MAIN_CF)
        self._latest, self._main = self.config, self._main_cf()
        opened, disabled = self.spool.sockets.add, self.config["master_service_disable"]
        described = MasterCf.load(machine, warn=warn, disabled=disabled, opened=opened)
        self.master = described.within_reach()
        self._sockets = frozenset(service.socket for service in described.services.values())
        names = {usual: str(self.config[parameter]) for usual, parameter in NAMED.items()}
        services = self.master.services.values()
        own = (service.overrides.get("cleanup_service_name", "") for service in services)
        self.intakes = frozenset((str(self.config["cleanup_service_name"]), *filter(None, own)))
        self._rewrite = (names["rewrite"], "unix")
        self._named = {usual: name for usual, name in names.items() if name != usual}
        self.memo = Memo(remember, memory)
        self.deaths = Deaths(self.config, self.master.services)
        self._programs: dict[tuple[str, str], Program] = {}
        self.rewriting: TrivialRewrite | None = None
        self.stopped = False
        self.successor: MailSystem | None = None
        self._strained: dict[tuple[str, str], Program] = {}
        self._proxied: dict[str, object] = {}
        self.others = OtherServices(self)
        self.used = self.starting = 0.0
        self.writers: dict[str, float] = {}
        self.generation = 0
        self._patience: float = self.config["max_idle"] + self.config["ipc_idle"]

    def succeed(self, before: MailSystem | None) -> None:
        """Follow a system; a service that was throttled stays so over a reload, not over a stop."""
        if before is not None:
            before.successor = self
            if not before.stopped:
                self.deaths.throttled = before.deaths.throttled

    def service(self, name: str, type: str = "unix") -> Service | None:
        """The entry of master.cf for a service, `("smtp", "inet")`; None where there is none."""
        return self.master.services.get((name, type))

    def delivers(self, name: str) -> bool:
        """Whether mail can be handed to a service: it is a private one, and its program a delivery agent."""
        service = self.service(name)
        if service is None or not service.private:
            return False
        try:
            return hasattr(self.classes[service.command], "deliver")
        except Fatal:  # it says so when it is started
            return service.command not in OTHERS

    def unreachable(self, socket: str) -> str:
        """What a program says that cannot connect to a service's socket, and does not insist."""
        return f"connect to {socket}: {self.spool.unanswered(socket)}"

    def silent(self, socket: str) -> str:
        """Why nobody listens at a socket; "" where a service of master.cf does."""
        return "" if socket in self._sockets else self.spool.unanswered(socket)

    def unfound(self, socket: str) -> str:
        """What a program says that has something to tell a service, and does not find it; "" where it does."""
        reason = self.silent(socket)
        return f"unable to look up {socket}: {reason}" if reason else ""

    def has(self, name: str) -> bool:
        """Whether master.cf has a service, whatever main.cf calls it."""
        return (self._named.get(name, name), "unix") in self.master.services

    def program(self, name: str, type: str = "unix") -> Any:
        """The program behind a service.

        Raises Fatal where it will not run, where there is no such service, or where another is expected there.
        """
        usual = name
        if self._named:
            name = self._named.get(name, name)
        key = (name, type)
        found = self._programs.get(key)
        if found is None:
            service = self.master.services.get(key)
            if service is None:
                raise Fatal(f"connect to {self._missing(name)}")
            odd = stranger(usual, service.command)
            if odd is not None:
                raise Fatal(odd.text or f"{odd.socket} socket: malformed response")
            self.deaths.last_words = self.deaths.late_words = []
            found = self._programs[key] = self.classes[service.command](self, service)
            if key == self._rewrite:
                rewriter: Any = found
                self.rewriting = rewriter
            if found.watches:
                found.fast_flush  # noqa: B018 - whoever can defer mail has this list open
            found.settle_in()
        return found

    def stranger(self, name: str) -> Stranger | None:
        """What stands behind a service in the place of the program that has to be there; None where nothing does."""
        service = self.service(self._named.get(name, name))
        return stranger(name, service.command) if service is not None else None

    def strained(self, name: str, type: str) -> Any:
        """The program behind a service as master(8) starts it under stress, with `-o stress=yes`.  Raises Fatal."""
        key = (name, type)
        found = self._strained.get(key)
        if found is None:
            service = self.master.services[key]
            service = service._replace(overrides={"stress": "yes", **service.overrides})
            found = self._strained[key] = self.classes[service.command](self, service)
        return found

    def running(self, name: str, type: str = "unix") -> Program | None:
        """The program behind a service, if it has been needed already."""
        return self._programs.get((self._named.get(name, name), type))

    def dismiss(self, name: str) -> None:
        """The program behind a service of type `unix` has ended."""
        self._drop((name, "unix"))

    @property
    def rewriter(self) -> TrivialRewrite:
        """trivial-rewrite(8).  Raises as `program` does."""
        rewriter: TrivialRewrite = self.rewriting or self.program("rewrite")
        return rewriter

    def latest(self, warn: Callable[[str, str], None]) -> Config:
        """The parameters as a program reads them that starts now: main.cf may have changed.

        Args:
            warn: hears what is wrong with main.cf besides, where it is the program's end.

        Raises:
            Fatal: where it is.
        """
        if self._main is not (main := self._main_cf()):
            heard: list[tuple[str, str]] = []
            try:
                latest = Config.load(self.machine, warn=lambda level, text: heard.append((level, text)))
            except Fatal:
                for level, text in heard:
                    warn(level, text)
                raise
            latest.warn = self._warn
            self._main, self._latest = main, latest
        return self._latest

    def _main_cf(self) -> object:
        return self.machine.files.find(MAIN_CF)

    def at_hand(self, name: str, type: str = "unix") -> Any:
        """A client comes to a service: its program, where that runs and no file of its tables has changed; or None."""
        if self._named:
            name = self._named.get(name, name)
        program, files = self._programs.get((name, type)), self.machine.files
        if program is None or program.outlived or program.seen != files.version:
            return None
        now = files.clock()
        if now - self.used >= self._patience:
            return None
        self.used = program.used = now
        return program

    def superseded(self, name: str) -> Program | None:
        """The program behind a service where its processes are all at work, and a new one would be another; or None."""
        program = self.running(name)
        if program is None or not program.outlived or program.idle(self.machine.files.clock()):
            return None
        return program

    def outdated(self, name: str, type: str = "unix") -> list[Note]:
        """A client comes to a service: let its program go if it is out of date; what its processes say of that."""
        now = self.machine.files.clock()
        if now - self.used >= self._patience and self.rewriting is not None:
            self.rewriting.made = now
            if self.rewriting.main is not self._main_cf() or self.rewriting.stale():
                self.replace_rewriter()
        self.used = now
        program = self._programs.get((name, type))
        if program is None:
            return []
        version = self.machine.files.version
        notes: list[Note] | None = None
        if program.seen != version:
            program.seen = version
            program.outlived = program.main is not self._main_cf() or program.stale()
            if program.watches:
                notes = self._changes(program, now)
        if notes is not None or (program.outlived and not program.idle(now)):
            self._drop((name, type))
            self._strained.pop((name, type), None)
            self.memo = Memo(self.memo.enabled, self.memo.memory)
        program.used = now
        return notes or []

    def _changes(self, program: Program, now: float) -> list[Note] | None:
        """What is said of a table that has changed; None where none has."""
        table = program.environment.changed()
        server = program.proxied
        proxied = server.changed() if server is not None else None
        if table is None and proxied is None:
            return None
        notes: list[Note] = []
        if table is not None:
            said = [program.note(level, "", text.format(table)) for level, text in program.changed]
            notes += said * program.idle(now)
        if server is not None and proxied is not None and program.idle(now):  # else proxymap(8) has ended like it
            notes += self._proxymap_says(server.tables[proxied])
        return notes

    def _proxymap_says(self, table: Table) -> list[Note]:
        """What proxymap(8) says of a change, once."""
        now = table.version()
        if self._proxied.get(table.spec, self) is now:
            return []
        self._proxied[table.spec] = now
        return [Note(self.config.log_name("proxymap"), "text", "", f"table {table.spec}: has changed -- restarting")]

    def idle(self, now: float) -> bool:
        """Whether the programs have had nothing to do for so long that trivial-rewrite(8) has ended."""
        return bool(now - self.used >= self._patience)

    def _drop(self, key: tuple[str, str]) -> None:
        """Let a program go."""
        if self._programs.pop(key) is self.rewriting:
            self.rewriting = None

    def replace_rewriter(self) -> None:
        """Let trivial-rewrite(8) be made anew; what others know from it counts no more."""
        self._drop(self._rewrite)
        for program in tuple(self._programs.values()):
            program.forget()

    def summon(self, name: str, type: str = "unix", client: str = "master", alone: bool = False) -> Decision[Any]:
        """The program behind a service; one that will not run is tried again after a while by master(8).

        Args:
            name, type: the service.
            client: the program that asks, and complains of a service that master.cf does not have.
            alone: whether what it needs itself may come later.
        """
        found = self.at_hand(name, type)
        if found is None:
            found = yield from self._engaged(name, type, client, alone)
        while found is None:
            yield Sleep(RETRY_S)
            found = yield from self._engaged(name, type, client, alone)
        return found

    def engage(self, name: str, client: str = "master") -> Decision[Any]:
        """The same for a client that hears of it where the program dies over him: None then; True for anvil(8)."""
        if name in LIMITS:
            return (yield from self.others.until_roused(name))
        found = self.at_hand(name)
        return (yield from self._engaged(name, "unix", client, alone=False)) if found is None else found

    def _engaged(self, name: str, type: str, client: str, alone: bool) -> Decision[Any]:
        """The program behind a service, which may have to be made; after a reload by those who come then."""
        odd = self.stranger(name) if type == "unix" else None
        if odd is not None:
            return (yield from misunderstood(self, odd, name, client))
        name = self._named.get(name, name)
        yield from self.outdated(name, type)
        key = (name, type)
        if key in self._programs:
            return self._programs[key]
        while key not in self.master.services:
            found = yield from self.sought(name, client, type)
            if not found and (heir := self._heir(key)) is not None:
                return (yield from heir.summon(name, type, client))
            yield Note(client, "fatal", "", found)
        if key not in self._programs and not alone:
            for needed in self._needs(self.master.services[key].command):
                yield from self.summon(needed, client=name)
        while key not in self._programs:
            if self.successor is not None:
                return (yield from self.successor.summon(name, type, client))
            now: float = yield Now()
            if self.stopped:
                self.deaths.throttled[key] = now + self.deaths.pause
            elif now >= self.deaths.throttled.get(key, now):
                try:
                    return self.program(name, type)
                except Fatal as fatal:
                    yield from self.deaths.dying(name, type, fatal, now)
                    if isinstance(fatal, LateFatal):
                        return None
            yield Sleep(self.deaths.throttled[key] - now)
        return self._programs[key]

    def hung_up(self, name: str, client: str) -> Decision[None]:
        """A program has died that had taken its client already.  Raises Fatal where the client dies, too."""
        if name in self.intakes:
            raise Fatal(f"unable to connect to the public {name} service")
        yield Note(client, "warning", "", f"problem talking to service {name}: Connection reset by peer")

    def _needs(self, command: str) -> tuple[str, ...]:
        """The services that a program asks as it starts; none for one that is not there."""
        try:
            return self.classes[command].needs
        except Fatal:
            return ()

    def sought(self, name: str, client: str, type: str = "unix") -> Decision[str]:
        """A program looks for a service until it gives up; what it dies of, "" where a reload has brought it."""
        text = self._missing(name)
        for number in range(1, CONNECT_TRIES):
            yield Level()
            if self._heir((name, type)) is not None:
                return ""
            yield Note(client, "warning", "", f"connect #{number} to {text}")
            yield Sleep(CONNECT_PAUSE_S)
        return f"connect #{CONNECT_TRIES} to {text}"

    def _heir(self, key: tuple[str, str]) -> MailSystem | None:
        """The system after this one that has a service which is missing here; None where there is none."""
        found = self.successor
        while found is not None and key not in found.master.services:
            found = found.successor
        return found

    def _missing(self, name: str) -> str:
        """A service that is not there, and why it does not answer."""
        socket = f"{'public' if name in self.intakes else 'private'}/{name}"
        return f"subsystem {socket}: {self.spool.unanswered(socket)}"

    def died(self, program: Program, now: float, end: str = Fatal.end) -> None:
        """A program has died over the first thing it had to do: it is not started again at once.

        Those of its processes that had served somebody before go on.

        Args:
            program: which.
            now: when it had its last words, seconds since the start of the world.
            end: how master(8) calls its end.
        """
        name, type = program.service.name, program.service.type
        if self._programs.get((name, type)) is program:
            if not program.survives(now):
                self._drop((name, type))
            self.deaths.throttle(name, type, now, end)

    def start_writer(self, writer: str, now: float) -> float:
        """Start a program that writes mail, `bounce` or `local`, unless that was done; since when it runs."""
        return self.writers.setdefault(writer, now + self.starting)

    def until_started(self, writer: str) -> Decision[None]:
        """Wait until a program that writes mail runs, and what had to deliver the message."""
        now: float = yield Now()
        since = self.start_writer(writer, now)
        if since > now:
            yield Sleep(since - now)
            yield Level()
