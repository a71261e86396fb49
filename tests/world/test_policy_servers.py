"""Policy servers that a host runs: started by command, asked by smtpd, heard of in the log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import simmail
from simmail.conformance.case import Case
from simmail.conformance.player import Player
from simmail.lab.copies import start
from simmail.world.master import STOCK_MASTER_CF

STRANGER = "203.0.113.99"
MAIN_CF = """\
compatibility_level = 3.6
myhostname = mail.domain.ork
mydestination = domain.ork
mynetworks = 127.0.0.0/8
alias_maps =
smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service {}
"""


def player(service: str, *setup: str, **keys: Any) -> Player:
    """A host whose smtpd asks a policy service."""
    case = {
        "main.cf": MAIN_CF.format(service),
        "users": ["joe", "tony"],
        "setup": list(setup),
        "hosts_up": [STRANGER],
        **keys,
    }
    return Player(Case("policy", {**case, "steps": []}))


def replies(playing: Player, *recipients: str, sender: str = "anna@sender.example") -> list[str]:
    """What each RCPT is answered in a session of its own sender."""
    lines = ["EHLO mx.sender.example", f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{r}@domain.ork>" for r in recipients)]
    session = playing.world.telnet(STRANGER, playing.host.name)
    answers = [session.type(line) for line in [*lines, "QUIT"]]
    return [str(answer) for answer in answers[2:-1]]


def test_postgrey_makes_a_stranger_wait_and_lets_him_in_later() -> None:
    """A triplet is deferred until its delay is over; a header tells of it, and the log knows why."""
    playing = player("inet:127.0.0.1:10023", "postgrey --inet=10023 --delay=60 -d")
    assert replies(playing, "joe")[0].startswith("450 4.2.0 <joe@domain.ork>: Recipient address rejected: Greylisted")
    playing.world.run(playing.world.now + 30)
    assert replies(playing, "joe")[0].startswith("450 4.2.0")
    playing.world.run(playing.world.now + 60)
    assert replies(playing, "joe") == ["250 2.1.5 Ok"]
    log = playing.host.sh("grep -c ' postgrey\\[' /var/log/maillog; grep -o 'reason=[a-z-]*' /var/log/maillog").stdout
    assert log.split() == ["3", "reason=new", "reason=early-retry", "reason=triplet"]


def test_postgrey_that_was_not_started_is_refused() -> None:
    """Where nobody listens, smtpd tries twice and answers with the default action."""
    playing = player("inet:127.0.0.1:10023")
    assert replies(playing, "joe") == [
        "451 4.3.5 <joe@domain.ork>: Recipient address rejected: Server configuration problem"
    ]
    log = playing.host.sh("cat /var/log/maillog").stdout
    assert log.count("warning: connect to 127.0.0.1:10023: Connection refused") == 2


def test_rate_limiter_counts_in_its_period() -> None:
    """The third request within the period gets the action, and one after it is free again."""
    playing = player("unix:/run/limit", "ratelimit --unix=/run/limit --limit=2 --period=100")
    said = replies(playing, "joe", "tony", "joe")
    assert [reply[:3] for reply in said] == ["250", "250", "450"]
    playing.world.run(playing.world.now + 200)
    assert replies(playing, "joe") == ["250 2.1.5 Ok"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("postgrey", "ERROR: --unix or --inet must be specified"),
        ("postgrey --inet=10023 --delya=5", "Unknown option: delya"),
        ("ratelimit --inet=1 --limit=many", "--limit=many: not a number"),
        ("postgrey --inet=10023 -d; ratelimit --inet=10023", "ratelimit: inet:127.0.0.1:10023: Address already in use"),
    ],
)
def test_a_wrong_command_line_is_told(command: str, said: str) -> None:
    """What cannot be started says why, and ends with a status that is not 0."""
    done = player("inet:127.0.0.1:10023").host.sh(command)
    assert done.stderr.strip() == said
    assert done.status


def test_a_server_on_another_host_is_asked_over_the_network() -> None:
    """inet:ADDRESS:PORT leads to the host that has the address; it costs the way there and back."""
    playing = player("inet:192.0.2.77:10023", hosts_up=[STRANGER, "192.0.2.77"])
    other = playing.world.host_at("192.0.2.77", playing.host)
    assert other is not None
    assert other.sh("ratelimit --inet=*:10023 --limit=1").status == 0
    assert [reply[:3] for reply in replies(playing, "joe", "tony")] == ["250", "450"]


def test_a_script_is_told_when_its_client_hangs_up() -> None:
    """A connection that was idle for smtpd_policy_service_max_idle ends; the script then reads the end of its input."""
    script = 'while read -r line; do [ "$line" ] || printf "action=DUNNO\\n\\n"; done; date +%s >/var/tmp/end; exit 5\n'
    playing = player(
        "{ unix:private/p, max_idle=7s }",
        files={"p.sh": script},
        **{"master.cf": "p unix - n n - 0 spawn user=nobody argv=/bin/sh /etc/postfix/p.sh\n"},
    )
    assert replies(playing, "joe") == ["250 2.1.5 Ok"]
    playing.world.run(playing.world.now + 6)
    assert not playing.host.machine.files.exists("/var/tmp/end")
    playing.world.run(playing.world.now + 3)
    assert playing.host.machine.files.exists("/var/tmp/end")
    assert "spawn" in playing.host.sh("grep 'warning: command /bin/sh exit status 5' /var/log/maillog").stdout


SLOW = """\
while read -r line; do
    [ "$line" ] || { sleep 3; date +%s >>/var/tmp/seen; printf "action=DUNNO\\n\\n"; }
done
"""


def test_a_run_in_many_steps_is_the_same_as_one(tmp_path: Path) -> None:
    """With servers that are slow, too slow and quick, the records do not depend on where a run is cut."""

    def lived(name: str, steps: int) -> list[Any]:
        lab = start("01", tmp_path / name)
        host = lab / "hosts/mail.domain.ork/etc/postfix"
        (host / "slow.sh").write_text(SLOW)
        (host / "master.cf").write_text(
            STOCK_MASTER_CF + "slow unix - n n - 0 spawn user=nobody argv=/bin/sh /etc/postfix/slow.sh\n"
        )
        with (host / "main.cf").open("a") as file:
            file.write("smtpd_policy_service_default_action = DUNNO\nsmtpd_client_restrictions =\n")
            file.write("  check_policy_service unix:private/slow\n")
            file.write("  check_policy_service { unix:private/slow, timeout=2s }\n")
            file.write("  check_policy_service inet:127.0.0.1:10023\n")
        world = simmail.load(lab)
        world.host("mail.domain.ork").sh("ratelimit --inet=10023")
        for step in range(steps):
            world.run(600.0 * (step + 1) / steps)
        seen = world.host("mail.domain.ork").sh("cat /var/tmp/seen")
        return [
            str(seen),
            *((r.time, r.host, r.program, r.event, r.queue_id, str(r.fields)) for r in world.results.records),
        ]

    whole = lived("whole", 1)
    assert sum("problem talking to server private/slow: Connection timed out" in str(row) for row in whole) == 2
    assert lived("cut", 97) == whole
