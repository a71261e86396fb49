"""Mailboxes leave a world as files that other programs open, dated by the world's calendar."""

from __future__ import annotations

import mailbox
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from simmail.world.export import export
from tests.world.test_fetching import SUBJECTS, world


def exported(tmp_path: Path) -> Path:
    """Bob's home as a run leaves it."""
    tmp_path.mkdir(exist_ok=True)
    found = world(tmp_path / "world", starts="fetchmail -d 300")
    found.run("20m")
    export(found, tmp_path / "out")
    return tmp_path / "out" / "desk.example"


def test_python_opens_them(tmp_path: Path) -> None:
    """Python's mailbox module reads the mbox files and the Maildir, each message as it was sent."""
    (tmp_path / "world").mkdir()
    desk = exported(tmp_path)
    mail = desk / "home/bob/Mail"
    found: list[mailbox.Mailbox[mailbox.Message]] = [
        mailbox.mbox(desk / "var/mail/bob", create=False),
        mailbox.mbox(mail / "work", create=False),
        mailbox.Maildir(mail / "lists", create=False),
    ]
    try:
        subjects = [message["subject"] for box in found for message in box]
        assert sorted(subjects) == sorted(set(SUBJECTS) - {"old 1"})
        assert [message.get_payload() for message in found[1]] == [">From 1\n", ">From 4\n"]
    finally:
        for box in found:
            box.close()


def test_dates_are_the_worlds(tmp_path: Path) -> None:
    """A file was changed when its last message came, on the world's calendar; From_ lines and Maildir names agree."""
    (tmp_path / "world").mkdir()
    desk = exported(tmp_path)
    start = 1772442000
    work = desk / "home/bob/Mail/work"
    assert start + 240 < work.stat().st_mtime < start + 900
    letter = next((desk / "home/bob/Mail/lists/new").iterdir())
    assert start < int(letter.name.split(".")[0]) < start + 900
    assert "Mon Mar  2 09:" in work.read_text().split("\n")[0]


def test_same_run_same_bytes(tmp_path: Path) -> None:
    """Two runs of a world leave the same files, names, dates and bytes."""
    found = []
    for name in ("a", "b"):
        (tmp_path / name / "world").mkdir(parents=True)
        desk = exported(tmp_path / name)
        paths = sorted(path for path in desk.rglob("*") if path.is_file())
        found.append([(path.relative_to(desk), path.stat().st_mtime, path.read_bytes()) for path in paths])
    assert found[0] == found[1]
    assert len(found[0]) > 5


def test_names_that_no_file_system_takes_are_left_out(tmp_path: Path) -> None:
    """Whatever a user of a host calls a folder, nothing is written outside, and the run is written all the same."""
    (tmp_path / "world").mkdir()
    found = world(tmp_path / "world")
    files = found.host("desk.example").machine.files
    for name in ("x" * 300, "a\0b", "..\\..\\x", "ok"):
        files.write(f"/home/bob/{name}", "text")
    export(found, tmp_path / "out")
    home = tmp_path / "out" / "desk.example/home/bob"
    assert (home / "ok").read_text() == "text"
    assert sorted(path.name for path in home.iterdir()) == [".fetchmailrc", ".procmailrc", "Mail", "ok"]


@pytest.mark.long
@pytest.mark.parametrize(("name", "subjects"), [("work", ["work 1", "work 2"]), ("lists", ["list 1"])])
def test_mutt_opens_them(tmp_path: Path, name: str, subjects: list[str]) -> None:
    """Debian's mutt lists what lies in an mbox file and in a Maildir, and complains of nothing."""
    if shutil.which("mutt") is None or shutil.which("script") is None:
        pytest.skip("mutt is not installed (apt-get install mutt bsdutils)")
    (tmp_path / "world").mkdir()
    folder = exported(tmp_path) / "home/bob/Mail" / name
    settings = f"-n -F /dev/null -R -e 'set sort=date folder={folder.parent}' -e 'push <refresh><exit>'"
    command = f"stty rows 24 cols 80; exec mutt {settings} -f {folder}"
    environment = {**os.environ, "TERM": "vt100", "HOME": str(tmp_path), "LC_ALL": "C"}
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    assert done.returncode == 0
    assert all(subject in done.stdout for subject in subjects), done.stdout
    assert f"Msgs:{len(subjects)}" in done.stdout
