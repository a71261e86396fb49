"""Every recorded case is played in a world, and what a user could see is what the real Postfix did."""

from __future__ import annotations

import json
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from simmail.conformance.player import play

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").rglob("*.yaml"))


@pytest.fixture(scope="session")
def judge() -> ModuleType:
    """The script `compare`, as a module."""
    loader = SourceFileLoader("compare", str(HERE / "compare"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def differences(judge: ModuleType, path: Path, remember: bool) -> str:
    """What differs between the record of the real Postfix and that of the simulated one, for people."""
    real = json.loads(path.with_suffix(".real.json").read_text(encoding="utf-8"))
    found = judge.differences(real, json.loads(json.dumps(play(path, remember), default=str)))
    return "\n".join(f"{aspect}: {line}" for aspect, lines in found.items() for line in lines)


@pytest.mark.parametrize("path", CASES, ids=[f"{p.parent.name}/{p.stem}" for p in CASES])
def test_case_agrees_with_the_real_postfix(judge: ModuleType, path: Path) -> None:
    """Sessions, commands, logs, mailboxes, remote servers and queue are to the letter those of the recording."""
    assert "" == differences(judge, path, remember=True)


@pytest.mark.long
@pytest.mark.parametrize("path", CASES, ids=[f"{p.parent.name}/{p.stem}" for p in CASES])
def test_case_agrees_without_memory(judge: ModuleType, path: Path) -> None:
    """Deciding everything afresh changes nothing."""
    assert "" == differences(judge, path, remember=False)


def test_every_case_has_its_recording() -> None:
    """There are cases, and each was played on the real Postfix."""
    assert CASES
    assert [] == [str(p) for p in CASES if not p.with_suffix(".real.json").exists()]
