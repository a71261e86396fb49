"""Programs send mail at a rate that changes with the hour, and have no queue of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import fmean, pstdev

import pytest

from simmail.batch.load_limit import _rates
from simmail.mail.errors import InputError
from simmail.world import scenario
from simmail.world.world import World

SHOP = """\
actors:
  shop:
    kind: program
    site: office
    host: mail.domain.ork
    server: mail.domain.ork
    sender: orders@domain.ork
    writes_to: ["alice+{n}@domain.ork"]
    per_hour: {"1:00": 600, "2:00": 60, "2h30m": 0}
"""
PLUS = "recipient_delimiter = +\n"


def test_the_rate_changes_with_the_hour(small: Callable[..., World]) -> None:
    """Nothing before the first moment, then as often as is said, and nothing after the last."""
    world = small(SHOP, PLUS)
    world.run("6h")
    fates = world.results.account.fates
    hours = Counter(int(fate.written // 1800) for fate in fates)
    assert set(hours) == {2, 3, 4}
    assert 240 < hours[2] < 360
    assert 240 < hours[3] < 360
    assert 12 < hours[4] < 48
    assert {fate.state for fate in fates} == {"delivered"}
    assert [fate.recipient for fate in fates] == [f"alice+{n}@domain.ork" for n in range(1, len(fates) + 1)]


def test_letters_come_by_chance(small: Callable[..., World]) -> None:
    """The times between two are as spread out as they are long, as those of a Poisson process."""
    world = small(SHOP, PLUS)
    world.run("2h")
    gaps = [later.written - earlier.written for earlier, later in pairwise(world.results.account.fates)]
    assert fmean(gaps) == pytest.approx(6.0, rel=0.1)
    assert pstdev(gaps) == pytest.approx(6.0, rel=0.2)


@pytest.mark.parametrize(("main_cf", "state"), [("defer", "given up"), ("reject", "refused")])
def test_what_is_not_taken_at_once_is_lost(small: Callable[..., World], main_cf: str, state: str) -> None:
    """A program offers each letter once."""
    world = small(SHOP, f"{PLUS}smtpd_client_restrictions = {main_cf}\n")
    world.run("1h10m")
    tries = [record for record in world.results.records if record.event == "attempted"]
    fates = world.results.account.fates
    assert len(tries) == len(fates) > 70
    assert {fate.state for fate in fates} == {state}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("host: mail", "host: nail", r"actors.shop.host: there is no host 'nail.domain.ork'"),
        ("server: mail", "server: nail", r"actors.shop.server: there is no host 'nail.domain.ork'"),
        ('"2:00": 60', '"2:00": -60', r"actors.shop.per_hour: has a rate below 0; 0 stands for none"),
        ('"2:00": 60', '"noon": 60', r"actors.shop.per_hour.noon: 'noon' is no length of time"),
    ],
)
def test_mistakes_are_told(small: Callable[..., World], old: str, new: str, words: str) -> None:
    """What cannot be is told with its place."""
    assert old in SHOP
    with pytest.raises(InputError, match=words):
        small(SHOP.replace(old, new))


def test_no_rate_is_no_mail(small: Callable[..., World]) -> None:
    """A program whose rates are all 0 is silent."""
    world = small(SHOP.replace("600", "0").replace("60,", "0,"))
    world.run("3h")
    assert world.results.account.fates == []


def test_capacity_multiplies_the_rates(small: Callable[..., World]) -> None:
    """Each rate above 0 is one of those that the search for a host's limit changes."""
    folder = small(SHOP, PLUS).folder
    assert isinstance(folder, Path)
    rates = _rates(scenario.read(folder / "world.yaml"))
    assert rates == {"actors.shop.per_hour.1:00": 600, "actors.shop.per_hour.2:00": 60}
