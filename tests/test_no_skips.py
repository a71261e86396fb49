"""``--no-skips``, on which the judgement of a change rests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = {
    "call": "def test_it(): pytest.skip('not today')",
    "mark": "@pytest.mark.skip(reason='not today')\ndef test_it(): pass",
    "condition": "@pytest.mark.skipif(True, reason='not today')\ndef test_it(): pass",
    "empty": "@pytest.mark.parametrize('case', [])\ndef test_it(case): pass",
    "module": "pytest.importorskip('no_such_module')\ndef test_it(): pass",
}
"""Ways in which a test skips itself: name -> test module."""

OTHERS = {
    "xfail": "@pytest.mark.xfail(reason='known')\ndef test_it(): assert False",
    "pass": "def test_it(): pass",
}


def run(folder: Path, root: Path, *options: str) -> list[str]:
    """Run pytest with our conftest on all of them, in a process of its own; the lines that it prints."""
    shutil.copy(root / "tests" / "conftest.py", folder / "conftest.py")
    for name, text in {**SKIPS, **OTHERS}.items():
        (folder / f"test_{name}.py").write_text(f"import pytest\n{text}\n", encoding="utf-8")
    options = ("-ra", "-p", "no:cacheprovider", "-p", "no:xdist", "--continue-on-collection-errors", *options)
    command = [sys.executable, "-m", "pytest", "--rootdir", str(folder), *options, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


@pytest.fixture(scope="module")
def strict(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a run with ``--no-skips`` prints."""
    return run(tmp_path_factory.mktemp("strict"), root, "--no-skips")


@pytest.mark.parametrize("name", SKIPS)
def test_a_skip_fails_the_run(name: str, strict: list[str]) -> None:
    """Whatever way a test skips itself, it is a failure with its reason."""
    assert any(line.startswith(("FAILED", "ERROR")) and f"test_{name}.py" in line for line in strict)
    assert sum("(a skip is a failure under --no-skips)" in line for line in strict) >= len(SKIPS)


def test_nothing_else_fails(strict: list[str]) -> None:
    """An expected failure did run: it is no skip, and what passes passes."""
    assert any(line.startswith("XFAIL") and "test_xfail.py" in line for line in strict)
    assert " 1 passed, 1 xfailed" in strict[-1]
    assert "skipped" not in strict[-1]


def test_without_the_option_a_skip_is_a_skip(root: Path, tmp_path: Path) -> None:
    """On a developer's own machine a skip fails nothing."""
    assert f" 1 passed, {len(SKIPS)} skipped, 1 xfailed" in run(tmp_path, root)[-1]
