"""What students get: labs, notebooks and exercises, without what is the instructor's.

An exercise comes as a copy to work in, in the student's variant, so that neither solution nor hidden checks nor the
course's secret leave the instructor's machine.  All that an unpacked handout needs is simmail installed.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from simmail.lab import copies
from simmail.lab import exercise as exercises
from simmail.lab.contents import PAGE, contents, handed_out
from simmail.lab.jupyter import PROJECT
from simmail.mail.errors import InputError

#: Of a lab, what students do not get.
KEPT_BACK = frozenset({"instructor.md", "lab.md"})
#: The time stamp of every file in a handout, so that the same handout is the same octets.
STAMP = (2026, 1, 1, 0, 0, 0)
README = """\
# simmail: the course's handout

Install simmail, then, in this folder:

    simmail lab                 opens the notebooks' contents
    simmail run 01              runs a lab's world
    simmail check exercises/NAME

`labs/` are the worlds that the notebooks run; work on your own copies (`simmail start 01 mylab`). `exercises/` are
yours to edit; hand in a folder of these as it is, or zipped, named by your student id.
"""


def handout(out: Path, student: str = "", key: bytes = b"", top: Path = PROJECT) -> list[str]:
    """Write the zip file.

    Args:
        out: the file to write.
        student, key: whose variants of the exercises (`simmail.lab.variants`).
        top: the folder with labs, notebooks and exercises.

    Returns: the names of the files in it.

    Raises:
        InputError: where there is nothing to hand out.
    """
    files = dict(sorted(_files(top, student, key)))
    if not files:
        raise InputError(str(top), "has no labs, notebooks or exercises", "go to simmail's own folder")
    files["README.md"] = README.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(zipfile.ZipInfo(name, STAMP), data, zipfile.ZIP_DEFLATED)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(buffer.getvalue())
    return list(files)


def _files(top: Path, student: str, key: bytes) -> Iterator[tuple[str, bytes]]:
    for lab in sorted((top / "labs").glob("*/world.yaml")):
        for path in sorted(lab.parent.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.name not in KEPT_BACK:
                yield path.relative_to(top).as_posix(), path.read_bytes()
    for notebook in sorted((top / "notebooks").glob("*.ipynb")):
        yield notebook.relative_to(top).as_posix(), notebook.read_bytes()
    if (top / "labs").is_dir():
        yield f"notebooks/{PAGE}", contents(top, handed_out).encode()
    with tempfile.TemporaryDirectory(prefix="simmail-handout-") as place:
        for spec in sorted((top / "exercises").glob(f"*/{exercises.SPEC}")):
            copy = copies.start(str(spec.parent), Path(place) / spec.parent.name, student, key)
            for path in sorted(copy.rglob("*")):
                if path.is_file():
                    yield f"exercises/{path.relative_to(place).as_posix()}", path.read_bytes()
