"""The table of decisions: every refusal and every message taken on, with the rule behind it and its place."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from simmail.conformance.case import Case
from simmail.conformance.player import Player
from simmail.world.export import export

MAIN_CF = """\
compatibility_level = 3.6
myhostname = mail.domain.ork
mydestination = domain.ork
mynetworks = 192.0.2.0/24
alias_maps =
smtpd_restriction_classes = picky
picky = reject_non_fqdn_sender
smtpd_helo_restrictions = warn_if_reject reject_non_fqdn_helo_hostname
smtpd_recipient_restrictions =
    permit_mynetworks
    # strangers:
    reject_unauth_destination, check_client_access hash:/etc/postfix/clients
    check_recipient_access inline:{later@domain.ork=DEFER_IF_PERMIT}
    picky
smtpd_relay_restrictions =
"""
CLIENTS = "# a comment\n203.0.113.9 REJECT go away\n203.0.113.8 OK\n"
SESSION = "HELO {helo}\nMAIL FROM:<{sender}>\nRCPT TO:<{recipient}>\nDATA\nSubject: x\n\nx\n.\nQUIT\n"
COLUMNS = ["action", "parameter", "rule", "line", "entry"]
LIST = "smtpd_recipient_restrictions"


@pytest.fixture(scope="module")
def world() -> Player:
    """A world in which a few clients have called."""
    calls = [
        ("192.0.2.7", "pc", "joe@domain.ork", "anna@else.example"),
        ("203.0.113.9", "mx.bot.example", "a@bot.example", "joe@domain.ork"),
        ("203.0.113.9", "mx.bot.example", "a@bot.example", "anna@else.example"),
        ("203.0.113.8", "mx.friend.example", "a@friend.example", "joe@domain.ork"),
        ("203.0.113.7", "mx.x.example", "a@x.example", "later@domain.ork"),
        ("203.0.113.7", "mx.x.example", "a", "joe@domain.ork"),
        ("203.0.113.7", "mx.x.example", "a@x.example", "nobody-here@domain.ork"),
        ("203.0.113.7", "mx.x.example", "a@x.example", "joe@domain.ork"),
    ]
    playing = Player(
        Case(
            "decisions",
            {
                "main.cf": MAIN_CF, "files": {"clients": CLIENTS}, "setup": ["postmap hash:/etc/postfix/clients"],
                "users": ["joe", "later"], "steps": [],
            },
            steps=[
                {"client": client, "send": SESSION.format(helo=helo, sender=sender, recipient=recipient)}
                for client, helo, sender, recipient in calls
            ],
        )
    )  # fmt: skip
    playing.play()
    return playing


def test_each_decision_names_its_rule_and_line(world: Player) -> None:
    """The parameter, the rule as written, the line of the list that it stands on, the table's line that decided."""
    table = world.world.results.decisions
    assert table[COLUMNS].values.tolist() == [
        ["reject_warning", "smtpd_helo_restrictions", "reject_non_fqdn_helo_hostname", 8, ""],
        ["accept", LIST, "permit_mynetworks", 10, ""],
        ["reject", LIST, "check_client_access hash:/etc/postfix/clients", 12, "/etc/postfix/clients:2"],
        ["reject", LIST, "reject_unauth_destination", 12, ""],
        ["accept", LIST, "check_client_access hash:/etc/postfix/clients", 12, "/etc/postfix/clients:3"],
        ["reject", LIST, "check_recipient_access inline:{later@domain.ork=DEFER_IF_PERMIT}", 13, table.entry[5]],
        ["reject", "picky", "reject_non_fqdn_sender", 7, ""],
        ["reject", "smtpd_reject_unlisted_recipient", "yes", 0, ""],
        ["accept", "", "", 0, ""],
    ]
    assert set(table.file[table.line > 0]) == {"/etc/postfix/main.cf"}


def test_refusals_are_counted_by_rule(world: Player, tmp_path: Path) -> None:
    """The Parquet file of a run has the same columns, so that any program can count by rule."""
    export(world.world, tmp_path)
    table = pd.read_parquet(tmp_path / "decisions.parquet")
    refused = table[table.action == "reject"]
    counts = refused.groupby(["parameter", "line"]).size().to_dict()
    assert counts == {(LIST, 12): 2, (LIST, 13): 1, ("picky", 7): 1, ("smtpd_reject_unlisted_recipient", 0): 1}
    assert table[table.action == "accept"].recipient.tolist() == [
        "anna@else.example",
        "joe@domain.ork",
        "joe@domain.ork",
    ]
    assert refused.iloc[0].reply.startswith("554 5.7.1 <unknown[203.0.113.9]>")


def test_what_a_content_check_refuses_is_refused() -> None:
    """It counts in the summary as what is refused in the envelope does."""
    session = SESSION.format(helo="mx.x.example", sender="a@x.example", recipient="joe@domain.ork")
    case = Case(
        "refused",
        {"main.cf": f"{MAIN_CF}header_checks = inline:{{{{Subject: x=REJECT no x}}}}\n", "users": ["joe"], "steps": []},
        steps=[{"client": "203.0.113.7", "send": session}],
    )
    playing = Player(case)
    playing.play()
    summary = playing.world.results.summary()
    assert [host["refused"] for host in summary["hosts"].values()] == [1]
