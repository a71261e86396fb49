"""What the living world shows holds in it and not in a world that differs in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.world.actors.figures import known
from tests.experiments.__main__ import Trials, changes, seeds
from tests.experiments.claims import CLAIMS, Claim, run
from tests.experiments.page import SEEDS, read, render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "experiments.md"
each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=[claim.world for claim in CLAIMS])


@each_claim
def test_a_claim_holds_and_its_control_does_not(claim: Claim, tmp_path: Path) -> None:
    """For one seed."""
    assert run(claim, tmp_path, 1)
    assert not run(claim, tmp_path, 1, control=True)


@pytest.mark.long
@each_claim
def test_a_claim_holds_in_nine_of_ten_seeds(claim: Claim) -> None:
    """And in its control in none, or nearly none; with eight of ten changed figures, or the page says why not."""
    trials = Trials(2)
    trials.run([*seeds(claim), *seeds(claim, True)])
    trials.run(changes(claim, trials.figures(claim)))
    found = trials.found(claim)
    assert found.held >= 0.9 * len(SEEDS), found
    assert found.control <= 0.1 * len(SEEDS), found
    assert found.good >= 0.8 * found.tried or claim.depends, found


def test_what_was_found_is_kept(tmp_path: Path) -> None:
    """A run that was broken off goes on where it was."""
    keep = tmp_path / "kept"
    (claim,) = (claim for claim in CLAIMS if claim.world == "behind-a-gateway")
    Trials(1, keep).run(seeds(claim)[:1])
    again = Trials(1, keep)
    assert list(again.held(seeds(claim)[:1])) == seeds(claim)[:1]
    assert "spam.forged_invalid_domain" in again.figures(claim)


def test_the_page_is_of_these_claims() -> None:
    """Its words are those of the code, all but the numbers; its numbers are good enough, and its figures assumed."""
    page = PAGE.read_text(encoding="utf-8")
    found = read(page)
    assert list(found) == [claim.world for claim in CLAIMS]
    assert render(found) == page
    for claim in CLAIMS:
        of = found[claim.world]
        assert of.held >= 0.9 * len(SEEDS), claim.world
        assert of.control <= 0.1 * len(SEEDS), claim.world
        assert of.good >= 0.8 * of.tried or claim.depends, claim.world
        assert {known()[name].grade for name in of.figures} <= {"assumed"}
