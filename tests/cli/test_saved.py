"""Files of a world that were saved so that nobody can read them, and what fails as it begins: with their places."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

import simmail
from simmail.cli import main
from simmail.cli.system_errors import told
from simmail.world.saved import form

ZONE, WORLD = "zones/domain.ork.zone", "world.yaml"
MX = "domain.ork. IN MX 10 mail\n"
LISTED = "title: A\nstart: 2026-03-02\nlength: 1h\nsites: [a]\nhosts:\n  b.example: {site: a, users: [c]}\n"

#: A file of the world, what it holds, and what is said of it.
FORMS: dict[str, tuple[str, bytes, str]] = {
    "a zone with a mark": (ZONE, MX.encode("utf-8-sig"), ":1: the file begins with a byte-order mark"),
    "a zone in UTF-16": (ZONE, MX.encode("utf-16"), ":1: the file is UTF-16"),
    "a zone with a hash": (ZONE, b"; names\n# of ours\n", ":2: '# of ours' is no resource record: a comment"),
    "a world in UTF-16": (WORLD, "title: A\n".encode("utf-16"), ":1: the file is UTF-16"),
    "a world in UTF-16 without a mark": (WORLD, "title: A\n".encode("utf-16-le"), ":1: the file is UTF-16"),
    "brackets without end": (WORLD, b"x: " + b"[" * 5000 + b"]" * 5000 + b"\n", ": holds brackets in brackets"),
    "users in a list": (WORLD, LISTED.encode(), ":6: hosts.b.example.users: this is no mapping"),
}


@pytest.fixture
def world(root: Path, tmp_path: Path) -> Path:
    """A copy of the first lab."""
    return Path(shutil.copytree(root / "labs/01-the-first-message", tmp_path / "mylab"))


@pytest.mark.parametrize("case", FORMS)
def test_how_a_file_was_saved_is_told(case: str, world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By its place and what is wrong, not by what a reader stumbles over."""
    name, octets, words = FORMS[case]
    (world / name).write_bytes(octets)
    assert main(["run", str(world)]) == 1
    said = capsys.readouterr().err
    assert f"{name}{words}" in said
    assert "codec" not in said


def test_what_goes_wrong_at_the_start_has_a_place(world: Path) -> None:
    """A command of `setup:` that does not exist, an entry of master.cf for a service without a port, UTF-16."""
    text = (world / WORLD).read_text(encoding="utf-8")
    line = text[: text.index("[postalias")].count("\n") + 1
    (world / WORLD).write_text(text.replace("[postalias", "[postalais", 1), encoding="utf-8")
    folder = world / "hosts/mail.domain.ork/etc/postfix"
    (folder / "master.cf").write_text("# ours\nsmptp inet n - n - - smtpd\n", encoding="utf-8")
    (folder / "access").write_bytes("a.example REJECT\n".encode("utf-16"))
    notices = "\n".join(simmail.load(world).notices)
    host = "mail.domain.ork"
    assert f"{world}/{WORLD}:{line}: {host}: postalais /etc/aliases: /bin/sh: 1: postalais: not found" in notices
    assert f"{folder}/master.cf:2: {host}: Postfix does not start: fatal: smptp: service name" in notices
    assert f"{folder}/access:1: {host}: the file is UTF-16" in notices


@pytest.mark.parametrize("text", ["", "\n", "x", "#\n", "a b\n", "ü", "a\r\nb\r\n"])
def test_a_plain_text_is_nothing_else(text: str) -> None:
    """However short it is."""
    assert form(text) is None


def test_a_full_disk_is_told_by_where_the_command_writes() -> None:
    """The system does not name a file that is open, and of a copy names first what is read."""
    full = OSError(errno.ENOSPC, "No space left on device")
    assert told(full, "results/01") == "results/01: finds no room on the disk; make room, or name another place"
    copied = OSError(errno.ENOSPC, "No space left on device", "labs/a", None, "mylab/a")
    assert told(copied, "mylab").startswith("mylab/a: finds no room")
    assert told(full).startswith("finds no room")
