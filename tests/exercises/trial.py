"""Answers to an exercise, tried as hand-ins of some student."""

from __future__ import annotations

from simmail.lab import exercise as exercises
from simmail.lab.hand_in import checked
from simmail.lab.report import Report

KEY = b"a secret of the course"


def report(exercise: exercises.Exercise, *layers: str, student: str = "") -> Report:
    """What a hand-in of these layers comes to, hidden checks included."""
    variant = exercise.variant(student, KEY)
    edits = [variant.told(path) for path in exercise.spec.edits]
    files = exercise.files(variant, *layers)
    own = {path: text for path, text in files.items() if exercises.within(path, edits)}
    return checked(exercise, own, student, KEY, hidden=True)


def broken(found: Report) -> list[str]:
    """Checks that broke."""
    return [outcome.text for outcome in found.outcomes if outcome.broken]


def holds(exercise: exercises.Exercise, student: str = "") -> None:
    """A student's start fails, and the solution passes."""
    begun, solved = report(exercise, student=student), report(exercise, exercises.SOLUTION, student=student)
    assert not begun.passed
    assert (broken(begun), broken(solved)) == ([], [])
    assert [f"{o.check}: {o.text}" for o in solved.outcomes if o.text] == []


def refused_for_its_reason(exercise: exercises.Exercise, wrong: str) -> None:
    """The checks that must refuse a wrong answer do, and no others."""
    folder = exercise.folder / exercises.WRONG / wrong
    expected = set((folder / exercises.REFUSED).read_text(encoding="utf-8").split())
    found = report(exercise, f"{exercises.WRONG}/{wrong}")
    assert broken(found) == []
    assert {outcome.check for outcome in found.outcomes if outcome.earned < outcome.points} == expected
