"""Hand-ins of all sorts get the marks they deserve, and none of them stops the others."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from simmail.cli import main
from simmail.lab import exercise as exercises
from simmail.lab.archive import ending, unpack
from simmail.lab.checks import Outcome, checks_in
from simmail.lab.copies import start
from simmail.lab.feedback import FORMS, file_name, markdown, page_of
from simmail.lab.grade import Mark, grade, hand_ins
from simmail.lab.hand_in import check, checked
from simmail.lab.handout import handout
from simmail.lab.report import Report
from simmail.lab.variants import Variant, choose
from simmail.mail.errors import InputError
from tests.lab.hand_ins import ALL, MAIN_CF, NAME, ROOT, SOLVED, SORTS, copy, packed

#: Of all sorts of hand-ins, those that the quick test tries.
FEW = (
    "good", "packed", "no web server", "empty", "no syntax", "no archive.zip", "endless pattern",
    "link to a file", "climber", "essay.txt", "packed on a Mac", "in a folder, packed", "by gzip.tar.gz",
    "bomb in one.tar.gz",
)  # fmt: skip
#: The course's, by which variants are drawn.
SECRET = b"a secret"


@pytest.fixture
def exercise() -> exercises.Exercise:
    """The exercise that is graded."""
    return exercises.read(ROOT / "exercises" / NAME)


def laid_out(folder: Path, names: Iterable[str]) -> Path:
    """A folder of hand-ins of these sorts."""
    folder.mkdir()
    for name in names:
        SORTS[name].make(folder / name)
    return folder


def test_mixed_hand_ins_get_their_marks(tmp_path: Path) -> None:
    """Good, half good, untouched, empty, broken and hostile ones, in one go."""
    _graded(tmp_path, FEW, "markdown")


@pytest.mark.long
def test_all_sorts_of_hand_ins_get_their_marks(tmp_path: Path) -> None:
    """Forty and more, by one command, none of which stops another, reads the machine or gets out of its folder."""
    assert len(SORTS) >= 40
    try:
        _graded(tmp_path, SORTS, "html")
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "in" / "nested"], check=True)  # deeper than Python would go


def _graded(tmp_path: Path, names: Iterable[str], form: str) -> None:
    folder, out = laid_out(tmp_path / "in", names), tmp_path / "grades.csv"
    assert main(["grade", NAME, str(folder), "--out", str(out), "--feedback", form]) == 0
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")))}
    suffix = FORMS[form][0]
    for name in names:
        sort, student = SORTS[name], name.removesuffix(ending(Path(name)))
        row = rows.pop(_in_a_table(student))
        assert (name, float(row["points"])) == (name, sort.earned or 0.0)
        assert sort.words in row["remark"]
        told = (tmp_path / "grades" / f"{file_name(student)}{suffix}").read_text(encoding="utf-8")
        assert (f"{sort.earned:g} of {ALL:g} points" if sort.earned is not None else "No points") in told
        assert "root:" not in told
        assert "<script" not in told
    assert rows == {}
    climbed = (tmp_path / "climbed", tmp_path.parent / "climbed", *(Path("/tmp") / name for name in ("climbed", "ran")))
    assert not [path for path in climbed if path.exists()]


def _in_a_table(student: str) -> str:
    """A name as it stands in the table of marks."""
    told = student.encode("utf-8", "backslashreplace").decode()
    return f"'{told}" if told.startswith("=") else told


@pytest.mark.long
@pytest.mark.parametrize("name", [path.name for path in sorted((ROOT / "exercises").iterdir()) if path.name != NAME])
def test_wrong_answers_get_what_they_earn(name: str, tmp_path: Path) -> None:
    """Of every other exercise: all points for the solution, and for a wrong answer those of the checks that hold."""
    given = exercises.read(ROOT / "exercises" / name)
    answers = ["solution", *(f"wrong/{path.name}" for path in sorted((given.folder / "wrong").iterdir()))]
    for answer in answers:
        mine = start(str(given.folder), tmp_path / "in" / answer.rpartition("/")[2])
        for path, text in given.files(given.variant(), answer).items():
            (mine / path).write_text(text, encoding="utf-8", errors="surrogateescape")
    out = tmp_path / "grades.csv"
    assert main(["grade", name, str(tmp_path / "in"), "--out", str(out)]) == 0
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")))}
    assert rows["solution"]["points"] == rows["solution"]["of"]
    for answer in answers[1:]:
        row, folder = rows[answer.rpartition("/")[2]], given.folder / answer
        lost = {column for column, points in row.items() if points == "0"} - {"points"}
        assert lost == set((folder / exercises.REFUSED).read_text(encoding="utf-8").split())


def test_feedback_stays_text() -> None:
    """Whatever a hand-in's mail holds: no markup of its own in HTML or Markdown, and nothing that a page would load."""
    hostile = ("</pre><script>alert(1)</script>", "```", "````", "<img src=http://elsewhere.example/x>")
    outcome = Outcome("c", "All is well.", 2, 0.0, "said <b>so</b>", hostile, "Why?", "postconf(5)")
    mark = Mark("<i>ann</i>", Report("A title", [outcome]), "a <remark>")
    page, told = page_of(mark), markdown(mark)
    assert re.findall(r"<(?:script|b|img|i|remark)\b", page) == []
    assert "default-src 'none'" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\n`````\n</pre><script>" in told
    assert re.findall(r"<(?:b|i|remark)\b", told) == []


def test_much_too_much_is_refused(exercise: exercises.Exercise, tmp_path: Path) -> None:
    """A value of hundreds of megabytes is not read, and says so."""
    big = copy(tmp_path / "big")
    with (big / MAIN_CF).open("wb") as file:
        file.truncate(300_000_000)
    (mark,) = grade(exercise, [big], b"")
    assert mark.report is None
    assert not mark.fault
    assert "octets" in mark.trouble


@pytest.mark.parametrize(
    "broken", ["1 / 0", "bench.letter('192.0.2.200', 'a@b.example', 'alice@domain.ork').accepted()"]
)
def test_a_broken_check_costs_nobody_a_mark(
    exercise: exercises.Exercise, tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    """A fault of the grader is told, and the mark stays open."""
    own = tmp_path / "exercises" / NAME
    shutil.copytree(exercise.folder, own)
    (own / "checks.py").write_text(
        f"from simmail.lab.checks import check\n\n@check(1)\ndef fails(bench):\n    'Something.'\n    {broken}\n"
    )
    copy(tmp_path / "someone")
    out = tmp_path / "grades.csv"
    assert main(["grade", str(own), str(tmp_path / "someone"), "--out", str(out)]) == 3
    assert "someone has no mark" in capsys.readouterr().err
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert rows[0]["points"] == ""


def test_grades_and_feedback_are_written(tmp_path: Path) -> None:
    """One line and one file a student; the feedback shows the mail that went wrong."""
    copy(tmp_path / "in" / "ann", SOLVED.replace(", 192.0.2.20", ""))
    out = tmp_path / "grades.csv"
    assert main(["grade", NAME, str(tmp_path / "in"), "--out", str(out)]) == 0
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert [(row["student"], row["points"], row["web_server_may_send"]) for row in rows] == [("ann", "12", "0")]
    feedback = (tmp_path / "grades" / "ann.md").read_text(encoding="utf-8")
    assert "C: RCPT TO:<friend@elsewhere.example>" in feedback
    assert "454 4.7.1" in feedback


def test_marks_are_written_as_they_come(
    exercise: exercises.Exercise, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who interrupts it has the marks that were there: printed, in the table, and as feedback."""
    for name in ("ann", "bob", "cyd"):
        copy(tmp_path / "in" / name)

    def two(*args: object) -> Iterator[Mark]:
        yield Mark("ann", Report("A title", []))
        yield Mark("bob\nmallory", None, "nothing\tin it")
        raise KeyboardInterrupt

    monkeypatch.setattr("simmail.lab.grade.grade", two)
    out = tmp_path / "grades.csv"
    assert main(["grade", NAME, str(tmp_path / "in"), "--out", str(out)]) == 130
    told = capsys.readouterr()
    assert f"interrupted; 2 of 3 marks are above, and in {out}" in told.err
    assert re.search(r"^ann +0 of 0\nbob\\nmallory +no points; nothing\\tin it$", told.out, re.MULTILINE)
    lines = out.read_text().splitlines()
    assert lines == ["student,points,of,remark", "ann,0,0,", "bob\\nmallory,0,,nothing\\tin it"]
    assert sorted(path.name for path in (tmp_path / "grades").iterdir()) == ["ann.md", "bob%nmallory.md"]


def test_a_table_that_cannot_be_written_is_told_before_anything_is_graded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And an older one is left as it was."""
    monkeypatch.setattr("simmail.lab.grade.grade", lambda *args: pytest.fail("is graded"))
    mine, old = copy(tmp_path / "mine"), tmp_path / "old.csv"
    old.write_text("student\n")
    (tmp_path / "old").write_text("in the way of the feedback\n")
    for out in ("nowhere/x.csv", "mine", "old.csv"):
        assert main(["grade", NAME, str(mine), "--out", str(tmp_path / out)]) == 1
        assert str(tmp_path / out.partition("/")[0].removesuffix(".csv")) in capsys.readouterr().err
    assert old.read_text() == "student\n"


def test_a_copy_tried_as_somebody_elses_is_told(tmp_path: Path) -> None:
    """Without the secret, under another name, or made for everybody: the right answer gets no points silently."""
    given = exercises.find("07-the-zone")
    assert given is not None

    def solved(folder: Path, student: str, key: bytes) -> Path:
        start(str(given.folder), folder, student, key)
        for path, text in given.files(given.variant(student, key), exercises.SOLUTION).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", errors="surrogateescape")
        return folder

    bob = solved(tmp_path / "bob", "bob", SECRET)
    sent = solved(tmp_path / "bob_12345_file_", "bob", SECRET)
    plain = solved(tmp_path / "ann", "", b"")
    apart = solved(tmp_path / "Jo\u0308rg", "J\u00f6rg", SECRET)  # as macOS writes the name
    for right in grade(given, [bob, apart], SECRET):
        assert right.report is not None
        assert (right.report.passed, right.trouble) == (True, "")
    for path, key, words in (
        (bob, b"", "Is the variant of bob; give --secret-file."),
        (sent, SECRET, "Is the variant of bob, and tried as that of bob_12345_file_; is that the student's id?"),
        (plain, SECRET, "Is everybody's variant, and tried as that of ann; was it handed out without --student?"),
    ):
        (mark,) = grade(given, [path], key)
        assert words in mark.trouble
        assert mark.report is None or not mark.report.passed
        own = [given.variant(path.name, key).told(edit) for edit in given.spec.edits]
        assert mark.report is not None or f"has none of the files to be changed: {', '.join(own)}. " in mark.trouble


def test_each_check_has_one_column(tmp_path: Path) -> None:
    """Also where what it asks about is called otherwise in each variant."""
    given = exercises.find("10-subjects")
    assert given is not None
    plain = {found.name for found in checks_in(given.folder / exercises.CHECKS)}
    variants = [given.variant(f"s{n}", SECRET) for n in range(20)]
    differs = next(f"s{n}" for n, v in enumerate(variants) if not all(v.told(name) == name for name in plain))
    mine = start(str(given.folder), tmp_path / "in", differs, SECRET)
    own = exercises.handed_in(mine, [given.variant(differs, SECRET).told(edit) for edit in given.spec.edits])
    report = checked(given, own, differs, SECRET, hidden=False)
    assert {outcome.check for outcome in report.outcomes} == plain


def test_endings_count_in_any_case(exercise: exercises.Exercise, tmp_path: Path) -> None:
    """GOOD.ZIP is an archive, and the student's id is GOOD."""
    archive = packed(copy(tmp_path / "in" / "GOOD"))
    archive.rename(archive.with_suffix(".ZIP"))
    (path,) = hand_ins([str(tmp_path / "in")])
    (mark,) = grade(exercise, [path], b"")
    assert (mark.student, mark.report and mark.report.passed) == ("GOOD", True)


def test_two_hand_ins_of_one_name(tmp_path: Path) -> None:
    """Each has its own line and its own feedback, and the second is told so."""
    copy(tmp_path / "in" / "ann", "")
    packed(copy(tmp_path / "in" / "ann.d" / "Ann")).rename(tmp_path / "in" / "Ann.zip")
    (tmp_path / "in" / "ann.d").rmdir()
    out = tmp_path / "grades.csv"
    assert main(["grade", NAME, str(tmp_path / "in"), "--out", str(out)]) == 0
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")))}
    assert {name: (float(row["points"]), row["remark"]) for name, row in rows.items()} == {
        "Ann": (ALL, ""),
        "ann (2)": (0.0, "there is another hand-in of this name"),
    }
    assert sorted(path.name for path in (tmp_path / "grades").iterdir()) == ["Ann.md", "ann (2).md"]


def test_what_systems_leave_in_a_folder_is_nobodys(tmp_path: Path) -> None:
    """Neither `__MACOSX` nor a file of thumbnails is a student."""
    copy(tmp_path / "ann")
    (tmp_path / "__MACOSX").mkdir()
    for name in (".DS_Store", "._ann", "Thumbs.db", "desktop.ini"):
        (tmp_path / name).write_bytes(b"\0")
    assert [path.name for path in hand_ins([str(tmp_path)])] == ["ann"]


def test_what_is_wrong_with_a_file_is_told_by_its_place_in_the_copy(tmp_path: Path) -> None:
    """Not by that of the folder in which it was tried."""
    mine = start(str(ROOT / "exercises" / "07-the-zone"), tmp_path / "mine")
    zone = mine / "zones/domain.ork.zone"
    zone.write_text(zone.read_text() + "broken IN MX here\n")
    told = str(check(mine))
    line = zone.read_text().count("\n")
    assert f"    zones/domain.ork.zone:{line}: 'broken IN MX here' is no resource record" in told
    assert "/tmp" not in told


def test_the_check_in_a_copy_says_what_does_not_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`simmail check` exits with 1 before, with 0 after; an unmarked folder is told what to do."""
    mine = copy(tmp_path / "mine", None)
    assert main(["check", str(mine)]) == 1
    (mine / MAIN_CF).write_text(SOLVED)
    assert main(["check", str(mine / "hosts")]) == 0
    assert main(["check", str(tmp_path)]) == 1
    assert "is not a copy of an exercise; make one: simmail start NAME" in capsys.readouterr().err
    assert main(["check", str(tmp_path / "mi")]) == 1
    assert "mi: is not a copy of an exercise; there is mine" in capsys.readouterr().err


def test_who_has_changed_the_world_has_changed_nothing(exercise: exercises.Exercise, tmp_path: Path) -> None:
    """Only what may be edited counts."""
    cheat = copy(tmp_path / "cheat", None)
    world = (cheat / "world.yaml").read_text()
    (cheat / "world.yaml").write_text(world.replace("203.0.113.9", "192.168.1.99"))
    (honest,) = grade(exercise, [copy(tmp_path / "honest", None)], b"")
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
