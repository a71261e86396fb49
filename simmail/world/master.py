"""master(8) of a simulated host: starts and stops its mail system, lends out its processes, keeps its queue moving."""

from __future__ import annotations

from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

from simmail.mail.answers import ConnectFailure
from simmail.mail.errors import Fatal
from simmail.mail.questions import Anvil, Await, Connect, Decision, Level, Note, PassOn, Sleep, answered
from simmail.postfix import spool_view, startup
from simmail.postfix.agent import unopened
from simmail.postfix.anvil import AnvilCounters
from simmail.postfix.compatibility import notice
from simmail.postfix.control import Act, Listener
from simmail.postfix.deaths import LAST_BREATH_S
from simmail.postfix.delivery import WAITING, Result
from simmail.postfix.processes import Process
from simmail.postfix.program import Program
from simmail.postfix.programs import PROGRAMS
from simmail.postfix.qmgr import unheard
from simmail.postfix.queue_id import Hashing
from simmail.postfix.resolve_client import PAUSE_S
from simmail.postfix.spool import Spool
from simmail.postfix.system import MailSystem
from simmail.world import logs
from simmail.world.clock import Life, Task
from simmail.world.intake import Intake
from simmail.world.kept import KeptConnections
from simmail.world.picking import Picking
from simmail.world.ports import Ports
from simmail.world.speed import Speed

if TYPE_CHECKING:
    from simmail.mail.message import Message
    from simmail.postfix.qmgr.entry import Entry
    from simmail.postfix.qmgr.manager import QueueManager
    from simmail.world.connection import Server
    from simmail.world.host import Host

