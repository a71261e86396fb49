"""NAME
    dispatch - starts tries, and learns from how they end

DESCRIPTION
    A destination that failed too often is dead for minimal_backoff_time, a transport that there is no service for is
    dead for transport_retry_time: what waits there goes to the retry transport, with the reason.

PARAMETERS
    minimal_backoff_time, transport_retry_time, qmgr_message_active_limit, qmgr_clog_warn_time, helpful_warnings

DIAGNOSTICS
    connect to transport private/NAME: No such file or directory
    connect to transport private/NAME: Connection refused
        There was such a service, and its socket is there still.
    unexpected protocol PROTOCOL from private/NAME socket (expected: delivery_request_protocol)
    private/NAME socket: malformed response
        The service is there, and no delivery agent.
    mail for DESTINATION is using up N of N active queue entries

SEE ALSO
    SCHEDULER_README, QSHAPE_README
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from heapq import heappop, heappush
from operator import attrgetter
from typing import TYPE_CHECKING

from simmail.mail.questions import Note
from simmail.postfix.delivery import Dsn
from simmail.postfix.qmgr.destination import Destination
from simmail.postfix.qmgr.entry import Entry, Job
from simmail.postfix.qmgr.part import Part
from simmail.postfix.qmgr.transport import DEBUG, Limits, Transport
from simmail.postfix.roles import unexpected

if TYPE_CHECKING:
    from simmail.postfix.qmgr.manager import QueueManager

RETRY, ERROR = "retry", "error"
#: To how many agents of one transport a connection is sought at a time.
CONNECTIONS = 2
#: What stands before the reason why a destination is not tried.
SUSPENDED = "delivery temporarily suspended: "
NO_TRANSPORT = Dsn("4.3.0", "", "mail transport unavailable")
#: The part of the active queue that one destination may take up without comment.
CLOG_SHARE = 5


class Dispatcher:
    """The transports of one queue manager.

    Attributes:
        transports: by name.
        stranded: tries that not even the retry transport takes, with the reason; the manager has to end them.
        vain: transports that there is no service for, and that have something to deliver.
        alarms: when `ring` wants to be called, seconds, the next one first; and for what.
    """

    def __init__(self, manager: QueueManager) -> None:
        config = manager.config
        self._manager = manager
        self.transports: dict[str, Transport] = {}
        self.stranded: list[tuple[Entry, Dsn]] = []
        self.vain: list[Transport] = []
        self._dead_s = int(config["minimal_backoff_time"])
        self._retry_s: float = config["transport_retry_time"]
        self._limit: int = config["qmgr_message_active_limit"]
        clog_s: float = config["qmgr_clog_warn_time"]
        self._clog_s = clog_s if config["helpful_warnings"] else 0.0
        self._clogged = self._limit // CLOG_SHARE
        self.alarms: list[tuple[float, int, Destination | Transport]] = []
        self._serial = 0

    # ---- what there is

    def transport(self, name: str) -> Transport:
        """The transport of that name."""
        found = self.transports.get(name)
        if found is None:
            manager = self._manager
            service = manager.system.service(name)
            limits = Limits.read(name, manager.config, service, manager.warn)
            single = limits.recipients == 1 and name not in (ERROR, RETRY)
            heard = partial(manager.warn, "text") if manager.config[DEBUG] and name not in (ERROR, RETRY) else None
            found = self.transports[name] = Transport(name, limits, manager.system.delivers(name), single, heard)
        return found

    def suspended(self, dsn: Dsn) -> Destination | None:
        """Where recipients of a dead transport or destination go; None where they cannot go there."""
        retry = self.transport(RETRY)
        if retry.dead is not None:
            return None
        text = f"{dsn.status} {dsn.reason}"
        destination = retry.destination(text, text)
        return destination if destination.dead is None else None

    # ---- tries

    def enqueue(self, entry: Entry, now: float) -> None:
        """Let a try wait for its destination."""
        destination = entry.destination
        todo = destination.todo
        todo.append(entry)
        if not destination.listed and destination.window > destination.busy:
            destination.transport.offer(destination)
        if not destination.transport.exists:
            self.vain.append(destination.transport)
        length = len(todo) + destination.busy
        if length > self._clogged and self._clog_s and int(now) >= destination.warned:
            destination.warned = int(now) + self._clog_s
            active = max(len(self._manager.jobs), 1)
            for text in _clogged(destination, length, active, self._limit):
                self._manager.warn("warning", text)

    def seek(self, now: float) -> None:
        """Try to reach the services that are not there, of which the message that comes next hears already."""
        vain, self.vain = self.vain, []
        for transport in vain:
            if transport.listed and transport.dead is None:
                self._give_up(transport, now)

    def _give_up(self, transport: Transport, now: float) -> None:
        for _ in range(min(transport.startable, CONNECTIONS)):
            self._complain(transport.name)
        self._kill(transport, NO_TRANSPORT, now)

    def start(self, now: float) -> list[Entry]:
        """Start what may start."""
        started: list[Entry] = []
        transports = list(self.transports.values())
        for transport in transports:
            while transport.listed:
                if not transport.exists and transport.dead is None:
                    self._give_up(transport, now)
                    transports.append(self.transport(RETRY))
                entry = transport.select(now)
                if entry is None:
                    if transport.opens > now and transport.listed:
                        self._alarm(transport, transport.opens)
                    break
                started.append(entry)
        return started

    def _complain(self, name: str) -> None:
        """Say why mail cannot be handed to a service."""
        manager, socket = self._manager, f"private/{name}"
        service = manager.system.service(name)
        command = service.command if service is not None and service.private else ""
        text = unexpected(command, socket, "delivery_request_protocol")
        if not text:
            manager.warn("warning", f"connect to transport {socket}: {manager.spool.unanswered(socket)}")
            return
        manager.warn("warning", text)
        manager.warn("warning", f"{socket} socket: malformed response")
        if command == "bounce":
            bounce = manager.config.log_name("bounce")
            manager.pending.append(Note(bounce, "warning", "", "malformed request"))

    def ended(self, entry: Entry, why: Dsn | None, now: float) -> None:
        """A try is over; `why`: what is wrong with the destination, None where nothing is."""
        destination = entry.destination
        transport = destination.transport
        if self.transports.get(transport.name) is not transport:
            return  # it was started before a reload
        if transport.dead is not None:
            self.revive(transport)
        if why is not None:
            if destination.window:
                self._blame(destination, why._replace(reason=SUSPENDED + why.reason), now)
        elif destination.dead is not None:
            destination.praise()
        elif destination.window and (
            destination.busy > 1 or destination.todo or transport.limits.destination_delay or transport.heard
        ):
            destination.praise()  # any other is forgotten now, and what it would learn with it
        self._release(destination, transport, now)

    def release(self, entry: Entry, now: float) -> None:
        """A try's process is free again, and nothing is learned from how it ended."""
        destination = entry.destination
        transport = destination.transport
        if self.transports.get(transport.name) is transport:
            self._release(destination, transport, now)

    def unserved(self, entry: Entry, now: float) -> None:
        """An agent has died over a try before it had heard of it: its transport is as good as none."""
        destination = entry.destination
        transport = destination.transport
        if self.transports.get(transport.name) is transport:
            destination.busy -= 1
            transport.busy -= 1
            if transport.dead is None:
                self._kill(transport, NO_TRANSPORT, now)
        self._redirect([entry], transport, NO_TRANSPORT)

    def _release(self, destination: Destination, transport: Transport, now: float) -> None:
        destination.busy -= 1
        transport.busy -= 1
        delay = transport.limits.destination_delay
        if delay:
            if destination.dead is not None:
                destination.praise()
            destination.suspend()
            self._alarm(destination, now + delay)
        destination.done = int(now)
        if destination.todo:
            transport.offer(destination)
        elif destination.window > 0 and not destination.busy:
            del transport.destinations[destination.name]

    # ---- dead and alive

    def _blame(self, destination: Destination, dsn: Dsn, now: float) -> None:
        if destination.blame(dsn):
            self._alarm(destination, now + self._dead_s)
            self._send_away([destination], dsn)

    def _kill(self, transport: Transport, dsn: Dsn, now: float) -> None:
        transport.dead = dsn
        self._alarm(transport, now + self._retry_s)
        self._send_away(sorted(transport.destinations.values(), key=attrgetter("name")), dsn)

    def _send_away(self, destinations: Iterable[Destination], dsn: Dsn) -> None:
        """Let the retry transport have what waits for these."""
        for destination in destinations:
            waiting, transport = list(destination.todo), destination.transport
            destination.todo.clear()
            for entry in waiting:
                transport.drop(entry)
            self._redirect(waiting, transport, dsn)
            transport.forget(destination)

    def _redirect(self, waiting: list[Entry], transport: Transport, dsn: Dsn) -> None:
        """Let the retry transport have these tries of another."""
        retry = None if transport.name == RETRY else self.suspended(dsn)
        if retry is None:
            self.stranded.extend((entry, dsn) for entry in waiting)
            return
        parts: dict[Job, Part] = {}
        for entry in waiting:
            job = entry.job
            part = parts.get(job) or parts.setdefault(job, retry.transport.part(job))
            part.entries.append(entry)
            part.tries += 1
            entry.part, entry.destination, entry.transport, entry.nexthop = part, retry, RETRY, retry.nexthop
            retry.todo.append(entry)
        retry.transport.offer(retry)

    def revive(self, transport: Transport) -> None:
        """A dead transport gets another chance."""
        transport.dead, transport.resumes = None, 0.0

    def reopen(self, destination: Destination) -> None:
        """A dead destination gets another chance."""
        destination.praise()
        destination.transport.offer(destination)

    def revive_all(self) -> None:
        """All that is dead gets another chance."""
        for transport in self.transports.values():
            if transport.dead is not None:
                self.revive(transport)
            for destination in list(transport.destinations.values()):
                if destination.dead is not None:
                    self.reopen(destination)
                    transport.forget(destination)

    # ---- time

    def ring(self, now: float) -> None:
        """Open what has waited long enough, counted in whole seconds as the real one's timers are."""
        alarms, second = self.alarms, int(now)
        while alarms and int(alarms[0][0]) <= second:
            time, _, which = heappop(alarms)
            if which.resumes != time:
                continue
            if isinstance(which, Transport):
                self.revive(which)
                continue
            which.resume()
            which.transport.offer(which)
            which.transport.forget(which)

    def _alarm(self, which: Destination | Transport, time: float) -> None:
        if which.resumes != time:
            which.resumes = time
            self._serial += 1
            heappush(self.alarms, (time, self._serial, which))


