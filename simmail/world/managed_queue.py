"""The mail queue of a simulated host at work: what wakes qmgr(8), and how the tries that this hands out are made."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Level, Sleep, answered
from simmail.postfix.agent import unopened
from simmail.postfix.control import Act
from simmail.postfix.deaths import LAST_BREATH_S
from simmail.postfix.delivery import WAITING, Result
from simmail.postfix.processes import Process
from simmail.postfix.program import Program
from simmail.postfix.qmgr import unheard
from simmail.postfix.resolve_client import PAUSE_S
from simmail.postfix.system import MailSystem

if TYPE_CHECKING:
    from simmail.mail.message import Message
    from simmail.postfix.qmgr.entry import Entry
    from simmail.postfix.qmgr.manager import QueueManager
    from simmail.world.master import Master

#: How long a process takes to start, seconds; it matters where those that run have read another main.cf.
START_S = 0.001
#: How much longer than trigger_timeout a program waits for another to hear that there is something to do, seconds.
TRIGGER_SLACK_S = 100.0


class ManagedQueue:
    """One host's mail queue, its queue manager, and the delivery agents that this sends for.

    Args:
        master: the host's master(8), which has its intake already.
    """

    def __init__(self, master: Master) -> None:
        self._master, self._clock, self._host, self._intake = master, master.clock, master.host, master.intake
        #: When the queue manager is woken next, seconds since the start; inf where nothing is to come.
        self._wake_at = inf
        #: Whether nobody hears how tries end: the queue manager has died, or another program stands in its place.
        self._headless = False

    def change(self, system: MailSystem) -> None:
        """Another mail system begins."""
        self._headless = self._headless or system.stranger("qmgr") is not None

    def stop(self) -> None:
        """Postfix was stopped: nobody is woken."""
        self._wake_at = inf

    # ---- new mail

    def arrived(self, message: Message, now: float) -> None:
        """A message is in the incoming queue."""
        self._clock.spawn(self._host, self._arrived(message, now), now, life=self._master.life)

    def _arrived(self, message: Message, now: float) -> Decision[None]:
        master = self._master
        system = master.system
        if system is not None and message.queue_id in master.spool.incoming:
            unfound = system.unfound("public/qmgr")
            if unfound:
                yield from self._unannounced(system, unfound, now)
                if master.system is not system or message.queue_id not in master.spool.incoming:
                    return
                now = yield Level()
            manager = system.at_hand("qmgr")
            if manager is None or not manager.started:
                if system.running("qmgr") is None:
                    patience = system.config["trigger_timeout"] + TRIGGER_SLACK_S
                    self._clock.spawn(self._host, self._untold(system, message), now + patience, life=master.life)
                manager = yield from self.manager(now)
                if manager is None:
                    return
            yield from self._handed_out(manager, manager.incoming(message, now))

    @staticmethod
    def _unannounced(system: MailSystem, unfound: str, now: float) -> Decision[None]:
        """cleanup(8) does not find the queue manager, which looks for itself where master(8) wakes it."""
        cleanup, service = system.running("cleanup"), system.service("qmgr")
        if cleanup is not None:
            yield cleanup.note("warning", "", unfound)
        if service is not None:
            yield Sleep(service.until_woken(now))

    def _untold(self, system: MailSystem, message: Message) -> Decision[None]:
        """cleanup(8) complains, if it is still there, that nobody has listened as it told of a message."""
        now = yield Level()
        cleanup = system.running("cleanup")
        waits = self._master.system is system and self._master.spool.incoming.get(message.queue_id) is message
        if waits and system.running("qmgr") is None and cleanup is not None and cleanup.idle(now):
            yield cleanup.note("warning", "", "unix_trigger_event: read timeout for service public/qmgr")

    # ---- the queue manager

    def manager(self, now: float) -> Decision[Any]:
        """The queue manager, for something new; one that has just been started takes up what waits.

        None where it does not live as long as that, or there is another one by the time that it can be started.
        """
        system = self._master.system
        assert system is not None
        if system.stranger("qmgr") is not None:
            return None
        manager = yield from system.summon("qmgr")
        if self._master.system is not system:
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

    def managed(self, act: Act) -> Decision[None]:
        """Let the queue manager do something, if Postfix runs."""
        now = yield Level()
        if self._master.system is not None:
            manager = yield from self.manager(now)
            if manager is None:
                return
            yield from self._handed_out(manager, act(manager, now))

    def _scan(self, wake: float) -> Decision[None]:
        """The queue manager is woken, unless it wants to be woken at another time by now."""
        now = yield Level()
        if self._master.system is None or wake != self._wake_at:
            return
        self._wake_at = inf
        manager = yield from self.manager(now)
        if manager is not None:
            yield from self._handed_out(manager, manager.scan(now))

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
        master = self._master
        if master.system is not None and master.system.running("qmgr") is manager:
            master.system.dismiss("qmgr")
            self._headless = True
            self._wake_at = now + (pause or manager.service.wakeup or inf)
            self._clock.spawn(self._host, self._scan(self._wake_at), self._wake_at, life=master.life)
        return []

    # ---- tries

    def _handed_out(self, manager: QueueManager, asked: Decision[list[Entry]]) -> Decision[None]:
        """Start what the queue manager hands out as it does something, unless it dies over that."""
        try:
            requests = yield from asked
        except Fatal as fatal:
            requests = yield from self._died(manager, fatal)
        self._deliver((yield Level()), manager, requests)

    def _deliver(self, now: float, manager: QueueManager, requests: list[Entry]) -> None:
        """Start what the queue manager hands out, and see to its next alarm."""
        master = self._master
        for request in requests:
            self._clock.spawn(self._host, self._delivery(request, now), now, life=master.life)
        if master.system is None:
            return
        self._intake.taken()
        if self._headless:
            return
        wake = manager.next_wakeup(now)
        if wake < self._wake_at:
            self._wake_at = wake = max(wake, now)  # a manager that another has replaced meanwhile may be late
            self._clock.spawn(self._host, self._scan(wake), wake, life=master.life)

    def _delivery(self, request: Entry, now: float) -> Decision[None]:
        """One try, from the moment that a process is sought for it until the queue manager has heard how it ended."""
        system = self._master.system
        if system is None:
            return
        intake = self._intake
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
            yield from _buried(system, agent, process, fatal)
            results = None
        for result in results or ():
            if result.status in WAITING:
                yield from system.others.roused("defer")
                break
        now = yield Level()
        if results is not None:
            agent.processes.leave(process, now)
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
        if self._master.system is not system:
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

    def _given_up(self, request: Entry, begun: float) -> Decision[None]:
        """The queue manager waits for an agent that dies: where that took too long, it dies itself, and first."""
        now = yield Level()
        if self._master.system is None or self._headless:
            return
        manager = self._master.system.program("qmgr")
        if not manager.stands and now + LAST_BREATH_S - begun >= manager.config["daemon_timeout"]:
            said = f"{request.message.queue_id}: timeout receiving delivery status from transport: {request.transport}"
            yield from self._died(manager, Fatal(said))

    def _reported(self, request: Entry, results: list[Result] | None, now: float) -> Decision[None]:
        """The queue manager, if there is one, hears how a try ended; None: its agent has died over it."""
        system = self._master.system
        if system is None or self._headless:
            unheard(request, results or [])
            return answered(None)
        manager = system.program("qmgr")
        if manager.stands:
            return self._reported_later(request, results, now)
        ended = manager.crashed(request, now) if results is None else manager.finished(request, results, now)
        return self._handed_out(manager, ended)

    def _reported_later(self, request: Entry, results: list[Result] | None, now: float) -> Decision[None]:
        """The same when the queue manager does not stand still any more."""
        while (system := self._master.system) is not None and not self._headless and system.program("qmgr").stands:
            yield Sleep(PAUSE_S)
            now = yield Level()
        yield from self._reported(request, results, now)


def _buried(system: MailSystem, agent: Program, process: Process, fatal: Fatal) -> Decision[None]:
    """An agent that has died ends, and master(8) hears of it."""
    yield Sleep(LAST_BREATH_S)
    last_words = (yield Level()) - LAST_BREATH_S
    if process.served == 1:
        system.died(agent, last_words, fatal.end)
    else:
        system.deaths.mourn(agent.service.name, agent.service.type, last_words, fatal.end)
