"""Staff write, read, answer, and some of them open what they should not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from simmail.world.actors.virus import Virus
from simmail.world.world import World

STAFF = """\
actors:
  staff:
    kind: staff
    site: office
    count: 10
    domain: domain.ork
    server: mail.domain.ork
    addresses: 192.168.1.0/24
    writes_to: [ann@friend1.example]
    per_day: 12
  friends:
    kind: sites
    site: internet
    count: 2
    domain: friend{n}.example
    addresses: 198.18.0.0/24
    writes_to: [ann@domain.ork, ben@domain.ork]
    per_day: 20
"""
VIRUS = """\
  love:
    kind: virus
    site: internet
    address: 198.19.9.1
    first: [ann@domain.ork, ben@domain.ork, cleo@domain.ork]
    opened: 0.4
    begin: 8h
"""
LIST = """\
  talk:
    kind: mailing-list
    site: internet
    domain: lists.example
    name: talk
    address: 198.18.9.1
    members: [ann@domain.ork, ben@domain.ork, ann@friend1.example]
    issues_per_week: 50
"""
RECORD = "mime_header_checks = pcre:{{/^Content-Disposition: attachment/ INFO}}\n"
RULE = r"""/^Content-(Disposition|Type).*name\s*=\s*"?[^"]*\.(vbs|scr|pif)"?/ REJECT no such attachments""" + "\n"


def test_a_day_at_the_office(small: Callable[..., World]) -> None:
    """Everything that staff and their friends write arrives, and some of it is answered."""
    world = small(STAFF)
    world.run("1d")
    fates = world.results.account.fates
    assert {fate.state for fate in fates} == {"delivered"}
    kinds = Counter(fate.kind for fate in fates)
    assert kinds["wanted"] > 100
    assert 0.1 < kinds["reply"] / kinds["wanted"] < 0.4


@pytest.mark.parametrize(("greet", "name"), [("named", "pc-ann.domain.ork"), ("bare", "pc-ann")])
def test_pcs_greet_with_what_they_call_themselves(small: Callable[..., World], greet: str, name: str) -> None:
    """Many a PC knows only its own short name, and says so to the server."""
    world = small(STAFF.replace("    count: 10", f"    count: 1\n    greet: {greet}"))
    world.run("12h")
    assert {
        r.get("helo") for r in world.results.records if r.event == "client" and r.get("sender") == "ann@domain.ork"
    } == {name}


@pytest.mark.parametrize("header", ["Subject", "MIME-Version"])
def test_staff_mail_that_is_thrown_away_is_counted(small: Callable[..., World], header: str) -> None:
    """Discarded before its Message-ID: is seen or after: the mail program heard 250, and the account says discarded."""
    world = small(STAFF, f"header_checks = pcre:{{{{/^{header}:/ DISCARD}}}}\n")
    world.run("12h")
    assert {fate.state for fate in world.results.account.fates} == {"discarded"}


def test_files_go_with_a_share_of_the_mail(small: Callable[..., World]) -> None:
    """Staff and sites attach files to the share of their letters that the world says, and write the same letters."""
    plain, rich = small(STAFF), small(STAFF.replace("    per_day", "    attaches: [a.doc, b.zip]\n    per_day"), RECORD)
    for world in (plain, rich):
        world.run("1d")
    written = [[r.fields[:4] for r in w.results.records if r.event == "composed"] for w in (plain, rich)]
    assert {fields[3] for fields in written[0]} == {fields[3] for fields in written[1]}
    names = [r.fields[2] for r in rich.results.records if r.event == "content"]
    assert 0.1 < len(names) / len(written[1]) < 0.3
    assert len(set(names)) == 2


@pytest.mark.parametrize(
    ("checks", "spreads"),
    [("", True), ("mime_header_checks = pcre:/etc/postfix/attachments\n", False)],
)
def test_a_rule_in_the_right_place_bends_the_curve(small: Callable[..., World], checks: str, spreads: bool) -> None:
    """Attachments refused by their names where the names stand infect nobody."""
    world = small(STAFF + VIRUS, checks)
    host = world.host("mail.domain.ork")
    host.write("attachments", RULE)
    world.run("1d")
    virus = world.actors["love"]
    assert isinstance(virus, Virus)
    assert bool(virus.infected) is spreads


def test_some_fetch_by_program(small: Callable[..., World]) -> None:
    """fetchmail takes the mail from the server, procmail puts what comes from a list aside, and both are read."""
    world = small(STAFF.replace("    per_day: 12\n", "    per_day: 12\n    fetchmail: 1\n    replies: 1\n") + LIST)
    world.run("12h")
    folders = world.people["ann"].folders
    assert folders["lists"] > 0
    assert world.people["ann"].inbox
    assert world.host("mail.domain.ork").machine.files.read("/var/mail/ann").count("\nMessage-ID: ") <= 2
    assert not world.notices
    fates = world.results.account.fates
    assert {fate.state for fate in fates if fate.written < 11.8 * 3600} == {"delivered"}
    assert any(fate.kind == "reply" and fate.sender == "ann@domain.ork" for fate in fates)
