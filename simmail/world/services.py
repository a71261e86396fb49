"""How the world answers what programs ask of their host: names, counters, policy servers, commands, files."""

from __future__ import annotations

from typing import Any

from simmail.mail.answers import Exit
from simmail.mail.questions import Decision, Detach, Dns, Draw, FlushSite, LookUps, Run
from simmail.world.chance import keyed
from simmail.world.clock import WAIT, Impatient, Task

SIGKILL = 9


def dns(task: Task, question: Dns) -> Any:
    """Ask the host's resolver; it takes the time it takes, and what it remembers nobody else can change meanwhile."""
    resolver = task.host.resolver
    known = resolver.known(question.name, question.type, task.now)
    if known is not None:
        return known
    if not task.level(question):
        return WAIT
    answer, seconds = resolver.ask(question.name, question.type, task.now)
    task.now += seconds
    return answer


def look_ups(task: Task, question: LookUps) -> Any:
    """Ask the host's resolver for several names at once."""
    ask = task.host.resolver.ask
    return tuple(ask(name, question.type, task.now) for name in question.names)


def draw(task: Task, question: Draw) -> float:
    """Chance, which belongs to the host and the cause."""
    return keyed(task.host.world.seed, task.host.name, *question.cause)


def run(task: Task, question: Run) -> Any:
    """Run a command of the host in its small shell."""
    return task.call(task.host, _within(task, question))


def _within(task: Task, question: Run) -> Decision[Exit]:
    """A command that is ended when its time is up."""
    deadline = task.now + question.timeout
    outer, task.deadline = task.deadline, min(task.deadline, deadline)
    running = task.host.running(question)
    try:
        exit: Exit = yield from running
        return exit
    except Impatient:
        if outer < deadline:
            raise
        task.now = max(deadline, task.clock.now)
        return Exit(-SIGKILL, timed_out=True)
    finally:
        task.deadline = outer


def detach(task: Task, question: Detach) -> Any:
    """Let a program of the host run on by itself."""
    task.clock.spawn(task.host, question.decision, task.now)
    return None


def flush_site(task: Task, question: FlushSite) -> Any:
    """Let the queue manager try what waits for a domain."""
    task.host.master.manage(lambda manager, now: manager.flush_site(question.site, now))
    return None
