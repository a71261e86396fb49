"""Marks for a folder of hand-ins: each tried by itself, in a process with limits, none able to stop the others.

A hand-in is a learner's copy as a folder, or packed as a zip or tar file; its name is the student's id.  What is wrong
with a hand-in costs its own marks and is said; what is wrong with a check is said loudly and costs nobody anything.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from simmail.lab.archive import ADDED, copy_in, ending, is_copy, packed_in, unpacked
from simmail.lab.checks import Outcome
from simmail.lab.exercise import Exercise
from simmail.lab.report import Report
from simmail.mail.errors import InputError

#: Seconds of wall time for one hand-in.
PATIENCE_S = 300.0
#: Of one hand-in's process: CPU seconds, octets of memory, octets of one file, open files.
LIMITS = {"cpu": 60, "memory": 2_000_000_000, "file": 100_000_000, "files": 256}
#: How a process ends that had its share of these.
SPENT = (-9, -24)


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


def hand_ins(paths: Iterable[str], out: Path | None = None) -> Iterator[Path]:
    """The hand-ins that some paths name: each itself, or all that lie in a folder of hand-ins.

    Args:
        paths: folders, archives, or folders of these.
        out: where marks are written: neither that file nor the folder of feedback beside it is a hand-in.

    Raises:
        InputError: for a path where nothing is.
    """
    for name in paths:
        path = Path(name)
        if not path.exists():
            raise InputError(name, "there is no such hand-in")
        if path.is_dir() and not is_copy(path) and any(_looks_handed_in(p) for p in path.iterdir()):
            own = {out.resolve(), out.with_suffix("").resolve()} if out is not None else set()
            yield from sorted(p for p in path.iterdir() if not _added(p.name) and p.absolute() not in own)
        else:
            yield path


def _added(name: str) -> bool:
    """Whether something in a folder of hand-ins is a system's and nobody's."""
    return name.startswith(".") or name in ADDED


def _looks_handed_in(path: Path) -> bool:
    """Whether something in a folder tells that it is a folder of hand-ins."""
    return bool(ending(path)) or is_copy(copy_in(path)) or packed_in(path) is not None


def grade(exercise: Exercise, paths: Sequence[Path], key: bytes, jobs: int = 2) -> Iterator[Mark]:
    """Mark hand-ins, in their order.

    Args:
        exercise: which.
        paths: folders or archives.
        key: the course's secret, by which each student's variant is known.
        jobs: how many at a time.
    """
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda path: _mark(exercise, path, key), paths)


def _mark(exercise: Exercise, path: Path, key: bytes) -> Mark:
    """One hand-in's mark; whatever goes wrong with it stops no other."""
    student = path.name.removesuffix(ending(path))
    try:
        return _tried(exercise, path, student, key)
    except InputError as error:
        return Mark(student, None, f"{error.found}; {error.wanted}".rstrip("; "))
    except Exception as error:
        return Mark(student, None, f"the grader failed: {type(error).__name__}: {error}", True)


def _tried(exercise: Exercise, path: Path, student: str, key: bytes) -> Mark:
    with tempfile.TemporaryDirectory(prefix="simmail-grade-", ignore_cleanup_errors=True) as place:
        if path.is_symlink():
            raise InputError(str(path), "is a link", "hand in the folder itself, or a zip file")
        if not path.is_dir() and not (ending(path) and path.is_file()):
            raise InputError(str(path), "is neither a folder nor a zip file", "hand in one of these")
        copy = unpacked(path, Path(place)).resolve()
        task = {
            "exercise": str(exercise.folder), "folder": str(copy), "student": student,
            "key": key.hex(), "limits": LIMITS,
        }  # fmt: skip
        try:
            done = subprocess.run(
                [sys.executable, "-m", "simmail.lab.grading_process"], input=json.dumps(task), capture_output=True,
                encoding="utf-8", errors="backslashreplace", timeout=PATIENCE_S, check=False, cwd=place,
                env={**os.environ, "TMPDIR": place},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            # what computes without end has had its CPU time long before: the machine was busy
            return Mark(student, None, f"was not done within {PATIENCE_S:g} s; grade it again with fewer --jobs", True)
    return _read(student, exercise, done)


def _read(student: str, exercise: Exercise, done: subprocess.CompletedProcess[str]) -> Mark:
    """What a hand-in's process said."""
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        if done.returncode in SPENT or "MemoryError" in done.stderr:
            return Mark(student, None, "used up the time or the memory that a hand-in has, and was stopped")
        last = done.stderr.strip().rpartition("\n")[2]
        return Mark(student, None, f"the grader failed: {last or f'exit status {done.returncode}'}", True)
    if "refused" in told:
        return Mark(student, None, told["refused"])
    outcomes = [
        Outcome(**{**row, "witness": tuple(row["witness"]), "troubles": tuple(row["troubles"])})
        for row in told["outcomes"]
    ]
    report = Report(exercise.spec.title, outcomes)
    broken = [outcome.check for outcome in outcomes if outcome.broken]
    if broken or not outcomes:
        what = f"these checks broke: {', '.join(broken)}" if broken else "there are no checks"
        return Mark(student, report, what, True)
    return Mark(student, report, told.get("note", ""))
