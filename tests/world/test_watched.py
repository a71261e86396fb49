"""Watching changes nothing: with every wait an event of its own, the same comes out."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from simmail.mail.records import Record
from simmail.world.world import World
from tests.world.random_world import LENGTH_S, make, orders


def run(seed: int, folder: Path, stops: list[float], watched: bool = False) -> World:
    """A random world with its administrators, run with stops."""
    folder.mkdir()
    world = make(seed, folder)
    world.watched = watched
    plan = [(when, host, command) for when, host, command in orders(seed)] + [(when, "", "") for when in stops]
    for when, host, command in sorted(plan):
        if when > world.now:  # a command of an administrator may have taken longer than until then
            world.run(when)
        if host and world.host(host).up:
            world.host(host).sh(command)
    world.run(2 * LENGTH_S)
    return world


def outcome(world: World) -> list[Record]:
    """All that happened, whoever did it."""
    return [record._replace(task=0) for record in world.journal.until(world.now)]


def events(world: World) -> int:
    """How many events SimPy's clock has seen."""
    return int(next(world.clock.env._eid))


@pytest.mark.parametrize("seed", range(8))
def test_a_watched_run_comes_out_like_a_summed_one(seed: int, tmp_path: Path) -> None:
    """Sessions, faults and administrators: each record is there in both runs, at the same time."""
    summed, watched = run(seed, tmp_path / "a", []), run(seed, tmp_path / "b", [], watched=True)
    assert outcome(summed) == outcome(watched)
    assert events(watched) > events(summed)


@pytest.mark.parametrize("seed", range(8, 14))
def test_stops_do_not_show_whatever_fails(seed: int, tmp_path: Path) -> None:
    """A run in one go and one in two hundred random steps are the same, faults and all."""
    rng = Random(seed)
    stops = [rng.uniform(0, LENGTH_S) for _ in range(200)]
    assert outcome(run(seed, tmp_path / "a", [])) == outcome(run(seed, tmp_path / "b", stops))


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_many_watched_runs(part: int, tmp_path: Path) -> None:
    """Watched, cut, and in one go: two hundred random worlds."""
    for seed in range(100 + 20 * part, 120 + 20 * part):
        rng = Random(seed)
        stops = [rng.uniform(0, LENGTH_S) for _ in range(50)]
        plain = outcome(run(seed, tmp_path / f"a{seed}", []))
        assert plain == outcome(run(seed, tmp_path / f"b{seed}", stops)), seed
        assert plain == outcome(run(seed, tmp_path / f"c{seed}", stops, watched=True)), seed
