"""What ``make`` says where something it needs is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

OLD = "exit 1"
NO_VENV = 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac'


def set_up(folder: Path, root: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """Run tools/setup.sh where nothing is on the path but these programs: name -> what the program does."""
    for name, text in programs.items():
        program = folder / name.replace("python311", "python3.11")
        program.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        program.chmod(0o755)
    shell = shutil.which("sh")
    assert shell
    command = [shell, str(root / "tools" / "setup.sh"), str(folder / "venv"), str(root / "requirements.lock")]
    environment = {"PATH": str(folder), "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("programs", "advice"),
    [
        ({}, "simmail needs Python 3.11 or newer"),
        ({"python3": OLD}, "simmail needs Python 3.11 or newer"),
        ({"python3": NO_VENV}, "apt-get install python3-venv"),
        ({"python3": OLD, "python311": NO_VENV}, "apt-get install python3-venv"),
    ],
    ids=["no python", "old python", "no venv", "no venv in the one that fits"],
)
def test_what_is_missing_is_said(programs: dict[str, str], advice: str, tmp_path: Path, root: Path) -> None:
    """A missing, too old or incomplete Python is told with the command that mends it, before anything is made."""
    result = set_up(tmp_path, root, **programs)
    assert result.returncode == 1
    assert advice in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "venv").exists()


def test_git_is_not_needed(tmp_path: Path, root: Path) -> None:
    """Without git simmail sets up all the same; contributors are told."""
    assert "git is not installed" in set_up(tmp_path, root).stderr
    assert "git is not installed" not in set_up(tmp_path, root, git="exit 0").stderr
