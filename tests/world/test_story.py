"""The story of a run: texts in one column, on whatever day."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simmail.lab.copies import start
from simmail.world.loader import load


@pytest.mark.parametrize(("at", "column"), [("9:05", 14), ("1d 9:05", 16)])
def test_texts_stand_in_one_column(at: str, column: int, tmp_path: Path) -> None:
    """Of the first day and of later ones, whose times are longer."""
    folder = start("01", tmp_path / "w")
    said = folder / "world.yaml"
    said.write_text(re.sub(r'at: "?9:05"?', f"at: {at}", said.read_text()))
    world = load(folder)
    world.run("2d")
    story = world.results.told().split("\n\n")[1].split("\n")
    times = [re.match(r"(?:\w\w\w )?[\d:.]+ +", line) for line in story]
    assert {len(found[0]) for found in times if found} == {column}
    assert {len(line) - len(line.lstrip()) for line in story if line.startswith(" ")} == {column, column + 2}
