"""Where a learner's Postfix does not run, the feedback says so before all else, with the place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simmail.lab import exercise as exercises
from simmail.lab.feedback import markdown, page_of
from simmail.lab.grade import grade
from simmail.lab.hand_in import check
from simmail.lab.report import FIRST
from tests.lab.hand_ins import MAIN_CF, NAME, ROOT, SOLVED, also, copy, gone, pipe, put, solved_and

LAST = SOLVED.count("\n") + 2


def drawer(folder: Path) -> None:
    """A folder in its place."""
    (folder / MAIN_CF).unlink()
    (folder / MAIN_CF).mkdir()


#: How Postfix is kept from running -> how the first line of the feedback begins, and words in it.
CASES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no equals sign": (solved_and("mynetworks 192.168.1.0/24"), f"{MAIN_CF}:{LAST}: ", "fatal: /etc/postfix/main.cf"),
    "no number": (solved_and("message_size_limit = big"), f"{MAIN_CF}:{LAST}: ", "fatal: bad numerical configuration"),
    "itself": (solved_and("mynetworks = $mynetworks, 192.0.2.20"), f"{MAIN_CF}:{LAST}: ", "macro processing error"),
    "a dollar alone": (
        solved_and("virtual_alias_maps = pcre:{{/^a@old$/ a@new}}"), f"{MAIN_CF}:{LAST}: ", "macro processing error",
    ),
    "no guard": (solved_and("smtpd_relay_restrictions = permit"), f"{MAIN_CF}:{LAST}: ", "postfix/smtpd: fatal: "),
    "byte-order mark": (also(put(str(MAIN_CF), f"\ufeff{SOLVED}")), f"{MAIN_CF}:1: ", "byte-order mark (U+FEFF)"),
    "UTF-16": (also(put(str(MAIN_CF), SOLVED.encode("utf-16"))), f"{MAIN_CF}:1: ", "is UTF-16"),
    "no text": (also(put(str(MAIN_CF), b"\x7fELF\x00\x1b[2J")), f"{MAIN_CF}:1: ", "octets of zero"),
    "no file": (also(gone(str(MAIN_CF))), f"{MAIN_CF}: ", "there is no such file"),
    "another name": (
        also(put(f"{MAIN_CF}.txt", SOLVED), gone(str(MAIN_CF))),
        f"{MAIN_CF}: ", "there is main.cf.txt: give it this name",
    ),
    "a FIFO": (also(pipe(str(MAIN_CF))), f"{MAIN_CF}: ", "there is no such file"),
    "a folder": (also(drawer), f"{MAIN_CF}: ", "there is no such file"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_is_told_first(case: str, tmp_path: Path) -> None:
    """By `check` as text and in a notebook: above the checks, once, without a control character."""
    make, place, words = CASES[case]
    make(tmp_path / "mine")
    report = check(tmp_path / "mine")
    assert report.earned == 0
    head, first, *lines = str(report).split("\n\n")[0:2]
    assert first.startswith(f"{FIRST}\n    {place}")
    assert words in first
    assert lines == []
    assert "/tmp" not in first
    assert "\x1b" not in first
    assert report._repr_html_().startswith(f"<p>{FIRST}</p><ul><li>{place}")
    assert head == "Close the relay: 0 of 10 points"
    assert str(report).count(report.troubles[0]) == 1


def test_marks_tell_it_first(tmp_path: Path) -> None:
    """In both forms of feedback, and what a file holds is no markup there."""
    exercise = exercises.read(ROOT / "exercises" / NAME)
    solved_and("<script>```")(tmp_path / "ann")
    (mark,) = grade(exercise, [tmp_path / "ann"], b"")
    told, page = markdown(mark), page_of(mark)
    assert mark.report is not None
    assert told.splitlines()[2:6] == [FIRST, "", "````", mark.report.troubles[0]]
    assert page.index(FIRST) < page.index("<h2>")
    assert "<script>" not in page


def test_what_runs_is_not_in_the_way(tmp_path: Path) -> None:
    """Of an answer that is only wrong, and of the right one, nothing is said."""
    wrong, right = copy(tmp_path / "wrong", SOLVED.replace(", 192.0.2.20", "")), copy(tmp_path / "right")
    assert (check(wrong).troubles, check(right).troubles) == ([], [])
    assert FIRST not in str(check(wrong))
