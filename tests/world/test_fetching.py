"""Mail goes from a mail server through fetchmail and procmail into folders, where a mail program finds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simmail.mail.errors import InputError
from simmail.world.loader import load
from simmail.world.world import World

SCENARIO = """\
title: At home
start: 2026-03-02 09:00
length: 2h
sites: [provider, home]
links: [{between: [provider, home], latency: 20ms, bandwidth: 1Mbit/s}]
hosts:
  mx.example:
    site: provider
    address: 192.0.2.10
    users: {bob: Bob, ann: Ann}
    mailboxes: {bob: secret}
  desk.example:
    site: home
    address: 198.51.100.5
    users: {bob: Bob}
    setup: [chmod 600 /home/bob/.fetchmailrc]
    starts: {bob: [fetchmail -d 300]}
people:
  ann:
    address: ann@mx.example
    computer: mx.example
    submits_to: mx.example
    writes:
%s
  bob:
    address: bob@mx.example
    computer: desk.example
    submits_to: mx.example
"""
LETTER = "      - {{at: {at}s, to: bob@mx.example, subject: '{subject}', text: '{text}'}}\n"
MAIN_CF = """\
compatibility_level = 3.6
myhostname = mx.example
mydestination = mx.example, localhost
mynetworks = 192.0.2.0/24, 198.51.100.0/24, 127.0.0.0/8
alias_maps =
"""
ZONE = """\
$ORIGIN example.
$TTL 3600
@ IN SOA ns hostmaster 1 3600 600 86400 300
@ IN NS ns
ns IN A 192.0.2.1
mx IN A 192.0.2.10
desk IN A 198.51.100.5
"""
FETCHMAILRC = (
    'set logfile /home/bob/fetch.log\npoll mx.example proto {} user bob there with password "{}" is bob here {}\n'
)
PROCMAIL = 'mda "/usr/bin/procmail -d %T"'
RECIPES = """\
MAILDIR=$HOME/Mail
LOGFILE=$HOME/procmail.log
:0:
* ^Subject:.*work
work
:0
* ^Subject:.*list
lists/
:0
* ^Subject:.*old
old/.
"""
SUBJECTS = ("work 1", "list 1", "hello", "work 2", "old 1", "From here")


def world(
    tmp_path: Path, protocol: str = "pop3", options: str = PROCMAIL, password: str = "secret", **others: str
) -> World:
    """A world in which Ann writes to Bob each minute."""
    letters = "".join(LETTER.format(at=60 * n, subject=s, text=f"From {n}") for n, s in enumerate(SUBJECTS, 1))
    scenario = SCENARIO % letters.rstrip("\n")
    files = {
        "world.yaml": scenario.replace("fetchmail -d 300", others.get("starts", "fetchmail -d 300")),
        "zones/example.zone": ZONE,
        "hosts/mx.example/etc/postfix/main.cf": MAIN_CF,
        "hosts/desk.example/home/bob/.fetchmailrc": FETCHMAILRC.format(protocol, password, options),
        "hosts/desk.example/home/bob/.procmailrc": RECIPES,
        "hosts/desk.example/home/bob/Mail/.keep": "",
        **({"hosts/desk.example/etc/postfix/main.cf": others["mta"]} if "mta" in others else {}),
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return load(tmp_path)


def log(world: World) -> str:
    """What fetchmail wrote."""
    return world.host("desk.example").machine.files.read("/home/bob/fetch.log")


@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_whole_path(tmp_path: Path, protocol: str) -> None:
    """Each message that was written lies in exactly one folder at home, with its text, and none on the server."""
    found = world(tmp_path, protocol)
    found.run("20m")
    bob, ann = found.people["bob"], found.people["ann"]
    assert bob.folders == {"inbox": 2, "lists": 1, "old": 1, "work": 2}
    assert [letter.subject for letter in bob.folder("work")] == ["work 1", "work 2"]
    assert [letter.body for letter in bob.folder("inbox")] == ["From 3\n", "From 6\n"]
    identities = sorted(letter.identity for name in bob.folders for letter in bob.folder(name))
    assert identities == sorted(ann.drafts)
    assert found.host("mx.example").machine.files.read("/var/mail/bob") == ""
    assert all(row.state == "delivered" for row in found.results.message_rows)
    assert "Folder: work" in found.host("desk.example").machine.files.read("/home/bob/procmail.log")
    assert f"with {protocol.upper()} (fetchmail-" in bob.folder("old")[0].headers


def test_log_tells_of_each_message(tmp_path: Path) -> None:
    """fetchmail's words are the real one's."""
    found = world(tmp_path)
    found.run("20m")
    lines = log(found).splitlines()
    assert lines[0] == "fetchmail: starting fetchmail 6.4.37 daemon"
    assert lines[1] == "fetchmail: No mail for bob at mx.example"
    assert re.fullmatch(r"5 messages for bob at mx\.example \(\d+ octets\)\.", lines[2])
    assert re.fullmatch(r"reading message bob@mx\.example:1 of 5 \(\d+ octets\) flushed", lines[3])


def test_default_is_the_mail_server_at_home(tmp_path: Path) -> None:
    """Without an MDA mail is handed to the host's own Postfix, whose mailbox_command may be procmail."""
    mta = MAIN_CF.replace("mx.example", "desk.example") + 'mailbox_command = procmail -a "$EXTENSION"\n'
    found = world(tmp_path, options="", mta=mta)
    found.run("30m")
    assert found.people["bob"].folders == {"inbox": 2, "lists": 1, "old": 1, "work": 2}
    maillog = found.host("desk.example").sh("grep -c 'status=sent (delivered to command: procmail' /var/log/maillog")
    assert maillog.stdout == "6\n"


