"""master(8) of a simulated host: starts and stops its mail system, lends out its processes, keeps its queue moving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.mail.answers import ConnectFailure
from simmail.mail.errors import Fatal
from simmail.mail.message import Message
from simmail.mail.questions import (
    Abandon,
    Anvil,
    Commit,
    Connect,
    Decision,
    Level,
    NewQueueId,
    Note,
    PassOn,
    Sleep,
    answered,
)
from simmail.postfix import spool_view
from simmail.postfix.anvil import AnvilCounters
from simmail.postfix.compatibility import notice
from simmail.postfix.control import Act
from simmail.postfix.delivery import Request
from simmail.postfix.local_domains import listening_addresses
from simmail.postfix.mastercf import Service
from simmail.postfix.program import Program
from simmail.postfix.programs import PROGRAMS
from simmail.postfix.spool import Spool
from simmail.postfix.system import THROTTLE_S, MailSystem
from simmail.smtp.commands import Sent
from simmail.smtp.replies import Reply
from simmail.world import logs
from simmail.world.clock import WAIT, Task
from simmail.world.slots import Slots
from simmail.world.transport import Lent, Server

if TYPE_CHECKING:
    from simmail.world.host import Host

#: Services that master.cf names by words instead of numbers (/etc/services).
PORTS = {"smtp": 25, "submission": 587, "smtps": 465, "submissions": 465}
#: The first inode that a queue file gets; only its number of digits shows.
FIRST_INODE = 0x41000
NO_SOCKET = "No such file or directory"
QUEUE_ID_RADIX_S = 1_000_000
#: Seconds to write a queue file safely, measured on a real Postfix that used a disk.
DISK_WRITE_S = 0.0015
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


class Silent:
    """The session of a program that will not run: the kernel takes the connection, nobody speaks."""

    def greet(self) -> Decision[Reply | None]:
        """Say nothing."""
        return answered(None)

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Say nothing."""
        return answered(None)

    def lost(self, reason: str) -> Decision[None]:
        """Nobody notices."""
        return answered(None)


