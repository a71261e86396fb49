"""A connection between two hosts, and what a server has to be to speak over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol

from simmail.mail.questions import Decision, Level, Question, answered
from simmail.network.graph import Path
from simmail.smtp.commands import Sent
from simmail.smtp.replies import Reply
from simmail.world.clock import Alarm, Task
from simmail.world.slots import Slots

if TYPE_CHECKING:
    from random import Random

    from simmail.world.host import Host

#: What a listener answers whose queue of new connections is full: the kernel lets the client's packet drop.
FULL: Final[Any] = object()


class Server(Protocol):
    """One session of a server: smtpd's, or that of a scripted peer."""

    def greet(self) -> Decision[Reply | None]:
        """Speak first; None says nothing at all."""
        ...

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Answer what the client sent; `more`: what it has sent already besides.  A `Ready` reply is not the last."""
        ...

    def lost(self, reason: str) -> Decision[Reply | None]:
        """The client is gone (`lost connection`), or was silent for too long (`timeout`); what it is still told."""
        ...


class Borrower(Server, Protocol):
    """A session that has a process as long as it lasts.

    Attributes:
        after: what follows its end.
        deadline: to when the rest of what its client has begun to say may come, seconds.
        holds_back: whether replies to commands that came together go out together, when all are answered.
    """

    deadline: float
    holds_back: bool
    after: Callable[[], Iterable[Question]]

    def leave(self) -> Iterable[Question]:
        """It is over; `after` follows, once."""
        ...


class Mute:
    """A session without a server behind it: the kernel has taken the connection, nobody speaks.

    Args:
        end: how the connection ends at once; None where it stays open.
    """

    def __init__(self, end: Reply | None = None) -> None:
        self._end = end

    def greet(self) -> Decision[Reply | None]:
        """Say nothing."""
        return answered(self._end)

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Say nothing."""
        return answered(None)

    def lost(self, reason: str) -> Decision[Reply | None]:
        """Nobody notices."""
        return answered(None)


class Admit(Question):
    """Wait until the server has a process free for a session.  Answer: bool, whether the client's patience sufficed.

    Args: the service's `slots`.
    """

    __slots__ = ("slots",)

    def __init__(self, slots: Slots) -> None:
        self.slots = slots


class Lent:
    """A session whose server has one of its service's processes, from the greeting on.

    Args:
        session: the session.
        slots: the service's processes.
        patience: how long the server waits for each command, seconds.
        strained: asked once there is a process: the session in its place and its patience, under stress.
    """

    __slots__ = ("_strained", "admitted", "patience", "session", "slots")

    def __init__(
        self,
        session: Borrower,
        slots: Slots,
        patience: float,
        strained: Callable[[], tuple[Borrower, float] | None],
    ) -> None:
        self.session, self.slots, self.patience, self._strained = session, slots, patience, strained
        self.admitted = False

    @property
    def holds_back(self) -> bool:
        """Whether replies to commands that came together go out together, when all are answered."""
        return self.session.holds_back

    def left(self, now: float) -> float:
        """How long the server waits from now on, seconds."""
        return min(self.patience, max(self.session.deadline - now, 0.0))

    def greet(self) -> Decision[Reply | None]:
        """Speak first, as soon as there is a process."""
        self.admitted = yield Admit(self.slots)
        if not self.admitted:
            return None
        strained = self._strained()
        if strained is not None:
            self.session, self.patience = strained
        self.session.after = self.slots.give_back
        return (yield from self.session.greet())

    def handle(self, sent: Sent, more: tuple[Sent, ...]) -> Decision[Reply | None]:
        """Answer what the client sent."""
        return self.session.handle(sent, more)

    def lost(self, reason: str) -> Decision[Reply | None]:
        """The client is gone; a session that had not begun is never heard of."""
        if not self.admitted:
            return None
        said = yield from self.session.lost(reason)
        yield from self.session.leave()
        return said


class Connection:
    """An open connection, as its client holds it.

    Args:
        address: the server's address.
        path: the way there.
        stations: the hosts it leads over, the client's name first, the server's last.
        session: the server's.
        client, host: the hosts that it begins and ends at.

    Attributes:
        checked: for which state of the network its path is known.
        server: the server's session; None once it is over.
        number: among all connections that this host took.
        reset: whether the server's host knows nothing of it any more.
        attended: whether somebody else sees to it that the server loses its patience.
        task: for whom the server is deciding at this moment; None for nobody.
        rng: by which packets get lost.
        unread: what the server said as it ended it.
        pending: how many replies the server has not sent yet, for more commands have come.
        since: when the server last heard or sent something before these, seconds.
    """

    __slots__ = (
        "_alarm", "address", "attended", "checked", "client", "host", "number", "path", "pending", "reset", "rng",
        "server", "since", "stations", "task", "unread",
    )  # fmt: skip

    def __init__(
        self, address: str, path: Path, stations: tuple[str, ...], session: Server, client: Host, host: Host
    ) -> None:
        self.address, self.path, self.stations, self.client, self.host = address, path, stations, client, host
        self.server: Server | None = session
        self.checked = host.world.network.changed
        self.reset = self.attended = False
        self.unread: Reply | None = None
        self.task: Task | None = None
        self.rng: Random | None = None
        self._alarm: Alarm | None = None
        self.pending, self.since = 0, 0.0
        host.connections += 1
        self.number = host.connections
        host.sessions[self.number] = self

    @property
    def open(self) -> bool:
        """Whether the server has not ended it."""
        return self.server is not None

    def busy(self, task: Task) -> None:
        """Somebody speaks over it now."""
        task.line = self
        if self._alarm is not None:
            self._alarm.call_off()
            self._alarm = None

    # ---- patience

    def left_alone(self, task: Task, seconds: float) -> None:
        """Its client will be silent for so long: the server may lose its patience before."""
        self.expire(task.now, task.serial, seconds)

    def expire(self, now: float, serial: int, seconds: float = float("inf")) -> None:
        """Let the server give it up when it loses its patience, unless somebody speaks over it before.

        Args:
            now: since when nothing is heard, seconds since the start.
            serial: the place among what happens at the moment of giving up.
            seconds: how long nothing will be heard.
        """
        patience = self.server.left(now) if isinstance(self.server, Lent) else float("inf")
        if self.attended or patience >= seconds:
            return
        clock = self.host.world.clock

        def given_up() -> None:
            clock.spawn(self.host, self._timed_out(), now + patience)

        self._alarm = Alarm(clock, now + patience, serial, given_up)

    def _timed_out(self) -> Decision[None]:
        yield Level()
        if self.server is not None and self.task is None:
            yield from self.hang_up("timeout")

    # ---- the end

    def hang_up(self, reason: str) -> Decision[Reply | None]:
        """On the server's host: the client is gone, or silent for too long; what the server says to that."""
        server = self.server
        assert server is not None
        self.ended()
        self.unread = yield from server.lost(reason)
        return self.unread

    def ended(self) -> None:
        """It is over."""
        self.server = None
        self.host.sessions.pop(self.number, None)

    def orphaned(self, now: float) -> None:
        """The client's host has died, and nobody tells the server."""
        self.task = None
        self.expire(now, self.host.world.clock.serial())

    def break_off(self, now: float) -> None:
        """The server's host has lost all memory of it."""
        self.server, self.reset = None, True
        if self.task is not None:
            self.task.deadline = min(self.task.deadline, now)
