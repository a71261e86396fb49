"""Time: tasks on SimPy's clock that run ahead of it as long as nobody else could tell.

A task walks through decisions and answers their questions.  It has a time of its own, `now`, which waits are added to
without an event; before anything that others share it is brought level with the clock.  It never runs ahead past the
horizon: the end of the present `run(until=...)`, or the next fault.  Of two tasks at one instant the elder goes first,
whenever their events were put down, so that the course of a world does not depend on where its runs were cut.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappush
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, Protocol

import simpy

from simmail.mail.questions import Decision, Level, Note, Now, Question, Sleep

if TYPE_CHECKING:
    from simmail.mail.records import Journal

#: What a handler answers when the task must wait; it is resumed by `Task.resume` or by its own event.
WAIT = object()
#: After how many new objects Python looks for rings of garbage, and how many times for each elder generation.
COLLECTIONS = (200_000, 20, 100)
Handler = Callable[["Task", Any], Any]


#: No server loses its patience with a silent client in less than this, seconds.
IDLE_S = 1.0


class Line(Protocol):
    """What a task may leave open behind it: a connection.  `task`: for whom its server is deciding now."""

    task: Task | None

    def left_alone(self, task: Task, seconds: float) -> None:
        """Nothing will be said over it for so long."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let Python look for rings of garbage more rarely: a run makes next to none, and keeps much."""
    before = gc.get_threshold()
    gc.set_threshold(*COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class Clock:
    """SimPy's environment, and who runs on it.

    Args:
        journal: where notes are written.

    Attributes:
        env: the `simpy.Environment`.
        horizon: no task runs ahead to this time or beyond it.
        watched: whether each wait is an event of its own: nobody runs ahead at all.
        handlers: for each question who answers it, and whether the answer belongs to what tasks share, so that all
            that happens before must have happened: the clock must show the task's time.
        in_a_row: whether all of a run goes on without anybody looking between two events.
        next: tasks that begin at this moment, behind the one that goes on now; None while none does.
    """

    def __init__(self, journal: Journal) -> None:
        self.env = simpy.Environment(0.0)
        self.journal = journal
        self.horizon = 0.0
        self.handlers: dict[type[Question], tuple[Handler, bool]] = {
            Note: (_note, False), Sleep: (_sleep, False), Now: (_time, False), Level: (_time, True),
        }  # fmt: skip
        self._serial = count(1)
        self.watched = self.in_a_row = False
        self._faults: list[float] = []
        self.next: deque[Task] | None = None
        self._until = 0.0

    @property
    def now(self) -> float:
        """The clock's time, seconds since the world's start."""
        env: Any = self.env
        now: float = env._now
        return now

    def serial(self) -> int:
        """The next task's number, by which ties are broken."""
        return next(self._serial)

    def spawn(
        self,
        host: Any,
        decision: Decision[Any],
        now: float,
        done: Callable[[Any, float], None] | None = None,
        life: Life | None = None,
    ) -> Task:
        """Start a decision on a host at time `now`, not before the clock's.

        Args:
            host: where.
            decision: what.
            now: when, seconds since the start.
            done: hears of its end: its verdict, and the time.
            life: what it ends with, at the latest; None where nothing ends it.
        """
        env: Any = self.env
        assert now >= env._now, "nothing begins in the past"
        task = Task(self, host, decision, now, done, life)
        if self.next is not None and now == env._now:
            self.next.append(task)
        else:
            task.wake_at(now)
        return task

    def at(self, time: float, act: Callable[[], None]) -> None:
        """Do something at a moment that no task may run past: a fault, an administrator's act, an operator's change."""
        self._faults.append(time)
        self._faults.sort()

        def acting() -> Decision[None]:
            self._faults.remove(time)
            self._set_horizon()
            act()
            yield from ()

        self.spawn(None, acting(), time)
        self._set_horizon()

    def run(self, until: float) -> None:
        """Let time pass up to `until`, seconds since the start."""
        if until <= self.now:
            return
        self._until = until
        self._set_horizon()
        # given a number, SimPy would stop at now + (until - now), which is not always the same
        end: Any = self.env.event()
        end._ok, end._value = True, None
        heappush(self.env._queue, (until, 0, next(self.env._eid), end))  # type: ignore[misc]
        self.in_a_row = True
        try:
            with rare_collections():
                self.env.run(until=end)
        finally:
            self.in_a_row, self.next = False, None

    def run_while(self, going: Callable[[], bool]) -> None:
        """Let time pass, nobody ahead of the clock, while `going()` holds and anything is left to come."""
        self._until = self.horizon = -inf
        while going() and self.env.peek() != inf:
            self.env.step()

    def _set_horizon(self) -> None:
        self.horizon = min(self._until, self._faults[0]) if self._faults else self._until
        if self.watched:
            self.horizon = -inf


class Impatient(BaseException):
    """Raised in a decision whose client has stopped waiting for it."""


class Life:
    """One life of a computer or a program: tasks that belong to it end when it is `over`."""

    __slots__ = ("over",)

    def __init__(self) -> None:
        self.over = False


class Task:
    """One thread of what happens: a session, a delivery, a person's day.

    It is its own SimPy event (one object, no process), put down anew for each wait.

    Attributes:
        now: its own time, at or ahead of the clock's.
        host: the host whose program is deciding at this moment.
        deadline: when the patience of whoever waits for the present decision is over; it then ends with `Impatient`.
        life: what it ends with, at the latest.
        line: the connection that it opened last, as long as that is open.
    """

    __slots__ = (
        "_answer", "_decision", "_done", "_question", "_stack", "callbacks", "clock", "deadline", "host", "life",
        "line", "now", "serial",
    )  # fmt: skip
    #: What SimPy asks of an event.
    _ok, _value, _defused = True, None, False

    def __init__(
        self,
        clock: Clock,
        host: Any,
        decision: Decision[Any],
        now: float,
        done: Callable[[Any, float], None] | None,
        life: Life | None = None,
    ) -> None:
        self.clock, self.host, self.now, self.life = clock, host, now, life
        self.line: Line | None = None
        self.deadline = inf
        self.serial = next(clock._serial)
        self._decision: Decision[Any] = decision
        self._stack: list[tuple[Decision[Any], Any]] = []
        self._done = done
        self._question: Question | None = None
        self._answer: Any = None
        self.callbacks: tuple[Callable[[Any], None], ...] | None = WOKEN

    def wake_at(self, time: float) -> None:
        """Put this task down on the clock for exactly `time` (a delay would be rounded)."""
        self.callbacks = WOKEN
        env: Any = self.clock.env
        heappush(env._queue, (time, self.serial + 1, next(env._eid), self))

    def resume(self, answer: Any) -> None:
        """Go on at the clock's time with the answer that was waited for."""
        self._question, self._answer = None, answer
        self.now = max(self.now, self.clock.now)
        self.wake_at(self.now)

    def call(self, host: Any, decision: Decision[Any]) -> Any:
        """From a handler: let a decision on another host run first; its verdict is the answer."""
        self._stack.append((self._decision, self.host))
        self._decision, self.host = decision, host
        return CALLED

    @property
    def over(self) -> bool:
        """Whether it has ended with what it belonged to."""
        return self.life is not None and self.life.over

    def go(self) -> None:
        """Ask and answer until something must be waited for, or all is done."""
        if self.life is not None and self.life.over:
            self._stack.clear()
            return
        question, self._question = self._question, None
        answer, self._answer = self._answer, None
        clock = self.clock
        env: Any = clock.env
        handlers = clock.handlers
        send = self._decision.send
        while True:
            if question is None:
                try:
                    question = send(answer) if self.now <= self.deadline else self._decision.throw(Impatient())
                except StopIteration as stop:
                    if not self._stack:
                        if self.line is not None:
                            self.line.left_alone(self, inf)
                        if self._done is not None:
                            self._done(stop.value, self.now)
                        clock.journal.pack()
                        return
                    answer = stop.value
                except Impatient:
                    pass
                if question is None:
                    self._decision, self.host = self._stack.pop()
                    send = self._decision.send
                    continue
            handler, shared = handlers[type(question)]
            if self.now > env._now and (shared or self.now >= clock.horizon):  # the clock must come up first
                self._question = question
                self.wake_at(self.now)
                return
            answer = handler(self, question)
            if answer is WAIT:
                return
            question = None
            if answer is CALLED:
                answer = None
                send = self._decision.send

    def level(self, question: Question) -> bool:
        """From a handler: whether the clock shows this task's time; the question is asked again when it does."""
        env: Any = self.clock.env
        if self.now > env._now:
            self._question = question
            self.wake_at(self.now)
            return False
        return True


def woken(task: Task) -> None:
    """A task's time has come: it goes on, and so do those behind it that begin at this moment.

    These need not be put down on the clock for that, unless an elder one's time has come, too.
    """
    clock = task.clock
    if not clock.in_a_row:
        task.go()
        return
    env: Any = clock.env
    behind = clock.next = deque()
    task.go()
    while behind:
        now, queue = env._now, env._queue
        if queue and queue[0][0] == now and queue[0][1] <= behind[0].serial:
            break
        behind.popleft().go()
    clock.next = None
    for one in behind:
        one.wake_at(env._now)


#: Whom SimPy calls when a task's time has come.
WOKEN: tuple[Callable[[Any], None], ...] = (woken,)


class Alarm:
    """Something that is done at a moment, unless it is called off before.

    Args:
        clock: on which it is put down.
        time: when, seconds since the start.
        serial: its place among the tasks of that moment.
        act: what is done.
    """

    __slots__ = ("_act", "_defused", "_ok", "_value", "callbacks")

    def __init__(self, clock: Clock, time: float, serial: int, act: Callable[[], None]) -> None:
        self._act: Callable[[], None] | None = act
        self._ok, self._value, self._defused = True, None, False
        self.callbacks: list[Callable[[Any], None]] | None = [self._ring]
        env: Any = clock.env
        heappush(env._queue, (time, serial + 1, next(env._eid), self))

    def call_off(self) -> None:
        """It is not done any more."""
        self._act = None

    def _ring(self, _: Any) -> None:
        if self._act is not None:
            self._act()


#: What a handler answers when it has called another decision.
CALLED = object()


def _note(task: Task, said: Note) -> None:
    task.clock.journal.append(
        (task.now, task.host.name, said.program, said.event, said.queue_id, said.fields, task.serial)
    )


def _sleep(task: Task, question: Sleep) -> None:
    if task.line is not None and question.seconds >= IDLE_S:
        task.line.left_alone(task, question.seconds)
    task.now += question.seconds


def _time(task: Task, question: Now | Level) -> float:
    return task.now
