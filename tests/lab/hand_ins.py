"""Hand-ins of all sorts for the exercise 03-close-the-relay, each with the mark that it deserves."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from simmail.lab.copies import start

ROOT = Path(__file__).resolve().parents[2]
NAME = "03-close-the-relay"
MAIN_CF = Path("hosts/mail.domain.ork/etc/postfix/main.cf")
SOLVED = (ROOT / "exercises" / NAME / "solution" / MAIN_CF).read_text(encoding="utf-8")
ALL = 13.0
#: Of a world that answers nobody, or can decide about nobody: what nothing but silence can earn.
SILENT = 0.0


class Sort(NamedTuple):
    """A sort of hand-in.

    Args:
        make: lays it at a path, or beside it.
        earned: the points that it deserves; None where there is nothing to try, which is none.
        words: what has to be said of it.
    """

    make: Callable[[Path], object]
    earned: float | None
    words: str = ""


def copy(folder: Path, text: str | None = SOLVED) -> Path:
    """A student's copy, with this main.cf."""
    start(str(ROOT / "exercises" / NAME), folder)
    if text is not None:
        (folder / MAIN_CF).write_text(text, encoding="utf-8")
    return folder


def packed(folder: Path, inside: bool = False) -> Path:
    """The same as a zip file, in a folder of its own or with its files on top."""
    archive = shutil.make_archive(
        str(folder), "zip", folder if inside else folder.parent, "." if inside else folder.name
    )
    shutil.rmtree(folder)
    return Path(archive)


def zipped_as(name: Callable[[str], str], *others: str) -> Callable[[Path], object]:
    """The solution in a zip file that calls each file something else, and has others beside."""

    def make(folder: Path) -> None:
        with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
            for path in copy(folder).rglob("*"):
                if path.is_file():
                    member = zipfile.ZipInfo("member")  # which takes what it is given here for a path of this machine
                    member.filename = name(path.relative_to(folder.parent).as_posix())
                    archive.writestr(member, path.read_bytes())
            for other in others:
                archive.writestr(other, "")
        shutil.rmtree(folder)

    return make


def in_a_folder(folder: Path) -> None:
    """A copy in a folder that has the student's name."""
    copy(folder / NAME)


def solved_and(*lines: str) -> Callable[[Path], object]:
    """The solution with lines behind it."""
    return lambda folder: copy(folder, "\n".join((SOLVED, *lines, "")))


def zipped(**members: bytes) -> Callable[[Path], object]:
    """A zip file of these members, which copies nothing."""

    def make(folder: Path) -> None:
        with zipfile.ZipFile(folder.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)

    return make


def also(*steps: Callable[[Path], object], text: str | None = SOLVED) -> Callable[[Path], object]:
    """A copy with something done to it."""

    def make(folder: Path) -> None:
        copy(folder, text)
        for step in steps:
            step(folder)

    return make


def put(path: str, text: str | bytes) -> Callable[[Path], object]:
    """Write a file of the copy."""

    def step(folder: Path) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode() if isinstance(text, str) else text)

    return step


def hole(path: str, size: int) -> Callable[[Path], object]:
    """A file of so many octets of nothing, which takes no room."""

    def step(folder: Path) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        with (folder / path).open("wb") as file:
            file.truncate(size)

    return step


def link(path: str, target: str) -> Callable[[Path], object]:
    """A symbolic link in a file's or folder's place."""

    def step(folder: Path) -> None:
        place = folder / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)
        place.symlink_to(target)

    return step


def gone(path: str) -> Callable[[Path], object]:
    """Without a file or folder."""

    def step(folder: Path) -> None:
        shutil.rmtree(folder / path) if (folder / path).is_dir() else (folder / path).unlink()

    return step


def pipe(path: str) -> Callable[[Path], object]:
    """A named pipe in a file's place: whoever reads it waits without end."""

    def step(folder: Path) -> None:
        (folder / path).unlink(missing_ok=True)
        os.mkfifo(folder / path)

    return step


def nest(folder: Path) -> None:
    """Folders within folders."""
    place = os.open(folder / MAIN_CF.parent, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=place)
        deeper = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = deeper
    os.close(place)


def torn(folder: Path) -> None:
    """A zip file of which the end is missing."""
    archive = packed(copy(folder))
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])


def spoilt(folder: Path) -> None:
    """A zip file whose data is not what its directory says."""
    archive = packed(copy(folder))
    data = bytearray(archive.read_bytes())
    data[60:400] = bytes(340)
    archive.write_bytes(data)


