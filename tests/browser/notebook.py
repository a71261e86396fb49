"""A notebook in JupyterLab, as somebody handles it who has a mouse and a keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: Milliseconds that a kernel, a lab or a panel may take, on a machine with other things to do.
PATIENCE_MS = 120_000
#: The tallest picture of a page, in pixels.
TALLEST = 16_000


class Notebook:
    """An open notebook.

    Args:
        page: where it is open, alone.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        page.get_by_text("(ipykernel) | Idle").wait_for(timeout=PATIENCE_MS)

    def run(self) -> None:
        """Run all cells by the menu, until the last has run."""
        self.page.locator(".lm-MenuBar-item", has_text="Run").click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.page.wait_for_function(
            """() => [...document.querySelectorAll(".jp-Notebook .jp-CodeCell")].every(
                cell => /\\[\\d+\\]:/.test(cell.querySelector(".jp-InputPrompt").textContent))""",
            timeout=PATIENCE_MS,
        )
        self.page.get_by_text("(ipykernel) | Idle").wait_for(timeout=PATIENCE_MS)

    def errors(self) -> list[str]:
        """What cells printed of errors and warnings."""
        kinds = ("application/vnd.jupyter.error", "application/vnd.jupyter.stderr")
        shown = ", ".join(f".jp-OutputArea-output[data-mime-type='{kind}']" for kind in kinds)
        return self.page.locator(shown).all_text_contents()

    def picture(self, file: Path) -> None:
        """A screenshot of all of it, from top to bottom."""
        page, before = self.page, self.page.viewport_size
        assert before is not None
        page.set_viewport_size({"width": before["width"], "height": TALLEST})
        page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
        last = page.locator(".jp-Notebook .jp-Cell").last
        last.evaluate("cell => new Promise(drawn => new IntersectionObserver(drawn).observe(cell))")
        end = last.bounding_box()
        assert end is not None
        page.screenshot(path=file, clip={"x": 0, "y": 0, "width": before["width"], "height": end["y"] + end["height"]})
        page.set_viewport_size(before)
