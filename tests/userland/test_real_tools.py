"""The small shell and its tools print what dash and the GNU tools of Debian print, to the letter."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from simmail.files.invocation import Invocation
from simmail.files.machine import Machine
from simmail.mail.driver import decide
from simmail.userland.commands import COMMANDS
from simmail.userland.shell import run

#: Files, and command lines with what the real tools made of them in a folder of such files.
RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "real_tools.json").read_text(encoding="utf-8"))
RUNS: list[dict[str, Any]] = RECORDED["runs"]
#: Debian's shell, where this machine has it.
DASH = shutil.which("dash")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/root"}


def simulated(command: str) -> dict[str, Any]:
    """What a simulated host makes of a command line."""
    machine = Machine("mail")
    for name, text in RECORDED["files"].items():
        machine.files.write(f"/work/{name}", text)
    for name in RECORDED["folders"]:
        machine.files.make_folder(f"/work/{name}")
    invocation = Invocation(("sh", "-c", command), machine, folder="/work", environment=ENVIRONMENT)
    status = decide(run(command, invocation, COMMANDS), {})
    return {
        "command": command, "stdout": "".join(invocation.out), "stderr": "".join(invocation.err), "status": status,
    }  # fmt: skip


def real(command: str, folder: Path) -> dict[str, Any]:
    """What this machine's own tools make of it."""
    for name, text in RECORDED["files"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for name in RECORDED["folders"]:
        (folder / name).mkdir(parents=True)
    done = subprocess.run(
        ["sh", "-c", command], executable=DASH, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return {"command": command, "stdout": done.stdout, "stderr": done.stderr, "status": done.returncode}


@pytest.mark.parametrize("recorded", RUNS, ids=[r["command"] for r in RUNS])
def test_a_command_line_does_what_the_real_one_did(recorded: dict[str, Any]) -> None:
    """Output, messages and status are those of the recording."""
    assert simulated(recorded["command"]) == recorded


@pytest.mark.long
@pytest.mark.parametrize("recorded", RUNS, ids=[r["command"] for r in RUNS])
def test_the_recording_is_true(tmp_path: Path, recorded: dict[str, Any]) -> None:
    """The real tools of this machine, where it has them, still do what was recorded of them."""
    if DASH:
        assert real(recorded["command"], tmp_path) == recorded
