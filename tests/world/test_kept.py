"""Connections that are kept for further mail: used again, closed in time, and lost in every way there is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.world.small import Small

KEEPS = "smtp_connection_cache_destinations = far.example\n"
LONG = KEEPS + "smtp_connection_cache_time_limit = 60s\nconnection_cache_ttl_limit = 60s\n"


def uses(small: Small) -> list[int]:
    """How often the connection had been used at each delivery to far.example."""
    return [r.get("conn_use") for r in small.world.results.records if r.event == "delivery" and r.program == "smtp"]


def lines(small: Small, word: str) -> list[str]:
    """What far.example's smtpd logged of clients that came or went."""
    return [line.split("]: ", 1)[1] for line in small.log(small.far) if line.startswith("smtpd") and word in line]


def run(settings: str, *times: float, until: float = 400.0, fault: Callable[[Small], None] | None = None) -> Small:
    """A world in which near.example gets messages for far.example at these times, and has sent what it can."""
    small = Small(settings)
    for when in times:
        small.send(when, name=f"c{when}")
    if fault is not None:
        fault(small)
    small.world.run(until)
    assert small.world.conservation().problems == []
    return small


def test_one_connection_serves_several_messages() -> None:
    """The second and third message go over the connection of the first; two seconds later it is closed."""
    small = run(KEEPS, 0.0, 1.0, 2.0)
    assert uses(small) == [1, 2, 3]
    assert len(lines(small, "disconnect")) == 1
    assert "ehlo=1 mail=3 rcpt=3 data=3 rset=2 commands=12" in lines(small, "disconnect")[0]
    connecting = [r.get("delays")[2] for r in small.world.results.records if r.program == "smtp"]
    assert connecting[1] < connecting[0] / 2


def test_a_kept_connection_is_closed_in_time() -> None:
    """After two seconds the server is rid of it, and the next message has one of its own."""
    small = run(KEEPS, 0.0, 10.0)
    assert uses(small) == [1, 1]
    connects, ends = (
        [r.time for r in small.world.journal if r.host == "far.example" and r.event == event]
        for event in ("connect", "disconnect")
    )
    assert 2.0 < ends[0] - connects[0] < 2.6


@pytest.mark.parametrize("settings", ["", "smtp_connection_cache_on_demand = no\n"])
def test_without_a_line_nothing_is_kept(settings: str) -> None:
    """Messages that come one by one have a connection each."""
    small = run(settings, 0.0, 3.0, 6.0)
    assert uses(small) == [1, 1, 1]
    assert ["quit=1" in line for line in lines(small, "disconnect")] == [True] * 3


def test_a_line_keeps_the_connection() -> None:
    """With one delivery at a time and ten messages at once, the first connection is for one, the second for nine."""
    small = run("smtp_destination_concurrency_limit = 1\n", *[0.0] * 10)
    assert sorted(uses(small)) == [1, 1, *range(2, 10)]


def crash(name: str, at: float, back: float) -> Callable[[Small], None]:
    """A host that is down for a while."""

    def plan(small: Small) -> None:
        faults = small.world.faults
        small.world.clock.at(at, lambda: faults.host(name))
        small.world.clock.at(back, lambda: faults.host(name, fails=False))

    return plan


def cut(at: float, back: float) -> Callable[[Small], None]:
    """A link to far.example that is down for a while."""

    def plan(small: Small) -> None:
        faults = small.world.faults
        small.world.clock.at(at, lambda: faults.link("far.example", "hub"))
        small.world.clock.at(back, lambda: faults.link("far.example", "hub", fails=False))

    return plan


def order(at: float, command: str) -> Callable[[Small], None]:
    """An administrator at work on near.example."""

    def plan(small: Small) -> None:
        small.world.run(at)
        small.near.sh(command)

    return plan


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (crash("far.example", 3.0, 5.0), [1, 1]),  # it knows nothing of the connection any more
        (crash("near.example", 3.0, 5.0), [1, 1]),  # and so does its own host
        (cut(3.0, 8.0), [1, 2]),  # it never noticed
        (cut(9.9, 15.0), [1, 2]),  # RSET is sent again
        (cut(9.9, 50.0), [1, 1, 1]),  # neither RSET nor a new connection is answered in time: tried again
        (order(5.0, "postfix reload"), [1, 1]),
        (order(5.0, "postfix stop; postfix start"), [1, 1]),
    ],
)
def test_what_may_happen_to_a_kept_connection(fault: Callable[[Small], None], expected: list[int]) -> None:
    """Hosts and links go down and come back between two messages: both are delivered, once."""
    small = run(LONG, 0.0, 10.0, fault=fault)
    assert uses(small) == expected
    assert len(small.delivered()) == 2
    assert [c for host in small.world.hosts.values() for c in host.sessions.values() if c.server is not None] == []


def test_a_server_without_patience() -> None:
    """A server that closes the connection before it is used again costs a round trip, no message."""

    def impatient(small: Small) -> None:
        small.far.edit("main.cf", smtpd_timeout="3s")
        small.far.sh("postfix reload")

    small = run(LONG, 0.0, 10.0, fault=impatient)
    assert uses(small) == [1, 1]
    assert [line.partition(" from ")[0] for line in lines(small, "timeout")] == ["timeout after END-OF-MESSAGE"] * 2
    assert len(small.delivered()) == 2


def test_without_scache_connections_are_not_kept() -> None:
    """A master.cf without scache: the log says so, and each message has its connection."""

    def without(small: Small) -> None:
        small.near.sh("postconf -MX scache/unix; postfix reload")

    small = run(KEEPS, 0.0, 3.0, 6.0, fault=without)
    assert uses(small) == [1, 1, 1]
    said = [line for line in small.log() if "warning" in line]
    assert [line.split("warning: ")[1] for line in said] == [
        "connect to private/scache: Connection refused",
        "connect to private/scache: Connection refused",
        "disabling connection caching",
    ]
    assert len(small.delivered()) == 3
