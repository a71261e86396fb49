"""Tasks run ahead of the clock, and nobody can tell."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simmail.mail.questions import Decision, Note, Sleep
from simmail.mail.records import Journal
from simmail.world.clock import Clock, Level

HOST = SimpleNamespace(name="h")


def visitors(clock: Clock, counter: list[int], plan: list[tuple[float, list[float]]]) -> Iterator[Decision[None]]:
    """Tasks that wait a while, touch a shared counter, and note what they saw."""

    def visit(number: int, waits: list[float]) -> Decision[None]:
        for wait in waits:
            yield Sleep(wait)
            yield Note("p", "text", "", f"{number} walks")
            yield Level()
            counter[0] += 1
            yield Note("p", "text", "", f"{number} counts {counter[0]}")

    for number, (start, waits) in enumerate(plan):
        clock.spawn(HOST, visit(number, waits), start)
    yield from ()


def history(plan: list[tuple[float, list[float]]], stops: list[float]) -> list[Any]:
    """All records of a run that stops at `stops`."""
    journal = Journal()
    clock = Clock(journal)
    list(visitors(clock, [0], plan))
    for stop in sorted(stops):
        clock.run(stop)
    clock.run(1000.0)
    return list(journal.until(1000.0))


TIMES = st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.1, 2.5])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(TIMES, st.lists(TIMES, min_size=1, max_size=4)), min_size=1, max_size=6),
    st.lists(st.floats(0.01, 12.0), max_size=20),
)
def test_a_run_in_steps_is_the_run_in_one_go(plan: list[tuple[float, list[float]]], stops: list[float]) -> None:
    """Wherever a run is cut, and however many ties there are, the same records are left."""
    assert history(plan, []) == history(plan, stops)


def test_watching_changes_nothing() -> None:
    """With every wait an event of its own, the same happens at the same times."""
    rng = random.Random(4)
    plan = [(rng.random(), [rng.random() for _ in range(3)]) for _ in range(8)]
    journal = Journal()
    clock = Clock(journal)
    list(visitors(clock, [0], plan))
    clock.run_while(lambda: True)

    assert history(plan, []) == list(journal.until(1000.0))


def test_nothing_is_recorded_beyond_the_end_of_a_run() -> None:
    """What lies behind `until` is not decided yet when a run stops."""
    journal = Journal()
    clock = Clock(journal)
    list(visitors(clock, [0], [(0.0, [1.0, 1.0, 1.0])]))
    clock.run(2.5)

    assert [1.0, 1.0, 2.0, 2.0] == [record.time for record in journal]


def test_an_appointed_act_comes_before_what_follows_it() -> None:
    """No task runs past a fault that is due: what it does after it sees its effect."""
    journal = Journal()
    clock = Clock(journal)
    counter = [0]
    list(visitors(clock, counter, [(0.0, [1.0, 1.0])]))
    clock.at(1.5, lambda: counter.__setitem__(0, 100))
    clock.run(10.0)

    assert ["0 counts 1", "0 counts 101"] == [r.fields[0] for r in journal if "counts" in r.fields[0]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TIMES, st.lists(TIMES, max_size=3)), min_size=1, max_size=6), st.booleans())
def test_who_begins_at_this_moment_goes_behind_its_elders(plan: list[tuple[float, list[float]]], alone: bool) -> None:
    """Tasks begun by others take their turns by age, whether all of a run goes in a row or each event by itself."""
    journal = Journal()
    clock = Clock(journal)
    counter = [0]

    def family(number: str, waits: list[float]) -> Decision[None]:
        now = yield Level()
        counter[0] += 1
        yield Note("p", "text", "", f"{number} is number {counter[0]}")
        for at, wait in enumerate(waits):
            clock.spawn(HOST, family(f"{number}.{at}", waits[at + 1 :]), now)
            yield Sleep(wait)
            now = yield Level()
            counter[0] += 1
            yield Note("p", "text", "", f"{number} is number {counter[0]}")

    for number, (start, waits) in enumerate(plan):
        clock.spawn(HOST, family(str(number), waits), start)
    if alone:
        clock.run_while(lambda: True)
    else:
        clock.run(1000.0)
    records = list(journal)
    assert [record.fields[0].rpartition(" ")[2] for record in records] == [str(n + 1) for n in range(len(records))]
    assert [(record.time, record.task) for record in records] == sorted((r.time, r.task) for r in records)
