"""A real browser (Debian's chromium), and a JupyterLab as `make lab` starts it, for a learner who never had one.

Each page's requests are kept, so that a test can say that none left this machine; what would leave is cut off.
Screenshots go to `results/browser`, for people to look at.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Route

QUIET = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
#: What a page may ask for: this machine, and what it carries itself.
HERE = ("127.0.0.1", "localhost")
OWN = ("data", "blob", "about", "file")


def leaves(address: str) -> bool:
    """Whether a request for this address leaves the machine."""
    parts = urlsplit(address)
    return parts.scheme not in OWN and parts.hostname not in HERE


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian has it."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    assert program, "the browser tests need chromium (Debian: apt-get install chromium fonts-dejavu)"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield running
        running.close()


@pytest.fixture(scope="session")
def screenshots(root: Path) -> Path:
    """Where pictures of pages go."""
    folder = root / "results" / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def requests() -> list[str]:
    """The addresses that the test's page has asked for."""
    return []


@pytest.fixture
def page(browser: Browser, requests: list[str]) -> Iterator[Page]:
    """A page of a browser that was never used before; what it asks of other machines is noted, and cut off."""

    def routed(route: Route) -> None:
        if leaves(route.request.url):
            route.abort()
        else:
            route.continue_()

    def asked(request: Request) -> None:
        requests.append(request.url)

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.route("**/*", routed)
    context.on("request", asked)
    opened = context.new_page()
    opened.on("websocket", lambda socket: requests.append(socket.url))
    yield opened
    context.close()


@pytest.fixture(scope="session")
def jupyterlab(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address that `simmail lab` tells somebody who starts it for the first time.

    It runs on a copy of the course: JupyterLab saves by itself what was run.
    """
    home, course = str(tmp_path_factory.mktemp("home")), tmp_path_factory.mktemp("course")
    for shelf in ("labs", "notebooks", "exercises"):
        shutil.copytree(root / shelf, course / shelf)
    own = {"HOME": home, "JUPYTER_CONFIG_DIR": home, "JUPYTER_RUNTIME_DIR": home, "JUPYTER_DATA_DIR": home}
    line = [sys.executable, "-m", "simmail", "lab", "--no-browser"]
    with subprocess.Popen(
        line, cwd=course, stderr=subprocess.PIPE, text=True, env={**os.environ, **own}, start_new_session=True
    ) as running:
        try:
            yield _address(running)
        finally:
            os.killpg(running.pid, signal.SIGTERM)


def _address(running: subprocess.Popen[Any]) -> str:
    said = ""
    assert running.stderr is not None
    while True:
        more = running.stderr.readline()
        assert more, said
        said += more
        if found := re.search(r"http://127\.0\.0\.1:\d+/\S+", said):
            return found[0]
