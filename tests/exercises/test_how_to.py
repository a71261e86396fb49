"""`docs/how-to-write-a-lab.md`: its lab and its exercise, built from the page itself, work as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simmail.cli import main
from simmail.lab import exercise as exercises
from simmail.lab.contents import contents
from simmail.lab.notebook import cells
from tests.exercises.trial import KEY, holds, passes, refused_for_its_reason
from tests.notebooks.printed import claims, play

PAGE = "docs/how-to-write-a-lab.md"
FILE = re.compile(r"^`([\w./-]+)`:\n\n(`{3,})\w*\n(.*?\n)\2$", re.DOTALL | re.MULTILINE)
LAB, EXERCISE = "90-too-big", "90-the-drawings"


@pytest.fixture
def course(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of what the page shows, each file where it says."""
    for name, _, text in FILE.findall((root / PAGE).read_text(encoding="utf-8")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path


def test_every_file_of_the_page_is_taken(root: Path) -> None:
    """No fence is passed over: each stands behind its file's name."""
    text = (root / PAGE).read_text(encoding="utf-8")
    rest = FILE.sub("", text)
    assert "```" not in rest
    assert len(FILE.findall(text)) > 15


def test_the_lab_runs(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its notebook from top to bottom, and what its text says was printed is so."""
    source = (course / "labs" / LAB / "lab.md").read_text(encoding="utf-8")
    assert all(len(cell.text.splitlines()) <= 8 for cell in cells(source) if cell.kind == "code")
    assert len(list(claims(source, LAB))) >= 2
    outputs, missing = play(source, LAB, lambda: capsys.readouterr().out)
    assert missing == []
    assert "SIZE 20480" in outputs["1"]
    assert f"[90&nbsp; Too big]({LAB}.ipynb)" in contents(course)
    assert f"`simmail start {EXERCISE}`" in contents(course)


def test_the_exercise_tells_right_from_wrong(course: Path) -> None:
    """In the first variant and in others the start fails and the solution passes; each wrong answer for its reason."""
    exercise = exercises.read(course / "exercises" / EXERCISE)
    students = {str(exercise.variant(f"s{n}", KEY)): f"s{n}" for n in range(40)}
    assert len(students) == 12
    for student in ("", *list(students.values())[:3]):
        holds(exercise, student)
    wrong = sorted(path.name for path in (exercise.folder / exercises.WRONG).iterdir())
    assert len(wrong) >= 4
    for path in (exercise.folder / exercises.RIGHT).iterdir():
        passes(exercise, f"{exercises.RIGHT}/{path.name}")
    for name in wrong:
        refused_for_its_reason(exercise, f"{exercises.WRONG}/{name}")


def test_the_commands_work(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Start, check and grade, as the page has them."""
    assert main(["run", f"../labs/{LAB}", "--until", "10m"]) == 0
    assert main(["start", EXERCISE, "mine"]) == 0
    assert main(["check", "mine"]) == 1
    assert main(["grade", EXERCISE, "mine", "--out", "grades.csv"]) == 0
    assert "mine                     1 of 4" in capsys.readouterr().out
