"""Sweeps: rows in a folder that survives being interrupted."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from simmail.batch import page, replication, runner, sweep
from simmail.batch.bundle import Bundle
from simmail.batch.effects import STOPPED, effect_picture, front, main_effects
from simmail.batch.intervals import interval
from simmail.batch.replication import Row, Task
from simmail.cli import main
from simmail.mail.errors import InputError

TEXT = """\
world: world
policies: [none, strict]
world_parameters:
  actors.trojans.per_day: [10, 40]
seeds: 2
until: 3h
"""


@pytest.fixture
def file(world: Path) -> Path:
    """A sweep of eight runs."""
    path = world.parent / "sweep.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_rows_are_the_same_whoever_ran_them(file: Path, tmp_path: Path) -> None:
    """Two processes give the rows that one gives, and other programs can read them."""
    one, two = (sweep(file, tmp_path / f"out{jobs}", jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one.runs, two.runs)
    assert one.manifest == two.manifest
    plain = pd.read_parquet(tmp_path / "out2" / "runs")
    assert len(plain) == 8
    assert set(plain["policy"]) == {"none", "strict"}
    means = one.table.set_index(["policy", "actors.trojans.per_day"])["spam_let_in"]
    assert means["none", 40] > means["none", 10]


def test_an_interrupted_sweep_goes_on(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was finished is not run again, half a part counts for nothing, and the rows are those of a quiet run."""
    whole = sweep(file, tmp_path / "whole", jobs=1)
    out, ran = tmp_path / "out", []
    true_run = replication.run

    def counted(task: Task) -> Row:
        if len(ran) == 3:
            raise KeyboardInterrupt
        ran.append(task.key)
        return true_run(task)

    monkeypatch.setattr(runner, "run", counted)
    with pytest.raises(KeyboardInterrupt):
        sweep(file, out, jobs=1)
    half = out / ".unfinished" / "half.parquet"
    half.write_bytes(b"PAR1 and no more")
    first, ran[:] = list(ran), [""] * 10
    again = sweep(file, out, jobs=1)
    assert not set(first) & set(ran)
    assert len(first) + len(ran) - 10 == 8
    assert again.ran == 5
    pd.testing.assert_frame_equal(again.runs, whole.runs)
    assert not half.exists()
    assert sweep(file, out, jobs=1).ran == 0


def test_another_sweep_is_not_mixed_in(file: Path, tmp_path: Path) -> None:
    """A folder that holds the rows of other files is refused, and so is one that holds something else."""
    out = tmp_path / "out"
    sweep(file, out, jobs=1)
    file.write_text(TEXT.replace("3h", "2h"), encoding="utf-8")
    with pytest.raises(InputError, match="another sweep; what differs: sweep"):
        sweep(file, out, jobs=1)
    with pytest.raises(InputError, match="something else"):
        sweep(file, tmp_path, jobs=1)


def test_a_failed_run_is_a_row(file: Path, tmp_path: Path) -> None:
    """A value with which no world can be made costs its own runs alone, and the row says why."""
    narrow = TEXT.replace("per_day: [10, 40]", "addresses: [203.0.113.0/24, 203.0.113.0/31]")
    file.write_text(narrow, encoding="utf-8")
    done = sweep(file, tmp_path / "out", jobs=1)
    assert len(done.failures) == 4
    assert len(done.runs) == 8
    assert done.failures["failed"].str.contains("203.0.113.0/31").all()
    assert not done.failures["failed"].str.contains("simmail-").any()
    assert main(["sweep", str(file), "--out", str(tmp_path / "out"), "--jobs", "1"]) == 1


def test_a_moment_that_cannot_be_is_told_before_any_run(file: Path, tmp_path: Path) -> None:
    """No run could go so far."""
    file.write_text(TEXT.replace("3h", '"25:00"'), encoding="utf-8")
    with pytest.raises(InputError, match="until: '25:00' is no time of day"):
        sweep(file, tmp_path / "out", jobs=1)
    assert not (tmp_path / "out").exists()


def test_a_run_alone_has_its_limits(world: Path) -> None:
    """A run in a process of its own gives the same row, and one that wants too much is a row that says so."""
    tasks = [replication.Task(Bundle.read(world), "none", seed, "1h") for seed in range(2)]
    rows = {row.key: row for row in (runner.alone([task], limits(task.seed))[0] for task in tasks)}
    assert rows[tasks[0].key].failed == ""
    assert rows[tasks[0].key].figures == replication.run(tasks[0]).figures
    assert rows[tasks[1].key].failed == replication.OUT_OF_MEMORY


