"""Every exercise: the start fails, the solution passes, and typical wrong answers are refused for the right reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.lab import exercise as exercises
from simmail.lab.checks import checks_in
from tests.exercises.trial import KEY, holds, passes, refused_for_its_reason, solution, tried
from tests.notebooks.printed import claims

ROOT = Path(__file__).resolve().parents[2]
EXERCISES = [exercises.read(path.parent) for path in sorted((ROOT / "exercises").glob(f"*/{exercises.SPEC}"))]


def answers(kind: str) -> list[tuple[exercises.Exercise, str]]:
    """The answers of all exercises that lie in such a folder: the exercise, and the answer's layer."""
    return [
        (exercise, f"{kind}/{path.name}")
        for exercise in EXERCISES
        for path in sorted((exercise.folder / kind).glob("*"))
        if path.is_dir()
    ]


def names(found: list[tuple[exercises.Exercise, str]]) -> list[str]:
    """What pytest calls them."""
    return [f"{exercise.name}/{layer.partition('/')[2]}" for exercise, layer in found]


WRONG, RIGHT = answers(exercises.WRONG), answers(exercises.RIGHT)
#: Where else a user's mail may lie, by a line of main.cf.
MAILBOXES = (
    "home_mailbox = Maildir/", "home_mailbox = Mailbox", "mail_spool_directory = /var/mail/",
    "mail_spool_directory = /tmp",
)  # fmt: skip
#: Of a hundred students, the one whose variant the quick tests try.
SOMEBODY = "student7"

each_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=[e.name for e in EXERCISES])


def test_there_are_exercises() -> None:
    """And each has at least four wrong answers."""
    assert EXERCISES
    few = [e.name for e in EXERCISES if sum(1 for other, _ in WRONG if other is e) < 4]
    assert few == []


@each_exercise
def test_the_start_fails_and_the_solution_passes(exercise: exercises.Exercise) -> None:
    """As the files are handed out something does not hold; with the solution all does."""
    holds(exercise)


@pytest.mark.parametrize(("exercise", "right"), RIGHT, ids=names(RIGHT))
def test_another_right_answer_passes(exercise: exercises.Exercise, right: str) -> None:
    """What is right in another way than the solution earns all points."""
    passes(exercise, right)


@pytest.mark.parametrize("line", MAILBOXES)
@each_exercise
def test_a_mailbox_may_be_anywhere(exercise: exercises.Exercise, line: str) -> None:
    """The solution passes wherever its main.cf lets users' mail lie."""
    solved = solution(exercise)
    main_cfs = [path for path in solved if path.endswith("etc/postfix/main.cf")]
    report = tried(exercise, {path: f"{text}\n{line}\n" if path in main_cfs else text for path, text in solved.items()})
    assert [f"{o.check}: {o.text}" for o in report.outcomes if o.text] == []


@pytest.mark.parametrize(("exercise", "wrong"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_is_refused_for_the_right_reason(exercise: exercises.Exercise, wrong: str) -> None:
    """The checks that must refuse it do, and no others."""
    refused_for_its_reason(exercise, wrong)


@each_exercise
def test_a_students_variant_works(exercise: exercises.Exercise) -> None:
    """Its start fails, its solution passes."""
    holds(exercise, SOMEBODY)


@pytest.mark.long
@each_exercise
def test_a_hundred_variants_work(exercise: exercises.Exercise) -> None:
    """The start of each fails, and its solution passes."""
    seen = set()
    for number in range(100):
        student = f"student{number}"
        variant = exercise.variant(student, KEY)
        known = (tuple(sorted(variant.names.items())), variant.fault)
        if known not in seen:  # what is the same to the letter need not be tried again
            seen.add(known)
            holds(exercise, student)


@pytest.mark.long
@each_exercise
def test_answers_are_told_apart_in_every_variant(exercise: exercises.Exercise) -> None:
    """Wrong ones are refused, and right ones pass, with each of the names that variants have."""
    seen: dict[str, str] = {}
    for student in (f"student{number}" for number in range(100)):
        for name, chosen in exercise.variant(student, KEY).names.items():
            seen.setdefault(f"{name}: {chosen}", student)
    for student in sorted(set(seen.values())):
        for _, wrong in (found for found in WRONG if found[0] is exercise):
            refused_for_its_reason(exercise, wrong, student)
        for _, right in (found for found in RIGHT if found[0] is exercise):
            passes(exercise, right, student)


@each_exercise
def test_every_check_helps(exercise: exercises.Exercise) -> None:
    """Each says what it is about, what it is worth, and where to read on."""
    for path in (exercise.folder / exercises.CHECKS, exercise.folder / exercises.HIDDEN / exercises.CHECKS):
        for found in checks_in(path) if path.is_file() else ():
            assert found.says.endswith(".")
            assert found.points > 0
            assert found.hint
            assert found.manual


@each_exercise
def test_the_task_is_a_notebook(
    exercise: exercises.Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has its header, small cells, a prediction, and runs from top to bottom unsolved; figures differ by variant."""
    import json

    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from simmail.lab.copies import start

    copy = start(str(exercise.folder), tmp_path / exercise.name)
    book = json.loads((copy / f"{exercise.name}.ipynb").read_text(encoding="utf-8"))
    texts = ["".join(cell["source"]) for cell in book["cells"]]
    assert [field for field in ("Goals", "Prerequisites", "Time", "Difficulty") if f"**{field}**" not in texts[0]] == []
    code = [text for text, cell in zip(texts, book["cells"], strict=True) if cell["cell_type"] == "code"]
    assert not [text for text in code if len(text.splitlines()) > 8]
    assert "**Predict.**" in "".join(texts)
    assert not list(claims((exercise.folder / exercises.TASK).read_text(encoding="utf-8"), exercises.TASK))
    monkeypatch.chdir(copy)
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    for text in code:
        shell.run_cell(text, store_history=False).raise_error()
    assert "Traceback" not in capsys.readouterr().out
