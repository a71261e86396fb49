"""Where a lab or its instructor's page prints what a command of simmail's says, the command beside it says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from simmail.cli import main
from tests.notebooks.printed import claims, missed, output

LABS = Path(__file__).resolve().parents[2] / "labs"
PRINTED = re.compile(r"`simmail (compare [^`]+)`[^`]*with 95 % intervals:\n\n((?:\|.*\n)+)")
LONG = re.compile(r"simmail (capacity|compare 13) ")
#: What the labs call the rows of the comparison.
ROWS = {"spam let in": "spam_let_in", "wanted mail lost": "wanted_lost"}


class Table(NamedTuple):
    """A lab's table: the command before it, and its cells by row."""

    lab: str
    command: str
    rows: dict[str, list[str]]


def tables() -> list[Table]:
    """All of them."""
    found = []
    for source in sorted(LABS.glob("*/lab.md")):
        for command, text in PRINTED.findall(source.read_text(encoding="utf-8")):
            lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines()[2:]]
            found.append(Table(source.parent.name, command, {line[0]: line[1:] for line in lines}))
    return found


def rounded(cell: str) -> str:
    """`33.6 ± 33` as the labs print it: whole numbers, and 0 where there is no doubt of it."""
    middle, half = (round(float(part)) for part in cell.split(" ± "))
    return f"{middle} ± {half}" if half else f"{middle}"


def test_there_are_some() -> None:
    """The pattern above finds what the labs print."""
    assert len(tables()) >= 2


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.lab)
def test_a_printed_comparison_is_what_the_command_says(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    """Each cell, rounded to whole letters."""
    assert main(table.command.split()) == 0
    said = {line.split()[0]: re.findall(r"[\d.]+ ± \S+", line) for line in capsys.readouterr().out.splitlines() if line}
    for name, cells in table.rows.items():
        assert [rounded(cell) for cell in said[ROWS[name]][: len(cells)]] == cells, name


def commands() -> list[object]:
    """The commands that are named with what they print; some take long."""
    pages = sorted(LABS.glob("*/*.md"))
    found = {claim.command for page in pages for claim in claims(page.read_text(encoding="utf-8"), page.name)}
    return [
        pytest.param(command, marks=pytest.mark.long if LONG.match(command) else ()) for command in sorted(found - {""})
    ]


@pytest.mark.parametrize("command", commands())
def test_a_command_prints_what_a_page_says(command: str) -> None:
    """Each of the lines that a page relies on."""
    missing = []
    for page in sorted(LABS.glob("*/*.md")):
        file = str(page.relative_to(LABS.parent))
        for claim in claims(page.read_text(encoding="utf-8"), file):
            if claim.command == command:
                missing += missed(claim, output(command), file)
    assert not missing, "\n".join(missing)
