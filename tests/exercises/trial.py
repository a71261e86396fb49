"""Answers to an exercise, tried as hand-ins of some student."""

from __future__ import annotations

from simmail.lab import exercise as exercises
from simmail.lab.hand_in import checked
from simmail.lab.report import Report

KEY = b"a secret of the course"


def own_files(exercise: exercises.Exercise, *layers: str, student: str = "") -> dict[str, str]:
    """What a student hands in whose answer consists of these layers, path -> text."""
    variant = exercise.variant(student, KEY)
    edits = [variant.told(path) for path in exercise.spec.edits]
    files = exercise.files(variant, *layers)
    return {path: text for path, text in files.items() if exercises.within(path, edits)}


def solution(exercise: exercises.Exercise) -> dict[str, str]:
    """The solution as handed in."""
    return own_files(exercise, exercises.SOLUTION)


def tried(exercise: exercises.Exercise, own: dict[str, str], student: str = "") -> Report:
    """What a hand-in comes to, hidden checks included."""
    return checked(exercise, own, student, KEY, hidden=True)


def report(exercise: exercises.Exercise, *layers: str, student: str = "") -> Report:
    """What a hand-in of these layers comes to."""
    return tried(exercise, own_files(exercise, *layers, student=student), student)


def broken(found: Report) -> list[str]:
    """Checks that broke."""
    return [outcome.text for outcome in found.outcomes if outcome.broken]


def holds(exercise: exercises.Exercise, student: str = "") -> None:
    """A student's start fails, and the solution passes."""
    begun = report(exercise, student=student)
    assert not begun.passed
    assert broken(begun) == []
    passes(exercise, exercises.SOLUTION, student)


def passes(exercise: exercises.Exercise, layer: str, student: str = "") -> None:
    """A right answer earns all points."""
    found = report(exercise, layer, student=student)
    assert broken(found) == []
    assert [f"{o.check}: {o.text}" for o in found.outcomes if o.text] == []


def refused_for_its_reason(exercise: exercises.Exercise, wrong: str, student: str = "") -> None:
    """The checks that must refuse a wrong answer do, and no others."""
    expected = set((exercise.folder / wrong / exercises.REFUSED).read_text(encoding="utf-8").split())
    found = report(exercise, wrong, student=student)
    assert broken(found) == []
    assert {outcome.check for outcome in found.outcomes if outcome.earned < outcome.points} == expected
