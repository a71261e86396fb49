"""Marks for a folder of hand-ins: each tried by itself, in a process with limits, none able to stop the others.

A hand-in is a learner's copy as a folder or a zip file; its name is the student's id.  What is wrong with a hand-in
costs its own marks and is said; what is wrong with a check is said loudly and costs nobody anything.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from simmail.lab.checks import Outcome
from simmail.lab.exercise import MANY, MUCH, Exercise
from simmail.lab.report import Report
from simmail.mail.errors import InputError

#: Seconds of wall time for one hand-in.
PATIENCE_S = 120.0
#: Of one hand-in's process: CPU seconds, octets of memory, octets of one file, open files.
LIMITS = {"cpu": 60, "memory": 2_000_000_000, "file": 100_000_000, "files": 256}


class Mark(NamedTuple):
    """What a hand-in got.

    Args:
        student: its name.
        report: the checks' outcomes; None where there are none.
        trouble: why there are none, or what else has to be said; "" for nothing.
        fault: whether that is the grader's own fault.
    """

    student: str
    report: Report | None
    trouble: str = ""
    fault: bool = False


def hand_ins(paths: Iterable[str]) -> Iterator[Path]:
    """The hand-ins that some paths name: each itself, or all that lie in a folder of hand-ins.

    Raises:
        InputError: for a path where nothing is.
    """
    for name in paths:
        path = Path(name)
        if not path.exists():
            raise InputError(name, "there is no such hand-in")
        if path.is_dir() and not _is_copy(path) and any(_is_copy(p) or p.suffix == ".zip" for p in path.iterdir()):
            yield from sorted(p for p in path.iterdir() if p.is_dir() or p.suffix == ".zip")
        else:
            yield path


def _is_copy(path: Path) -> bool:
    return path.is_dir() and ((path / "hosts").is_dir() or (path / ".simmail").is_dir())


def grade(exercise: Exercise, paths: Sequence[Path], key: bytes, jobs: int = 2) -> Iterator[Mark]:
    """Mark hand-ins, in their order.

    Args:
        exercise: which.
        paths: folders or zip files.
        key: the course's secret, by which each student's variant is known.
        jobs: how many at a time.
    """
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda path: _mark(exercise, path, key), paths)


def _mark(exercise: Exercise, path: Path, key: bytes) -> Mark:
    student = path.stem if path.suffix == ".zip" else path.name
    with tempfile.TemporaryDirectory(prefix="simmail-grade-") as place:
        folder = path
        if path.suffix == ".zip":
            folder = Path(place) / "hand-in"
            try:
                unpack(path, folder)
            except InputError as error:
                return Mark(student, None, f"{error.found}; {error.wanted}".rstrip("; "))
        task = {
            "exercise": str(exercise.folder), "folder": str(folder.resolve()), "student": student, "key": key.hex(),
            "limits": LIMITS,
        }  # fmt: skip
        try:
            done = subprocess.run(
                [sys.executable, "-m", "simmail.lab.grading_process"],
                input=json.dumps(task), capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd=place,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Mark(student, None, f"took longer than {PATIENCE_S:g} s and was stopped")
    return _read(student, exercise, done)


def _read(student: str, exercise: Exercise, done: subprocess.CompletedProcess[str]) -> Mark:
    """What a hand-in's process said."""
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        if done.returncode < 0 or "MemoryError" in done.stderr:
            return Mark(student, None, "used up the time or the memory that a hand-in has, and was stopped")
        last = done.stderr.strip().rpartition("\n")[2]
        return Mark(student, None, f"the grader failed: {last or f'exit status {done.returncode}'}", True)
    if "refused" in told:
        return Mark(student, None, told["refused"])
    outcomes = [Outcome(**{**row, "witness": tuple(row["witness"])}) for row in told["outcomes"]]
    report = Report(exercise.spec.title, outcomes)
    broken = [outcome.check for outcome in outcomes if outcome.broken]
    if broken or not outcomes:
        what = f"these checks broke: {', '.join(broken)}" if broken else "there are no checks"
        return Mark(student, report, what, True)
    return Mark(student, report, told.get("note", ""))


def unpack(archive: Path, target: Path) -> None:
    """Unpack a zip file, member by member; nothing outside of `target`, no links, not without end.

    Raises:
        InputError: for what is no zip file, or tries any of that.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [member for member in packed.infolist() if not member.is_dir()]
            if len(members) > 4 * MANY or sum(member.file_size for member in members) > 4 * MUCH:
                raise InputError(str(archive), "unpacks to too much", "hand in the copy alone")
            for member in members:
                path = (target / member.filename).resolve()
                if not path.is_relative_to(target.resolve()) or (member.external_attr >> 28) == 0o12:
                    raise InputError(str(archive), f"{member.filename!r} leads out of the hand-in")
                path.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(member) as source, path.open("wb") as out:
                    shutil.copyfileobj(source, out)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise InputError(str(archive), f"cannot be unpacked: {error}", "hand in a zip file, or the folder") from None
    inner = [path for path in target.iterdir() if path.is_dir()] if target.is_dir() else []
    if len(inner) == 1 and not _is_copy(target) and _is_copy(inner[0]):
        for path in inner[0].iterdir():
            shutil.move(str(path), target / path.name)


def write_csv(marks: Sequence[Mark], out: Path) -> None:
    """A line a student: points, each check's points, and what has to be said."""
    names = list(dict.fromkeys(o.check for mark in marks if mark.report for o in mark.report.outcomes))
    with out.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["student", "points", "of", *names, "remark"])
        for mark in marks:
            rows.writerow([mark.student, *_columns(mark, names), mark.trouble])


def _columns(mark: Mark, names: Sequence[str]) -> list[Any]:
    """Points, and each check's; nothing at all where the grader is to blame."""
    report = mark.report
    if mark.fault:
        return ["", "", *("" for _ in names)]
    if report is None:
        return [0, "", *(0 for _ in names)]
    earned = {outcome.check: outcome.earned for outcome in report.outcomes}
    return [report.earned, report.points, *(earned.get(name, "") for name in names)]


def write_feedback(marks: Sequence[Mark], folder: Path) -> None:
    """A Markdown file a student: what holds, what does not, and the trace of the mail that went wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    for mark in marks:
        text = mark.report.markdown() if mark.report is not None else "# No points\n"
        if mark.trouble:
            text += f"\n{mark.trouble}\n"
        (folder / f"{mark.student}.md").write_text(text, encoding="utf-8")
