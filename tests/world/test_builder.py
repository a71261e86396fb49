"""Random worlds are worlds: loaded from their folder, run, and no mail is lost in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.cli import main
from simmail.mail.errors import InputError
from simmail.world.builder import build
from simmail.world.loader import load
from simmail.world.world import World


def test_a_random_world_delivers_its_mail(tmp_path: Path) -> None:
    """All that thirty people at ten sites write on a Monday morning arrives."""
    world = load(build(tmp_path / "net", 10))
    world.run("12h")
    fates = world.results.account.fates
    assert len(fates) > 100
    assert {fate.state for fate in fates if fate.written < 11.9 * 3600} == {"delivered"}


def test_branches_and_homes_send_as_they_are_connected(tmp_path: Path) -> None:
    """A branch's mail leaves through head office, and an access network's people show their gateway's address."""
    world = load(build(tmp_path / "net", 12, 3))
    world.run("12h")
    branches = {name for name in world.hosts if name.startswith("branch.")}
    gates = {name.removeprefix("gate.") for name in world.hosts if name.startswith("gate.")}
    assert branches
    assert gates
    relays = {(r.host, r.get("relay").partition("[")[0]) for r in world.results.records if r.event == "delivery"}
    for branch in branches:
        assert {relay for host, relay in relays if host == branch} <= {f"mail.{branch[7:]}", "local"}
    for domain in gates:
        clients = {r.fields[0] for r in world.results.records if r.event == "connect" and r.host == f"mail.{domain}"}
        assert f"gate.{domain}" in clients
        assert not [name for name in clients if name.startswith("pc-")]


def _conserved(world: World, until: str) -> int:
    """Runs a world, sees that no mail is lost, and counts what was written."""
    world.run(until)
    conservation = world.conservation()
    assert conservation.holds, conservation
    assert sum(balance.ended.get("sent", 0) for balance in conservation.balances) > 0
    return sum(1 for record in world.journal if record.event == "composed")


def test_a_hundred_sites_lose_no_mail(tmp_path: Path) -> None:
    """The first hours of a working day of three hundred people."""
    assert _conserved(load(build(tmp_path / "net", 100)), "8h") > 250


@pytest.mark.long
def test_a_thousand_sites_lose_no_mail(tmp_path: Path) -> None:
    """Nor do a thousand with two hundred thousand messages in a day."""
    assert _conserved(load(build(tmp_path / "net", 1000, per_day=60)), "1d") > 200_000


def test_the_same_seed_builds_the_same_world(tmp_path: Path) -> None:
    """To the octet; another seed another one."""
    texts = [
        (build(tmp_path / name, 30, seed) / "world.yaml").read_bytes() for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert texts[0] == texts[1] != texts[2]


def test_what_cannot_be_built_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that holds a world, no sites at all."""
    build(tmp_path / "net", 1)
    with pytest.raises(InputError, match="holds a world already"):
        build(tmp_path / "net", 1)
    assert main(["build", str(tmp_path / "none"), "--sites", "0"]) == 1
    assert "sites: 0 cannot be built; from 1 to 4000" in capsys.readouterr().err
