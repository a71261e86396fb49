"""Recipe files: read whatever they are, worked through, and kept within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmail.files.machine import Machine
from simmail.userland.procmail.rcfile import Assignment, Complaint, Recipe, parse
from tests.userland.procmail.sorting import ours

MAIL = "From al@a.example  Mon Jan  5 10:00:00 2026\nFrom: al@a.example\nSubject: hello\n\nbody\n"


def sort(recipes: str, mail: str = MAIL, **files: str) -> tuple[Machine, int, str]:
    """Sort one message for bob; the machine, the exit status and the log."""
    machine = Machine("home.example")
    machine.add_user("bob")
    rc = "LOGFILE=log\n" + recipes
    machine.files.write("/home/bob/.procmailrc", rc, owner="bob")
    for name, text in files.items():
        machine.files.write(f"/home/bob/{name}", text, owner="bob")
    status, _, err = ours(machine, ("procmail", "-d", "bob"), mail)
    log = machine.files.read("/home/bob/log") if machine.files.exists("/home/bob/log") else ""
    return machine, status, log + err


def test_statements_are_read_with_their_lines() -> None:
    """Assignments, recipes, blocks and what is none of them, each where it stands."""
    found = parse('A=b C\n\n# x\n:0 Bc: my.lock # y\n* ^X\\\n  y\n* < 3\n{\n D="e\nf"\n}\n?\n}\n')
    assert found == (
        Assignment(1, "A", "b"),
        Assignment(1, "C", None),
        Recipe(4, frozenset("Bc"), "my.lock", ("^Xy", "< 3"), (Assignment(9, "D", '"e\nf"'),)),
        Complaint(12, 'Skipped "?"'),
        Complaint(13, "Closing brace unexpected"),
    )


def test_old_recipes_say_how_many_conditions_they_have() -> None:
    """`:2` is followed by two conditions without a star."""
    assert parse(":2c\n^A\n^B\nfolder\n") == (Recipe(1, frozenset("c"), None, ("^A", "^B"), "folder"),)


@given(st.text("AB=:0*{}\\|!\"'`$()#\n -", max_size=60))
def test_any_text_is_read(text: str) -> None:
    """Nothing that a recipe file holds is too much for its reader, and every line number lies within it."""
    assert all(1 <= statement.line <= text.count("\n") + 1 for statement in parse(text))


@given(st.text("AB=:0*{}\\|!\"'$^()?<>#\n -", max_size=60))
def test_any_file_delivers(text: str) -> None:
    """Whatever the recipes say, procmail ends with an exit status, not with an error of ours."""
    assert 0 <= sort(text)[1] <= 255


def test_default_is_the_users_mailbox() -> None:
    """Without recipes mail lies where it would without procmail, the user's own."""
    machine, status, _ = sort("")
    assert (status, machine.files.read("/var/mail/bob")) == (0, MAIL + "\n")
    assert machine.files.file("/var/mail/bob").owner == "bob"
    assert not machine.files.exists("/var/mail/bob.lock")


def test_old_lock_is_waited_for_and_taken() -> None:
    """A lockfile that nobody removes is waited for until LOCKTIMEOUT, then taken by force."""
    machine, status, log = sort(":0: x.lock\nfolder\n", **{"x.lock": "0"})
    assert status == 0
    assert 'Forcing lock on "x.lock"' in log
    assert "folder" in machine.files.listing("/home/bob")


@pytest.mark.parametrize(
    ("setting", "status"), [("EXITCODE=77\n", 77), ("EXITCODE=\nTRAP='exit 3;'\n", 3), ("HOST=elsewhere\n", 0), ("", 0)]
)
def test_exit_status(setting: str, status: int) -> None:
    """EXITCODE, TRAP and HOST decide what the mail system hears."""
    assert sort(setting)[1] == status


@pytest.mark.parametrize("setting", ["HOST=elsewhere\n", "HOST\n", "HOST=\n"])
def test_recipes_of_another_host_leave_the_message_undelivered(setting: str) -> None:
    """HOST that names another machine, or none, ends the run with the message lost."""
    machine, status, _ = sort(f"EXITCODE=75\n{setting}:0:\nfolder\n")
    assert status == 75
    assert not machine.files.exists("/home/bob/folder")
    assert not machine.files.exists("/var/mail/bob") or not machine.files.read("/var/mail/bob")


def test_what_cannot_be_delivered_is_refused_or_queued() -> None:
    """With no folder that can be written to the mail goes back, with -t it waits."""
    machine = Machine("home.example")
    machine.add_user("bob")
    words = ("DEFAULT=/none/x", "ORGMAIL=/none/y", "/dev/null")
    assert ours(machine, ("procmail", *words), MAIL, "bob")[0] == 73
    status, _, log = ours(machine, ("procmail", "-t", "VERBOSE=yes", "LOCKSLEEP=1", *words), MAIL, "bob")
    assert status == 75
    assert log.count('Locking "/none/x.lock"') == 8
    assert log.endswith(" Subject: hello\n  Folder: **Requeued**\t\t\t\t\t\t\t      0\n")


def test_only_root_delivers_to_others() -> None:
    """-d needs root's rights, or the recipient's own."""
    machine = Machine("home.example")
    machine.add_user("bob")
    machine.add_user("al")
    assert ours(machine, ("procmail", "-d", "bob"), MAIL, "al")[0] == 77
    assert ours(machine, ("procmail", "-d", "bob"), MAIL, "bob")[0] == 0
    assert ours(machine, ("procmail", "-d", "nobody.here"), MAIL)[0] == 67


HOSTILE = {
    "itself": "INCLUDERC=$HOME/.procmailrc\n",
    "switch": "SWITCHRC=$HOME/.procmailrc\n",
    "clones": ":0 c\n{\nINCLUDERC=$HOME/.procmailrc\n}\nINCLUDERC=$HOME/.procmailrc\n",
    "backquotes": "A=`while :; do :; done`\n",
    "much": "LINEBUF=1000000\nA=`yes`\n",
    "doubling": "LINEBUF=100000\nA=aaaaaaaaaa\n" + "A=$A$A\n" * 40,
    "expression": ":0 B\n* (a+)+$b\n* (a|aa)+$b\nfolder\n",
    "marks": ":0 B\n* (a*)*\\/(a*)*b\nfolder\n",
    "nested": ":0\n{\n" * 3000,
    "braces": "A=" + "${A:-" * 3000 + "\n",
    "filter": ":0 fw\n| yes\n",
    "remove": ":0\n| rm -rf / ;\n",
    "machine": "INCLUDERC=/etc/passwd\nA=`cat /etc/shadow`\nLOG=$A\n:0\n/proc/self/mem\n",
    "self-calls": ":0 w\n| procmail ;\n",
    "quiet": "LOCKTIMEOUT=0\n:0: x.lock\nfolder\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_recipes_end(name: str) -> None:
    """Loops, endless output and families of clones are stopped, with a word about it; nothing real is touched."""
    _, status, log = sort(HOSTILE[name], MAIL + "a" * 20_000 + "\n", **{"x.lock": "0"})
    assert status in (0, 73, 137), log[-300:]
    assert "root:x:" not in log
    if status:
        assert "stopped: " in log or "No such file" in log