def tarred(ending: str, mode: str) -> Callable[[Path], object]:
    """The solution in a tar file of that ending, written in that mode of `tarfile`."""

    def make(folder: Path) -> None:
        with tarfile.open(folder.with_name(folder.name.removesuffix(ending) + ending), mode) as archive:
            archive.add(copy(folder.with_name("packed")), "packed")
        shutil.rmtree(folder.with_name("packed"))

    return make


def link_in_tar(folder: Path) -> None:
    """A tar file with a link to a file of the machine."""
    with tarfile.open(folder, "w:gz") as archive:
        member = tarfile.TarInfo(str(MAIN_CF))
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)


def climber_in_tar(folder: Path) -> None:
    """A tar file with a file beside the folder in which it is unpacked."""
    with tarfile.open(folder, "w") as archive:
        archive.addfile(tarfile.TarInfo("../../climbed"))


def much_in_tar(folder: Path) -> None:
    """A small tar file of much."""
    with tarfile.open(folder, "w:gz", compresslevel=1) as archive:
        member = tarfile.TarInfo("hosts/zeros")
        member.size = 90_000_000
        archive.addfile(member, io.BytesIO(bytes(member.size)))


def as_a_platform_sends_it(folder: Path) -> None:
    """A folder of the student's name, with what the student sent."""
    archive = packed(copy(folder.with_name("sent")))
    folder.mkdir()
    archive.rename(folder / "my solution.zip")


def twice_packed(folder: Path) -> None:
    """A zip file in a zip file."""
    archive = packed(copy(folder.with_name("once")))
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as outer:
        outer.write(archive, "once.zip")
    archive.unlink()


def link_in_zip(folder: Path) -> None:
    """A zip file with a link to a file of the machine."""
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        member = zipfile.ZipInfo(str(MAIN_CF))
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")


def locked(folder: Path) -> None:
    """A zip file whose members say that they need a password."""
    zipped(**{"hosts/x": b"hello"})(folder)
    archive = folder.with_suffix(".zip")
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)


#: Grows to 3.4 GB; the second takes as many steps to be nothing at all.
LAUGHS = ["a0 = " + "x" * 34, *(f"a{n} = " + f"$a{n - 1}" * 10 for n in range(1, 9)), "smtpd_banner = $a8"]
NOTHING = ["a0 =", *LAUGHS[1:]]
#: Tries every way of cutting a recipient's address to pieces.
ENDLESS = "smtpd_recipient_restrictions = check_recipient_access pcre:{{/^(([a-z.@])+)+[0-9]$$/ REJECT}}"

