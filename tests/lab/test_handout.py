"""A handout, unpacked where nothing but the installed package is: its notebooks run, its exercises are checked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

from simmail.cli import main
from simmail.lab.contents import PAGE
from simmail.lab.copies import VARIANT
from simmail.lab.hand_in import check
from simmail.lab.handout import handout


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A student's unpacked handout."""
    handout(tmp_path / "handout.zip", "ann", b"a secret")
    folder = tmp_path / "course"
    with zipfile.ZipFile(tmp_path / "handout.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def installed(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package as a wheel has it, before any other on the way that programs look for packages."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    return tmp_path / "site"


def test_its_contents_lead_somewhere(course: Path) -> None:
    """Each link of the page is a notebook of the handout: the labs', and the exercises' in their folders."""
    shelf = course / "notebooks"
    links = re.findall(r"\]\((\S+?)\)", (shelf / PAGE).read_text(encoding="utf-8"))
    assert [link for link in links if not (shelf / link).is_file()] == []
    notebooks = [*shelf.glob("*.ipynb"), *(course / "exercises").glob("*/*.ipynb")]
    assert sorted((shelf / link).resolve() for link in links) == sorted(path.resolve() for path in notebooks)
    assert "simmail start" not in (shelf / PAGE).read_text(encoding="utf-8")


def test_start_means_the_students_own(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the notebooks say to begin an exercise leads to the one handed out; another copy of it is this student's."""
    own = course / "exercises" / "03-close-the-relay"
    monkeypatch.chdir(course)
    assert main(["start", "03-close-the-relay"]) == 0
    assert "exercises/03-close-the-relay is yours" in capsys.readouterr().out
    assert not (course / "03-close-the-relay").exists()
    main_cf = next(own.glob("hosts/mail.*/etc/postfix/main.cf")).relative_to(own)
    handed = (own / main_cf).read_text("utf-8")
    (own / main_cf).write_text("changed\n", "utf-8")
    monkeypatch.chdir(course / "notebooks")
    assert main(["start", "03-close", "again"]) == 0
    again = course / "notebooks" / "again"
    assert (again / main_cf).read_text("utf-8") == handed
    assert (again / VARIANT).read_text("utf-8") == (own / VARIANT).read_text("utf-8")
    assert (again / "03-close-the-relay.ipynb").is_file()
    assert check(again).points == check(own).points
    assert main(["start", "03", "mylab"]) == 0
    assert not (course / "notebooks" / "mylab" / VARIANT).exists()


@pytest.mark.long
def test_it_works_with_the_package_alone(course: Path, installed: Path) -> None:
    """No repository near: a lab and an exercise run in their kernels; `simmail check` and `run` find their worlds."""
    from nbclient import NotebookClient

    for place in ("notebooks/01-the-first-message", "exercises/03-close-the-relay/03-close-the-relay"):
        file = course / f"{place}.ipynb"
        book = nbformat.read(file, as_version=4)
        book.cells.append(nbformat.v4.new_code_cell("simmail.__file__"))
        resources = {"metadata": {"path": str(file.parent)}}
        NotebookClient(book, timeout=120, kernel_name="python3", resources=resources).execute()
        assert str(installed) in book.cells[-1].outputs[0]["data"]["text/plain"]
    assert any("points" in str(output) for cell in book.cells for output in cell.get("outputs", []))
    for line, status in ((["check", "exercises/03-close-the-relay"], 1), (["run", "01", "--until", "9:10"], 0)):
        done = subprocess.run(
            [sys.executable, "-m", "simmail", *line], cwd=course, env=os.environ, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (status, b"")
