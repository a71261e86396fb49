"""Formatting, lint and types, as ``make lint`` checks them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "--output-format=concise", "."],
    "types": ["mypy"],
}


@pytest.mark.long
@pytest.mark.parametrize("name", CHECKS)
def test_check_finds_nothing(name: str, root: Path) -> None:
    """The tool has nothing to say about the project."""
    command = [sys.executable, "-m", *CHECKS[name]]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", CHECKS)
def test_make_lint_runs_the_same(name: str, root: Path) -> None:
    """What is checked here is what a developer's ``make lint`` checks."""
    command = " ".join(word for word in CHECKS[name] if not word.startswith("--output"))
    assert f"-m {command}\n" in (root / "Makefile").read_text(encoding="utf-8")
