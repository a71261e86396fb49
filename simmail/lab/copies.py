"""A learner's own copy of a lab or an exercise: made, and put back to its beginning.

In its folder `.simmail` a copy keeps the name of what it was made from, its beginning file by file, and what a
reset set aside: `diff -r .simmail/beginning .` shows what the learner changed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from simmail.lab import exercise as exercises
from simmail.mail.errors import InputError
from simmail.world import folder as folders

BEGINNING = Path(folders.OWN) / "beginning"
#: Of an exercise's copy: which exercise and variant it is, and the checks that a learner may see.
VARIANT, CHECKS = Path(folders.OWN) / "exercise.json", Path(folders.OWN) / "checks"
SET_ASIDE = Path(folders.OWN) / "set-aside"
#: What a learner's copy does not have: the notebook's source, and what is the instructor's.
KEPT_BACK = frozenset({"lab.md", "instructor.md", "solution", "solutions", "solution.md", folders.OWN, "__pycache__"})
#: Folders of which every file is part of the world, whoever put it there.
OF_THE_WORLD = ("hosts", "zones", "policies")


class Reset(NamedTuple):
    """What a reset did.

    Args:
        restored: the files put back, by their paths from the copy's folder.
        removed: the files that were not there at the beginning, and would have been part of the world.
        kept: where the learner's versions of both lie now; None where nothing had been changed.
    """

    restored: list[str]
    removed: list[str]
    kept: Path | None


def start(name: str, target: Path | None = None, student: str = "", key: bytes = b"") -> Path:
    """Make a copy.  In a handout a student's exercises are there: without a target it is the one handed out.

    Args:
        name: a lab's or exercise's name, or its beginning.
        target: the folder to make; by default one of the lab's own name in the present folder.
        student, key: whose variant of an exercise (`simmail.lab.variants`).

    Returns: the copy's folder.

    Raises:
        InputError: where there is no such lab, or something in the way.
    """
    handed = None if student else _handed_out(name)
    if handed is not None:
        return handed if target is None else _copied(handed, _room(target))
    exercise = _meant(name)
    if exercise is not None:
        return _exercise(exercise, Path(exercise.name) if target is None else target, student, key)
    source = folders.find(name).resolve()
    title, notebook = folders.origin(source) or source.name, notebook_of(source)
    if folders.origin(source):
        source = source / BEGINNING
    copy = _room(Path(title) if target is None else target)
    parts = {path: source / path for path in _files(source) if not KEPT_BACK.intersection(path.parts)}
    if notebook is not None:
        parts.setdefault(Path(notebook.name), notebook)
    for path, original in parts.items():
        _copy(original, copy / path)
        _copy(original, copy / BEGINNING / path)
    (copy / folders.OWN / folders.ORIGIN).write_text(title + "\n", encoding="utf-8")
    return copy


def _handed_out(name: str) -> Path | None:
    """The exercise of that name as it was handed out to its student, below the nearest folder that has exercises."""
    if (Path(name) / VARIANT).is_file():
        return Path(name)
    here = Path.cwd()
    shelf = next((folder / "exercises" for folder in (here, *here.parents) if (folder / "exercises").is_dir()), None)
    there = {} if shelf is None else {path.parents[1].name: path.parents[1] for path in shelf.glob(f"*/{VARIANT}")}
    fitting = [name] if name in there else [one for one in there if one.startswith(name)]
    if len(fitting) != 1 or (fitting != [name] and _is_a_lab(name)):
        return None
    found = there[fitting[0]]
    return found.relative_to(here) if found.is_relative_to(here) else found


def _copied(handed: Path, copy: Path) -> Path:
    """Another copy of an exercise that was handed out, as it was then."""
    for path in _files(handed):
        if path.parts[0] == folders.OWN and not path.is_relative_to(SET_ASIDE):
            _copy(handed / path, copy / path)
    for path in _files(handed / BEGINNING):
        _copy(handed / BEGINNING / path, copy / path)
    notebook = notebook_of(handed)
    if notebook is not None:
        _copy(notebook, copy / notebook.name)
    return copy


def _meant(name: str) -> exercises.Exercise | None:
    """The exercise that is meant; None where it is a lab, as by a bare number that both begin with."""
    try:
        exercise = exercises.find(name)
    except InputError:
        if _is_a_lab(name):
            return None
        raise
    exactly = exercise is not None and (exercise.name == name or (Path(name) / exercises.SPEC).is_file())
    return None if not exactly and _is_a_lab(name) else exercise


def _is_a_lab(name: str) -> bool:
    try:
        return not (folders.find(name) / VARIANT).is_file()
    except InputError:
        return False


def _room(copy: Path) -> Path:
    """A folder that a copy can be put into.  Raises InputError."""
    if copy.exists() and (not copy.is_dir() or any(copy.iterdir())):
        anew = f", or begin it anew: simmail reset {copy}" if (copy / BEGINNING).is_dir() else ""
        raise InputError(str(copy), "is there already", f"name another folder{anew}")
    return copy


def _exercise(exercise: exercises.Exercise, target: Path, student: str, key: bytes) -> Path:
    """A learner's copy of an exercise: its variant of the world, the notebook, the checks that learners may see."""
    copy, variant = _room(target), exercise.variant(student, key)
    for path, text in exercise.files(variant).items():
        _write(copy / path, text)
        _write(copy / BEGINNING / path, text)
    _write(copy / f"{exercise.name}.ipynb", exercise.notebook(variant))
    for name, text in exercise.checks(variant).items():
        _write(copy / CHECKS / name, text)
    about = {
        "exercise": exercise.name, "title": exercise.spec.title, "student": student,
        "edits": [variant.told(path) for path in exercise.spec.edits],
    }  # fmt: skip
    _write(copy / VARIANT, json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    _write(copy / folders.OWN / folders.ORIGIN, exercise.name + "\n")
    return copy


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def reset(folder: Path) -> Reset:
    """Put a copy back to its beginning; nothing that its learner wrote is lost, and what is no part of the world stays.

    Raises:
        InputError: where the folder is no copy.
    """
    beginning = folder / BEGINNING
    if not beginning.is_dir():
        raise InputError(str(folder), "is not a copy of a lab", "make one: simmail start 01")
    first = {path.as_posix() for path in _files(beginning)}
    restored = sorted(path for path in first if _text(folder / path) != _text(beginning / path))
    removed = sorted(
        path.as_posix()
        for top in OF_THE_WORLD
        for path in (Path(top) / below for below in _files(folder / top))
        if path.as_posix() not in first
    )
    kept = None
    for name in (*restored, *removed):
        if (folder / name).is_file():
            kept = kept or _free(folder / SET_ASIDE)
            _copy(folder / name, kept / name)
            (folder / name).unlink()
    for name in restored:
        _copy(beginning / name, folder / name)
    return Reset(restored, removed, kept)


def notebook_of(folder: Path) -> Path | None:
    """The notebook of a lab: in its own folder (a copy's), or on the shelf of notebooks; None where it has none."""
    name = folders.origin(folder) or folder.resolve().name
    places = (folder, folder.resolve().parent.parent / "notebooks")
    return next((p / f"{name}.ipynb" for p in places if (p / f"{name}.ipynb").is_file()), None)


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder, by their paths from there; no links, which might lead out of it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _text(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _free(folder: Path) -> Path:
    """The first folder below that is not there yet: `1`, `2`, ..."""
    number = 1
    while (folder / str(number)).exists():
        number += 1
    return folder / str(number)
