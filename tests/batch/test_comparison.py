"""Policies side by side: the same mail under each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simmail.batch import compare, replication
from simmail.batch.figures import COMPARED
from simmail.cli import main
from simmail.mail.errors import InputError
from simmail.world import loader
from simmail.world.world import World
from tests.batch.conftest import MAIN_CF


def test_a_policy_against_itself_differs_by_nothing(world: Path) -> None:
    """The same seeds bring the same mail, so every difference is exactly 0."""
    found = compare(world, ["none", "none"], 2, jobs=1)
    assert all(found.difference("none", name)[:2] == (0.0, 0.0) for name in COMPARED)


def test_a_server_that_takes_nothing_stops_spam_and_loses_mail(world: Path) -> None:
    """The figures say what a policy does, seed by seed, and the picture and the table say the same."""
    found = compare(world, ["none", "closed"], 3, jobs=1)
    assert found.values("closed", "spam_let_in") == [0.0, 0.0, 0.0]
    open_, closed = ([row.figures for row in found.rows[policy]] for policy in ("none", "closed"))
    assert all(row["spam_let_in"] > 0 and row["wanted_lost"] == 0 for row in open_)
    assert [row["wanted_lost"] for row in closed] == [row["wanted"] for row in open_]
    table = found.table.set_index(["figure", "policy"])
    assert table.loc[("spam_let_in", "closed"), "difference"] == -found.mean("none", "spam_let_in").mean
    assert f"spam_let_in under closed {found.difference('closed', 'spam_let_in').mean:+.3g}" in found.picture.alt
    assert found.picture.png().startswith(b"\x89PNG")


def test_cores_change_nothing(world: Path) -> None:
    """Two processes give the rows that one gives."""
    one, two = (compare(world, ["none", "strict"], 3, jobs=jobs) for jobs in (1, 2))
    assert json.dumps(one.as_json()) == json.dumps(two.as_json())
    assert one.runs.equals(two.runs)


def test_precision_is_reached(world: Path) -> None:
    """It goes on until the interval is as narrow as wanted, and says how many it took."""
    found = compare(world, ["none", "strict"], 2, precision={"spam_let_in": 2.0}, jobs=1)
    assert found.difference("strict", "spam_let_in").half_width <= 2.0
    assert len(found.seeds) > 2
    assert "spam_let_in to ± 2: reached" in found.told()


def test_a_run_that_fails_is_told_and_the_rest_goes_on(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that breaks is a row with its reason; its pair counts for nothing, the others for all they are worth."""

    def load(folder: Path, seed: int, policy: str) -> World:
        if (seed, policy) == (2, "strict"):
            raise RuntimeError("too much")
        return loader.load(folder, seed, policy)

    monkeypatch.setattr(replication, "load", load)
    found = compare(world, ["none", "strict"], 3, jobs=1)
    assert found.failures == [("strict", 2, "RuntimeError: too much")]
    assert (found.mean("none", "spam_let_in").size, found.difference("strict", "spam_let_in").size) == (3, 2)
    assert "failed: policy strict, seed 2: RuntimeError: too much" in found.told()


def test_a_server_that_does_not_start_is_remarked_upon(world: Path) -> None:
    """Nothing comes in and nothing is lost: who reads the figures is told why."""
    main_cf = world / "policies/closed/mail.domain.ork/etc/postfix/main.cf"
    main_cf.write_text(MAIN_CF + "oops\n", encoding="utf-8")
    found = compare(world, ["none", "closed"], 2, until="2h", jobs=1)
    ((policy, (said,)),) = found.remarks.items()
    assert policy == "closed"
    assert "Postfix does not start" in said
    assert "etc/postfix/main.cf:" in said
    assert f"policy closed: {said}" in found.told()


def test_a_policy_of_no_host_is_told(world: Path) -> None:
    """A misspelt host would be no policy at all."""
    (world / "policies/strict/mail.domain.ork").rename(world / "policies/strict/mail.domain.orc")
    found = compare(world, ["none", "strict"], 2, jobs=1)
    assert "is no host of this world; was 'mail.domain.ork' meant?" in found.told()


@pytest.mark.parametrize(
    ("policies", "precision", "said"),
    [
        (["nowhere"], {}, "there are: closed, strict, none"),
        (["none"], {"spam": 1.0}, "there is no such figure"),
        (["none"], {"spam_let_in": 0.0}, "is not above 0"),
    ],
)
def test_what_is_not_there_is_told(world: Path, policies: list[str], precision: dict[str, float], said: str) -> None:
    """A policy or a figure that is not there is an error that names what is."""
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        compare(world, policies, 2, precision=precision, jobs=1)


def test_what_is_asked_of_a_comparison_has_to_be_in_it(world: Path) -> None:
    """Another policy, another figure, a half-width of nothing; policies and a number that are none."""
    found = compare(world, ["none", "strict"], 2, jobs=1)
    for asked, said in (
        (lambda: found.mean("closed", "spam_let_in"), "policy 'closed': is not compared here; there are: none, strict"),
        (lambda: found.difference("strict", "spam"), "figure 'spam': is not there; there are: spam_let_in,"),
        (lambda: found.needed({"spam_let_in": 0}), "precision spam_let_in=0: is not above 0"),
        (lambda: compare(world, "none"), "policies: 'none' is no list; write"),
        (lambda: compare(world, ["none"], "3"), "replications: '3' is no number; write 10"),  # type: ignore[arg-type]
    ):
        with pytest.raises(InputError, match=said):
            asked()


def test_the_command(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`simmail compare` prints the table, or JSON, and writes table, runs and picture."""
    asked = ["compare", str(world), "--policies", "none,strict", "--replications", "2", "--jobs", "1"]
    assert main([*asked, "--out", str(tmp_path / "out")]) == 0
    assert "strict - none" in capsys.readouterr().out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["comparison.json", "comparison.png", "runs.parquet"]
    assert main([*asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "out" / "comparison.json").read_text())


def test_the_example_of_the_readme(root: Path) -> None:
    """The world that the README compares has the policies that it names, and they differ as it says."""
    words = next(
        line for line in (root / "README.md").read_text(encoding="utf-8").splitlines() if "simmail compare" in line
    ).split()
    found = compare(root / words[2], words[words.index("--policies") + 1].split(","), 2, jobs=1)
    assert not found.failures
    assert found.difference("after", "spam_let_in").mean < 0
