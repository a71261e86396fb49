"""Each line of the course's main.cf has the effect that the reference page says, or none, as in life."""

from __future__ import annotations

import pytest

from tools.course_main_cf import LEVEL, PAGE, ROWS, SAMPLE, Row, page, played


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_line_does_what_the_page_says(row: Row) -> None:
    """The records of both values differ in the lines that the table names, or not at all."""
    first, second = played(row)
    if row.first:
        assert any(row.first in line for line in first), first
        assert any(row.second in line for line in second), second
    else:
        assert (first, second) == ([], [])


def test_every_line_of_the_sample_has_its_row() -> None:
    """One row a line, in the sample's order, and one for the line that it lacks."""
    assert [row.name for row in ROWS] == [*SAMPLE, LEVEL[0]]


def test_the_page_is_current() -> None:
    """`python -m tools.course_main_cf` would write what is there."""
    assert PAGE.read_text(encoding="utf-8") == page()
