"""Several servers of one preference share the mail of a domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from simmail.world.world import World

WORLD = """\
  mx1.elsewhere.example: {site: internet, address: 198.51.100.1}
  mx2.elsewhere.example: {site: internet, address: 198.51.100.2}
  mx3.elsewhere.example: {site: internet, address: 198.51.100.3}
actors:
  shop:
    kind: program
    site: office
    host: mail.domain.ork
    server: mail.domain.ork
    sender: orders@domain.ork
    writes_to: ["joe{n}@elsewhere.example"]
    per_hour: {"0:00": 600}
"""
EQUAL = """\
elsewhere.example. IN MX 10 mx1.elsewhere.example.
elsewhere.example. IN MX 10 mx2.elsewhere.example.
elsewhere.example. IN MX 20 mx3.elsewhere.example.
mx1.elsewhere.example. IN A 198.51.100.1
mx2.elsewhere.example. IN A 198.51.100.2
mx3.elsewhere.example. IN A 198.51.100.3
"""
MAIN_CF = "mynetworks = 192.0.2.10\ndefault_destination_concurrency_failed_cohort_limit = 0\n"
ONE_NAME = "elsewhere.example. IN A 198.51.100.1\nelsewhere.example. IN A 198.51.100.2\n"


def first_called(world: World) -> Counter[str]:
    """How many of the messages were tried at each address first (nobody there listens, so all are)."""
    first: dict[str, str] = {}
    for record in world.results.records:
        if record.event == "text" and record.program == "smtp" and record.fields[0].startswith("connect to "):
            first.setdefault(str(record.task), record.fields[0].partition("[")[2].partition("]")[0])
    return Counter(first.values())


@pytest.mark.parametrize("zone", [EQUAL, ONE_NAME])
def test_equal_servers_share_the_mail(small: Callable[..., World], zone: str) -> None:
    """Each is the first for about half of the tries; the one of a worse preference for none."""
    world = small(WORLD, zone=zone, main_cf=MAIN_CF)
    world.run("30m")
    first = first_called(world)
    assert set(first) == {"198.51.100.1", "198.51.100.2"}
    assert sum(first.values()) > 250
    assert 0.4 < first["198.51.100.1"] / sum(first.values()) < 0.6


def test_the_order_can_be_left_to_dns(small: Callable[..., World]) -> None:
    """Without smtp_randomize_addresses the first of the zone is always the first."""
    world = small(WORLD, zone=EQUAL, main_cf=f"{MAIN_CF}smtp_randomize_addresses = no\n")
    world.run("10m")
    assert set(first_called(world)) == {"198.51.100.1"}


def test_the_same_seed_draws_the_same(small: Callable[..., World]) -> None:
    """Chance belongs to the world's seed."""
    drawn = []
    for seed in (1, 1, 2):
        world = small(WORLD, zone=EQUAL, main_cf=MAIN_CF, seed=seed)
        world.run("10m")
        drawn.append([r.fields[0] for r in world.results.records if r.program == "smtp" and r.event == "text"])
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0]
