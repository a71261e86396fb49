"""What became of mail, in truth, where nobody told."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.world.actors.complaints import complaints
from simmail.world.actors.figures import Figures
from simmail.world.loader import load
from simmail.world.truth import Fate

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


def test_people_notice_what_is_late_or_missing() -> None:
    """A reader minds what is hours old; a writer what came back, and what nobody has after a day."""
    fate = Fate("<1@a.test>", "wanted", "ann", "ann@a.test", "bob@b.test", 100.0, "delivered", 200.0, "", "")
    day, figures = 86_400.0, Figures()
    cases = {
        fate: [],
        fate._replace(ended=100.0 + 5 * 3600): ["late"],
        fate._replace(ended=100.0 + 2 * day): ["missing", "late"],
        fate._replace(state="waiting", ended=None): ["missing"],
        fate._replace(state="discarded"): ["missing"],
        fate._replace(state="bounced"): ["returned"],
        fate._replace(state="bounced", ended=100.0 + 2 * day): ["missing", "returned"],
        fate._replace(kind="newsletter", state="discarded"): [],
        fate._replace(kind="spam", state="refused"): [],
    }
    for case, expected in cases.items():
        assert [complaint.what for complaint in complaints([case], figures, 5 * day)] == expected
    waiting = fate._replace(state="waiting", ended=None)
    assert complaints([waiting], figures, 0.9 * day) == []
    assert complaints([waiting], figures, 5 * day)[0].person == "ann@a.test"
    figures = Figures({"people.late_s": 50})
    assert [(c.person, c.what) for c in complaints([fate], figures, day)] == [("bob@b.test", "late")]


def test_the_results_tell_of_complaints() -> None:
    """What returns to its writer is in the account and in a table."""
    world = load(LAB)
    world.people["alice"].send("noone@domain.ork", "Anybody there?")
    world.run("1h")
    assert world.results.account.figures["complaints"] == {"returned": 1}
    assert list(world.results.complaints["person"]) == ["alice@domain.ork"]


def test_what_the_log_calls_an_agent_does_not_matter() -> None:
    """Mail has been delivered under another syslog_name, too."""
    world = load(LAB)
    mail = world.host("mail.domain.ork")
    mail.edit("main.cf", syslog_name="postfix/inside")
    mail.sh("postfix reload")
    written = world.people["alice"].send("alice@domain.ork", "The receipts")
    world.run("1h")
    (fate,) = [fate for fate in world.results.account.fates if fate.identity == written.identity]
    assert fate.state == "delivered"


def test_who_gives_up_was_not_refused() -> None:
    """A sender that nobody answers, and that tries no longer, has not heard a word."""
    world = load(LAB)
    world.host("mail.domain.ork").crash()
    written = world.people["alice"].send("bledger@creativeacct.com", "The receipts")
    world.run("10:00")
    rows = {row.message_id: row.state for row in world.results.message_rows}
    assert rows[written.identity] == "given up"
    assert "refused" not in world.results.summary()["messages"]
