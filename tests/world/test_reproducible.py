"""The same world and seed leave the same bytes."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

import simmail
from simmail.mail.records import Record
from simmail.world.loader import load
from simmail.world.logs import maillog
from simmail.world.world import World
from tests.conftest import ROOT
from tests.world.random_world import folder


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
    return [list(world.journal.until(world.now)), logs, boxes, world.results.summary()]


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


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    """A world whose files were written in another order is the same world."""
    first = folder(Random(13), tmp_path / "a")
    for path in sorted(first.rglob("*"), reverse=True):
        if path.is_file():
            target = tmp_path / "b" / path.relative_to(first)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    worlds = [load(tmp_path / name) for name in "ab"]
    for world in worlds:
        for number, person in enumerate(world.people.values()):
            person.send([f"{user}@two.example" for user in ("ann", "all", "nobody")], f"number {number}")
        world.run(1500)
    assert len(worlds[0].journal) > 50
    assert list(worlds[0].journal.until(1500)) == list(worlds[1].journal.until(1500))


OUTSIDE = """\
title: a day outside
start: 2026-03-02 00:00
sites: [office, internet]
links:
  - {between: [office, internet], latency: 12ms}
hosts:
  mail.domain.ork: {site: office, address: 192.0.2.10, users: {alice: Alice Gray}}
actors:
  friends:
    {kind: sites, site: internet, count: 5, domain: "friend{n}.example", addresses: 198.18.0.0/24,
     writes_to: [alice@domain.ork], per_day: 10}
  campaign:
    {kind: bots, site: internet, addresses: 198.19.0.0/24, targets: [alice@domain.ork], per_day: 200,
     forges: [friend1.example]}
"""
POLICIES = {
    "open": "smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination\n",
    "strict": "smtpd_delay_reject = yes\nsmtpd_recipient_restrictions = reject_unknown_client_hostname, "
    "reject_unauth_destination\nqueue_run_delay = 100s\ndefault_process_limit = 5\n",
}


def from_outside(tmp_path: Path, policy: str) -> tuple[list[Record], Counter[str]]:
    """What others wrote within a day, and what became of it, under one policy."""
    world = load(tmp_path, policy=policy)
    world.run("1d")
    written = [record._replace(task=0) for record in world.results.records if record.event == "composed"]
    return written, Counter(fate.state for fate in world.results.account.fates)


def test_what_comes_from_outside_is_the_same_under_every_policy(tmp_path: Path) -> None:
    """Two policies: the same messages at the same times, with other fates."""
    base = "compatibility_level = 3.6\nmyhostname = mail.domain.ork\nmydomain = domain.ork\nalias_maps =\n"
    base += "mydestination = $myhostname, $mydomain\nmynetworks = 192.168.0.0/16, 127.0.0.0/8\n"
    (tmp_path / "world.yaml").write_text(OUTSIDE, encoding="utf-8")
    (tmp_path / "zones").mkdir()
    zone = "domain.ork. IN MX 10 mail.domain.ork.\nmail.domain.ork. IN A 192.0.2.10\n"
    (tmp_path / "zones/world.zone").write_text(zone, encoding="utf-8")
    places = {"": tmp_path / "hosts", **{name: tmp_path / "policies" / name for name in POLICIES}}
    for name, place in places.items():
        etc = place / "mail.domain.ork/etc/postfix"
        etc.mkdir(parents=True)
        (etc / "main.cf").write_text(base + POLICIES.get(name, ""), encoding="utf-8")

    lax, strict = (from_outside(tmp_path, name) for name in POLICIES)
    assert len(lax[0]) > 100
    assert lax[0] == strict[0]
    assert lax[1] != strict[1]


def rows(python: Path, hash_seed: str, worlds: range) -> str:
    """The hashes of random worlds, made by a process of its own."""
    done = subprocess.run(
        [str(python), "-m", "tests.world.rows", *map(str, worlds)], cwd=ROOT, check=True, capture_output=True,
        text=True, env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.stdout


@pytest.mark.long
def test_every_python_makes_the_same_rows() -> None:
    """Each Python that `make pythons` found, and each hash seed, gives the same hashes for twenty random worlds."""
    worlds = range(20)
    expected = rows(Path(sys.executable), "1", worlds)
    assert len(expected.split()) == 40
    others = {str(python): rows(python, "2", worlds) for python in sorted(ROOT.glob(".venv/pythons/3*/bin/python"))}
    assert {**others, "this one": rows(Path(sys.executable), "3", worlds)} == dict.fromkeys(
        [*others, "this one"], expected
    )