@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_kept_mail_is_fetched_once(tmp_path: Path, protocol: str) -> None:
    """With `keep` mail stays on the server and is not fetched again; a limit leaves what is larger."""
    found = world(tmp_path, protocol, PROCMAIL + " keep")
    found.run("40m")
    assert sum(found.people["bob"].folders.values()) == 6
    assert "6 messages (6 seen) for bob at mx.example" in log(found)
    assert found.host("mx.example").machine.files.read("/var/mail/bob").count("Subject:") == 6


TROUBLE = {
    "password": (
        {"password": "wrong"},
        ["fetchmail: Authorization failure on bob@mx.example", "fetchmail: Query status=3 (AUTHFAIL)"],
    ),
    "limit": ({"options": PROCMAIL + " limit 100"}, ["(oversized) not flushed"]),
    "mda": ({"options": 'mda "exit 7;"'}, ["fetchmail: MDA returned nonzero status 7", "octets) not flushed"]),
    "smtp": ({"options": ""}, ["fetchmail: SMTP connect to localhost failed", "fetchmail: Query status=10 (SMTP)"]),
    "port": (
        {"options": PROCMAIL + " port 1110"},
        ["POP3 connection to mx.example failed: Connection refused", "fetchmail: Query status=2 (SOCKET)"],
    ),
    "name": ({"options": PROCMAIL + " via nowhere.example"}, ["couldn't find canonical DNS name of mx.example"]),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_is_told(tmp_path: Path, name: str) -> None:
    """What goes wrong is told in fetchmail's words, and the mail stays on the server."""
    settings, words = TROUBLE[name]
    found = world(tmp_path, **settings)
    found.run("20m")
    assert all(word in log(found) for word in words), log(found)
    assert found.host("mx.example").machine.files.read("/var/mail/bob").count("\nSubject:") == 6


def test_server_that_is_down_is_waited_for(tmp_path: Path) -> None:
    """A poll of a host that is down takes as long as its time-out; a later one brings the mail."""
    found = world(tmp_path)
    found.run("4m")
    found.faults.host("mx.example")
    found.run("12m")
    assert "fetchmail: timeout after 300 seconds waiting for server mx.example." in log(found)
    found.faults.host("mx.example", fails=False)
    found.run("30m")
    assert sum(found.people["bob"].folders.values()) >= 3


RC = {
    "poll mx.example proto foo\n": "fetchmail:/home/bob/rc:1: syntax error at foo",
    "poll mx.example\n  usr bob\n": "fetchmail:/home/bob/rc:2: syntax error at usr",
    "set daemon x\n": "fetchmail:/home/bob/rc:1: syntax error at x",
    "": "fetchmail: no mailservers have been specified.",
}


def test_control_file_is_checked(tmp_path: Path) -> None:
    """Mistakes are told with file and line, and a file that others may read is refused."""
    found = world(tmp_path)
    desk = found.host("desk.example")
    for text, words in RC.items():
        desk.write("/home/bob/rc", text)
        desk.sh("chmod 600 /home/bob/rc")
        done = desk.sh("fetchmail -f /home/bob/rc", user="bob")
        assert (done.status, done.stderr) == (5, words + "\n")
    done = desk.sh("chmod 644 /home/bob/rc; fetchmail -f /home/bob/rc", user="bob")
    assert (done.status, done.stderr) == (
        6,
        "File /home/bob/rc must have no more than -rwx------ (0700) permissions.\n",
    )


def test_polled_by_hand(tmp_path: Path) -> None:
    """Without a daemon one poll is made, and the exit status tells whether there was mail."""
    found = world(tmp_path, starts="echo")
    found.run("10m")
    desk = found.host("desk.example")
    desk.sh(
        "sed -i /logfile/d /home/bob/.fetchmailrc; chmod 600 /home/bob/.fetchmailrc; chown bob /home/bob/.fetchmailrc"
    )
    done = desk.sh("HOME=/home/bob fetchmail", user="bob")
    assert done.status == 0
    assert done.stdout.count("flushed") == 6
    assert desk.sh("HOME=/home/bob fetchmail", user="bob").status == 1


def test_same_bytes_in_steps(tmp_path: Path) -> None:
    """A run in one go and one in many steps leave the same logs and folders."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole, stepped = world(tmp_path / "a"), world(tmp_path / "b")
    whole.run("20m")
    for minute in range(1, 21):
        stepped.run(f"{minute}m")
    files = [one.host("desk.example").machine.files for one in (whole, stepped)]
    assert [files[0].read(name) for name in files[0].names("/home")] == [
        files[1].read(n) for n in files[1].names("/home")
    ]


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """A mail program says which folders there are."""
    with pytest.raises(InputError, match="is not on desk"):
        world(tmp_path).people["bob"].folder("play")


def test_only_users_have_mailboxes(tmp_path: Path) -> None:
    """A mailbox, or a program, of somebody without an account is a mistake, told with its line."""
    world(tmp_path)
    path = tmp_path / "world.yaml"
    path.write_text(path.read_text().replace("mailboxes: {bob", "mailboxes: {bop"))
    with pytest.raises(InputError, match="there is no user of mx"):
        load(tmp_path)
