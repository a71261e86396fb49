"""`simmail lab` opens JupyterLab on the right notebook, and says little."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from simmail.lab import jupyter
from simmail.mail.errors import InputError


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A project with two labs, one of them with a notebook, and a learner's copy of it."""
    for name in ("01-first", "02-second"):
        (tmp_path / "labs" / name).mkdir(parents=True)
        (tmp_path / "labs" / name / "world.yaml").touch()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01-first.ipynb").touch()
    (tmp_path / "mine" / ".simmail").mkdir(parents=True)
    (tmp_path / "mine" / ".simmail" / "origin").write_text("01-first\n")
    for name in ("world.yaml", "01-first.ipynb"):
        (tmp_path / "mine" / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "here", "found"),
    [
        ("", ".", "notebooks/01-first.ipynb"),
        ("01", ".", "notebooks/01-first.ipynb"),
        ("01", "labs/02-second", "notebooks/01-first.ipynb"),
        ("mine", ".", "mine/01-first.ipynb"),
        ("", "mine", "mine/01-first.ipynb"),
        ("01", "mine", "mine/01-first.ipynb"),
        ("notebooks/01-first.ipynb", ".", "notebooks/01-first.ipynb"),
    ],
)
def test_the_notebook_is_found(shelf: Path, name: str, here: str, found: str) -> None:
    """A lab is found by its number, a copy by its folder, and within a copy nothing need be said."""
    assert jupyter.find(name, shelf / here) == shelf / found


def test_the_contents_come_first(shelf: Path) -> None:
    """Where there is a page of contents it is what opens, not the first notebook; in a copy it is the copy's still."""
    (shelf / "notebooks" / "00-contents.md").touch()
    assert jupyter.find("", shelf) == shelf / "notebooks/00-contents.md"
    assert jupyter.find("", shelf / "mine") == shelf / "mine/01-first.ipynb"
    line = jupyter.command(shelf / "notebooks" / "00-contents.md")
    assert "--LabApp.default_url=/lab/tree/notebooks/00-contents.md" in line


def test_simmail_is_a_command_there() -> None:
    """In a terminal of JupyterLab's, and after a notebook's `!`, whether its environment is activated or not."""
    path = jupyter.environment({"PATH": "/usr/bin"})["PATH"]
    assert path == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"
    assert shutil.which("simmail", path=path) == str(Path(sys.executable).parent / "simmail")
    assert jupyter.environment({})["PATH"] == str(Path(sys.executable).parent)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("02", "has no notebook; run it: simmail run 02"),
        ("nix", "is nowhere"),
        ("x.ipynb", "there is no such notebook"),
    ],
)
def test_a_notebook_that_is_not_there(shelf: Path, name: str, words: str) -> None:
    """The message says what would do."""
    with pytest.raises(InputError, match=words):
        jupyter.find(name, shelf)


def test_files_beside_the_notebook_can_be_opened(shelf: Path) -> None:
    """JupyterLab's root is the project, or the copy, not the folder of notebooks; its page is the notebook."""
    line = jupyter.command(shelf / "notebooks" / "01-first.ipynb", ["--no-browser"])
    assert f"--ServerApp.root_dir={shelf}" in line
    assert "--LabApp.default_url=/lab/tree/notebooks/01-first.ipynb" in line
    assert line[-1] == "--no-browser"
    assert f"--ServerApp.root_dir={shelf / 'mine'}" in jupyter.command(shelf / "mine" / "01-first.ipynb")


def status(address: str) -> int:
    """The HTTP status of a page; its server may need a moment after it said where it is."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=30) as page:
                return int(page.status)
        except urllib.error.URLError:
            time.sleep(0.1)
    return 0


@pytest.mark.kernel
def test_jupyterlab_starts_and_says_its_address(root: Path, tmp_path: Path) -> None:
    """What is printed is the address and how to stop, nothing else; the page answers."""
    line = [sys.executable, "-m", "simmail", "lab", "01", "--no-browser"]
    home = {"HOME": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    with subprocess.Popen(
        line, cwd=root, stderr=subprocess.PIPE, text=True, env={**os.environ, **home}, start_new_session=True
    ) as running:
        try:
            assert running.stderr is not None
            said, address = "", None
            while not address:
                more = running.stderr.readline()
                assert more, said
                said += more
                address = re.search(r"http://127\.0\.0\.1:\d+/\S+", said)
            assert status(address[0]) == 200
            assert "token=" in said
            assert "WARNING" not in said
        finally:
            os.killpg(running.pid, signal.SIGKILL)
