"""The same world and seed leave the same bytes."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import simmail
from simmail.world.logs import maillog
from simmail.world.world import World


def busy(stops: list[float]) -> World:
    """Lab 01 with more letters, one refused recipient, one far site cut off for a while; run with stops."""
    world = simmail.load("01")
    alice, bob = world.people["alice"], world.people["bledger"]
    clock = world.clock
    for number in range(30):
        writer, to = (alice, "taxes@creativeacct.com") if number % 3 else (bob, "alice@domain.ork")
        draft = writer.compose(to if number % 7 else ["nobody@domain.ork", to], f"number {number}", now=40.0 * number)
        clock.spawn(writer.computer, writer.submit(draft), 40.0 * number)
    clock.at(310.0, lambda: world.network.set_link("office", "provider", False))
    clock.at(700.5, lambda: world.network.set_link("office", "provider", True))
    for stop in sorted(stops):
        world.run(stop)
    world.run(3600.0)
    return world


def outcome(world: World) -> list[object]:
    """All that a user can see of a world."""
    logs = [line for host in world.hosts.values() for line in maillog(host)]
    boxes = [host.machine.files.read(f) for host in world.hosts.values() for f in host.machine.files.names("/var/mail")]
    return [world.journal.until(world.now), logs, boxes, world.results.summary()]


def test_a_thousand_steps_are_one_run() -> None:
    """One go and a thousand random steps of run(until=...) leave identical records, logs and mailboxes."""
    rng = random.Random(7)

    assert outcome(busy([])) == outcome(busy([rng.random() * 1800 for _ in range(1000)]))


def digest(folder: Path) -> dict[str, str]:
    """The hash of each file below a folder."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_two_processes_with_other_hash_seeds_write_the_same_bytes(tmp_path: Path) -> None:
    """Nothing depends on the order of sets or on the process."""
    for seed in ("1", "4242"):
        subprocess.run(
            [sys.executable, "-m", "simmail", "run", "01", "--seed", "3", "--out", str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True,
        )  # fmt: skip

    first = digest(tmp_path / "1")
    assert first
    assert first == digest(tmp_path / "4242")
