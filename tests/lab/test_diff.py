"""Diff: what differs is found with a witness, what does not is said to be alike with the size of the search."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import simmail
from simmail import cli
from simmail.lab.diff import Comparison
from simmail.lab.diff.played import Side
from simmail.lab.diff.samples import sample
from tests.lab.bases import BASES, COURSE, write
from tests.lab.mistakes import MAIN, MISTAKES, mend, plant

ORDB = "smtpd_client_restrictions = reject_rbl_client relays.ordb.org\n"
CHECKS = """reject_unknown_sender_domain,
    reject_non_fqdn_hostname, reject_non_fqdn_sender,
    reject_invalid_hostname
"""
INSIDE_FIRST = f"smtpd_client_restrictions = permit_mynetworks, reject_rbl_client relays.ordb.org, {CHECKS}"
CONTENT = "body_checks = pcre:/etc/postfix/body_checks\nheader_checks = pcre:/etc/postfix/header_checks\n"
TABLES = {
    "etc/postfix/body_checks": '/^(.*)name\\=\\"(.*)\\.exe\\"$/ REJECT Mail contains banned attachment\n',
    "etc/postfix/header_checks": "/^Subject: FREE OFFER!!/ REJECT\n/^X-Mailer:.*Some Spamware Tool/ REJECT\n",
}


def course(folder: Path, line: str) -> Path:
    """The course's host with a line more."""
    base = BASES[0]
    return write(folder, {**base.files, **(TABLES if line == CONTENT else {}), MAIN: COURSE + line}, base.compiled)


def compared(tmp_path: Path, line: str) -> Comparison:
    """The course's main.cf without and with a line."""
    return simmail.diff(course(tmp_path / "before", ""), course(tmp_path / "after", line))


def told(comparison: Comparison) -> dict[str, str]:
    """What is said to each kind of mail that is accepted before and refused after."""
    return {
        str(kind): comparison.b.play(kind).reply
        for group in comparison.groups
        if group.before.verdict == "accepted" and group.after.verdict.startswith("refused")
        for kind in group.kinds
    }


OURS = "recipient: one of our users"
PC = "client: a PC in 192.168.0.0/16"


def test_a_blocklist_refuses_whom_it_lists_and_the_office_once_it_lists_the_world(tmp_path: Path) -> None:
    """The listed client is refused; so is the office's own PC, if the list answers for all; nobody else is."""
    replies = told(compared(tmp_path, ORDB))
    listed = f"client: a client that relays.ordb.org answers 127.0.0.2 about; {OURS}"
    assert replies[listed].startswith("554 5.7.1 Service unavailable; Client host [203.0.113.100] blocked using relays")
    assert replies[f"{PC}, if relays.ordb.org lists the whole world; {OURS}"].startswith("554 5.7.1 Service")
    assert all("relays.ordb.org" in kind for kind in replies)


def test_the_misspelt_line_makes_no_difference(tmp_path: Path) -> None:
    """smtpd_sender_restriction changes nothing, which is said with the size of the search."""
    comparison = compared(tmp_path, f"smtpd_sender_restriction = {CHECKS}")
    assert len(comparison) == 0
    assert str(comparison).splitlines()[-1].startswith(f"No difference was found: {comparison.tried} kinds of mail")
    assert comparison.tried > 100


def test_the_line_spelt_right_stops_bots_and_the_office(tmp_path: Path) -> None:
    """The home PC that says winpc is refused, the forged sender is put off, and the office's PC is refused, too."""
    replies = told(compared(tmp_path, f"smtpd_sender_restrictions = {CHECKS}"))
    assert replies[f"client: a home PC that sends by itself; {OURS}"].startswith("504 5.5.2 <winpc>: Helo command")
    assert replies[f"{PC}; {OURS}"].startswith("504 5.5.2 <bobs-pc>: Helo command rejected")
    forged = f"client: an honest mail server; {OURS}; sender: a domain that does not exist"
    assert replies[forged].startswith("450 4.1.8 <offers@no-such-domain.example>: Sender address rejected")


def test_permit_mynetworks_in_front_spares_the_office(tmp_path: Path) -> None:
    """With it the bots are stopped as before, and no PC of the office is."""
    replies = told(compared(tmp_path, INSIDE_FIRST))
    assert f"client: a home PC that sends by itself; {OURS}" in replies
    assert not [kind for kind in replies if kind.startswith(PC)]


def test_body_checks_stop_prose_and_no_attachment(tmp_path: Path) -> None:
    """A subject and a line of prose are refused; no attachment is."""
    replies = told(compared(tmp_path, CONTENT))
    contents = {kind.partition("content: ")[2]: reply for kind, reply in replies.items()}
    assert contents["a line of prose that names a file"] == "550 5.7.1 Mail contains banned attachment"
    assert contents["a line that header_checks mentions: Subject: FREE OFFER!!"] == "550 5.7.1 message content rejected"
    assert not [content for content in contents if content.startswith("an attachment")]


