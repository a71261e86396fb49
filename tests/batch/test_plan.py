"""A sweep's file, and the runs that it asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simmail.batch.plan import Plan, SweepSpec, points, read
from simmail.batch.sweeping import sweep
from simmail.mail.errors import InputError

HEAD = "world: world\n"


def spec(path: Path, text: str) -> SweepSpec:
    """What a file says."""
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_a_grid_has_every_combination(world: Path, tmp_path: Path) -> None:
    """Policies x values x seeds, each run known by a name of its own."""
    text = """\
policies: [none, strict]
parameters: {mail.domain.ork: {smtpd_helo_required: [no, yes]}}
world_parameters: {actors.trojans.per_day: [10, 20, 30]}
seeds: 4
"""
    plan = Plan(spec(tmp_path / "sweep.yaml", HEAD + text), tmp_path)
    runs = list(plan.runs)
    assert len(plan.cells) == 6
    assert len({planned.task.key for planned in runs}) == len(runs) == 6 * 2 * 4
    last = plan.cells[-1].world.files
    assert "per_day: 30" in last["world.yaml"]
    assert "smtpd_helo_required = yes\n" in last["policies/strict/mail.domain.ork/etc/postfix/main.cf"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("[20, -1]", r"world_parameters.actors.trojans.per_day: -1: Input should be greater than or equal to 0"),
        ("[ten]", r"world_parameters.actors.trojans.per_day: ten: 'ten' is no number"),
    ],
)
def test_a_value_that_the_world_cannot_have_is_told(world: Path, tmp_path: Path, values: str, said: str) -> None:
    """Before anything is run, by the name that the sweep's file has for it."""
    found = spec(tmp_path / "sweep.yaml", f"{HEAD}world_parameters: {{actors.trojans.per_day: {values}}}\n")
    with pytest.raises(InputError, match=re.escape(said)):
        Plan(found, tmp_path)


def test_a_range_of_what_is_counted_is_of_whole_numbers(world: Path, tmp_path: Path) -> None:
    """Its ends are whole by chance; what is drawn is not."""
    text = HEAD + "design: latin\nworld_parameters: {{actors.trojans.count: {{from: 1, to: 3{}}}}}\n"
    Plan(spec(tmp_path / "sweep.yaml", text.format(", whole: true")), tmp_path)
    with pytest.raises(InputError, match="no whole number"):
        Plan(spec(tmp_path / "sweep.yaml", text.format("")), tmp_path)


def test_a_parameter_that_nothing_reads_is_told(world: Path, tmp_path: Path) -> None:
    """A misspelt one would vary nothing."""
    asked = spec(tmp_path / "sweep.yaml", HEAD + "parameters: {mail.domain.ork: {smtpd_helo_requird: [no, yes]}}\n")
    with pytest.raises(InputError, match="nothing reads; was 'smtpd_helo_required' meant"):
        Plan(asked, tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("policies: [none]\nparameters:\n  mail.domain.ork:\n    smtpd_helo_requird: [no]\n", 5),
        ("parameters:\n  mail.domain.org:\n    smtpd_helo_required: [no]\n", 3),
        ("policies:\n  - none\n  - stricter\n", 4),
        ("world_parameters:\n  actors.nobody.per_day: [1]\n", 3),
        ("world_parameters:\n  actors.trojans.per_day: [ten]\n", 3),
        ("until: 2 hours\n", 2),
    ],
)
def test_what_cannot_be_had_is_told_with_its_line(world: Path, tmp_path: Path, text: str, line: int) -> None:
    """By the sweep's file, and before anything is run or kept."""
    file = tmp_path / "sweep.yaml"
    file.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(f"{file}:{line}: ")):
        sweep(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_latin_hypercube_has_each_part_of_each_range_once() -> None:
    """Ten points of a range lie one in each tenth of it, evenly by factors if asked for, and stay the same."""
    asked = SweepSpec.model_validate(
        {
            "world": "x", "design": "latin", "samples": 10,
            "world_parameters": {
                "a": {"from": 0, "to": 10}, "c": ["x", "y"],
                "b": {"from": 1, "to": 1024, "scale": "log", "whole": True},
            },
        }
    )  # fmt: skip
    found = points(asked)
    assert sorted(int(float(point["a"])) for point in found) == list(range(10))
    assert all(isinstance(point["b"], int) for point in found)
    assert sum(int(point["b"]) < 32 for point in found) == 5
    assert [point["c"] for point in found].count("x") == 5
    assert points(asked) == found


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("polices: [none]\n", 2, r"there is no such field; was 'policies' meant\?"),
        ("replications: 3\n", 2, "replications: there is no such field$"),
        ("seeds: 1..3\n", 2, "seeds: '1..3' is no whole number and no list$"),
        ("seeds: [1, x]\n", 2, "seeds.1: 'x' is no whole number$"),
        ("until: 30\n", 2, "until: 30 is no text; put it in quotation marks$"),
        ("seeds: 0\n", 2, "there must be one seed at least"),
        ("world_parameters:\n  a.b: {from: 1, to: 2}\n", 3, "a grid has no ranges"),
        ("design: latin\nworld_parameters:\n  a.b: {from: 3, to: 2}\n", 4, "that is no range"),
        ("parameters:\n  mail.domain.ork:\n    x: []\n", 4, "there are no values"),
        ("design: [\n", 3, "is no YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    """A message names the file and the line, and says what would do."""
    with pytest.raises(InputError) as told:
        spec(tmp_path / "sweep.yaml", HEAD + text)
    assert str(told.value).startswith(f"{tmp_path / 'sweep.yaml'}:{line}: ")
    assert re.search(said, str(told.value), re.MULTILINE)
