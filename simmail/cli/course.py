"""Commands of a course: start, reset, check, grade, handout, lab."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from simmail.cli.arguments import PORTS, student_arguments, whole
from simmail.mail.errors import InputError


def _start(args: argparse.Namespace) -> int:
    from simmail.lab.copies import VARIANT, notebook_of, start

    copy = start(args.name, Path(args.dir) if args.dir else None, *_whose(args))
    print(f"{copy} is yours: change its files, then")
    print(f"  simmail {'check' if (copy / VARIANT).is_file() else 'run'} {copy}")
    if notebook_of(copy) is not None:
        print(f"  simmail lab {copy}")
    print(f"  simmail reset {copy}      puts it back to its beginning")
    return 0


def _whose(args: argparse.Namespace) -> tuple[str, bytes]:
    """Whose variant is meant, and the secret that tells which that is: one says nothing without the other.

    Raises:
        InputError: where one is missing; everybody's variant would come unasked.
    """
    from simmail.lab.variants import SECRET, secret

    key = secret(args.secret_file)
    if args.student and not key:
        raise InputError("--student", "tells no variant without the course's secret", f"--secret-file, or {SECRET}")
    if args.secret_file and not args.student:
        raise InputError("--secret-file", "tells no variant without a student", "say whose: --student ID")
    return args.student, key


def _reset(args: argparse.Namespace) -> int:
    from simmail.lab.copies import reset

    done = reset(Path(args.dir))
    if not done.restored and not done.removed:
        print(f"{args.dir} is as it was at its beginning")
    for word, names in (("put back", done.restored), ("taken away", done.removed)):
        for name in names:
            print(f"{word:<12}{name}")
    if done.kept is not None:
        print(f"what you had there lies in {done.kept}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from simmail.lab.hand_in import check

    report = check(args.dir)
    print(report)
    return 0 if report.passed else 1


def _grade(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from simmail.lab import exercise as exercises
    from simmail.lab.feedback import Book
    from simmail.lab.grade import Mark, grade, hand_ins
    from simmail.lab.variants import secret

    exercise = exercises.find(args.exercise)
    if exercise is None:
        known = f"; there are: {', '.join(exercises.known())}"
        print(f"simmail grade: there is no exercise {args.exercise!r}{known}", file=sys.stderr)
        return 2
    out = Path(args.out) if args.out else None
    paths = list(hand_ins(args.submissions, out))
    key = secret(args.secret_file)
    book = Book(out, args.feedback) if out is not None else None
    marks: list[Mark] = []
    try:
        for mark in tqdm(grade(exercise, paths, key, args.jobs), total=len(paths), disable=None):
            marks.append(mark)
            points = f"{mark.report.earned:g} of {mark.report.points:g}" if mark.report else "no points"
            tqdm.write(_printable(f"{mark.student:<24} {points}{'; ' + mark.trouble if mark.trouble else ''}"))
            sys.stdout.flush()
            if book is not None:
                book.add(mark)
    except KeyboardInterrupt:
        kept = f", and in {out}" if out is not None else ""
        print(f"simmail grade: interrupted; {len(marks)} of {len(paths)} marks are above{kept}", file=sys.stderr)
        return 130
    if book is not None:
        print(f"marks: {book.out}; feedback, a file a student: {book.folder}")
    if args.json:
        rows = [
            {"student": m.student, "earned": m.report and m.report.earned, "points": m.report and m.report.points,
             "trouble": m.trouble, "fault": m.fault} for m in marks
        ]  # fmt: skip
        print(json.dumps(rows, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8"))
    faults = [mark for mark in marks if mark.fault]
    for mark in faults:
        print(_printable(f"simmail grade: {mark.student} has no mark: {mark.trouble}"), file=sys.stderr)
    return 3 if faults else 0


def _printable(text: str) -> str:
    """A line with what is no UTF-8 in names, and what would end the line, written out."""
    from simmail.lab.feedback import one_line

    return one_line(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def _handout(args: argparse.Namespace) -> int:
    from simmail.lab.handout import handout

    files = handout(Path(args.out), *_whose(args))
    print(f"{args.out}: {len(files)} files")
    return 0


def _lab(args: argparse.Namespace) -> int:
    from simmail.lab.jupyter import lab

    options = [*(["--no-browser"] if args.no_browser else []), *([f"--port={args.port}"] if args.port else [])]
    return lab(args.name, options)


def register(commands: Any) -> None:
    """Add them to the command line."""
    lab = commands.add_parser("lab", help="open JupyterLab on a lab's notebook")
    lab.add_argument("name", metavar="NAME", nargs="?", default="", help="a lab's name, or a copy of yours: 01, mylab")
    lab.add_argument("--no-browser", action="store_true", help="only tell the address")
    lab.add_argument("--port", type=whole(*PORTS), help="where JupyterLab listens (default 8888, or the next free one)")
    lab.set_defaults(act=_lab)

    start = commands.add_parser("start", help="make your own copy of a lab or an exercise")
    start.add_argument("name", metavar="NAME", help="its name, or the beginning of it: 01")
    start.add_argument(
        "dir", metavar="DIR", nargs="?", help="the folder to make (default: one of the lab's name, here)"
    )
    student_arguments(start)
    start.set_defaults(act=_start)

    reset = commands.add_parser("reset", help="put your copy back to its beginning; your changes are kept beside it")
    reset.add_argument(
        "dir", metavar="DIR", nargs="?", default=".", help="the copy's folder (default: the present one)"
    )
    reset.set_defaults(act=_reset)

    check = commands.add_parser("check", help="try your copy of an exercise on its checks")
    check.add_argument("dir", metavar="DIR", nargs="?", default=".", help="the copy (default: the present folder)")
    check.set_defaults(act=_check)
    _register_marks(commands)


def _register_marks(commands: Any) -> None:
    grade = commands.add_parser("grade", help="marks with reasons for a folder of hand-ins")
    grade.add_argument("exercise", metavar="EXERCISE", help="its name, or the beginning of it")
    grade.add_argument(
        "submissions",
        metavar="SUBMISSION",
        nargs="+",
        help="a hand-in (a folder, a zip or tar file), or a folder of them",
    )
    grade.add_argument("--out", metavar="FILE.csv", help="where to write marks, and in a folder of that name feedback")
    grade.add_argument("--feedback", choices=["markdown", "html"], default="markdown", help="as what (markdown)")
    grade.add_argument("--json", action="store_true", help="print the marks as JSON")
    grade.add_argument("--jobs", type=whole(1), default=2, help="how many at a time (default 2)")
    grade.add_argument("--secret-file", metavar="FILE", help="the course's secret (or SIMMAIL_COURSE_SECRET)")
    grade.set_defaults(act=_grade)

    handout = commands.add_parser("handout", help="a zip file with what students get")
    handout.add_argument("--out", required=True, metavar="FILE.zip", help="the file to write")
    student_arguments(handout)
    handout.set_defaults(act=_handout)
