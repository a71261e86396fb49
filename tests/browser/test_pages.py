"""The pages that simmail writes, as a browser shows them: nothing asked of anybody, and no markup but ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from simmail.cli import main
from tests.browser.conftest import leaves
from tests.lab.hand_ins import NAME, SOLVED, copy

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page

pytestmark = pytest.mark.browser

SWEEP = """\
world: {world}
policies: [before, after]
parameters:
  mail.domain.ork:
    smtpd_helo_required: [no, yes]
world_parameters:
  actors.trojans.per_day: {{from: 20, to: 120, scale: log}}
seeds: 2
until: 6h
design: latin
samples: 4
"""


def opened(page: Page, file: Path, picture: Path) -> list[str]:
    """Open a page and take its picture; what the browser complained of."""
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    page.on("console", hear)
    page.goto(file.as_uri())
    page.screenshot(path=picture, full_page=True)
    return said


def test_a_sweeps_report(page: Page, requests: list[str], screenshots: Path, root: Path, tmp_path: Path) -> None:
    """Every picture is seen and has its words, every parameter its table; the page alone is read."""
    sweep, out = tmp_path / "sweep.yaml", tmp_path / "out"
    sweep.write_text(SWEEP.format(world=root / "docs/examples/spam-and-a-blocklist"), encoding="utf-8")
    assert main(["sweep", str(sweep), "--out", str(out)]) == 0
    assert main(["report", str(out)]) == 0
    assert opened(page, out / "report.html", screenshots / "report.png") == []
    assert page.title() == "Sweep of spam-and-a-blocklist"
    page.get_by_role("heading", name="Spam stopped against wanted mail missing").wait_for()
    pictures = page.locator("img").evaluate_all("all => all.map(image => [image.naturalWidth, image.alt])")
    assert len(pictures) >= 3
    assert all(width > 100 and alt for width, alt in pictures)
    for parameter in ("smtpd_helo_required", "actors.trojans.per_day"):
        page.get_by_role("heading", name=parameter).wait_for()
    assert [address for address in requests if not address.startswith(("data:", out.as_uri()))] == []
    assert [address for address in requests if leaves(address)] == []


def test_a_students_feedback(page: Page, requests: list[str], screenshots: Path, tmp_path: Path) -> None:
    """The trace is there, and what a hand-in would have the page do stays text."""
    banner = "smtpd_banner = $myhostname ESMTP <img src=x onerror=alert(1)></pre><script>document.title='had'</script>"
    copy(tmp_path / "in" / "ann", SOLVED.replace(", 192.0.2.20", "") + banner + "\n")
    out = tmp_path / "grades.csv"
    assert main(["grade", NAME, str(tmp_path / "in"), "--out", str(out), "--feedback", "html"]) == 0
    assert opened(page, tmp_path / "grades" / "ann.html", screenshots / "feedback.png") == []
    assert page.title() == "Close the relay: 12 of 13 points"
    assert "C: RCPT TO:<friend@elsewhere.example>" in page.locator("pre").first.inner_text()
    assert "<script>" in page.locator("pre").first.inner_text()
    assert page.locator("img, script").count() == 0
    assert len(requests) == 1
