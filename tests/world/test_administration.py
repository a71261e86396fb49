"""A host can be worked on: its log and its queue are files, and what is edited counts when it does in life."""

from __future__ import annotations

import json
import re

import pytest

import simmail
from simmail.mail.questions import Run
from simmail.world.host import Host
from simmail.world.world import World

SERVER = "mail.domain.ork"


@pytest.fixture
def world() -> World:
    """A world whose first message waits in the queue."""
    world = simmail.load("01", seed=1)
    world.host(SERVER).edit("main.cf", defer_transports="smtp")
    world.host(SERVER).sh("postfix reload")
    world.run(until="20m")
    return world


def waiting(host: Host) -> list[str]:
    """The queue ids in the queue."""
    return [json.loads(line)["queue_id"] for line in host.sh("postqueue -j").stdout.splitlines()]


@pytest.mark.parametrize(
    "removal",
    [
        "find /var/spool/postfix -name {id} -print | xargs rm",
        "postfix stop; find /var/spool/postfix -name {id} -print | xargs rm; postfix start",
        "rm /var/spool/postfix/deferred/*/{id}",
        "postsuper -d {id}",
        "postsuper -d ALL",
        "echo {id} | postsuper -d -",
    ],
)
def test_a_removed_queue_file_is_a_deleted_message(world: World, removal: str) -> None:
    """Whichever way an administrator deletes it, it is gone, and the account of all mail says who did that."""
    host = world.host(SERVER)
    (queue_id,) = waiting(host)
    host.sh(removal.format(id=queue_id))
    assert waiting(host) == []
    assert world.results.summary()["messages"] == {"deleted": 1}
    (fate,) = world.results.account.fates
    assert (fate.state, fate.reason, fate.host) == ("deleted", "deleted by an administrator", SERVER)
    world.run(until="6h")
    assert world.results.summary()["messages"] == {"deleted": 1}


def test_a_queue_file_that_moves_is_not_deleted(world: World) -> None:
    """A queue file moved to another queue is the same message there."""
    host = world.host(SERVER)
    (queue_id,) = waiting(host)
    host.sh(f"mv $(find /var/spool/postfix/deferred -name {queue_id}) /var/spool/postfix/hold")
    assert "!" in str(host.sh("postqueue -p"))
    assert world.results.summary()["messages"] == {"on its way": 1}


def test_a_message_counts_once_however_often_it_is_tried(world: World) -> None:
    """In the figures of its host and in the picture of its queue: after tries, on hold, requeued, and deleted."""
    host = world.host(SERVER)

    def figures() -> tuple[int, int, int]:
        told = world.results.summary()["hosts"][SERVER]
        return told["accepted"], told["in queue"], list(world.results.queue_rows)[-1][2]

    world.run(until="3h")
    assert world.results.summary()["hosts"][SERVER]["deferred"] > 3
    assert figures() == (1, 1, 1)
    host.sh("postsuper -h ALL")
    assert figures() == (1, 1, 1)
    host.sh("postsuper -H ALL; postsuper -r ALL")
    world.run(until="4h")
    assert figures() == (1, 1, 1)
    host.sh("postsuper -d ALL")
    assert figures() == (1, 0, 0)


def test_the_queue_directory_is_a_tree_of_folders(world: World) -> None:
    """A message that waits is a file below the first character of its name, and so is the log of why it waits."""
    host = world.host(SERVER)
    (queue_id,) = waiting(host)
    spool, letter = "/var/spool/postfix", queue_id[0]
    found = host.sh(f"find {spool} -name '{letter}*'").stdout.split()
    assert sorted(found) == sorted(
        f"{spool}/{folder}/{letter}{name}" for folder in ("defer", "deferred") for name in ("", f"/{queue_id}")
    )
    assert host.sh(f"ls {spool}/deferred").stdout == f"{letter}\n"
    host.sh(f"postsuper -h {queue_id}; rm {spool}/defer/{letter}/{queue_id}")
    assert host.sh(f"find {spool} -name '{letter}*' -type f").stdout == f"{spool}/hold/{queue_id}\n"
    assert host.sh(f"ls {spool}/hold/{queue_id}/").stderr.endswith("Not a directory\n")


