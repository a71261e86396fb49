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
from simmail.mail.errors import InputError, SimmailError


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
    if (folder / VARIANT).is_file():
        try:
            told = read_variant(folder)
        except InputError as error:
            return {"refused": f"{VARIANT}: {error.found}"}
        if told["exercise"] != exercise.name:
            return {"refused": f"is a copy of {told['exercise']}, not of {exercise.name}"}
        if key and told["student"] and told["student"] != student:
            note = f"is the variant of {told['student']}. {note}".strip()
    variant = exercise.variant(student, key)
    try:
        own = exercises.handed_in(folder, [variant.told(path) for path in exercise.spec.edits])
    except SimmailError as error:
        return {"refused": str(error).replace(str(folder), "hand-in")}
    except OSError as error:
        return {"refused": f"cannot be read: {error.strerror}"}
    except RecursionError:
        return {"refused": "has folders within folders without end"}
    if not own:
        return {"refused": f"has none of the files to be changed: {', '.join(exercise.spec.edits)}"}
    report = checked(exercise, own, student, key, hidden=True)
    return {"outcomes": [outcome._asdict() for outcome in report.outcomes], "note": note}


if __name__ == "__main__":
    print(json.dumps(tried(json.load(sys.stdin))))
