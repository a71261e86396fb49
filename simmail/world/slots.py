"""A service's processes: as many as master.cf allows, lent to sessions in the order in which they came."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from simmail.mail.questions import Decision, Level
from simmail.world.clock import WAIT, Alarm, Task


class Slots:
    """The processes of one service.

    Args:
        limit: how many there may be; 0 for any number.
        on_last: told the time whenever the last free process is lent out.

    Attributes:
        busy: how many are lent out.
        waiting: the tasks that wait for one, first come first served, each with the alarm of its patience.
    """

    __slots__ = ("busy", "limit", "on_last", "waiting")

    def __init__(self, limit: int, on_last: Callable[[float], None] | None = None) -> None:
        self.limit, self.busy, self.on_last = limit, 0, on_last
        self.waiting: deque[tuple[Task, Alarm]] = deque()

    def acquire(self, task: Task, deadline: float) -> Any:
        """Take a process, at the clock's time: True at once, or a wait for True, or False at the deadline."""
        if not self.limit or self.busy < self.limit:
            self.busy += 1
            if self.busy == self.limit and self.on_last is not None:
                self.on_last(task.now)
            return True

        def give_up() -> None:
            self.waiting.remove(entry)
            task.resume(False)

        entry = (task, Alarm(task.clock, deadline, task.serial, give_up))
        self.waiting.append(entry)
        return WAIT

    def give_back(self) -> Decision[None]:
        """A session is over: its process is free once all that happens before has happened."""
        yield Level()
        self.release()

    def release(self) -> None:
        """A process is free: the first in the line has it."""
        while self.waiting:
            task, alarm = self.waiting.popleft()
            alarm.call_off()
            if not task.over:
                if self.on_last is not None:
                    self.on_last(task.clock.now)
                task.resume(True)
                return
        self.busy -= 1
