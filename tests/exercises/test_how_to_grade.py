"""`docs/how-to-grade-a-class.md`: its commands, followed in order, come to the table that it shows."""

from __future__ import annotations

import csv
import io
import re
import shlex
import shutil
import zipfile
from pathlib import Path

import pytest

from simmail.cli import main
from simmail.lab import exercise as exercises

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to-grade-a-class.md").read_text(encoding="utf-8")
SECRET = "this is a secret for the page"
#: Who solves it, and how the page names the hand-in; the others hand in what they got.
SOLVED = {"ann": True, "bob": False, "cyd": True}


def commands(word: str) -> list[list[str]]:
    """The page's commands that begin so, as typed; those of a loop are the shell's."""
    return [shlex.split(line) for line in re.findall(rf"^    (simmail {word} .*)$", PAGE, re.MULTILINE)]


def handed_in(student: str, name: str) -> None:
    """A student's exercise, from the handout to the folder of hand-ins, under a name that the page shows."""
    with zipfile.ZipFile(f"handouts/{student}.zip") as archive:
        archive.extractall(f"home/{student}")
    given = exercises.find("03-close")
    assert given is not None
    mine = Path(f"home/{student}/exercises/{given.name}")
    if SOLVED[student]:
        for path, text in given.files(given.variant(student, SECRET.encode()), exercises.SOLUTION).items():
            (mine / path).write_text(text, encoding="utf-8")
    if name.endswith(".zip"):
        shutil.make_archive(f"hand-ins/{name.removesuffix('.zip')}", "zip", mine.parent, mine.name)
    else:
        shutil.copytree(mine, f"hand-ins/{name}")


def test_the_page_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handouts, hand-ins of the names shown, the table, and a late one alone."""
    monkeypatch.chdir(tmp_path)
    Path("secret").write_text(f"{SECRET}\n")
    handouts = commands("handout")
    assert [main(line[1:]) for line in handouts] == [0] * len(SOLVED)
    Path("hand-ins").mkdir()
    names = re.findall(r"^      (\S+)$", PAGE, re.MULTILINE)
    for student, name in zip(SOLVED, names, strict=True):
        handed_in(student, name.rstrip("/"))
    grade, late = commands("grade")
    assert main(grade[1:]) == 0
    (shown,) = re.findall(r"^```\n(student,.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    table = Path("marks.csv").read_text(encoding="utf-8")
    assert list(csv.reader(io.StringIO(table))) == list(csv.reader(io.StringIO(shown)))
    Path("late").mkdir()
    shutil.copy("hand-ins/ann.zip", "late/dan.zip")
    assert main(late[1:]) == 0
    assert "Is the variant of ann, and tried as that of dan" in Path("late.csv").read_text(encoding="utf-8")
