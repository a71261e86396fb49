"""Tournaments and capacities."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from simmail.batch import capacity
from simmail.batch.bundle import Bundle
from simmail.batch.figures import FIGURES
from simmail.batch.load_limit import Search, drained, scenario_of, search
from simmail.batch.ranking import entries, ranked, tournament
from simmail.batch.replication import Row, Task, lived
from simmail.cli import main
from simmail.mail.errors import InputError
from tests.batch.conftest import CLOSED, HOST, MAIN_CF, STRICT


def rows(*costs: float, failed: str = "") -> list[Row]:
    """Replications that let in so much spam and lose nothing."""
    return [Row("", failed, {**dict.fromkeys(FIGURES, 0.0), "spam_let_in": cost}) for cost in costs]


def test_those_who_cannot_be_told_apart_share_a_rank() -> None:
    """Pair by pair 1 better is better; better by chance alone is a tie; who failed has no place."""
    found = ranked(
        {
            "worse": rows(9, 6, 8, 7), "best": rows(3, 1, 2, 4), "second": rows(4, 2, 3, 5.5),
            "as good": rows(2, 2, 3, 3.1),
            "broken": rows(0, failed="it broke"),
        }
    )  # fmt: skip
    assert [(entry.rank, entry.name) for entry in found] == [
        (1, "best"), (1, "as good"), (3, "second"), (4, "worse"), (0, "broken"),
    ]  # fmt: skip


def test_a_tournament_without_runs_is_none(world: Path, tmp_path: Path) -> None:
    """Nobody has a place after no Monday at all."""
    (tmp_path / "ann.cf").write_text(MAIN_CF, encoding="utf-8")
    with pytest.raises(InputError, match="replications: 0 are too few"):
        tournament(tmp_path, world, 0, jobs=1)


def test_a_tournament(world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each main.cf runs in a process of its own; who asks for names lets in less, who takes nothing loses all."""
    folder = tmp_path / "files"
    for name, more in (("open", ""), ("strict", STRICT), ("closed", CLOSED)):
        path = folder / name / "main.cf"
        path.parent.mkdir(parents=True)
        path.write_text(MAIN_CF + more, encoding="utf-8")
    asked = ["tournament", str(folder), "--world", str(world), "--replications", "2", "--until", "2h", "--loss", "100"]
    assert main([*asked, "--json"]) == 0
    table = {line["name"]: line for line in json.loads(capsys.readouterr().out)}
    assert table["closed"]["spam_let_in"] == 0 < table["closed"]["wanted_lost"]
    assert table["open"]["wanted_lost"] == 0 < table["open"]["spam_let_in"]
    assert table["strict"]["cost"] <= table["open"]["cost"] < table["closed"]["cost"]


def test_links_do_not_compete(tmp_path: Path) -> None:
    """A main.cf that is a link to something else is left where it is."""
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.cf").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="holds no main"):
        entries(tmp_path / "files", HOST)


def test_a_learners_copy_competes_with_its_tables(world: Path, tmp_path: Path) -> None:
    """What lies beside its main.cf counts too; one with a link that leads out fails alone, and says why."""
    for name in ("ann", "joe"):
        etc = tmp_path / "files" / name / f"hosts/{HOST}/etc/postfix"
        etc.mkdir(parents=True)
        (etc / "main.cf").write_text(
            f"{MAIN_CF}smtpd_client_restrictions = check_client_access cidr:/etc/postfix/all\n", encoding="utf-8"
        )
        (etc / "all").write_text("0.0.0.0/0 REJECT\n", encoding="utf-8")
    (etc / "more").symlink_to(tmp_path)
    found = tournament(tmp_path / "files", world, 1, until="2h", jobs=1)
    ann, joe = found.entries
    assert (ann.name, ann.rank, ann.spam.mean) == ("ann", 1, 0.0)
    assert ann.lost.mean > 0
    assert (joe.name, joe.rank) == ("joe", 0)
    assert "is a link that leads out" in joe.failed


def test_mail_that_is_put_off_all_day_counts_as_lost() -> None:
    """Who answers everything with a 4xx loses what is still on its way at the end."""
    figures = {**dict.fromkeys(FIGURES, 0.0), "wanted_waiting": 3.0}
    (entry,) = ranked({"later": [Row("", "", figures), Row("", "", figures)]}, loss=5.0)
    assert (entry.lost.mean, entry.cost.mean) == (3.0, 15.0)


@pytest.fixture
def slow(world: Path) -> Path:
    """The world, where the server passes on what it gets at most every ten minutes."""
    etc = world / f"hosts/{HOST}/etc/postfix"
    (etc / "main.cf").write_text(MAIN_CF + "local_destination_rate_delay = 600s\n", encoding="utf-8")
    text = (world / "world.yaml").read_text(encoding="utf-8").replace("length: 6h", "length: 2d")
    (world / "world.yaml").write_text(text.replace("per_day: 30", "per_day: 0"), encoding="utf-8")
    return world


def test_the_capacity_of_a_server_with_a_known_limit(slow: Path) -> None:
    """One message every ten minutes are six an hour, whoever writes them."""
    found = capacity(slow, HOST, 2, jobs=1)
    assert found.per_hour.mean == pytest.approx(6.0, rel=0.15)
    assert math.exp(found.logarithm.mean) == pytest.approx(144 / 8, rel=0.2)
    assert "no longer drains at" in found.told()


def test_what_never_fills_up_is_told(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A queue that drains at every load has no limit, which is said."""
    bundle = Bundle.read(world)
    assert scenario_of(bundle).study == HOST
    found = search(Search(Task(bundle, "none", 1, "10m", HOST), {"actors.partners.per_day": 0.001}, 0.1))
    assert math.isnan(found.factor)
    assert "drains even at 1024 times" in found.failed
    assert drained(lived(Task(bundle, "none", 1, "1h", HOST)), HOST) is not None
    assert main(["capacity", str(world), "nobody"]) == 1
    assert f"there are: {HOST}" in capsys.readouterr().err
