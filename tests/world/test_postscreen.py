"""postscreen in a world: what it hands over, to whom, and what stays in the tables."""

from __future__ import annotations

from pathlib import Path

from simmail.conformance.case import Case
from simmail.conformance.player import Player

CASES = Path(__file__).parents[1] / "conformance" / "cases" / "postscreen"


def test_refusals_are_told_with_the_parameter_that_decided() -> None:
    """The table of decisions has each recipient that postscreen refused, and why."""
    player = Player(Case.read(CASES / "several-failures.yaml"))
    player.play()
    decisions = player.world.results.decisions
    assert set(decisions.parameter) == {
        "postscreen_dnsbl_action", "postscreen_greet_action", "postscreen_denylist_action",
    }  # fmt: skip
    assert set(decisions.rule) == {"enforce"}
    assert player.world.results.summary()["hosts"]["mail.domain.ork"]["refused"] == len(decisions)


def test_clients_that_are_gone_leave_nothing_behind() -> None:
    """When a session is over postscreen counts its client no more, and smtpd's only process serves the next."""
    case = Case.read(CASES / "pregreet.yaml")
    case.keys["master.cf"] = case.keys["master.cf"].replace("- smtpd", "1 smtpd")
    player = Player(case)
    record = player.play()
    assert [step["transcript"][-1] for step in record["steps"]] == ["S: 221 2.0.0 Bye"] * 4
    assert player.master.system is not None
    screener = player.master.system.program("smtp", "inet")
    assert (screener.screened, dict(screener.clients), screener.known) == (0, {}, {})
