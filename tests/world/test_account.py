"""What became of mail, in truth, where nobody told."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.world.loader import load

LAB = Path(__file__).resolve().parents[2] / "labs" / "05-when-the-other-side-is-down"


@pytest.mark.parametrize(("lifetime", "state"), [("10m", "bounced"), ("5d", "waiting")])
def test_mail_that_was_too_old_has_bounced(lifetime: str, state: str) -> None:
    """What is returned because of its age does not count as waiting."""
    world = load(LAB)
    mail = world.host("mail.domain.ork")
    mail.edit("main.cf", maximal_queue_lifetime=lifetime, bounce_queue_lifetime=lifetime)
    mail.sh("postfix reload")
    written = world.people["alice"].send("bledger@creativeacct.com", "The receipts")
    world.run("10:00")
    (fate,) = [fate for fate in world.results.account.fates if fate.identity == written.identity]
    assert fate.state == state
    assert "Connection timed out" in fate.reason