def test_queue_files_lie_where_main_cf_has_them(world: World) -> None:
    """Queues are hashed as hash_queue_names says once Postfix, or postsuper, has seen it; long names tell the time."""
    host = world.host(SERVER)
    (queue_id,) = waiting(host)
    first, second = queue_id[:2]
    host.sh("postconf -e hash_queue_names=deferred,hold hash_queue_depth=2 enable_long_queue_ids=yes; postsuper -s")
    found = host.sh("find /var/spool/postfix/defer* -type f").stdout
    assert found.split() == [
        f"/var/spool/postfix/defer/{queue_id}", f"/var/spool/postfix/deferred/{first}/{second}/{queue_id}",
    ]  # fmt: skip
    assert f"CONTENTS deferred/{first}/{second}/{queue_id}" in host.sh(f"postcat -q {queue_id}").stdout
    host.sh(f"mv /var/spool/postfix/deferred/{first}/{second}/{queue_id} /var/spool/postfix/hold; postfix reload")
    assert host.sh("find /var/spool/postfix/hold -type f").stdout.endswith(f"/hold/{first}/{second}/{queue_id}\n")
    sent = host.sh("echo hello | sendmail -v nobody@elsewhere.example; sleep 1; mailq").stdout
    (name,) = set(re.findall(r"^[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10}z\w+(?= )", sent, re.MULTILINE))
    assert len(name) > len(queue_id)


def test_who_sleeps_sees_what_happened_meanwhile() -> None:
    """Within one command line, as on a terminal: the log behind a sleep has all of its time."""
    host = simmail.load("12").host("mail.domain.ork")
    seen = host.sh("sendmail -bv alise; sleep 2; tail -1 /var/log/maillog").stdout
    assert seen.endswith(": removed\n")
    assert seen.splitlines()[-1] == host.sh("tail -1 /var/log/maillog").stdout.rstrip()


def test_the_log_is_a_file(world: World) -> None:
    """What grep counts in the log is what happened."""
    host = world.host(SERVER)
    deferred = [row for row in world.results.delivery_rows if row[1] == SERVER and row[13] == "deferred"]
    assert len(deferred) >= 2
    count = host.sh("grep 'status=deferred' /var/log/maillog | wc -l")
    assert int(str(count)) == len(deferred)


def test_the_log_has_what_an_administrator_did(world: World) -> None:
    """Postfix's script and master(8) say there what they do; master under the process id that a status tells."""
    host = world.host(SERVER)
    done = [host.sh(f"postfix {word}").status for word in ("status", "stop", "reload", "start")]
    said = [line.partition("postfix/")[2] for line in host.sh("tail -n 7 /var/log/maillog").stdout.splitlines()]
    assert done == [0, 0, 1, 0]
    assert [re.sub(r"script\[\d+\]", "script", text) for text in said] == [
        "postfix-script: the Postfix mail system is running: PID: 1208",
        "postfix-script: stopping the Postfix mail system",
        "master[1208]: terminating on signal 15",
        "postfix-script: waiting for the Postfix mail system to terminate",
        "postfix-script: fatal: the Postfix mail system is not running",
        "postfix-script: starting the Postfix mail system",
        "master[1208]: daemon started -- version 3.7.11, configuration /etc/postfix",
    ]


def test_hosts_are_found_as_programs_find_them(world: World) -> None:
    """getent looks into /etc/hosts, and asks the domain name system."""
    host = world.host(SERVER)
    assert host.sh("getent hosts localhost mail.creativeacct.com 198.51.100.10").stdout == (
        "127.0.0.1       localhost\n" + 2 * "198.51.100.10   mail.creativeacct.com\n"
    )
    assert host.sh("getent hosts nobody.example").status == 2
    assert host.sh("getent passwd alice").stdout == "alice:x:2000:8:Alice Gray:/home/alice:/bin/sh\n"


