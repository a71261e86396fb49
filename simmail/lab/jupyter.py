"""JupyterLab, opened on the course's contents or on a lab's notebook."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from simmail.lab.contents import PAGE
from simmail.lab.copies import notebook_of
from simmail.mail.errors import InputError
from simmail.world import folder as folders

PROJECT = Path(__file__).resolve().parents[2]
SHELF = "notebooks"


def find(name: str = "", here: Path | None = None) -> Path:
    """The notebook or page to open.

    Args:
        name: a lab's name or its beginning, a learner's copy, or a notebook; "" for the copy that the present
            folder is in, or else the course's contents.
        here: the present folder.

    Raises:
        InputError: where there is none.
    """
    here = (here or Path.cwd()).resolve()
    if name.endswith(".ipynb"):
        if (here / name).is_file():
            return here / name
        raise InputError(name, "there is no such notebook")
    if name:
        folder = here / name if (here / name / folders.WORLD).is_file() else folders.find(name, here)
    else:
        own = next((f for f in (here, *here.parents) if folders.origin(f)), None)
        if own is None:
            return _first(here)
        folder = own
    found = notebook_of(folder)
    if found is None:
        raise InputError(f"lab {name!r}", "has no notebook", "run it: simmail run " + name)
    return found.resolve()


def _first(here: Path) -> Path:
    """The course's contents; its first notebook where there are none."""
    for folder in (here, *here.parents, PROJECT):
        books = [*(folder / SHELF).glob(PAGE), *sorted((folder / SHELF).glob("*.ipynb"))]
        if books:
            return books[0].resolve()
    raise InputError("notebooks", "there are none here", "go to simmail's own folder, or make a copy of a lab there")


def command(notebook: Path, options: Sequence[str] = ()) -> list[str]:
    """The command line that opens JupyterLab on a notebook or page.

    Its root is the project or the learner's copy, so that files beside the notebook can be opened as well; it says
    nothing but its address.

    Args:
        notebook: an absolute path.
        options: further ones of JupyterLab's.
    """
    root = notebook.parent.parent if notebook.parent.name == SHELF else notebook.parent
    return [
        sys.executable, "-m", "jupyterlab",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{quote(notebook.relative_to(root).as_posix())}",
        "--ServerApp.log_level=ERROR",
        "--LabApp.log_level=ERROR",
        # a container's only user is often root; the server listens on this machine alone and asks for its token
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        *options,
    ]  # fmt: skip


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What JupyterLab's programs find: in its terminals and after a notebook's `!` the command is `simmail`.

    Args:
        given: the present environment.
    """
    programs = str(Path(sys.executable).parent)
    # without its bytecode each kernel would compile everything anew
    return {
        **given,
        "PATH": os.pathsep.join(filter(None, (programs, given.get("PATH", "")))),
        "PYTHONDONTWRITEBYTECODE": "",
    }


def lab(name: str = "", options: Sequence[str] = ()) -> int:
    """Open JupyterLab and wait until it ends; its exit status.

    Args:
        name, options: as those of `find` and `command`.

    Raises:
        InputError: where there is no such notebook.
    """
    line = command(find(name), options)
    before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is JupyterLab's, which asks whether it is meant
    try:
        return subprocess.run(line, check=False, env=environment(os.environ)).returncode
    finally:
        signal.signal(signal.SIGINT, before)