class Master:
    """The supervisor of one host's mail system.

    Args:
        host: the host it runs on.
        remember: False switches memos off.
        disk_s: seconds to write a queue file safely.

    Attributes:
        spool: the queue directory.
        system: the running mail system; None while it is stopped.
        inode: the last one that a queue file got.
    """

    def __init__(self, host: Host, remember: bool = True, disk_s: float = DISK_WRITE_S) -> None:
        self.host, self.remember = host, remember
        self.clock = host.world.clock
        self.spool = Spool(lambda queue_id: self.note("postfix", "deleted", queue_id))
        self.system: MailSystem | None = None
        self.disk_s = disk_s
        self.inode = FIRST_INODE
        self._ports: dict[int, tuple[str, str]] = {}
        self._throttled: dict[tuple[str, str], float] = {}
        self._wake_at = float("inf")
        self._anvil = AnvilCounters(60.0)
        self._slots: dict[tuple[str, str], Slots] = {}
        spool_view.mount(self.spool, host.machine)
        for path in logs.PATHS:
            host.machine.files.mount(path, logs.LogView(host, path))

    # ---- the log

    def note(self, program: str, event: str, queue_id: str = "", *fields: Any) -> None:
        """Record something at the clock's time, outside of any task."""
        clock = self.clock
        clock.journal.append((clock.now, self.host.name, program, event, queue_id, fields, clock.serial()))

    # ---- start, reload, stop

    def start(self) -> None:
        """Start Postfix.  Raises Fatal where it will not start."""
        self.system = self._system()
        for text in notice(self.system.config.compatibility):
            self.note("postfix", "text", "", text)
        self._throttled.clear()
        self._listen()
        self._run(self._resumed())

    def refusal(self, fatal: Fatal) -> str:
        """What a terminal shows of a start that failed."""
        return f"postfix: fatal: {fatal.text}\n"

    def stop(self) -> None:
        """Stop Postfix; the queue stays on disk."""
        self.system = None
        self._ports.clear()
        self._wake_at = float("inf")

    def reload(self) -> None:
        """Read the configuration again; what is running, or throttled, goes on as it is.  Raises Fatal."""
        self.system = self._system()
        self._listen()
        self._run(self._resumed())

    def _system(self) -> MailSystem:
        def warn(level: str, text: str) -> None:
            self.note("postfix", level, "", text)

        return MailSystem(self.host.machine, PROGRAMS, warn, self.remember, self.spool)

    def _listen(self) -> None:
        assert self.system is not None
        self._anvil.time_unit = self.system.config["anvil_rate_time_unit"]
        self._ports = {}
        self._addresses = listening_addresses(self.system.config, self.host.machine)
        for (name, type), service in self.system.master.services.items():
            port = name.rpartition(":")[2]
            number = PORTS.get(port, int(port) if port.isdigit() else 0)
            if type == "inet" and number:
                self._ports[number] = (name, type)
            if (type == "inet" and number) or type == "pass":
                self._slots[name, type] = self._processes(service)

    def _processes(self, service: Service) -> Slots:
        """The processes of a service; those at work now count on."""
        assert self.system is not None
        limit = self.system.config["default_process_limit"] if service.maxproc is None else service.maxproc
        known = self._slots.get((service.name, service.type))
        if known is None:
            return Slots(limit)
        known.limit = limit
        return known

    # ---- connections

    def accept(self, task: Task, client: str, question: Connect) -> Decision[Server | None]:
        """Take a connection; None where nothing listens on that port and address."""
        yield from ()
        service = self._ports.get(question.port)
        if self.system is None or service is None or not self.listens_on(question.address):
            return None
        return self._session(task, service, client, question)

    def pass_on(self, task: Task, question: PassOn) -> Any:
        """Give a connection to a service that takes them over from another."""
        if not task.level(question):
            return WAIT
        service = (question.service, "pass")
        if self.system is None or service not in self._slots or self.system.service(*service) is None:
            return ConnectFailure(NO_SOCKET)
        return self._session(task, service, question.client, question.connection)

    def _session(self, task: Task, service: tuple[str, str], client: str, question: Connect) -> Server:
        """The session of a service with a client; of one that does not run, one that says nothing."""
        system = self.system
        assert system is not None
        if self._throttled.get(service, 0.0) > task.now:
            return Silent()
        # the task is still the client's, so the host is named with what is recorded here
        for note in system.outdated(*service):
            self._record(task, note)
        try:
            program = system.program(*service)
        except Fatal as fatal:
            for note in system.dying(*service, fatal):
                self._record(task, note)
            self._throttled[service] = task.now + THROTTLE_S
            return Silent()
        session: Server = program.session(client, question)
        return session if program.shared else Lent(session, self._slots[service])

    def _record(self, task: Task, note: Note) -> None:
        self.clock.journal.append(
            (task.now, self.host.name, note.program, note.event, note.queue_id, note.fields, task.serial)
        )

    def listens_on(self, address: str) -> bool:
        """Whether inet_interfaces has this address."""
        assert self.system is not None
        return address in self._addresses

    # ---- queue files

    def new_queue_id(self, task: Task, question: NewQueueId) -> Any:
        """Microseconds and inode, as the real one names its queue files."""
        if not task.level(question):
            return WAIT
        self.inode += 1
        return f"{int(task.now % 1 * QUEUE_ID_RADIX_S):05X}{self.inode:X}"

    def anvil(self, task: Task, question: Anvil) -> Any:
        """Count an event of a client."""
        if not task.level(question):
            return WAIT
        return self._anvil.count(question.event, question.service, question.client, task.now)

    def abandon(self, task: Task, question: Abandon) -> None:
        """A queue file that was never finished is no more; nothing was kept of it."""

    def commit(self, task: Task, question: Commit) -> Any:
        """Write a queue file; once it is safe the queue manager hears of it."""
        if not task.level(question):
            return WAIT
        task.now += self.disk_s
        message: Message = question.message
        if question.queue == "incoming":
            self.spool.incoming[message.queue_id] = message
            self.clock.spawn(self.host, self._arrived(message), task.now)
        else:
            self.spool.queue(question.queue)[message.queue_id] = message
        return None

    def _arrived(self, message: Message) -> Decision[None]:
        now = yield Level()
        if self.system is not None and message.queue_id in self.spool.incoming:
            manager = yield from self._manager(now)
            self._deliver(now, (yield from manager.incoming(message, now)))

    def _resumed(self) -> Decision[None]:
        """Postfix was started: what waits in the incoming queue is taken up."""
        now = yield Level()
        yield from self._manager(now)
        self.wake_pickup()

    def _manager(self, now: float) -> Decision[Any]:
        """The queue manager, for something new; one that has just been started takes up what waits."""
        assert self.system is not None
        manager = yield from self.system.summon("qmgr")
        if not manager.started:
            self._deliver(now, (yield from manager.start(now)))
        return manager

    # ---- what commands ask for (simmail.postfix.control)

    def manage(self, act: Act) -> None:
        """Let the queue manager do something, if it runs."""
        if self.system is not None:
            self._run(self._managed(act))

    def _managed(self, act: Act) -> Decision[None]:
        now = yield Level()
        if self.system is not None:
            manager = yield from self._manager(now)
            self._deliver(now, (yield from act(manager, now)))

    def wake_pickup(self) -> None:
        """Tell pickup(8), if it runs, that there is something in the maildrop queue."""
        if self.system is not None:
            self._run(self._picked_up())

    def _picked_up(self) -> Decision[None]:
        yield Level()
        if self.system is not None and self.spool.maildrop:
            pickup = yield from self.system.summon("pickup")
            yield from pickup.scan()
            service = self.system.service("pickup")
            if self.spool.maildrop and service is not None and service.wakeup:
                yield Sleep(service.wakeup)
                self.wake_pickup()

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
        self.clock.spawn(self.host, decision, self.clock.now)

    def _deliver(self, now: float, requests: list[Request]) -> None:
        """Start what the queue manager hands out, and see to its next alarm."""
        for request in requests:
            self.clock.spawn(self.host, self._delivery(request), now)
        if self.system is None:
            return
        wake = self.system.program("qmgr").next_wakeup(now)
        if wake is not None and wake < self._wake_at:
            self._wake_at = wake
            self.clock.spawn(self.host, self._scan(wake), wake)

    def _delivery(self, request: Request) -> Decision[None]:
        system = self.system
        if system is None:
            return
        agent = yield from system.summon(request.transport)
        process = agent.processes.take(self.clock.now)
        try:
            results = yield from agent.deliver(request)
        except Fatal as fatal:
            yield agent.note("fatal", "", fatal.text)
            results = None
        now = yield Level()
        agent.processes.leave(process, now)
        if self.system is not None:
            manager = self.system.program("qmgr")
            ended = manager.crashed(request, now) if results is None else manager.finished(request, results, now)
            self._deliver(now, (yield from ended))

    def _scan(self, wake: float) -> Decision[None]:
        now = yield Level()
        if self.system is None or wake != self._wake_at:
            return
        self._wake_at = float("inf")
        manager = yield from self.system.summon("qmgr")
        self._deliver(now, (yield from manager.scan(now)))
