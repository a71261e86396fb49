"""Which of a service's idle processes takes the next client."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simmail.postfix.processes import Process, Processes

MAX_IDLE_S, MAX_USE = 10.0, 3


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=60))
def test_the_one_that_was_idle_last_and_not_too_long(steps: list[tuple[bool, int]]) -> None:
    """A client gets the process whose last client left last, before this moment; a new one where all have ended."""
    pool = Processes(MAX_USE, MAX_IDLE_S, Process)
    busy: list[Process] = []
    idle: list[Process] = []
    now = 0.0
    for comes, later in steps:
        if comes:
            now += later
            fit = [one for one in idle if 0 < now - one.idle_since < MAX_IDLE_S]
            process = pool.take(now)
            if fit:
                assert process in fit
                assert process.idle_since == max(one.idle_since for one in fit)
                idle.remove(process)
            else:
                assert process not in idle
                assert process.served == 1
            busy.append(process)
        elif busy:
            process = busy.pop(later % len(busy))
            pool.leave(process, now + later)  # sessions run ahead of the clock
            if process.served < MAX_USE:
                idle.append(process)


def test_whoever_comes_as_another_leaves_has_come_before() -> None:
    """At one moment a process is not free for a new client that another leaves."""
    pool = Processes(MAX_USE, MAX_IDLE_S, Process)
    first = pool.take(1.0)
    pool.leave(first, 2.0)
    assert pool.take(2.0) is not first
    assert pool.take(2.5) is first


def test_clients_that_come_at_once_and_are_soon_served_share_a_new_process() -> None:
    """The first takes the idle process, the others one that is started; when all have left, both are idle once."""
    pool = Processes(100, MAX_IDLE_S, Process)
    first = pool.take(1.0, brief=True)
    pool.leave(first, 1.5)
    at_once = [pool.take(2.0, brief=True) for _ in range(4)]
    assert at_once[0] is first
    assert at_once[1] is at_once[2] is at_once[3] is not first
    for process in at_once:
        pool.leave(process, 2.5)
    assert pool.idle(3.0) == 2
    assert pool.take(3.0, brief=True) is not pool.take(3.0, brief=True)


def test_a_new_process_knows_of_those_before_it() -> None:
    """One that is started knows how many came at that moment before its client, until that one leaves."""
    processes = Processes(100, 100.0, Process)
    first, second, third = (processes.take(1.0) for _ in range(3))
    assert [process.behind for process in (first, second, third)] == [0, 1, 2]
    processes.leave(second, 2.0)
    assert processes.take(3.0) is second
    assert second.behind == 0
