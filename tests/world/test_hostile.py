"""Nothing a student's files say reads, runs or uses up the real machine, and it is said what was refused."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import simmail
from simmail.mail.errors import InputError
from simmail.world.host import Host
from simmail.world.world import World

SERVER = "mail.domain.ork"
#: Far more than any of this takes, and far less than it would without bounds (s).
PATIENCE_S = 30
#: A name on the real machine that a simulated one does not have, and a word in it.
REAL = str(Path(__file__).resolve())
FOLDER = str(Path(REAL).parent)


@pytest.fixture(scope="module")
def world() -> World:
    """A world whose server's aliases and tables are hostile."""
    world = simmail.load("01", seed=1)
    host = world.host(SERVER)
    host.write("/etc/aliases", ALIASES)
    host.write("evil", "/^(a+)+$/ REJECT\n")
    host.sh("postalias /etc/aliases")
    host.edit("main.cf", alias_maps="hash:/etc/aliases", command_time_limit="10s")
    host.sh("postfix reload")
    return world


ALIASES = f"""\
postmaster: alice
root: alice
include: :include:{REAL}
shadow: :include:/etc/shadow
remove: "|rm -rf / --no-preserve-root; rm -rf /*"
substitute: "|echo $(cat {REAL}) `cat {REAL}` > /tmp/substituted"
loop: "|while :; do :; done"
sleeper: "|sleep 100000"
bomb: "|f() {{ f | f & }}; f"
python: "|/usr/bin/python3 -c 'import os; os.abort()'"
file: {REAL}
"""


def sent(world: World, name: str) -> str:
    """What the log says of a message to one of the aliases."""
    line = world.telnet("pc1.domain.ork", SERVER)
    line.type(f"HELO pc1\nMAIL FROM:<alice@domain.ork>\nRCPT TO:<{name}@domain.ork>\nDATA")
    queued = str(line.type("Subject: x\n\nx\n."))
    line.type("QUIT")
    assert "queued as" in queued
    world.run(world.now + 60)
    queue_id = queued.rsplit(maxsplit=1)[-1]
    return str(world.host(SERVER).sh(f"grep -E '{queue_id}|postfix/local.*warning' /var/log/maillog"))


@pytest.mark.parametrize(
    ("alias", "said"),
    [
        ("include", f":include: file {REAL}: No such file or directory"),
        ("shadow", ":include: file /etc/shadow: No such file or directory"),
        ("remove", "Permission denied"),
        ("substitute", "delivered to command"),
        ("loop", "stopped: too many steps"),
        ("sleeper", "Command time limit exceeded"),
        ("bomb", "Command died with status 137"),
        ("python", "/usr/bin/python3: not found"),
        ("file", f"cannot append message to file {REAL}"),
    ],
)
def test_an_alias_cannot_reach_the_machine(world: World, alias: str, said: str) -> None:
    """Each ends within its bounds, and the log says why; the real file is as it was."""
    before = Path(REAL).read_bytes()
    started = time.monotonic()
    assert said in sent(world, alias)
    assert time.monotonic() - started < PATIENCE_S
    assert Path(REAL).read_bytes() == before
    assert "".join(world.host(SERVER).sh("cat /tmp/substituted 2>&1").stdout.split()) in (
        "", "cat:/tmp/substituted:Nosuchfileordirectory",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("while :; do :; done", "stopped: too many steps"),
        ("f() { f; }; f", "recursion depth"),
        ("f() { f | f & }; f 2>/dev/null", "stopped: too many steps"),
        ("x=a; while :; do x=$x$x; done", "stopped: too much text"),
        ("while :; do cat /var/log/maillog; done > /tmp/log", "stopped: too m"),
        ("yes > /tmp/yes", "stopped: too m"),
        ("sed ':a;ba' /etc/aliases", "stopped: too many steps"),
        ("sed ':a;s/^/aaaaaaaaaaaaaaaa/;ba' /etc/aliases", "stopped: too much text"),
        ("sleep 1000000000", "stopped: slept for more than a month"),
        ("sleep infinity", "invalid time interval"),
        ("seq 1 1000000000", "too many numbers"),
        ("a=$(printf '%020000d' 0); eval \"echo \\$(($a+1)) | tail -c 9\"", ""),
        ("echo $(($(printf '(%.0s' $(seq 20000)) 1))", "too long"),
        ("cat " + REAL, "No such file or directory"),
        (f". {REAL}", "cannot open"),
        (f"sh {REAL}", "cannot open"),
        (f"grep -r test {FOLDER}", "No such file or directory"),
        (f"find {FOLDER} -delete", "No such file or directory"),
        (f"cp {REAL} /tmp/copy", "cannot stat"),
        (f"cd {FOLDER}", "can't cd to"),
        (f"PATH={FOLDER} test_hostile.py", "not found"),
        (f"cat /tmp/../../../../../../../..{REAL}", "No such file or directory"),
        ("cat /proc/self/environ /dev/mem", "No such file or directory"),
        (f"ln -s / /tmp/all; cat /tmp/all/tmp/all{REAL}", "No such file or directory"),
        (f"ln -s {REAL} /tmp/real; cat /tmp/real; cp /tmp/real /tmp/copy", "No such file or directory"),
        ("mkdir /tmp/m; cd /tmp/m; ln -s . n; ls -R; grep -r x .; cat n/n/n/none", "No such file or directory"),
        ("ln -s b /tmp/b; ln -s c/c/c/c/c /tmp/c; cat /tmp/b; cat /tmp/c/c", "Too many levels of symbolic links"),
        ("for n in $(seq 2000); do ln -s x$n /tmp/y$n; ln /etc/aliases /tmp/z$n; done", "Too many links"),
        ("wget http://192.0.2.1/", "not found"),
        ("exec 3<>/dev/tcp/192.0.2.1/80", "Directory nonexistent"),
    ],
)
def test_a_command_line_ends_and_stays_inside(world: World, command: str, said: str) -> None:
    """An administrator's command reaches no farther than a student's files."""
    started = time.monotonic()
    done = world.host(SERVER).sh(command)
    assert said in done.stderr
    assert time.monotonic() - started < PATIENCE_S
    assert len(done.stdout) + len(done.stderr) < 1_000_000