def _clogged(destination: Destination, length: int, active: int, limit: int) -> list[str]:
    """What to say of a destination that takes up much of the active queue."""
    transport = destination.transport
    maximum, share = transport.limits.maximum, length / active
    says = [f"mail for {destination.nexthop} is using up {length} of {active} active queue entries"]
    if share < 0.9:
        says.append("this may slow down other mail deliveries")
    if maximum and maximum <= destination.busy + 1:
        says.append(
            f"you may need to increase the main.cf {transport.name}_destination_concurrency_limit from {maximum}"
        )
    elif destination.window > limit * share:
        says.append(f"you may need to increase the main.cf qmgr_message_active_limit from {limit}")
    elif len(transport.destinations) > 1:
        says.append(f"you may need a separate master.cf transport for {destination.nexthop}")
    else:
        says += [
            f"you may need to reduce {transport.name} connect and helo timeouts",
            "so that Postfix quickly skips unavailable hosts",
            "you may need to increase the main.cf minimal_backoff_time and maximal_backoff_time",
            "so that Postfix wastes less time on undeliverable mail",
            f"you may need to increase the master.cf {transport.name} process limit",
        ]
    return [
        *says,
        "please avoid flushing the whole queue when you have",
        "lots of deferred mail, that is bad for performance",
        "to turn off these warnings specify: qmgr_clog_warn_time = 0",
    ]
