"""A learner's own copy of a lab, and its way back."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.cli import main
from simmail.lab import copies
from simmail.mail.errors import InputError
from simmail.world import folder

MAIN_CF = Path("hosts/mail.a.example/etc/postfix/main.cf")


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one lab in it; the present folder is its top."""
    lab = tmp_path / "labs" / "94-example"
    for name, text in {
        "world.yaml": "title: Example\n",
        "lab.md": "# Lab\n",
        "instructor.md": "the answers\n",
        "solutions/answer.md": "the answer\n",
        MAIN_CF: "myhostname = mail.a.example\n",
    }.items():
        path = lab / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "94-example.ipynb").write_text("{}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(top: Path) -> set[str]:
    """The files of a copy, but those about itself."""
    found = {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(".simmail/")}


def test_a_copy_has_the_lab_and_its_notebook(shelf: Path) -> None:
    """The world and the notebook are copied; what is the instructor's is not."""
    copy = copies.start("94", Path("mine"))
    assert files(copy) == {"world.yaml", MAIN_CF.as_posix(), "94-example.ipynb"}
    assert copies.notebook_of(copy) == copy / "94-example.ipynb"


def test_a_copy_takes_nothing_away(shelf: Path) -> None:
    """A folder with something in it is not written into; by default the copy is called like the lab."""
    assert copies.start("94") == Path("94-example")
    with pytest.raises(InputError, match="94-example: is there already"):
        copies.start("94")


def test_within_a_copy_the_labs_name_means_the_copy(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notebook's `simmail.load("94")` loads what lies beside it, and elsewhere the name means the lab as it was."""
    copy = copies.start("94", Path("mine")).resolve()
    assert folder.find("94") == shelf / "labs" / "94-example"
    monkeypatch.chdir(copy / "hosts")
    assert folder.find("94") == copy


def test_a_copy_of_a_copy_begins_at_the_beginning(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made from within a copy, another one has the lab's files, not the learner's."""
    copy = copies.start("94", Path("mine"))
    (copy / MAIN_CF).write_text("myhostname = changed\n")
    monkeypatch.chdir(copy)
    other = copies.start("94", Path("../other"))
    assert (other / MAIN_CF).read_text() == "myhostname = mail.a.example\n"
    assert folder.origin(other) == "94-example"


def test_reset_puts_back_and_keeps(shelf: Path) -> None:
    """Changed and removed files come back, additions to the world go; the learner's versions and notes are kept."""
    copy = copies.start("94", Path("mine"))
    (copy / MAIN_CF).write_text("mine\n")
    (copy / "world.yaml").unlink()
    (copy / "hosts/mail.a.example/etc/postfix/master.cf").write_text("smtp inet\n")
    (copy / "notes.txt").write_text("my notes\n")

    done = copies.reset(copy)

    assert done.restored == [MAIN_CF.as_posix(), "world.yaml"]
    assert done.removed == ["hosts/mail.a.example/etc/postfix/master.cf"]
    assert files(copy) == {"world.yaml", MAIN_CF.as_posix(), "94-example.ipynb", "notes.txt"}
    assert (copy / MAIN_CF).read_text() == "myhostname = mail.a.example\n"
    assert done.kept is not None
    assert (done.kept / MAIN_CF).read_text() == "mine\n"
    assert copies.reset(copy) == copies.Reset([], [], None)


def test_each_reset_keeps_its_own(shelf: Path) -> None:
    """What a second reset sets aside does not overwrite what the first one did."""
    copy = copies.start("94", Path("mine"))
    kept = []
    for text in ("first\n", "second\n"):
        (copy / MAIN_CF).write_text(text)
        kept.append(copies.reset(copy).kept)
    assert [(place / MAIN_CF).read_text() for place in kept if place] == ["first\n", "second\n"]


def test_only_a_copy_is_reset(shelf: Path) -> None:
    """The course's own lab, or any other folder, is left alone."""
    with pytest.raises(InputError, match="is not a copy of a lab"):
        copies.reset(Path("labs/94-example"))


def test_the_commands_say_what_they_did(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`start` says what can be done next, `reset` what it put back and where the old versions lie."""
    assert main(["start", "94", "mine"]) == 0
    assert "simmail run mine\n  simmail lab mine" in capsys.readouterr().out
    assert main(["reset", "mine"]) == 0
    assert "mine is as it was at its beginning" in capsys.readouterr().out
    (Path("mine") / MAIN_CF).write_text("mine\n")
    assert main(["reset", "mine"]) == 0
    told = capsys.readouterr().out
    assert f"put back    {MAIN_CF}" in told
    assert "what you had there lies in mine/.simmail/set-aside/1" in told
    assert main(["start", "94", "mine"]) == 1
    assert "is there already" in capsys.readouterr().err


def test_a_number_that_a_lab_and_an_exercise_have_means_the_lab(tmp_path: Path) -> None:
    """`simmail start 13` copies the lab, however many exercises it has; an exercise has a beginning of its own."""
    assert (copies.start("03", tmp_path / "lab") / "03-who-may-relay.ipynb").is_file()
    assert (copies.start("03-close", tmp_path / "exercise") / "03-close-the-relay.ipynb").is_file()
    assert (copies.start("13", tmp_path / "other") / "13-patience-and-pace.ipynb").is_file()
    assert (copies.start("13-six", tmp_path / "second") / "13-six-seconds.ipynb").is_file()
