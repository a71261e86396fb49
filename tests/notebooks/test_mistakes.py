"""What a learner got wrong is told with file and line, in a terminal and in a notebook, and never with a traceback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

LAB = "01-the-first-message"


class Mistake(NamedTuple):
    """A mistake: the file it is in, what is put in place of what, and words that tell of it."""

    file: str
    old: str
    new: str
    words: str


MISTAKES = {
    "world": Mistake("world.yaml", "site: office", "sight: office", "was 'site' meant?"),
    "zone": Mistake("zones/domain.ork.zone", "MX   10 mail", "MX   mail", "is no resource record"),
    "main.cf": Mistake(
        "hosts/mail.domain.ork/etc/postfix/main.cf", "relayhost =", "relayhost", "missing '=' after attribute name"
    ),
    "value": Mistake(
        "hosts/mail.domain.ork/etc/postfix/main.cf",
        "mailbox_size_limit = 0",
        "message_size_limit = 10240000 # ten MB",
        "bad numerical configuration",
    ),
}

each_mistake = pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)


def planted(root: Path, folder: Path, mistake: Mistake) -> tuple[Path, str]:
    """A copy of the first lab with a mistake in it, and the mistake's place, FILE:LINE."""
    copy = folder / "mylab"
    shutil.copytree(root / "labs" / LAB, copy)
    path = copy / mistake.file
    text = path.read_text(encoding="utf-8")
    assert mistake.old in text
    path.write_text(text.replace(mistake.old, mistake.new, 1), encoding="utf-8")
    return copy, f"{path}:{text[: text.index(mistake.old)].count(chr(10)) + 1}"


def told(said: str, place: str, mistake: Mistake) -> None:
    """Check what was said."""
    assert f"{place}: " in said
    assert mistake.words in said
    assert "Traceback" not in said


@each_mistake
def test_a_mistake_in_a_terminal(root: Path, tmp_path: Path, mistake: Mistake) -> None:
    """`simmail run` names the file and the line."""
    copy, place = planted(root, tmp_path, mistake)
    done = subprocess.run(
        [sys.executable, "-m", "simmail", "run", str(copy)], capture_output=True, text=True, check=False
    )
    told(done.stdout + done.stderr, place, mistake)


@each_mistake
def test_a_mistake_in_a_notebook(
    root: Path, tmp_path: Path, mistake: Mistake, capsys: pytest.CaptureFixture[str]
) -> None:
    """`simmail.load` in a cell shows the message alone."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    copy, place = planted(root, tmp_path, mistake)
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.run_cell(f"import simmail\nworld = simmail.load({str(copy)!r})", store_history=False)
    said = capsys.readouterr()
    told(said.out + said.err, place, mistake)


@pytest.mark.kernel
@each_mistake
def test_a_mistake_in_a_kernel(root: Path, tmp_path: Path, mistake: Mistake) -> None:
    """The same through a kernel of its own, as JupyterLab would show it."""
    import nbformat
    from nbclient import NotebookClient

    copy, place = planted(root, tmp_path, mistake)
    cell = nbformat.v4.new_code_cell(f"import simmail\nworld = simmail.load({str(copy)!r})")
    book = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(book, timeout=120, kernel_name="python3", allow_errors=True).execute()
    outputs = book.cells[0]["outputs"]
    told("\n".join("\n".join(o.get("traceback", [])) or o.get("text", "") for o in outputs), place, mistake)
