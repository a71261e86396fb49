"""What a user gets wrong at the command line, or on the disk, is told in a sentence; nothing ends in a traceback."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from simmail.cli import main
from simmail.lab.copies import start
from simmail.world import folder as folders

MAIL = Path("hosts/mail.domain.ork")
MAIN_CF = MAIL / "etc/postfix/main.cf"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the first lab, beside which the commands are given."""
    copy = start("01", tmp_path / "w")
    monkeypatch.chdir(tmp_path)
    return copy


def told(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    """A command's status, and what it says to standard error."""
    capsys.readouterr()
    try:
        status = main(command)
    except SystemExit as end:  # argparse's
        status = int(end.code or 0)
    return status, capsys.readouterr().err


def as_folder(path: Path) -> None:
    """A folder in a file's place."""
    path.unlink()
    path.mkdir()


def as_file(path: Path) -> None:
    """A file in a folder's place."""
    shutil.rmtree(path)
    path.write_text("")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("handout --out .", ".: is a folder where a file is needed; name a file"),
        ("handout --out file/x.zip", "file: is there already, as something else; name another place"),
        ("run w --until 10:00 --out file", "file: is there already, as something else; name another place"),
        ("run w --until 10:00 --out file/x", "a file where a folder is needed"),
        ("build file/net --sites 2", "a file where a folder is needed"),
        ("start 01 file/mine", "a file where a folder is needed"),
        ("sweep .", ".: is no file"),
        ("grade 03-close w --out no/x.csv", "no/x.csv: there is no such file or folder"),
        ("grade 03-close w --out .", "has no ending"),
        ("grade 03-close w --out w/.simmail.d", "w/.simmail.d: is a folder where a file is needed"),
        ("grade 03-close w --jobs 0", "--jobs: '0': write a whole number, 1 or more"),
        ("compare w --policies none --jobs -3", "--jobs: '-3': write a whole number, 1 or more"),
        ("lab w --port 99999999", "--port: '99999999': write a whole number, 1 to 65535"),
        ("explain w/hosts/mail.domain.ork --client 1.2.3.4 --from a --to b --port 99999", "1 to 65535"),
        ("build net --sites 2 --per-day nan", "per day: nan messages cannot be; 0 or more"),
        ("build net --sites 2 --per-day -5", "per day: -5 messages cannot be; 0 or more"),
        ("start 01 file", "file: is there already; name another folder\n"),
        ("run empty", "empty: has no world.yaml; a world is a folder with one in it"),
        ("start 03-close mine --student ann", "--student: tells no variant without the course's secret"),
        ("start 03-close mine --secret-file file", "--secret-file: tells no variant without a student"),
        ("handout --out x.zip --student ann", "--student: tells no variant without the course's secret"),
    ],
)
def test_a_mistake_is_a_sentence(
    world: Path, command: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which file or option, what is wrong with it, what would do."""
    monkeypatch.delenv("SIMMAIL_COURSE_SECRET", raising=False)
    Path("file").write_text("x\n")
    Path("empty").mkdir()
    (world / ".simmail.d").mkdir()
    more = ["--out", "out"] if command.startswith("sweep") else []
    status, said = told(capsys, *command.split(), *more)
    assert status in (1, 2)
    assert words in said


@pytest.mark.parametrize("command", ["run w", "lint w/hosts/mail.domain.ork", "compare w --policies none"])
def test_what_may_not_be_read_is_a_sentence(
    world: Path, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that its user has no right to is named."""

    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    status, said = told(capsys, *command.split())
    assert status == 1
    assert said.startswith("simmail: w")
    assert "may not be read or written by you; change its permissions" in said


def test_a_folder_that_may_not_be_read_is_not_an_empty_one(
    world: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host's folder, or one in it."""
    closed = world / MAIL / "etc"
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "etc")
    status, said = told(capsys, "run", "w")
    assert (status, said.count("\n")) == (1, 1)
    assert f"{closed.relative_to(world.parent)}: may not be read" in said.replace(str(world.parent) + "/", "")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda w: as_folder(w / MAIN_CF), "main.cf: is a folder; a file of that name is needed"),
        (lambda w: as_folder(w / "zones/domain.ork.zone"), "domain.ork.zone: is a folder; a file of that name"),
        (lambda w: as_file(w / "zones"), "w/zones: is a file; a folder of that name is needed"),
        (lambda w: as_file(w / "hosts"), "w/hosts: is a file; a folder of that name is needed"),
        (lambda w: as_file(w / MAIL), "mail.domain.ork: is a file; a folder of that name is needed"),
        (
            lambda w: (w / MAIL / "home").write_text(""),
            "mail.domain.ork/home: is a file; a folder of that name is needed",
        ),
        (lambda w: as_folder(w / "world.yaml"), "w/world.yaml: is no file; a world is a folder"),
        (lambda w: (w / "world.yaml").write_bytes(b"title: a\nabout: \xe9\n"), "world.yaml:2: is no UTF-8 text"),
    ],
)
def test_a_file_in_a_folders_place_is_told(
    world: Path, spoil: Callable[[Path], object], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a folder in a file's: neither is taken for nothing."""
    spoil(world)
    status, said = told(capsys, "run", "w")
    assert status == 1
    assert words in said


def test_a_device_is_no_world(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A world.yaml without end is not read."""
    (world / "world.yaml").unlink()
    (world / "world.yaml").symlink_to("/dev/zero")
    status, said = told(capsys, "run", "w")
    assert status == 1
    assert "world.yaml: is no file" in said


def test_links_are_told_by_where_they_lead(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Out of the folder, to a folder, to nothing, round in a circle; only the first is an escape."""
    etc = world / MAIL / "etc"
    for name, target in (("out", "/etc/passwd"), ("here", "."), ("nothing", "nowhere"), ("circle", "circle")):
        (etc / name).symlink_to(target)
    assert main(["run", "w", "--until", "0"]) == 0
    said = capsys.readouterr().out
    assert "etc/out: is a link that leads out of the world's folder; put a copy there" in said
    assert "etc/here: is a link to a folder; put a copy there" in said
    assert "etc/nothing: is a link to nothing; put a copy there" in said
    assert "etc/circle: is a link that leads back to itself; put a copy there" in said


def test_a_link_in_a_bare_configuration_is_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Debian's own /etc/postfix has one that leads out of it; it is not followed, and all the rest is read."""
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\nmyhostname = mail.domain.ork\nmydestinaton = a.b\n")
    (tmp_path / "makedefs.out").symlink_to("/usr/share/postfix/makedefs.out")
    assert main(["lint", str(tmp_path)]) == 1
    assert "mydestinaton" in capsys.readouterr().out
    assert (
        main(["explain", str(tmp_path), "--client", "192.0.2.9", "--from", "a@b.example", "--to", "c@d.example"]) == 0
    )
    assert "note: " + str(tmp_path / "makedefs.out") + ": is a link that leads out of" in capsys.readouterr().out


def test_a_comparison_needs_a_place_before_it_runs(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is run that could not be kept; blanks between names of policies do no harm."""
    Path("file").write_text("")
    status, said = told(capsys, "compare", "12", "--policies", "before, after", "--out", "file")
    assert (status, said) == (1, "simmail: file: is there already, as something else; name another place\n")
    assert main(["compare", "12", "--policies", "before, after", "--until", "1m", "--replications", "2"]) == 0


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ("8:00", "'8:00' is before the world's start, 09:00; the next day's is written 1d 8:00"),
        ("10:99", "'10:99' is no time of day; write 0:00 to 23:59"),
        ("25:00", "'25:00' is no time of day"),
        ("soon", "'soon' is no length of time"),
    ],
)
def test_impossible_times_are_told(world: Path, time: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wherever a time is given."""
    host = f"w/{MAIL}"
    for command in (
        ["run", "w", "--until", time],
        ["sh", "w", "mail.domain.ork", "--at", time, "-c", "mailq"],
        ["explain", host, "--client", "1.2.3.4", "--from", "a@b.c", "--to", "d@e.f", "--at", time],
    ):
        status, said = told(capsys, *command)
        assert status == 1
        assert words in said


def test_times_of_a_world_are_told_with_their_lines(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A letter's, and one that is before the start."""
    text = (world / "world.yaml").read_text()
    number = next(n for n, line in enumerate(text.split("\n"), 1) if "at: 9:05" in line or 'at: "9:05"' in line)
    for time, words in (("9:75", "is no time of day"), ("8:05", "is before the world's start, 09:00")):
        (world / "world.yaml").write_text(text.replace("9:05", time))
        status, said = told(capsys, "run", "w")
        assert status == 1
        assert f"w/world.yaml:{number}: " in said
        assert words in said


def test_an_address_that_is_none_is_told_with_its_line(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As other mistakes of a world.yaml are."""
    lines = (world / "world.yaml").read_text().split("\n")
    number = next(n for n, line in enumerate(lines) if "address: 1" in line)
    lines[number] = lines[number].partition("address:")[0] + "address: 300.1.1.1"
    (world / "world.yaml").write_text("\n".join(lines))
    status, said = told(capsys, "run", "w")
    assert status == 1
    assert f"w/world.yaml:{number + 1}: hosts." in said
    assert "'300.1.1.1'" in said


def test_commands_on_a_host_need_their_moments(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`sh` without one of its two options says which, and moments come in order."""
    sh = ["sh", "w", "mail.domain.ork"]
    assert "required: --at" in told(capsys, *sh, "-c", "mailq")[1]
    assert "required: -c" in told(capsys, *sh, "--at", "10:00")[1]
    late = told(capsys, *sh, "--at", "10:00", "-c", "mailq", "--at", "9:30", "-c", "mailq")
    assert late == (1, "simmail: --at 9:30: is before 10:00, which stands in front of it; mind the order\n")


def test_results_of_two_worlds_do_not_mix(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Results make way for those of the same world, whole; other worlds' and other people's files are left alone."""
    out = Path("out")
    assert main(["run", "w", "--until", "0", "--out", "out"]) == 0
    (out / "mail.domain.ork/home/old").mkdir(parents=True)
    (out / "notes.txt").write_text("mine\n")
    assert main(["run", "w", "--until", "10:00", "--out", "out"]) == 0
    assert json.loads((out / "summary.json").read_text())["simulated_s"] == 3600
    assert not (out / "mail.domain.ork/home/old").exists()
    assert (out / "notes.txt").is_file()
    status, said = told(capsys, "run", "03", "--until", "0", "--out", "out")
    assert status == 1
    assert "out: holds results of another world, 'The first message'; name a new folder" in said
    Path("mine").mkdir()
    Path("mine/summary.json").write_text("{}")
    status, said = told(capsys, "run", "w", "--until", "0", "--out", "mine")
    assert (status, said) == (1, "simmail: mine: holds something else; name a new folder for results\n")
    assert Path("mine/summary.json").read_text() == "{}"


def test_a_summary_that_names_other_places_takes_nothing_away(world: Path) -> None:
    """Whatever a folder says of itself, only what lies in it goes."""
    victim = Path("victim/home")
    victim.mkdir(parents=True)
    Path("out").mkdir()
    said = {"title": "The first message", "simulated_s": 0, "hosts": {"../victim": {}, "victim": {}}}
    Path("out/summary.json").write_text(json.dumps(said))
    Path("out/victim").symlink_to("../victim")
    assert main(["run", "w", "--until", "0", "--out", "out"]) == 0
    assert victim.is_dir()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("smtpd_recipient_restrictions = reject_rbl_clinet bl.example, reject_unauth_destination",
         'postfix/smtpd: warning: unknown smtpd restriction: "reject_rbl_clinet"'),
        ("virtual_alias_maps = hash:/etc/postfix/nope",
         "postfix/smtpd: error: open database /etc/postfix/nope.db: No such file or directory"),
        ("virtual_alias_maps = hahs:/etc/postfix/v", "postfix/smtpd: error: unsupported dictionary type: hahs"),
    ],
)  # fmt: skip
def test_a_run_tells_what_its_programs_complained_of(
    world: Path, line: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Most often, where that is why mail was put off, though no program died of it."""
    with (world / MAIN_CF).open("a") as file:
        file.write(f"{line}\n")
    assert main(["run", "w"]) == 0
    told_last = capsys.readouterr().out.partition("From the logs:\n")[2]
    assert f"mail.domain.ork: {words}" in told_last


def test_files_are_read_once_for_all(world: Path) -> None:
    """What is found in a world's folder is what lies there, in order: a link to a file counts as the file."""
    (world / "zones/second.zone").symlink_to("domain.ork.zone")
    found = dict(folders.files_below(world / "zones"))
    assert found["second.zone"] == found["domain.ork.zone"]
    assert list(found) == sorted(found)