def test_an_edited_table_counts_once_it_is_compiled(world: World) -> None:
    """Neither the source nor a reload matters, only the compiled file."""
    host = world.host(SERVER)
    host.sh("echo 'alice@domain.ork REJECT not you' > /etc/postfix/access; postmap /etc/postfix/access")
    host.edit("main.cf", smtpd_sender_restrictions="check_sender_access hash:/etc/postfix/access")
    host.sh("postfix reload")

    def reply() -> str:
        line = world.telnet("pc1.domain.ork", SERVER)
        said = line.type("HELO pc1\nMAIL FROM:<alice@domain.ork>\nRCPT TO:<postmaster@domain.ork>")
        line.type("QUIT")
        return str(said).splitlines()[-1]

    assert reply().startswith("554 5.7.1")
    host.write("access", "alice@domain.ork OK\n")
    host.sh("postfix reload")
    assert reply().startswith("554 5.7.1")
    host.sh("postmap /etc/postfix/access")
    assert "554" not in reply()
    log = str(host.sh("grep restarting /var/log/maillog"))
    assert "smtpd[" in log
    assert "table hash:/etc/postfix/access(0,lock|fold_fix|utf8_request) has changed" in log


def test_an_edited_main_cf_counts_for_programs_that_start_later(world: World) -> None:
    """A running smtpd keeps what it read until a reload, or until it has ended for want of work."""
    host = world.host(SERVER)

    def banner() -> str:
        line = world.telnet("pc1.domain.ork", SERVER)
        line.close()
        return line.transcript[0]

    before = banner()
    host.edit("main.cf", smtpd_banner="$myhostname hello")
    assert banner() == before
    world.run(world.now + 200)
    assert banner() == f"S: 220 {SERVER} hello"
    host.edit("main.cf", smtpd_banner="$myhostname again")
    assert banner() == f"S: 220 {SERVER} hello"
    host.sh("postfix reload")
    assert banner() == f"S: 220 {SERVER} again"


def test_a_broken_main_cf_does_not_stop_what_runs(world: World) -> None:
    """A mistake shows when a program reads it: in the log, and by silence on the wire."""
    host = world.host(SERVER)
    line = world.telnet("pc1.domain.ork", SERVER)
    host.edit("main.cf", smtpd_recipient_limit="many")
    assert str(line.type("NOOP")) == "250 2.0.0 Ok"
    line.type("QUIT")
    world.run(world.now + 200)
    assert world.telnet("pc1.domain.ork", SERVER).transcript == ["S: (no answer)"]
    log = str(host.sh("grep fatal: /var/log/maillog"))
    assert "fatal: bad numerical configuration: smtpd_recipient_limit = many" in log


def test_sh_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """`simmail sh` runs commands at moments of one run."""
    from simmail.cli import main

    status = main(
        ["sh", "01", SERVER, "--at", "1m", "-c", "postqueue -p", "--at", "20m",
         "-c", "grep -c 'status=sent' /var/log/maillog"]
    )  # fmt: skip
    assert status == 0
    out = capsys.readouterr().out
    assert "Mail queue is empty" in out
    assert out.rstrip().endswith("1")


@pytest.mark.parametrize(
    ("command", "text", "status"),
    [
        ("printf 123456 > /tmp/x", "1234", 0),
        ("printf 12 > /tmp/x; printf 3456 >> /tmp/x", "1234", 0),
        ("printf 1234 > /tmp/x", "1234", 0),
        ("printf 123456 | tee /tmp/x > /dev/null", "", 1),
    ],
)
def test_no_file_grows_beyond_a_commands_limit(world: World, command: str, text: str, status: int) -> None:
    """What a shell prints into a file ends at the limit; a program that writes a file itself is told."""
    host = world.host(SERVER)
    done = world.complete(host, host.running(Run(command, "root", {}, "", file_limit=4)))
    assert done.status == status
    assert host.sh("cat /tmp/x").stdout == text
    assert world.complete(host, host.running(Run(command, "root", {}, ""))).status == 0


