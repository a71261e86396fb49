"""Hand-ins of all sorts get the marks they deserve, and none of them stops the others."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from simmail.cli import main
from simmail.lab import exercise as exercises
from simmail.lab.copies import start
from simmail.lab.grade import grade, hand_ins, unpack
from simmail.lab.handout import handout
from simmail.lab.variants import Variant, choose
from simmail.mail.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
NAME = "03-close-the-relay"
MAIN_CF = Path("hosts/mail.domain.ork/etc/postfix/main.cf")
SOLVED = (ROOT / "exercises" / NAME / "solution" / MAIN_CF).read_text(encoding="utf-8")


@pytest.fixture
def exercise() -> exercises.Exercise:
    """The exercise that is graded."""
    return exercises.read(ROOT / "exercises" / NAME)


def hand_in(folder: Path, text: str | None = None) -> Path:
    """A student's copy, with this main.cf."""
    start(str(ROOT / "exercises" / NAME), folder)
    if text is not None:
        (folder / MAIN_CF).write_text(text, encoding="utf-8")
    return folder


def packed(folder: Path) -> Path:
    """The same as a zip file."""
    archive = shutil.make_archive(str(folder), "zip", folder.parent, folder.name)
    shutil.rmtree(folder)
    return Path(archive)


def test_mixed_hand_ins_get_their_marks(exercise: exercises.Exercise, tmp_path: Path) -> None:
    """Good, half good, untouched, empty, broken and hostile ones, in one go."""
    hand_in(tmp_path / "good", SOLVED)
    packed(hand_in(tmp_path / "packed", SOLVED))
    hand_in(tmp_path / "half", SOLVED.replace(", 192.0.2.20", ""))
    hand_in(tmp_path / "untouched")
    (tmp_path / "empty" / "hosts").mkdir(parents=True)
    hand_in(tmp_path / "no-syntax", "mynetworks\n = = =\n\x00\x01")
    hand_in(tmp_path / "endless", SOLVED + "\nheader_checks = pcre:{{/^(a+)+$/ REJECT}}\nbody_checks = $body_checks\n")
    hand_in(tmp_path / "passwd", SOLVED + "\nsmtpd_client_restrictions = check_client_access cidr:/etc/passwd\n")
    escape = hand_in(tmp_path / "escape", SOLVED)
    (escape / "hosts/mail.domain.ork/etc/postfix/secret").symlink_to("/etc/passwd")
    with zipfile.ZipFile(tmp_path / "climber.zip", "w") as archive:
        archive.writestr("../../climbed", "here")
    (tmp_path / "no-archive.zip").write_text("hello")
    marks = {mark.student: mark for mark in grade(exercise, list(hand_ins([str(tmp_path)])), b"")}
    earned = {name: mark.report.earned if mark.report else 0 for name, mark in marks.items()}
    assert not [mark for mark in marks.values() if mark.fault]
    assert earned["good"] == earned["packed"] == 12
    assert earned["half"] == 11
    assert 0 < earned["untouched"] < 12
    assert earned["empty"] == 0
    assert earned["no-syntax"] < 12
    assert "leads out" in marks["escape"].trouble
    assert "leads out" in marks["climber"].trouble
    assert "cannot be unpacked" in marks["no-archive"].trouble
    assert not (tmp_path.parent / "climbed").exists()
    assert "root:" not in str(marks["passwd"].report)


def test_much_too_much_is_refused(exercise: exercises.Exercise, tmp_path: Path) -> None:
    """A value of hundreds of megabytes is not read, and says so."""
    big = hand_in(tmp_path / "big")
    with (big / MAIN_CF).open("wb") as file:
        file.truncate(300_000_000)
    (mark,) = grade(exercise, [big], b"")
    assert mark.report is None
    assert not mark.fault
    assert "octets" in mark.trouble


