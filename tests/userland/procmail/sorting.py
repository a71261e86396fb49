"""Sorts the same thirty messages by a recipe file, with Debian's procmail or with ours, and tells what lies where.

`python -m tests.userland.procmail.sorting` records what the installed procmail does with every recipe file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from simmail.files.invocation import Invocation
from simmail.files.machine import Machine
from simmail.mail.driver import decide
from simmail.mail.questions import Sleep
from simmail.userland.job import Exhausted, Job
from simmail.userland.process import KILLED, Process, perform
from simmail.userland.streams import Printed, Stream
from simmail.world.host import COMMANDS

HERE = Path(__file__).parent
RECIPES = sorted((HERE / "recipes").glob("*.rc"))
SUPPORT = ("extra.rc", "fakemail")
FOLDER = "/sorted"
PROCMAIL = "procmail"
IDENTITY = re.compile(r"^Message-ID: <(\d+)@", re.MULTILINE)
_PARTS = (
    (re.compile(r"/new/[^/]*$"), "/"),
    (re.compile(r"/[0-9]+$"), "/."),
    (re.compile(r"/msg\.[^/]*$"), ""),
)


def letters() -> list[str]:
    """The thirty messages, with their From_ lines."""
    found: list[str] = json.loads((HERE / "messages.json").read_text(encoding="utf-8"))
    return found


def arguments(folder: str, rcfile: str) -> tuple[str, ...]:
    """procmail's command line."""
    settings = (f"MAILDIR={folder}", "DEFAULT=inbox", "LOGFILE=log", "LOGNAME=bob", "COMSAT=no", "SHELL=/bin/sh")
    return (PROCMAIL, "-p", *settings, f"{folder}/{rcfile}")


def told(files: dict[str, str], statuses: list[int]) -> dict[str, Any]:
    """What came of it.

    Args:
        files: name -> text of all files that there are.
        statuses: procmail's exit status for each message.
    """
    folders: dict[str, list[str]] = {}
    for name, text in sorted(files.items()):
        if name == "log":
            continue
        for pattern, kind in _PARTS:
            name = pattern.sub(kind, name)
        folders.setdefault(name, []).append(text)
    return {
        "statuses": statuses,
        "folders": {
            name: {
                "ids": [identity for text in sorted(texts, key=_key) for identity in IDENTITY.findall(text)],
                "octets": sum(len(text.encode()) for text in texts),
                "digest": hashlib.sha256("\0".join(sorted(texts, key=_key)).encode()).hexdigest()[:16],
            }
            for name, texts in sorted(folders.items())
        },
        "log": sorted(_lines(files["log"])),
    }


def _key(text: str) -> tuple[str, str]:
    found = IDENTITY.search(text)
    return (found[1] if found else "", text)


def _lines(log: str) -> list[str]:
    """The folders and sizes that the log tells of, and complaints."""
    found = []
    for line in log.split("\n"):
        if line.startswith(("  Folder: ", "procmail: ", " Subject:")):
            line = re.sub(r"(new/)\S+", r"\1NAME", line)
            line = re.sub(r"msg\.\S+", "msg.NAME", line)
            found.append(re.sub(r"\t+ *", " ", line))
    return found


def by_debian(rcfile: str) -> dict[str, Any]:
    """What the installed procmail makes of it."""
    folder = Path(tempfile.mkdtemp(prefix="sorting-"))
    try:
        for source in (f"recipes/{rcfile}", *SUPPORT):
            shutil.copy(HERE / source, folder)
        (folder / "fakemail").chmod(0o755)
        kept = {rcfile, *SUPPORT}
        statuses = [_run_debian(folder, rcfile, text) for text in letters()]
        files = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in folder.rglob("*")
            if path.is_file() and path.name not in kept
        }
        return told(files, statuses)
    finally:
        shutil.rmtree(folder)


def _run_debian(folder: Path, rcfile: str, text: str) -> int:
    """Run the installed procmail, and wait until its clones have ended too: they hold the pipe open."""
    ours, theirs = os.pipe()
    done = subprocess.run(
        arguments(str(folder), rcfile), input=text.encode(), env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}, cwd=folder,
        timeout=60, check=False, pass_fds=(theirs,),
    )  # fmt: skip
    os.close(theirs)
    os.read(ours, 1)
    os.close(ours)
    return done.returncode


def by_ours(rcfile: str) -> dict[str, Any]:
    """What ours makes of it."""
    machine = Machine("home.example")
    files = machine.files
    files.make_folder(FOLDER)
    for source in (f"recipes/{rcfile}", *SUPPORT):
        path = HERE / source
        mode = 0o755 if path.name == "fakemail" else 0o644
        files.write(f"{FOLDER}/{path.name}", path.read_text(encoding="utf-8"), mode=mode)
    kept = {rcfile, *SUPPORT}
    statuses = [ours(machine, arguments(FOLDER, rcfile), text)[0] for text in letters()]
    found = {name.removeprefix(FOLDER + "/"): files.read(name) for name in files.names(FOLDER)}
    return told({name: text for name, text in found.items() if name not in kept}, statuses)


def ours(machine: Machine, argv: tuple[str, ...], text: str, user: str = "root") -> tuple[int, str, str]:
    """Run one of a host's commands: its exit status, and what it printed and complained."""
    invocation = Invocation(argv, machine, text, user, "/", {"PATH": "/usr/bin:/bin"})
    process = Process(argv, invocation, source=Stream(text), commands=COMMANDS, job=Job())
    try:
        answers = {Sleep: lambda question: None, Printed: lambda question: None}
        status = decide(perform(COMMANDS[argv[0]], process), answers)
    except Exhausted as error:
        process.complain(error.text)
        status = KILLED
    process.job.settle()
    return status, "".join(process.out), "".join(process.err)


def recorded(rcfile: str) -> Path:
    """Where the recording of a recipe file lies."""
    return HERE / "recorded" / f"{rcfile.removesuffix('.rc')}.json"


def record() -> None:
    """Record what the installed procmail does."""
    names = [path.name for path in RECIPES]
    with ThreadPoolExecutor(len(names)) as pool:
        for name, found in zip(names, pool.map(by_debian, names), strict=True):
            recorded(name).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