def test_one_server_s_sessions_are_those_of_a_fresh_one(tmp_path: Path) -> None:
    """Each kind of mail that differs fares the same on a Postfix that was started for it alone."""
    comparison = compared(tmp_path, f"smtpd_sender_restrictions = {CHECKS}")
    assert comparison.groups
    for group in comparison.groups:
        for side, end in ((comparison.a, group.before), (comparison.b, group.after)):
            assert Side(side.name, side.place).play(group.witness) == end


@pytest.mark.parametrize("name", ["my_networks", "misspelt smptd"])
def test_names_that_nobody_reads_make_no_difference(name: str, tmp_path: Path) -> None:
    """As far as SMTP shows, a host with an unread setting is the same host."""
    mistake = next(mistake for mistake in MISTAKES if mistake.name == name)
    clean = write(tmp_path / "clean", BASES[0].files, BASES[0].compiled)
    planted, _, _ = plant(mistake, BASES[0], tmp_path / "planted")
    assert len(simmail.diff(clean, planted)) == 0


@pytest.mark.parametrize("name", ["the world", "backscatter", "no pcre:", "not compiled", "no guard"])
def test_a_mistake_s_difference_is_found(name: str, tmp_path: Path) -> None:
    """Open relay, unknown users accepted, a server that hangs, a table that fails, a silent port."""
    mistake = next(mistake for mistake in MISTAKES if mistake.name == name)
    planted, _, _ = plant(mistake, BASES[0], tmp_path / "planted")
    comparison = simmail.diff(mend(mistake, BASES[0], tmp_path / "mended"), planted)
    assert comparison.groups[0].before.verdict != comparison.groups[0].after.verdict


def test_a_postfix_that_does_not_start_refuses_connections(tmp_path: Path) -> None:
    """One whose smtpd dies listens, and says nothing."""
    said = {"message_size_limit = ten\n": "port 25 refuses", "smtpd_relay_restrictions = permit\n": "port 25 is silent"}
    before = course(tmp_path / "before", "")
    for number, (line, words) in enumerate(said.items()):
        comparison = simmail.diff(before, course(tmp_path / str(number), line))
        assert words in str(comparison)


@pytest.mark.long
def test_nine_of_ten_planted_mistakes_are_found_by_what_they_do(tmp_path: Path) -> None:
    """Of the mistakes that make a difference to a client, in three hosts, at least 90 % show one."""
    found, missed = 0, []
    for number, mistake in enumerate(MISTAKES):
        for base in BASES if mistake.smtp else ():
            folder = tmp_path / f"{number}-{base.name}"
            planted, _, _ = plant(mistake, base, folder / "planted")
            if len(simmail.diff(mend(mistake, base, folder / "mended"), planted)):
                found += 1
            else:
                missed.append(f"{mistake.name} in {base.name}")
    print(found, missed)
    assert found >= 0.9 * (found + len(missed)), missed


def test_the_command_prints_text_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both sides, the witness, both replies with the line that decided, and the size of the search."""
    folders = [str(course(tmp_path / "before", "")), str(course(tmp_path / "after", ORDB))]
    assert cli.main(["diff", *folders]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"A: {folders[0]}\nB: {folders[1]}\n\n1. accepted -> refused")
    assert f"reject_rbl_client relays.ordb.org in smtpd_client_restrictions, {folders[1]}/{MAIN}:23" in text
    assert cli.main(["diff", *folders, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["tried"] > 100
    assert values["differences"][0]["a"]["verdict"] == "accepted"
    assert set(values["differences"][0]["witness"]) == {"client", "helo", "sender", "recipient", "content", "is"}


def test_the_table_in_a_notebook_escapes(tmp_path: Path) -> None:
    """Nothing of the configuration becomes markup."""
    line = "smtpd_recipient_restrictions = check_recipient_access inline:{{joe@domain.ork = REJECT <b>no</b>}}\n"
    page = compared(tmp_path, line)._repr_html_()
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "<b>no" not in page


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("/^Subject: FREE OFFER!!/", "Subject: FREE OFFER!!"),
        ("/^X-Mailer:.*(Some|Other) Tool/i", "X-Mailer:Some Tool"),
        ("~^a{2}[0-9]+b?$~", "aa0"),
        ("no pattern", None),
    ],
)
def test_a_text_is_made_for_a_pattern(rule: str, text: str | None) -> None:
    """The shortest that goes through the pattern's tree."""
    assert sample(rule, "pcre") == text