GOOD = {
    "good": Sort(copy, ALL),
    "packed": Sort(lambda folder: packed(copy(folder)), ALL),
    "packed inside": Sort(lambda folder: packed(copy(folder), inside=True), ALL),
    "packed on a Mac": Sort(zipped_as(str, "__MACOSX/packed on a Mac/._world.yaml"), ALL),
    "packed on Windows": Sort(zipped_as(lambda name: name.replace("/", "\\"), "packed on Windows\\zones\\"), ALL),
    "packed with its path": Sort(zipped_as(lambda name: f"home/me/my course/{name}"), ALL),
    "in a folder": Sort(in_a_folder, ALL),
    "in a folder, packed": Sort(as_a_platform_sends_it, ALL),
    "twice packed": Sort(twice_packed, ALL),
    "tarred": Sort(tarred(".zip", "w"), ALL),
    "as tar.tar": Sort(tarred(".tar", "w"), ALL),
    "by gzip.tar.gz": Sort(tarred(".tar.gz", "w:gz"), ALL),
    "by xz.tar.xz": Sort(tarred(".tar.xz", "w:xz"), ALL),
    "by bzip2.tbz2": Sort(tarred(".tbz2", "w:bz2"), ALL),
    "Zoë Ødegård": Sort(copy, ALL),
    "=HYPERLINK(1)": Sort(copy, ALL),
    "caf\udce9": Sort(copy, ALL),
    "without its mark": Sort(also(gone(".simmail")), ALL),
    "with a huge result": Sort(also(hole("results/deliveries.parquet", 3_000_000_000)), ALL),
    "with an environment": Sort(also(link("venv", "/usr/bin")), ALL),
    "own checks": Sort(also(put(".simmail/checks/checks.py", "raise SystemExit(0)\n")), ALL),
    "own world": Sort(also(put("world.yaml", "nothing: here\n")), ALL),
}
HALF = {
    "no web server": Sort(lambda folder: copy(folder, SOLVED.replace(", 192.0.2.20", "")), ALL - 1),
    "untouched": Sort(lambda folder: copy(folder, None), 6.0),
}
EMPTY = {
    "empty": Sort(lambda folder: (folder / "hosts").mkdir(parents=True), None, "has none of the files"),
    "empty folder": Sort(lambda folder: folder.mkdir(), None, "has none of the files"),
    "empty archive": Sort(zipped(), None, "has none of the files"),
    "no main.cf": Sort(also(gone("hosts/mail.domain.ork/etc")), None, "has none of the files"),
    "alone": Sort(
        lambda folder: (folder.mkdir(), (folder / "Main (1).cf").write_text(SOLVED)),
        None,
        "There is Main (1).cf: main.cf belongs in hosts/mail.domain.ork/etc/postfix",
    ),
    "empty main.cf": Sort(lambda folder: copy(folder, ""), SILENT),
}
BROKEN = {
    "garbage": Sort(also(put(str(MAIN_CF), bytes(range(256)) * 40)), SILENT),
    "no syntax": Sort(lambda folder: copy(folder, "mynetworks\n = = =\n\x00\x01"), SILENT),
    "leads back": Sort(solved_and("first = $second", "second = $first", "myhostname = $first"), SILENT),
    "another exercise": Sort(
        lambda folder: start(str(ROOT / "exercises" / "07-the-zone"), folder), None, "is a copy of 07-the-zone"
    ),
    "no mark": Sort(also(put(".simmail/exercise.json", "{")), None, "cannot be read"),
    "deep mark": Sort(also(put(".simmail/exercise.json", "[" * 200_000)), None, "cannot be read"),
    "no archive.zip": Sort(lambda path: path.write_text("hello"), None, "cannot be unpacked"),
    "essay.txt": Sort(lambda path: path.write_text("hello"), None, "neither a folder nor a zip file"),
    "torn": Sort(torn, None, "cannot be unpacked"),
    "spoilt": Sort(spoilt, None, "cannot be unpacked"),
    "locked": Sort(locked, None, "is locked with a password"),
}
HOSTILE = {
    "endless pattern": Sort(solved_and(ENDLESS), ALL),
    "value of 3 GB": Sort(solved_and(*LAUGHS), SILENT),
    "much of nothing": Sort(solved_and(*NOTHING), SILENT),
    "deep names": Sort(solved_and(*(f"d{n} = $d{n + 1}" for n in range(3000)), "smtpd_banner = $d0"), SILENT),
    "file of 3 GB": Sort(also(hole(str(MAIN_CF), 3_000_000_000)), None, "octets"),
    "many files": Sort(
        also(*(put(f"hosts/mail.domain.ork/etc/{n}", "x") for n in range(600))), None, "more than 500 files"
    ),
    "nested": Sort(also(nest), None, "without end"),
    "nested archive": Sort(zipped(**{f"hosts/{'d/' * 900}x": b"x"}), None, "without end"),
    "link to a file": Sort(also(link(str(MAIN_CF), "/etc/passwd")), None, "leads out"),
    "link by dots": Sort(also(link(str(MAIN_CF), f"../../../../../good/{MAIN_CF}")), None, "leads out"),
    "link to a folder": Sort(also(link("hosts", "../good/hosts")), None, "leads out"),
    "link to a device": Sort(also(link(str(MAIN_CF), "/dev/zero")), None, "leads out"),
    "link to another": Sort(lambda folder: folder.symlink_to("good"), None, "is a link"),
    "pipe": Sort(also(pipe(str(MAIN_CF)), gone("hosts/mail.domain.ork/etc/aliases")), None, "has none of the files"),
    "pipe itself": Sort(os.mkfifo, None, "neither a folder nor a zip file"),
    "climber": Sort(zipped(**{"../../climbed": b"here"}), None, "leads out"),
    "from the root": Sort(zipped(**{"/tmp/climbed": b"here"}), None, "leads out"),
    "link in an archive": Sort(link_in_zip, None, "leads out"),
    "climber in one.tar": Sort(climber_in_tar, None, "leads out"),
    "link in one.tgz": Sort(link_in_tar, None, "leads out"),
    "bomb in one.tar.gz": Sort(much_in_tar, None, "unpacks to too much"),
    "bomb": Sort(zipped(bomb=bytes(90_000_000)), None, "unpacks to too much"),
    "reads the machine": Sort(
        solved_and("smtpd_client_restrictions = check_client_access cidr:/etc/os-release"), SILENT
    ),
    "runs a command": Sort(
        also(put("hosts/mail.domain.ork/etc/aliases", 'postmaster: alice\ninfo: "|touch /tmp/ran", alice\n')), ALL
    ),
    "names that are no text": Sort(also(put("hosts/mail.domain.ork/etc/postfix/caf\udce9", "x")), ALL),
    "markup": Sort(solved_and("smtpd_banner = $myhostname ESMTP <script>alert(1)</script> ```"), ALL),
}
SORTS = {**GOOD, **HALF, **EMPTY, **BROKEN, **HOSTILE}
