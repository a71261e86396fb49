"""master(8) of a simulated host: starts, stops and reloads its mail system, and holds what outlives one of these."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from simmail.mail.answers import ConnectFailure
from simmail.mail.errors import Fatal
from simmail.mail.questions import Anvil, Await, Connect, Decision, Level, Note, PassOn
from simmail.postfix import spool_view, startup
from simmail.postfix.anvil import AnvilCounters
from simmail.postfix.compatibility import notice
from simmail.postfix.control import Act, Listener
from simmail.postfix.program import Program
from simmail.postfix.programs import PROGRAMS
from simmail.postfix.queue_id import Hashing
from simmail.postfix.spool import Spool
from simmail.postfix.system import MailSystem
from simmail.world import logs
from simmail.world.clock import Life, Task
from simmail.world.intake import Intake
from simmail.world.kept import KeptConnections
from simmail.world.managed_queue import ManagedQueue
from simmail.world.picking import Picking
from simmail.world.ports import Ports
from simmail.world.speed import Speed

if TYPE_CHECKING:
    from simmail.world.connection import Server
    from simmail.world.host import Host

#: How often trivial-rewrite(8) looks for changed tables, seconds from its start.
LOOK_S = 10.0

#: The services of a host that has no master.cf of its own.
STOCK_MASTER_CF = """\
# service type  private unpriv  chroot  wakeup  maxproc command
smtp      inet  n       -       n       -       -       smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
"""


class Master:
    """The supervisor of one host's mail system.

    Args:
        host: the host it runs on.
        remember: False switches memos off.
        speed: how fast the host is.

    Attributes:
        spool: the queue directory.
        system: the running mail system; None while it is stopped.
        intake: the way onto its disk.
        ports: its services that listen on the network.
        kept: the connections that its clients keep open.
        queue: what keeps its queue moving.
        letters: those that its log can hold.
        life: ends with the host's.
    """

    def __init__(self, host: Host, remember: bool = True, speed: Speed = Speed()) -> None:  # noqa: B008
        self.host, self.remember = host, remember
        self.clock = host.world.clock
        self.spool = Spool(lambda end, queue_id: self.note("postfix", end, queue_id), host.machine.files.store)
        self.system: MailSystem | None = None
        self.intake, self.ports = Intake(self, speed), Ports(self)
        self.kept = KeptConnections(self)
        self.life = Life()
        self.queue = ManagedQueue(self)
        self._last: MailSystem | None = None
        self._picking = Picking(self)
        self._anvil, self._generation = AnvilCounters(60.0), 0
        self.letters = logs.Letters()
        spool_view.mount(self.spool, host.machine)
        for path in logs.PATHS:
            host.machine.files.mount(path, logs.LogView(host, path))

    # ---- the log

    def note(self, program: str, event: str, queue_id: str = "", *fields: Any) -> None:
        """Record something at the clock's time, outside of any task."""
        clock = self.clock
        clock.journal.append((clock.now, self.host.name, program, event, queue_id, fields, clock.serial()))

    def record(self, task: Task, said: Note) -> None:
        """Record something at a task's time, who may be at work on another host."""
        self.clock.journal.append(
            (task.now, self.host.name, said.program, said.event, said.queue_id, said.fields, task.serial)
        )

    # ---- start, reload, stop

    def start(self) -> None:
        """Start Postfix.  Raises Fatal where it will not start."""
        system = self._replace()
        spool_view.make_missing(self.host.machine)
        for text in notice(system.config.compatibility):
            self.note("postfix", "text", "", text)
        self._listen()
        self._run(self._resumed())

    def _resumed(self) -> Decision[None]:
        """Postfix was started: what waits in the incoming queue is taken up."""
        now = yield Level()
        if self.system is not None:
            if self.system.config["maillog_file"]:
                yield from self.system.others.roused("postlog", "unix-dgram")
            yield from self.queue.manager(now)
            if self.system.service("pickup") is not None and self.system.stranger("pickup") is None:
                yield from (yield from self.system.summon("pickup")).spoken()
            self.wake_pickup()

    def _run(self, decision: Decision[Any]) -> None:
        """Begin something now."""
        self.clock.spawn(self.host, decision, self.clock.now, life=self.life)

    def stop(self) -> None:
        """Stop Postfix; the queue stays on disk."""
        if self.system is not None:
            self.system.stopped = True
        self.system = None
        self._picking.stop()
        self.ports.close()
        self.kept.close()
        self.queue.stop()

    def crash(self) -> None:
        """The host has died: what is in memory is gone, the queue is on the disk."""
        self.life.over = True
        self.life = Life()
        self.kept.forget()
        self.stop()
        self.spool.jobs.clear()
        self.ports.forget()
        self._anvil = AnvilCounters(self._anvil.time_unit)

    def reload(self) -> None:
        """Read the configuration again; what is running, or throttled, goes on as it is.  Raises Fatal."""
        self._replace()
        self._listen()
        self._run(self._resumed())

    def _system(self) -> MailSystem:
        def warn(level: str, text: str) -> None:
            self.note("master", level, "", text)

        system = MailSystem(self.host.machine, PROGRAMS, warn, self.remember, self.spool, self.host.world.memory)
        system.starting = self.intake.speed.starting
        system.deaths.mourner = self._mourn
        system.generation = self._generation = self._generation + 1
        return system

    def _mourn(self, said: Note, now: float) -> None:
        """Say at a time, seconds, that a program has ended, if master(8) is still there."""
        self.clock.spawn(self.host, self._mourned(said), now, life=self.life)

    def _mourned(self, said: Note) -> Decision[None]:
        yield Level()
        if self.system is not None:
            yield said

    def _replace(self) -> MailSystem:
        """Let the system that the files describe now follow the one before.  Raises Fatal."""
        system = self._system()
        startup.enter_folders(system.config)
        self.spool.hashing = Hashing.configured(system.config)
        for service in system.master.services.values():
            startup.bind(service, system.config)
        self.system = system
        self.queue.change(system)
        self.letters.change(self.clock.now, bool(system.config["smtputf8_enable"]))
        system.succeed(self._last)
        self._last = system
        return system

    def _listen(self) -> None:
        assert self.system is not None
        with suppress(Fatal):  # of which anvil(8) dies as it starts
            self._anvil.time_unit = self.system.config["anvil_rate_time_unit"]
        limit = 0.0
        with suppress(Fatal):  # of which scache(8) does
            limit = self.system.config["connection_cache_ttl_limit"]
        self.kept.start(limit)
        self.ports.listen(self.system)
        self.intake.configure(self.system)

    def listening(self) -> list[Listener]:
        """The TCP ports of the host that take connections now, Postfix's and others'."""
        own = [Listener(address, port) for address, port in self.ports.listening()]
        return [*(Listener("*", port) for port in self.host.listeners), *own, *self.host.policies.listening()]

    # ---- what tasks ask for

    def accept(self, task: Task, client: str, question: Connect) -> Decision[Server | None]:
        """Take a connection; None where nothing listens on that port and address."""
        return self.ports.accept(task, client, question)

    def pass_on(self, task: Task, question: PassOn) -> Any:
        """Give a connection to a service that takes them over from another."""
        taken = self.ports.take_over(task, question)
        return taken or ConnectFailure(self.spool.unanswered(f"private/{question.service}"))

    def until_runs(self, task: Task, question: Await) -> Any:
        """Start a service, and make a note when it runs."""
        return task.call(self.host, self._noted_then(question))

    def _noted_then(self, question: Await) -> Decision[None]:
        if self.system is not None and self.system.stranger(question.service) is None:
            yield from self.system.summon(question.service)
        yield question.note

    def anvil(self, task: Task, question: Anvil) -> Any:
        """Count an event of a client."""
        return self._anvil.count(question.event, question.service, question.client, question.generation, task.now)

    # ---- what commands ask for (simmail.postfix.control)

    def manage(self, act: Act) -> None:
        """Let the queue manager do something, if it runs."""
        if self.system is not None:
            self._run(self.queue.managed(act))

    def wake_pickup(self) -> None:
        """Tell pickup(8), if it runs, that there is something in the maildrop queue."""
        if self.system is not None:
            self._run(self._picking.go())

    # ---- trivial-rewrite

    def files_written(self) -> None:
        """Somebody was at work on this host: if tables of trivial-rewrite(8) have changed, it will notice in time."""
        system = self.system
        rewriter = system.running("rewrite") if system is not None else None
        if rewriter is None or rewriter.seen == self.host.machine.files.version:
            return
        rewriter.seen = self.host.machine.files.version
        if rewriter.environment.changed() is not None:
            steps = (self.clock.now - rewriter.made) // LOOK_S + 1
            self.clock.spawn(self.host, self._rewrite_looks(rewriter), rewriter.made + steps * LOOK_S)

    def _rewrite_looks(self, rewriter: Program) -> Decision[None]:
        now = yield Level()
        system = self.system
        if system is None or system.running("rewrite") is not rewriter:
            return
        table = rewriter.environment.changed()
        if table is not None:
            if not system.idle(now):
                yield rewriter.note("text", "", f"table {table} has changed -- restarting")
            system.replace_rewriter()
