"""Labs in JupyterLab: they open, run to their end, their panels do something, and nothing leaves the machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import leaves
from tests.browser.notebook import PATIENCE_MS, Notebook

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

LABS = Path(__file__).resolve().parents[2] / "labs"
#: The labs that are run.
NAMES = ("01-the-first-message", "03-who-may-relay")
#: Those of them that have a panel to show.
WITH_A_PANEL = [name for name in NAMES if "simmail.panel(" in (LABS / name / "lab.md").read_text(encoding="utf-8")]
#: What JupyterLab's server would ask others for, if the page asked it to.
NEWS = ("/lab/api/news", "/lab/api/update")


def test_it_opens_quietly_on_the_contents(page: Page, jupyterlab: str, requests: list[str], screenshots: Path) -> None:
    """At a first start there is the page of contents, nothing pops up, and a click on a lab opens its notebook."""
    page.goto(jupyterlab)
    page.get_by_role("heading", name="Contents").wait_for(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Who may relay").wait_for()
    page.screenshot(path=screenshots / "contents.png")
    page.get_by_role("link", name="Who may relay").click()
    Notebook(page)
    page.get_by_role("heading", name="Lab 03: Who may relay").wait_for()
    assert page.locator(".jp-Dialog, .jp-toastContainer .Toastify__toast").all_text_contents() == []
    assert [address for address in requests if urlsplit(address).path.startswith(NEWS)] == []
    assert [address for address in requests if leaves(address)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_lab_runs_to_its_end(page: Page, jupyterlab: str, requests: list[str], screenshots: Path, name: str) -> None:
    """Every cell, without an error; where there is a panel a flipped setting changes its picture, and mail moves."""
    page.goto(jupyterlab.replace("00-contents.md", f"{name}.ipynb") + "&reset")  # forget what was open before
    book = Notebook(page)
    book.run()
    assert book.errors() == []
    book.picture(screenshots / f"{name}.png")
    if name in WITH_A_PANEL:
        _flip(page, screenshots / f"{name}-panel.png")
    if page.locator(".simmail-clock").count():
        _play(page, screenshots / f"{name}-map.png")
    assert [address for address in requests if leaves(address)] == []
    assert any(urlsplit(address).scheme == "ws" for address in requests)  # the kernel's, so sockets are seen too


def test_a_panel_is_there() -> None:
    """At least lab 03 has one."""
    assert "03-who-may-relay" in WITH_A_PANEL


def _flip(page: Page, picture: Path) -> None:
    """Choose another value in the panel's first menu: the right side gets its own picture and figures."""
    box = page.locator(".jp-OutputArea-output:has(.widget-dropdown)").first
    menu = box.locator("select").first
    left, right = box.locator(".widget-html").nth(0), box.locator(".widget-html").nth(1)
    before, value = left.locator("img").get_attribute("src"), menu.locator("option").all_text_contents()[1]
    menu.select_option(label=value)
    right.get_by_role("heading", name=value).wait_for(timeout=PATIENCE_MS)
    assert left.locator("img").get_attribute("src") == before
    assert right.locator("img").get_attribute("src") != before
    assert right.locator("table").text_content() != left.locator("table").text_content()
    page.set_viewport_size({"width": 1280, "height": 2000})
    box.screenshot(path=picture)


def _play(page: Page, picture: Path) -> None:
    """Start the map: its clock goes, and mail is under way at some time."""
    box = page.locator(".jp-OutputArea-output:has(.simmail-clock)").first
    begun = box.locator(".simmail-clock").text_content()
    box.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "begun => document.querySelector('.simmail-clock').textContent != begun"
        " && document.querySelector('.jp-OutputArea-output svg[role=img] g').childElementCount > 0",
        arg=begun, timeout=PATIENCE_MS,
    )  # fmt: skip
    box.screenshot(path=picture)