def test_a_broken_check_costs_nobody_a_mark(
    exercise: exercises.Exercise, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault of the grader is told, and the mark stays open."""
    own = tmp_path / "exercises" / NAME
    shutil.copytree(exercise.folder, own)
    (own / "checks.py").write_text(
        "from simmail.lab.checks import check\n\n@check(1)\ndef fails(bench):\n    'Something.'\n    1 / 0\n"
    )
    hand_in(tmp_path / "someone", SOLVED)
    out = tmp_path / "grades.csv"
    assert main(["grade", str(own), str(tmp_path / "someone"), "--out", str(out)]) == 3
    assert "someone has no mark" in capsys.readouterr().err
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert rows[0]["points"] == ""


def test_grades_and_feedback_are_written(tmp_path: Path) -> None:
    """One line and one file a student; the feedback shows the mail that went wrong."""
    hand_in(tmp_path / "in" / "ann", SOLVED.replace(", 192.0.2.20", ""))
    out = tmp_path / "grades.csv"
    assert main(["grade", NAME, str(tmp_path / "in"), "--out", str(out)]) == 0
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [(row["student"], row["points"], row["web_server_may_send"]) for row in rows] == [("ann", "11.0", "0.0")]
    feedback = (tmp_path / "grades" / "ann.md").read_text(encoding="utf-8")
    assert "C: RCPT TO:<friend@elsewhere.example>" in feedback
    assert "454 4.7.1" in feedback


def test_the_check_in_a_copy_says_what_does_not_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`simmail check` exits with 1 before, with 0 after; an unmarked folder is told what to do."""
    copy = hand_in(tmp_path / "mine")
    assert main(["check", str(copy)]) == 1
    (copy / MAIN_CF).write_text(SOLVED)
    assert main(["check", str(copy / "hosts")]) == 0
    assert main(["check", str(tmp_path)]) == 1
    assert "is not a copy of an exercise; make one: simmail start NAME" in capsys.readouterr().err


def test_who_has_changed_the_world_has_changed_nothing(exercise: exercises.Exercise, tmp_path: Path) -> None:
    """Only what may be edited counts."""
    cheat = hand_in(tmp_path / "cheat")
    world = (cheat / "world.yaml").read_text()
    (cheat / "world.yaml").write_text(world.replace("203.0.113.9", "192.168.1.99"))
    (honest,) = grade(exercise, [hand_in(tmp_path / "honest")], b"")
    (mark,) = grade(exercise, [cheat], b"")
    assert mark.report is not None
    assert honest.report is not None
    assert mark.report.earned == honest.report.earned


def test_variants_follow_from_student_and_secret() -> None:
    """The same for the same, another for others, the first without a secret."""
    names = {"domain.ork": ["domain.ork", "trinkets.bis", "harbour.example"]}
    assert choose("e", "ann", b"", names, ["a", "b"]) == Variant({"domain.ork": "domain.ork"}, "a")
    assert choose("e", "ann", b"k", names, ["a", "b"]) == choose("e", "ann", b"k", names, ["a", "b"])
    several = {
        (v.names["domain.ork"], v.fault) for v in (choose("e", f"s{n}", b"k", names, ["a", "b"]) for n in range(50))
    }
    assert len(several) == 6
    assert Variant({"a.b": "c.d", "a": "z"}).told("mail.a.b a") == "mzil.c.d z"


def test_a_handout_keeps_the_instructors_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No solutions, hidden checks or instructor's pages; unpacked, its exercise can be checked and its lab run."""
    monkeypatch.setenv("SIMMAIL_COURSE_SECRET", "a secret")
    out = tmp_path / "handout.zip"
    assert main(["handout", "--out", str(out), "--student", "ann"]) == 0
    again = tmp_path / "again.zip"
    handout(again, "ann", b"a secret")
    assert out.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
        assert not [
            n for n in names if any(word in n for word in ("hidden", "solution", "wrong", "instructor", "lab.md"))
        ]
        assert not [n for n in names if b"a secret" in archive.read(n)]
    unpack(out, tmp_path / "course")
    monkeypatch.chdir(tmp_path / "course")
    assert main(["check", f"exercises/{NAME}"]) == 1
    assert main(["run", "01", "--until", "9:10", "--out", "results"]) == 0
    about = json.loads(Path(f"exercises/{NAME}/.simmail/exercise.json").read_text())
    assert about["student"] == "ann"


def test_a_secret_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """With its file's name."""
    from simmail.lab.variants import secret

    with pytest.raises(InputError, match="nothing-here"):
        secret(str(tmp_path / "nothing-here"))