#: How often trivial-rewrite(8) looks for changed tables, seconds from its start.
LOOK_S = 10.0
#: How long a process takes to start, seconds; it matters where those that run have read another main.cf.
START_S = 0.001
#: How much longer than trigger_timeout a program waits for another to hear that there is something to do, seconds.
TRIGGER_SLACK_S = 100.0

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
        self._wake_at = inf
        self._last: MailSystem | None = None
        self._picking = Picking(self)
        self._anvil, self._generation = AnvilCounters(60.0), 0
        self._headless = False
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

    def stop(self) -> None:
        """Stop Postfix; the queue stays on disk."""
        if self.system is not None:
            self.system.stopped = True
        self.system = None
        self._picking.stop()
        self.ports.close()
        self.kept.close()
        self._wake_at = inf

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
        self._headless = self._headless or system.stranger("qmgr") is not None
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

    # ---- new mail

    def arrived(self, message: Message, now: float) -> None:
        """A message is in the incoming queue."""
        self.clock.spawn(self.host, self._arrived(message, now), now, life=self.life)

    def _arrived(self, message: Message, now: float) -> Decision[None]:
        system = self.system
        if system is not None and message.queue_id in self.spool.incoming:
            manager = system.at_hand("qmgr")
            if manager is None or not manager.started:
                if system.running("qmgr") is None:
                    patience = system.config["trigger_timeout"] + TRIGGER_SLACK_S
                    self.clock.spawn(self.host, self._untold(system, message), now + patience, life=self.life)
                manager = yield from self._manager(now)
                if manager is None:
                    return
            yield from self._handed_out(manager, manager.incoming(message, now))

    def _untold(self, system: MailSystem, message: Message) -> Decision[None]:
        """cleanup(8) complains, if it is still there, that nobody has listened as it told of a message."""
        now = yield Level()
        cleanup = system.running("cleanup")
        waits = self.system is system and self.spool.incoming.get(message.queue_id) is message
        if waits and system.running("qmgr") is None and cleanup is not None and cleanup.idle(now):
            yield cleanup.note("warning", "", "unix_trigger_event: read timeout for service public/qmgr")

    def _resumed(self) -> Decision[None]:
        """Postfix was started: what waits in the incoming queue is taken up."""
        now = yield Level()
        if self.system is not None:
            if self.system.config["maillog_file"]:
                yield from self.system.others.roused("postlog", "unix-dgram")
            yield from self._manager(now)
            if self.system.service("pickup") is not None and self.system.stranger("pickup") is None:
                yield from (yield from self.system.summon("pickup")).spoken()
            self.wake_pickup()

    def _manager(self, now: float) -> Decision[Any]:
        """The queue manager, for something new; one that has just been started takes up what waits.

        None where it does not live as long as that, or there is another one by the time that it can be started.
        """
        system = self.system
        assert system is not None
        if system.stranger("qmgr") is not None:
            return None
        manager = yield from system.summon("qmgr")
        if self.system is not system:
            return None
        if not manager.started:
            self._headless = False
            try:
                requests = yield from manager.start(now)
            except Fatal as fatal:
                system.deaths.throttle("qmgr", "unix", (yield Level()))
                yield from self._died(manager, fatal, system.deaths.pause)
                return None
            self._deliver((yield Level()), manager, requests)
        return manager

    def _died(self, manager: QueueManager, fatal: Fatal, pause: float = 0.0) -> Decision[list[Entry]]:
        """The queue manager has ended over something: what is active stays so until there is another one.

        Args:
            manager: which.
            fatal: why.
            pause: until it is started again, seconds; 0 where master(8) does so as it wakes it anyway.
        """
        yield from manager.spoken()
        yield manager.note("fatal", "", fatal.text)
        now = yield Level()
        if not pause:
            manager.system.deaths.mourn("qmgr", "unix", now)
        if self.system is not None and self.system.running("qmgr") is manager:
            self.system.dismiss("qmgr")
            self._headless = True
            self._wake_at = now + (pause or manager.service.wakeup or inf)
            self.clock.spawn(self.host, self._scan(self._wake_at), self._wake_at, life=self.life)
        return []

    # ---- what commands ask for (simmail.postfix.control)

    def manage(self, act: Act) -> None:
        """Let the queue manager do something, if it runs."""
        if self.system is not None:
            self._run(self._managed(act))

    def _managed(self, act: Act) -> Decision[None]:
        now = yield Level()
        if self.system is not None:
            manager = yield from self._manager(now)
            if manager is None:
                return
            yield from self._handed_out(manager, act(manager, now))

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

    # ---- deliveries

    def _run(self, decision: Decision[Any]) -> None:
        self.clock.spawn(self.host, decision, self.clock.now, life=self.life)

    def _handed_out(self, manager: QueueManager, asked: Decision[list[Entry]]) -> Decision[None]:
        """Start what the queue manager hands out as it does something, unless it dies over that."""
        try:
            requests = yield from asked
        except Fatal as fatal:
            requests = yield from self._died(manager, fatal)
        self._deliver((yield Level()), manager, requests)

    def _deliver(self, now: float, manager: QueueManager, requests: list[Entry]) -> None:
        """Start what the queue manager hands out, and see to its next alarm."""
        for request in requests:
            self.clock.spawn(self.host, self._delivery(request, now), now, life=self.life)
        if self.system is None:
            return
        self.intake.taken()
        if self._headless:
            return
        wake = manager.next_wakeup(now)
        if wake < self._wake_at:
            self._wake_at = wake = max(wake, now)  # a manager that another has replaced meanwhile may be late
            self.clock.spawn(self.host, self._scan(wake), wake, life=self.life)

    def _delivery(self, request: Entry, now: float) -> Decision[None]:
        system = self.system
        if system is None:
            return
        intake = self.intake
        end = intake.processors.serve(now, intake.speed.delivering)
        if end > now:
            yield Sleep(end - now)
        agent = system.at_hand(request.transport)
        if agent is None:
            agent, now = yield from self._sought(system, request, now)
            if agent is None:
                return
        elif system.deaths.throttled:
            request.job.waiting += 1
            yield from system.deaths.until_free(agent)
            now = yield Level()
            request.job.waiting -= 1
        process = agent.processes.take(now, agent.brief)
        if agent.pending:  # what a process says as it starts, no other's delivery shall say for it
            yield from agent.spoken()
        late = process.behind and intake.speed.behind(process.behind, agent.brief)
        if late:
            yield Sleep(late)
        try:
            results = yield from (unopened(agent, request) if request.gone else agent.deliver(request))
        except Fatal as fatal:
            yield from agent.spoken()
            if fatal.text:
                yield agent.note(fatal.event, "", fatal.text)
            yield from self._given_up(request, now)
            yield from self._buried(system, agent, process, fatal)
            results = None
        for result in results or ():
            if result.status in WAITING:
                yield from system.others.roused("defer")
                break
        now = yield Level()
        if results is not None:
            agent.processes.leave(process, now)
        yield from self._reported(request, results, now)

    def _given_up(self, request: Entry, begun: float) -> Decision[None]:
        """The queue manager waits for an agent that dies: where that took too long, it dies itself, and first."""
        now = yield Level()
        if self.system is None or self._headless:
            return
        manager = self.system.program("qmgr")
        if not manager.stands and now + LAST_BREATH_S - begun >= manager.config["daemon_timeout"]:
            said = f"{request.message.queue_id}: timeout receiving delivery status from transport: {request.transport}"
            yield from self._died(manager, Fatal(said))

    def _buried(self, system: MailSystem, agent: Program, process: Process, fatal: Fatal) -> Decision[None]:
        """An agent that has died ends, and master(8) hears of it."""
        yield Sleep(LAST_BREATH_S)
        last_words = (yield Level()) - LAST_BREATH_S
        if process.served == 1:
            system.died(agent, last_words, fatal.end)
        else:
            system.deaths.mourn(agent.service.name, agent.service.type, last_words, fatal.end)

    def _reported(self, request: Entry, results: list[Result] | None, now: float) -> Decision[None]:
        """The queue manager, if there is one, hears how a try ended; None: its agent has died over it."""
        if self.system is None or self._headless:
            unheard(request, results or [])
            return answered(None)
        manager = self.system.program("qmgr")
        if manager.stands:
            return self._reported_later(request, results, now)
        ended = manager.crashed(request, now) if results is None else manager.finished(request, results, now)
        return self._handed_out(manager, ended)

    def _reported_later(self, request: Entry, results: list[Result] | None, now: float) -> Decision[None]:
        """The same when the queue manager does not stand still any more."""
        while self.system is not None and not self._headless and self.system.program("qmgr").stands:
            yield Sleep(PAUSE_S)
            now = yield Level()
        yield from self._reported(request, results, now)

    def _sought(self, system: MailSystem, request: Entry, now: float) -> Decision[tuple[Any, float]]:
        """The agent for a try, which has to start, and the time; None where there is none, and it has been told."""
        request.job.waiting += 1
        old = system.superseded(request.transport)
        if old is not None:  # it may be free before a new one has started: for one client after the other
            old.awaited += 1
            yield Sleep(START_S * old.awaited)
            now = yield Level()
            old.awaited -= 1
        agent = yield from system.engage(request.transport)
        if self.system is not system:
            return None, now  # the queue manager that asked for it is no more
        request.job.waiting -= 1
        system.writers.clear()
        if agent is not None:
            return agent, now
        if self._headless:
            unheard(request, [])
            return None, now
        manager = system.program("qmgr")
        yield from self._handed_out(manager, manager.unserved(request, (yield Level())))
        return None, now

    def _scan(self, wake: float) -> Decision[None]:
        now = yield Level()
        if self.system is None or wake != self._wake_at:
            return
        self._wake_at = inf
        manager = yield from self._manager(now)
        if manager is not None:
            yield from self._handed_out(manager, manager.scan(now))