@pytest.mark.long
def test_a_worker_that_dies_takes_no_other_run_with_it(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a dead worker had in hand is tried again by itself, and every run has its row."""

    def deadly(tasks: list[Task], version: str) -> list[Row]:
        if any(task.seed == 5 for task in tasks):
            os._exit(9)
        return replication.run_all(tasks, version)

    deadly.__module__ = "__main__"  # so that it travels as it is, and is not looked for where the worker is
    monkeypatch.setattr(runner, "run_all", deadly)
    bundle = Bundle.read(world)
    tasks = [Task(bundle, "none", seed, "1h") for seed in range(40)]
    rows = list(runner.rows(tasks, 2))
    assert sorted(row.key for row in rows) == sorted(task.key for task in tasks)
    assert not [row for row in rows if row.failed]


def limits(seed: int) -> dict[str, int]:
    """Enough for the first, too little memory for the second."""
    memory = 4_000_000_000 if seed == 0 else 60_000_000
    return {"cpu": 60, "memory": memory, "file": 10_000_000, "files": 200}


def test_the_manifest_knows_all_files_and_no_clock(file: Path, tmp_path: Path) -> None:
    """It says which files, seeds and versions, and two runs of the same sweep write the same octets."""
    texts = []
    for name in ("a", "b"):
        sweep(file, tmp_path / name, jobs=1)
        texts.append((tmp_path / name / "manifest.json").read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    said = json.loads(texts[0])
    assert "world.yaml" in said["files"]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in said["files"].values())
    assert said["seeds"] == [1, 2]


def test_the_page_asks_nobody(file: Path, tmp_path: Path) -> None:
    """All of a sweep's page is in one file: pictures with words, tables, no address to fetch anything from."""
    sweep(file, tmp_path / "out", jobs=1)
    assert main(["report", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / page.PAGE).read_text(encoding="utf-8")
    sources = re.findall(r"""(?:src|href)\s*=\s*["']?([^"'\s>]+)""", text)
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert not re.search(r"https?://|@import|url\(", text)
    assert all(re.search(r'alt="[^"]{30,}"', image) for image in re.findall("<img [^>]*>", text))
    assert "actors.trojans.per_day" in text


def test_the_front_holds_what_nothing_betters() -> None:
    """A point stays unless another stops as much and loses no more; what still waits at the end counts as lost."""
    rows = [("a", 10, 0), ("b", 5, 0), ("c", 1, 2), ("d", 3, 2), ("e", 0, 9), ("f", 1, 9)]
    table = pd.DataFrame(
        [
            {"policy": p, "cell": 0, "spam_let_in": s, "wanted_lost": w - w // 2, "wanted_waiting": w // 2}
            | {"unwanted": 10, "wanted": 10}
            for p, s, w in rows
        ]
    )
    assert list(front(table)["policy"]) == ["b", "c", "e"]


def run_rows(stopped: dict[tuple[str, int, int], float]) -> pd.DataFrame:
    """Rows of runs, (policy, cell, seed) -> the share of a thousand spams stopped."""
    return pd.DataFrame(
        [
            {"policy": policy, "cell": cell, "seed": seed, "spam_let_in": 1000 * (1 - share), "unwanted": 1000}
            | {"wanted_lost": 0, "wanted_waiting": 0, "wanted": 10}
            for (policy, cell, seed), share in stopped.items()
        ]
    )


def test_intervals_tell_of_the_seeds() -> None:
    """However few points there are, or far apart: what the seeds make of a mean is how far it may be from the true."""
    shares = {
        ("a", 0): (0.50, 0.52, 0.54),
        ("a", 1): (0.90, 0.92, 0.94),
        ("b", 0): (0.1, 0.1, 0.1),
        ("b", 1): (0, 0, 0),
    }
    rows = run_rows({(*key, seed): share for key, told in shares.items() for seed, share in enumerate(told, 1)})
    effects = main_effects(rows, []).query(f"share == '{STOPPED}'").set_index("value")
    found = interval([0.70, 0.72, 0.74])
    assert effects.loc["a", "mean"] == pytest.approx(0.72)
    assert (effects.loc["a", "low"], effects.loc["a", "high"]) == pytest.approx((found.low, found.high))
    assert tuple(effects.loc["b", ["mean", "low", "high"]]) == pytest.approx((0.05, 0.05, 0.05))
    drawing = effect_picture(main_effects(rows, []), "policy").figure
    assert (drawing.get_supxlabel(), len(drawing.axes)) == ("policy", 2)
    assert tuple(effects.loc["a", ["points", "seeds"]]) == (2, 3)
    alone = main_effects(rows.query("seed == 1"), []).query(f"share == '{STOPPED}'")
    assert alone["low"].isna().all()


def test_only_choices_are_ranked(file: Path, tmp_path: Path) -> None:
    """How much spam there is cannot be chosen: the policies are compared over all of it."""
    done = sweep(file, tmp_path / "out", jobs=1)
    assert list(done.options["policy"]) == ["none", "strict"]
    assert done.choices == []
    assert done.options["spam_let_in"].mean() == pytest.approx(done.runs["spam_let_in"].mean())
    assert "cell" not in done.picture.alt


def portions_of(numbers: Iterator[int]) -> list[int]:
    """How large the portions of so many tasks are."""
    return [len(portion) for portion in runner.portions(list(numbers), 2)]  # type: ignore[arg-type]


def test_portions_are_small_where_there_is_little_to_do() -> None:
    """Few runs are handed out one by one; many in portions, all of them."""
    assert portions_of(iter(range(10))) == [1] * 10
    assert portions_of(iter(range(1000))) == [8] * 125
    assert sum(portions_of(iter(range(101)))) == 101


def test_a_damaged_part_is_named(file: Path, tmp_path: Path) -> None:
    """Removed, its runs are run again."""
    sweep(file, tmp_path / "out", jobs=1)
    part = next((tmp_path / "out").rglob("*.parquet"))
    part.write_bytes(b"PAR1 no more")
    with pytest.raises(InputError, match=f"{part.name}: is damaged"):
        sweep(file, tmp_path / "out", jobs=1)
    part.unlink()
    assert sweep(file, tmp_path / "out", jobs=1).ran > 0