def test_deliveries_let_no_program_look_at_its_tables_again(world: World) -> None:
    """The files that a server has been made from are the same after mail has been delivered."""
    host = world.host(SERVER)
    before, mailbox = host.machine.files.version, host.sh("wc -c < /var/mail/alice || echo 0").stdout
    host.sh("echo 'Subject: x\n\nx' | sendmail alice")
    world.run(world.now + 60)
    assert host.sh("wc -c < /var/mail/alice").stdout != mailbox
    assert host.machine.files.version == before
    host.sh("postalias /etc/aliases")
    assert host.machine.files.version > before


def test_pickup_tells_of_mail_that_it_cannot_hand_over(world: World) -> None:
    """Where a table of checks is missing, a local program's message stays in maildrop, and the log says why."""
    host = world.host(SERVER)
    host.edit("main.cf", header_checks="regexp:/etc/postfix/missing")
    host.sh("postfix reload; echo hello | sendmail alice")
    world.run(until="21m")
    log = host.sh("cat /var/log/maillog").stdout
    assert re.search(r"pickup\[\d+\]: warning: maildrop/\w+: error writing \w+: queue file write error", log)
    assert "maildrop" in {json.loads(line)["queue_name"] for line in host.sh("postqueue -j").stdout.splitlines()}


def test_an_smtp_session_on_standard_input(world: World) -> None:
    """`sendmail -bs` takes mail as it does without -bs, and the account of all mail holds it; stopped, it says so."""
    host = world.host(SERVER)
    words = "HELO x", "MAIL FROM:<alice>", "RCPT TO:<alice>", "DATA", "Subject: typed", "", "text", ".", "QUIT", ""
    done = host.sh("sendmail -bs", stdin="\n".join(words), user="alice")
    assert [line[:3] for line in done.stdout.splitlines()] == ["220", "250", "250", "250", "354", "250", "221"]
    world.run(until="21m")
    assert "Subject: typed" in host.sh("cat /var/mail/alice").stdout
    assert world.conservation().holds
    assert host.sh("postfix stop; sendmail -bs", stdin="QUIT\n").stderr.endswith(
        "sendmail: fatal: -bs: Postfix does not run; the real smtpd waits for it without end\n"
    )


def test_a_stop_is_waited_for(world: World) -> None:
    """`postfix stop` comes back when master(8) has ended, after a second; other commands of postfix take no time."""
    host = world.host(SERVER)
    before = world.now
    host.sh("postfix reload; postfix abort; postfix start")
    assert world.now == before
    host.sh("postfix stop; postfix start")
    assert world.now == before + 1.0


@pytest.mark.parametrize(("verbose", "reported"), [("-v", True), ("-v -v", False), ("-vv", False)])
def test_a_second_v_is_for_the_programmer(verbose: str, reported: bool) -> None:
    """sendmail -v reports the delivery to the sender; given twice it does not."""
    world = simmail.load("01", seed=1)
    host = world.host(SERVER)
    said = host.sh(f"sendmail {verbose} root", "Subject: x\n\nx\n").stdout
    assert ("Mail Delivery Status Report will be mailed" in said) is reported
    world.run(until="10m")
    assert ("sender delivery status notification" in host.sh("cat /var/log/maillog").stdout) is reported


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("sudo postconf -h myhostname", SERVER),
        ("sudo -u alice id -un", "alice"),
        ("sudo -u alice sh -c 'echo $HOME'", "/home/alice"),
        ("sudo nosuch", "sudo: nosuch: command not found"),
        ("sudo -u nosuch id", "sudo: unknown user nosuch"),
        ("sudo", "sudo: a command is required"),
        ("su alice -c 'sudo postqueue -f'", "sudo: no password was provided\nsudo: a password is required"),
    ],
)
def test_sudo_is_for_root(world: World, command: str, told: str) -> None:
    """What instructions begin with `sudo` works in an administrator's shell, and in nobody else's."""
    done = world.host(SERVER).sh(command)
    assert (done.stdout + done.stderr.partition("postconf: warning")[0]).strip() == told