@pytest.mark.parametrize("type", ["pcre", "regexp"])
def test_a_pattern_without_end_is_given_up(world: World, type: str) -> None:
    """A pattern that would try for ever is stopped: the table says which line."""
    host = world.host(SERVER)
    started = time.monotonic()
    done = host.sh(f"postmap -q {'a' * 60}b {type}:/etc/postfix/evil")
    assert time.monotonic() - started < PATIENCE_S
    assert done.status == 1
    if type == "pcre":
        assert "pcre map /etc/postfix/evil, line 1: match limit exceeded" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "grep -E '^(a+)+$'", "grep '\\(a*\\)*b'", "grep -E '(a|aa)+$'", "sed -E 's/(a*)*b/x/'", "sed -E '/(a+)+$/d'",
        "while read x; do case $x in *a*a*a*a*a*a*a*a*a*a*b) echo b;; esac; done",
        "while read x; do expr \"$x\" : '\\(a*\\)*b'; done",
    ],
)  # fmt: skip
def test_a_pattern_of_the_tools_does_not_hang(world: World, command: str) -> None:
    """Searching takes time in proportion to the text, whatever the pattern."""
    started = time.monotonic()
    world.host(SERVER).sh(command, stdin="a" * 5000 + "!\n")
    assert time.monotonic() - started < PATIENCE_S


@pytest.mark.parametrize("table", ["pcre:/etc/shadow", f"pcre:{REAL}", f"texthash:{REAL}", f"hash:{REAL}"])
def test_a_table_of_the_machine_is_not_there(world: World, table: str) -> None:
    """A table's name is one of the simulated host's files; the refusal names it."""
    done = world.host(SERVER).sh(f"postmap -q root {table}")
    assert done.status == 1
    name = table.partition(":")[2] + (".db" if table.startswith("hash") else "")
    assert f"{name}: No such file or directory" in done.stderr


def copy(folder: Path) -> Path:
    """The first lab's folder, to be spoilt."""
    from shutil import copytree

    from simmail.world.folder import find

    return Path(copytree(find("01"), folder / "lab"))


def server_files(lab: Path) -> Path:
    """The server's files in a lab."""
    return lab / "hosts" / SERVER


@pytest.mark.parametrize("target", ["/etc/passwd", "/", "../../../../../..", "/dev/zero"])
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, target: str) -> None:
    """A symbolic link that leads out of the world's folder is named, and not followed."""
    lab = copy(tmp_path)
    (server_files(lab) / "etc" / "postfix" / "leak").symlink_to(target)
    world = simmail.load(lab)
    assert any("leak" in text and "is a link that leads out" in text for text in world.notices)
    assert not world.host(SERVER).machine.files.exists("/etc/postfix/leak")


def test_a_huge_line_is_refused(tmp_path: Path) -> None:
    """A file of one endless line is refused by its size, without being read."""
    lab = copy(tmp_path)
    path = server_files(lab) / "etc" / "postfix" / "huge"
    path.touch()
    os.truncate(path, 1_000_000_000)
    started = time.monotonic()
    with pytest.raises(InputError, match=r"huge.*1,000,000,000 octets"):
        simmail.load(lab)
    assert time.monotonic() - started < PATIENCE_S


def test_a_pipe_or_a_device_is_no_file(tmp_path: Path) -> None:
    """A named pipe in a world's folder is not waited for."""
    lab = copy(tmp_path)
    os.mkfifo(server_files(lab) / "etc" / "postfix" / "fifo")
    host: Host = simmail.load(lab).host(SERVER)
    assert not host.machine.files.exists("/etc/postfix/fifo")
