"""How the world answers what programs ask of their host: names, counters, policy servers, commands, files."""

from __future__ import annotations

from typing import Any

from simmail.mail.questions import Dns, Now
from simmail.world.clock import WAIT, Task


def dns(task: Task, question: Dns) -> Any:
    """Ask the host's resolver; it takes the time it takes."""
    if not task.level(question):
        return WAIT
    answer, seconds = task.host.resolver.ask(question.name, question.type, task.now)
    task.now += seconds
    return answer


def now(task: Task, question: Now) -> float:
    """The task's own time."""
    return task.now
