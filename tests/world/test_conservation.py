"""Whatever fails, and whatever administrators do: no recipient is lost, and none is in two places."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simmail.mail.errors import SimmailError
from simmail.mail.message import Recipient
from simmail.mail.records import Journal, Row
from simmail.world.world import World
from tests.world.random_world import AFTERMATH_S, LENGTH_S, NAMES, make, orders


def check(world: World) -> None:
    """Everything is somewhere, now."""
    found = world.conservation()
    assert found.problems == [], found
    for fate in world.results.account.fates:
        assert fate.state in ("delivered", "refused", "bounced", "given up", "discarded", "deleted", "waiting")


def live(seed: int, folder: Path, more: str = "") -> World:
    """Let a random world run to its end, looking at it at random moments; then let it come to rest.

    Args:
        seed, folder, more: those of `make`.
    """
    world = make(seed, folder, more)
    looks = Random(f"looks {seed}")
    plan = [(when, host, command) for when, host, command in orders(seed)]
    plan += [(looks.uniform(0, LENGTH_S), "", "") for _ in range(6)]
    for when, host, command in sorted(plan):
        if when > world.now:  # a command of an administrator may have taken longer than until then
            world.run(when)
        if host and world.host(host).up:
            world.host(host).sh(command)
        check(world)
    world.run(max(LENGTH_S, world.now) + 1)
    for name in NAMES:
        host = world.host(name)
        assert host.up
        assert host.master is not None
        host.sh("postfix start")
        host.sh("postsuper -H ALL")
    world.run(world.now + AFTERMATH_S)
    check(world)
    return world


def at_rest(world: World) -> None:
    """Nothing waits any more but what a rule holds, and nobody is at work."""
    for name in NAMES:
        master = world.host(name).master
        assert master is not None
        for queue in ("maildrop", "incoming", "active", "deferred"):
            assert {} == master.spool.queue(queue), (name, queue)
        assert {} == master.spool.jobs
    assert [] == [c for host in world.hosts.values() for c in host.sessions.values() if c.server is not None]


#: Connections are kept for any destination, and for long enough that much can happen to them.
KEEPS = (
    "smtp_connection_cache_destinations = static:all\n"
    "smtp_connection_cache_time_limit = 100s\n"
    "connection_cache_ttl_limit = 100s\n"
)


def story(seed: int, more: str = "") -> World:
    """One random world; the arguments are those of `make`."""
    with TemporaryDirectory() as folder:
        world = live(seed, Path(folder), more)
        at_rest(world)
    return world


@pytest.mark.parametrize("seed", [1, 2, 4, 6, 7, 11])
def test_nothing_is_lost_over_kept_connections(seed: int) -> None:
    """The same where connections are kept for a hundred seconds."""
    world = story(seed, KEEPS)
    assert any(r.event == "delivery" and r.get("conn_use") > 1 for r in world.journal)


@pytest.mark.parametrize("options", ["", "smtpd_proxy_options = speed_adjust\n"])
@pytest.mark.parametrize("seed", [1, 2, 4, 6])
def test_nothing_is_lost_on_the_way_through_a_filter(seed: int, options: str) -> None:
    """The same where each server passes what it hears on to another of its own before it is queued."""
    world = story(seed, f"smtpd_proxy_filter = 127.0.0.1:10026\n{options}")
    assert any(r.event == "text" and r.get("text").startswith("proxy-accept: ") for r in world.journal)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**9))
def test_nothing_is_lost_in_random_worlds(seed: int) -> None:
    """Random servers, traffic, faults and orders: each recipient is in one place always; in the end none wait."""
    story(seed)


@pytest.mark.parametrize("seed", [1356, 6352])
def test_nothing_is_lost_where_something_was(seed: int) -> None:
    """Packets were lost at the end of a connection's patience; a message was requeued that was delivered."""
    story(seed)


@pytest.mark.long
@pytest.mark.parametrize("part", range(20))
def test_nothing_is_lost_in_two_thousand_random_worlds(part: int) -> None:
    """The same, a hundred worlds a part."""
    for seed in range(100 * part, 100 * (part + 1)):
        story(seed, KEEPS if seed % 2 else "")


def test_what_is_lost_is_missed(tmp_path: Path) -> None:
    """A message that vanishes from a queue, and a recipient that is in two places, are both found out."""
    world = make(1, tmp_path)
    spool = world.host("two.example").master.spool  # type: ignore[union-attr]
    while not spool.deferred and not spool.active:
        world.run(world.now + 1)
    assert world.conservation().holds
    queue = spool.deferred or spool.active
    queue_id, message = next(iter(queue.items()))
    spool.hold[queue_id] = message
    assert any("is in" in problem for problem in world.conservation().problems)
    del spool.hold[queue_id], queue[queue_id]
    assert any("missing" in problem for problem in world.conservation().problems)
    with pytest.raises(SimmailError, match="a fault of simmail itself"):
        world.conservation().demand()
    queue[queue_id] = message
    message.done += (Recipient("x@two.example"),)
    assert any("has not ended" in problem for problem in world.conservation().problems)


def test_what_was_promised_is_missed(tmp_path: Path) -> None:
    """A message that another server says it handed over is nowhere, unless its end is told, be it before."""
    world = make(1, tmp_path)
    world.run(600.0)
    sent = next(r for r in world.journal if r.event == "delivery" and "queued as" in r.get("text"))
    queue_id = sent.get("text").rpartition("queued as ")[2]
    server = next(r.host for r in world.journal if r.event == "message-id" and r.queue_id == queue_id)
    told: list[Row] = [(*r,) for r in world.journal if (r.host, r.queue_id) != (server, queue_id)]
    end: Row = (sent.time, server, "qmgr", "removed", queue_id, (), 0)
    for rows, holds in ((told, False), ([*told, end], True), ([end, *told], True)):
        world.journal = Journal()
        for row in rows:
            world.journal.append(row)
        assert any("is nowhere" in problem for problem in world.conservation().problems) is not holds
