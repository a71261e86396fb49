"""Tries one hand-in, in a process of its own that has little time and memory and no reason for more.

It reads what to do as JSON from standard input, and writes what came of it as JSON to standard output.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from simmail.lab import exercise as exercises
from simmail.lab.copies import VARIANT
from simmail.lab.hand_in import checked, read_variant
from simmail.lab.namesakes import misplaced
from simmail.lab.variants import same_student
from simmail.mail.errors import SimmailError


def limit(limits: dict[str, int]) -> str:
    """Take the process's limits; what has to be said where the platform knows none."""
    try:
        import resource
    except ImportError:
        return "this platform limits neither time nor memory of a hand-in"
    for name, value in (
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_FSIZE, limits["file"]),
        (resource.RLIMIT_NOFILE, limits["files"]),
    ):
        _, hard = resource.getrlimit(name)
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (allowed, allowed))
    return ""


def tried(task: dict[str, Any]) -> dict[str, Any]:
    """What a hand-in came to."""
    note = limit(task["limits"])
    exercise = exercises.read(Path(task["exercise"]))
    folder, key = Path(task["folder"]), bytes.fromhex(task["key"])
    student = task["student"]
    variant = exercise.variant(student, key)
    edits = [variant.told(path) for path in exercise.spec.edits]
    try:
        if (folder / VARIANT).is_file():
            told = read_variant(folder)
            if told["exercise"] != exercise.name:
                return {"refused": f"is a copy of {told['exercise']}, not of {exercise.name}"}
            note = f"{other_variant(exercise, told['student'], student, key)} {note}".strip()
        own = exercises.handed_in(folder, edits)
        elsewhere = "" if own or note else misplaced(folder, exercise.to_change(variant))
    except SimmailError as error:
        return {"refused": str(error).replace(str(folder), "hand-in")}
    except OSError as error:
        return {"refused": f"cannot be read: {error.strerror}"}
    except RecursionError:
        return {"refused": "has folders within folders without end"}
    if not own:
        said = (f"has none of the files to be changed: {', '.join(edits)}.", elsewhere, note)
        return {"refused": " ".join(filter(None, said)).removesuffix(".")}
    report = checked(exercise, own, student, key, hidden=True)
    return {"outcomes": [outcome._asdict() for outcome in report.outcomes], "note": note}


def other_variant(exercise: exercises.Exercise, says: str, student: str, key: bytes) -> str:
    """What has to be said of a copy that was made for somebody else than it is tried for; "" for nothing.

    Args:
        exercise: which.
        says: the student for whom the copy says that it was made; "" for everybody.
        student, key: for whom it is tried.
    """
    if says and not key:
        return f"Is the variant of {says}; give --secret-file."
    if says and not same_student(says, student):
        return f"Is the variant of {says}, and tried as that of {student}; is that the student's id?"
    if key and not says and exercise.variant(student, key) != exercise.variant():
        return f"Is everybody's variant, and tried as that of {student}; was it handed out without --student?"
    return ""


if __name__ == "__main__":
    print(json.dumps(tried(json.load(sys.stdin))))
