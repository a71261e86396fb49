"""A learner's hand-in, checked: in the notebook beside it, or in a folder of hand-ins.

What counts of it are the files that the exercise lets a learner change; all else comes from the exercise, so that
nobody improves the world instead of the configuration.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simmail.lab import exercise as exercises
from simmail.lab.checks import checks_in, run_checks
from simmail.lab.copies import BEGINNING, CHECKS, VARIANT
from simmail.lab.report import Report
from simmail.mail.errors import InputError
from simmail.world import folder as folders


def check(folder: str | Path = ".") -> Report:
    """Try a learner's copy of an exercise on the checks that learners may see.

    Args:
        folder: the copy, or a folder within it; by default where the notebook is.

    Raises:
        InputError: where the folder is no copy of an exercise.
    """
    copy = copy_of(Path(folder))
    told = read_variant(copy)
    return Report(told["title"], run_checks(sorted((copy / CHECKS).glob("*.py")), laid_over(copy, copy, told["edits"])))


def copy_of(folder: Path) -> Path:
    """The copy that a folder is, or is in.  Raises InputError."""
    here = folder.resolve()
    for place in (here, *here.parents):
        if (place / VARIANT).is_file():
            return place
    begun = [place for place in here.parent.glob("*/") if place.name.startswith(here.name)]
    meant = sorted(place.name for place in begun if (place / VARIANT).is_file())
    wanted = f"there is {' and '.join(meant)}" if meant else "make one: simmail start NAME"
    raise InputError(str(folder), "is not a copy of an exercise", wanted)


def read_variant(copy: Path) -> dict[str, Any]:
    """What a copy says of itself.  Raises InputError where somebody has changed that beyond use."""
    try:
        told = json.loads((copy / VARIANT).read_text(encoding="utf-8"))
        return {
            "exercise": str(told["exercise"]), "title": str(told["title"]), "student": str(told["student"]),
            "edits": [str(path) for path in told["edits"]],
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            str(copy / VARIANT), f"cannot be read: {error}", "make a new copy: simmail start NAME"
        ) from None


def laid_over(copy: Path, hand_in: Path, edits: list[str]) -> dict[str, str]:
    """A world's files as it was at the beginning, with a learner's own in their places.

    Args:
        copy: whose beginning.
        hand_in: the learner's folder.
        edits: what counts of it.
    """
    beginning = dict(folders.files_below(copy / BEGINNING))
    return overlaid(beginning, exercises.handed_in(hand_in, edits), edits)


def overlaid(world: Mapping[str, str], own: Mapping[str, str], edits: list[str]) -> dict[str, str]:
    """A world's files with a learner's in their places; what the learner took away is gone."""
    kept = {path: text for path, text in world.items() if not exercises.within(path, edits)}
    return {**kept, **own}


def checked(exercise: exercises.Exercise, own: Mapping[str, str], student: str, key: bytes, hidden: bool) -> Report:
    """Try a learner's files on an exercise's checks.

    Args:
        exercise: which.
        own: the learner's files, path -> text.
        student, key: whose variant; see `simmail.lab.variants`.
        hidden: whether the instructor's own checks are tried too.
    """
    variant = exercise.variant(student, key)
    files = overlaid(exercise.files(variant), own, [variant.told(path) for path in exercise.spec.edits])
    with tempfile.TemporaryDirectory(prefix="simmail-checks-") as place:
        paths, plain = (
            _written(exercise.checks(of, hidden), Path(place) / name)
            for of, name in ((variant, "own"), (exercise.variant(), "plain"))
        )
        # a check has one name in everybody's marks, also where what it asks about has another name in each variant
        names = [found.name for path in plain for found in checks_in(path)]
        outcomes = run_checks(paths, files)
        return Report(
            exercise.spec.title,
            [outcome._replace(check=name) for outcome, name in zip(outcomes, names, strict=True)],
        )


def _written(texts: Mapping[str, str], folder: Path) -> list[Path]:
    """The files of these texts, in a new folder."""
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]
