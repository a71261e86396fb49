"""The course's notebooks: made from their labs' texts, plain, in one form, and running from top to bottom."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

from simmail.lab.contents import PAGE, contents
from simmail.lab.notebook import build
from simmail.mail.errors import InputError
from tests.notebooks.printed import claims, missed, play

ROOT = Path(__file__).resolve().parents[2]
SHELF = ROOT / "notebooks"
SOURCES = sorted((ROOT / "labs").glob("*/lab.md"))
NAMES = [source.parent.name for source in SOURCES]
HEADER = ("Goals", "Prerequisites", "Time", "Difficulty")
"""What the first cell of each notebook tells."""

LONGEST_CELL = 8
"""Lines of code in a cell."""

each_notebook = pytest.mark.parametrize("name", NAMES)


def cells(name: str) -> list[Any]:
    """A notebook's cells."""
    found: list[Any] = json.loads((SHELF / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return found


def text(cell: Any) -> str:
    """A cell's text."""
    return "".join(cell["source"])


def code(name: str) -> Iterator[str]:
    """The texts of a notebook's code cells."""
    return (text(cell) for cell in cells(name) if cell["cell_type"] == "code")


def prose(name: str) -> str:
    """A notebook's prose, without quoted files."""
    told = "\n".join(text(cell) for cell in cells(name) if cell["cell_type"] == "markdown")
    return re.sub(r"^```.*?^```", "", told, flags=re.DOTALL | re.MULTILINE)


def test_every_notebook_has_its_source() -> None:
    """On the shelf stands what the labs' texts make, and nothing else."""
    assert NAMES
    assert sorted(path.stem for path in SHELF.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("source", SOURCES, ids=NAMES)
def test_a_notebook_is_what_its_source_makes(source: Path) -> None:
    """`make notebooks` would change nothing, to the byte."""
    made = build(source.read_text(encoding="utf-8"), source.parent.name)
    assert (SHELF / f"{source.parent.name}.ipynb").read_text(encoding="utf-8") == made


def test_the_contents_are_what_labs_and_exercises_tell() -> None:
    """`make notebooks` would change nothing there either; each lab is a link with a goal and a time, each exercise told."""
    page = (SHELF / PAGE).read_text(encoding="utf-8")
    assert page == contents(ROOT)
    for name in NAMES:
        (row,) = (line for line in page.splitlines() if f"({name}.ipynb)" in line)
        assert re.fullmatch(r"\| \[\d\d&nbsp; .+\]\(\S+\) \| .{20,} \| \d+ minutes.* \|", row)
    for exercise in (ROOT / "exercises").glob("*/exercise.yaml"):
        assert f"`simmail start {exercise.parent.name}`" in page


def test_a_lab_without_a_heading_has_no_place_in_the_contents(tmp_path: Path) -> None:
    """The message names its file and says how a lab begins."""
    (tmp_path / "labs/03-x").mkdir(parents=True)
    (tmp_path / "labs/03-x/lab.md").write_text("Who may relay\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"lab\.md:1.*# Lab 03: Its title"):
        contents(tmp_path)


@each_notebook
def test_a_notebook_is_plain(name: str) -> None:
    """It is valid, without outputs and counts, and each cell has an id of its own."""
    nbformat.validate(nbformat.read(SHELF / f"{name}.ipynb", as_version=4))
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in cells(name) if c["cell_type"] == "code")
    ids = [cell["id"] for cell in cells(name)]
    assert len(set(ids)) == len(ids)


@each_notebook
def test_a_notebook_says_what_it_is_for(name: str) -> None:
    """Its first cell tells goals, prerequisites, time and difficulty."""
    assert [field for field in HEADER if f"**{field}**" not in text(cells(name)[0])] == []


@each_notebook
def test_headings_are_in_order(name: str) -> None:
    """One heading of the first level, at the top, and none that leaves a level out: screen readers go by them."""
    levels = [len(marks) for marks in re.findall(r"^(#+) ", prose(name), flags=re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert not [(a, b) for a, b in pairwise(levels) if b > a + 1]


@each_notebook
def test_cells_are_small(name: str) -> None:
    """No code cell is longer than eight lines or wider than a screen."""
    assert not [cell for cell in code(name) if len(cell.splitlines()) > LONGEST_CELL]
    assert not [line for cell in code(name) for line in cell.splitlines() if len(line) > 110]


@each_notebook
def test_prose_comes_first(name: str) -> None:
    """Before each code cell stands what it is about, and learners are asked to predict before they run."""
    kinds = [cell["cell_type"] for cell in cells(name)]
    assert not [n for n, kind in enumerate(kinds) if kind == "code" and kinds[n - 1] == "code"]
    assert "**Predict.**" in prose(name)


@each_notebook
def test_a_notebook_runs_and_prints_what_its_text_says(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From top to bottom, unsolved, where it stands on the shelf; what the lab and its instructor's page rely on is there."""
    monkeypatch.chdir(SHELF)
    lab, page = (f"labs/{name}/{file}" for file in ("lab.md", "instructor.md"))
    outputs, missing = play((ROOT / lab).read_text(encoding="utf-8"), lab, lambda: capsys.readouterr().out)
    assert not [section for section, output in outputs.items() if "Traceback" in output]
    for claim in claims((ROOT / page).read_text(encoding="utf-8"), page):
        if not claim.command:
            missing += missed(claim, outputs[claim.section], page)
    assert not missing, "\n".join(missing)


@pytest.mark.kernel
@each_notebook
def test_a_notebook_runs_in_a_kernel(name: str) -> None:
    """From top to bottom in a kernel of its own, as JupyterLab would run it."""
    from nbclient import NotebookClient

    book = nbformat.read(SHELF / f"{name}.ipynb", as_version=4)
    NotebookClient(book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(SHELF)}}).execute()
    pictures = [o for cell in book.cells for o in cell.get("outputs", []) if "<img " in str(o.get("data", ""))]
    assert all("alt=" in str(picture) for picture in pictures)
