"""What an administrator types beside Postfix's own commands: mail, systemctl, nc, ss; and what is not there."""

from __future__ import annotations

import pytest

import simmail
from simmail.mail.answers import Exit
from simmail.userland.absent import INSTEAD
from simmail.world.host import COMMANDS, Host
from simmail.world.world import World

SERVER, OUTSIDE = "mail.domain.ork", "mail.creativeacct.com"


@pytest.fixture
def world() -> World:
    """A small firm's server in the morning."""
    world = simmail.load("01")
    world.run(until="9:20")
    return world


@pytest.fixture
def host(world: World) -> Host:
    """The server."""
    return world.host(SERVER)


MIME = 'MIME-Version: 1.0\nContent-Type: text/plain; charset="UTF-8"\nContent-Transfer-Encoding: 8bit\n'
#: mail's words behind `echo hello |`, and what BSD's mail hands to sendmail for them.
LETTERS = [
    ("-s 'a test' alice bob@x.example", "-i -t", f"To: alice, bob@x.example\nSubject: a test\n{MIME}"),
    (
        "-s 'a test' -c c@x,d@y -b e@z -r me@here.example alice",
        "-i -t -f me@here.example",
        f"From: me@here.example\nTo: alice\nSubject: a test\nCc: c@x,d@y\nBcc: e@z\n{MIME}",
    ),
    ("-a 'X-Loop: foo' -a 'From: boss@x' alice", "-i -t", f"To: alice\nX-Loop: foo\nFrom: boss@x\n{MIME}"),
    ("-s '' alice", "-i -t", f"To: alice\nSubject: \n{MIME}"),
    ("-s sub -- -x", "-i -t", f"To: -x\nSubject: sub\n{MIME}"),
]


@pytest.mark.parametrize(("words", "argv", "header"), LETTERS, ids=[words for words, _, _ in LETTERS])
def test_mail_sends_what_bsd_mail_sends(
    host: Host, monkeypatch: pytest.MonkeyPatch, words: str, argv: str, header: str
) -> None:
    """The words for sendmail, and the letter to the octet."""
    heard = []

    def sendmail(invocation):  # type: ignore[no-untyped-def]
        yield from ()
        heard.append((" ".join(invocation.argv[1:]), invocation.stdin))
        return 0

    monkeypatch.setitem(COMMANDS, "sendmail", sendmail)
    assert host.sh(f"echo hello | mail {words}") == Exit(0)
    assert heard == [(argv, f"{header}\nhello\n")]


def test_a_letter_by_mail_arrives(world: World, host: Host) -> None:
    """Through sendmail and the queue, and its sender is the account."""
    host.sh("echo hi | su alice -c 'mail -s Lunch postmaster'")
    world.run(world.now + 5)
    assert "Subject: Lunch" in host.sh("cat /var/mail/alice").stdout
    assert "From: Alice" in host.sh("cat /var/mail/alice").stdout
    assert str(host.sh("mail -u alice")).startswith('"/var/mail/alice": 1 message\n')


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("mail -s x alice < /dev/null", 0, "Null message body; hope that's ok"),
        ("mail alice < /dev/null", 0, "No message, no subject; hope that's ok"),
        ("mail -E alice < /dev/null; mailq", 0, "Mail queue is empty"),
        ("mail", 1, "No mail for root"),
        ("mail -Q alice 2>&1 | head -1", 0, "mail: invalid option -- 'Q'"),
    ],
)
def test_mail_without_a_letter(host: Host, command: str, status: int, said: str) -> None:
    """It says what BSD's says."""
    done = host.sh(command)
    assert (done.status, str(done)) == (status, said)


def test_systemctl_does_what_debians_units_do(host: Host) -> None:
    """The wrapper counts as active whatever becomes of Postfix itself, which is the other unit."""
    assert "Active: active (exited)" in host.sh("systemctl status postfix").stdout
    assert "Active: active (running)" in host.sh("systemctl status postfix@-").stdout
    assert host.sh("service postfix stop; systemctl is-active postfix postfix@-").stdout == "inactive\ninactive\n"
    assert host.sh("systemctl reload postfix")[:3] == (1, "", "postfix.service is not active, cannot reload.\n")
    assert host.sh("systemctl start postfix; systemctl reload postfix; postfix status").status == 0
    assert "refreshing the Postfix mail system" in host.sh("tail -3 /var/log/maillog").stdout


def test_systemctl_keeps_silent_where_postfix_does_not_start(host: Host) -> None:
    """A restart of the wrapper succeeds over a main.cf that lets nothing start; only the instance tells."""
    host.edit("main.cf", inet_interfaces="9.9.9.9")
    assert host.sh("systemctl restart postfix")[:3] == (0, "", "")
    assert host.sh("systemctl is-active postfix postfix@-").stdout == "active\nfailed\n"
    assert "Job for postfix@-.service failed" in host.sh("systemctl start postfix@-").stderr
    host.edit("main.cf", inet_interfaces="all")
    assert host.sh("systemctl start postfix; systemctl is-active postfix@-").stdout == "active\n"


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("systemctl status dovecot", 4, "Unit dovecot.service could not be found."),
        ("systemctl start dovecot", 5, "Failed to start dovecot.service: Unit dovecot.service not found."),
        ("systemctl polish postfix", 1, "Unknown command verb polish."),
        ("su alice -c 'systemctl stop postfix'", 1,
         "Failed to stop postfix.service: Interactive authentication required."),
    ],
)  # fmt: skip
def test_systemctl_refuses(host: Host, command: str, status: int, said: str) -> None:
    """What is no unit, no verb, or not for everybody."""
    done = host.sh(command)
    assert (done.status, str(done)) == (status, said)


def test_nc_says_all_at_once(world: World, host: Host) -> None:
    """A letter is taken, and the log minds that nobody waited for the greeting."""
    done = world.host(OUTSIDE).sh(
        "nc mail.domain.ork smtp << END\nHELO me\nMAIL FROM:<a@creativeacct.com>\nRCPT TO:<alice@domain.ork>\nDATA\n"
        "Subject: by hand\n\n..dots\n.\nQUIT\nEND"
    )
    assert [line[:3] for line in done.stdout.splitlines()] == ["220", "250", "250", "250", "354", "250", "221"]
    world.run(world.now + 5)
    assert "by hand\n" in host.sh("cat /var/mail/alice").stdout
    assert "\n.dots\n" in host.sh("cat /var/mail/alice").stdout
    assert "improper command pipelining after CONNECT" in host.sh("cat /var/log/maillog").stdout


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("nc -zv mail.domain.ork 25", 0, "Connection to mail.domain.ork (192.0.2.10) 25 port [tcp/smtp] succeeded!"),
        ("nc -zv 192.0.2.10 26", 1, "nc: connect to 192.0.2.10 port 26 (tcp) failed: Connection refused"),
        ("nc nosuch.example 25", 1,
         'nc: getaddrinfo for host "nosuch.example" port 25: Name or service not known'),
        ("nc mail.domain.ork", 1, "nc: missing port number"),
        ("nc mail.domain.ork post", 1, 'nc: service "post" unknown'),
    ],
)  # fmt: skip
def test_nc_tells_who_listens(host: Host, command: str, status: int, said: str) -> None:
    """In the words of OpenBSD's netcat."""
    done = host.sh(command)
    assert (done.status, str(done)) == (status, said)


def test_ss_and_netstat_show_where_the_host_listens(host: Host) -> None:
    """On all addresses, on one, or, Postfix stopped, nowhere."""
    assert "LISTEN 0      100          0.0.0.0:25        0.0.0.0:*          \n" in host.sh("ss -ltn").stdout
    assert "0.0.0.0:25              0.0.0.0:*               LISTEN      1208/master" in host.sh("netstat -ltnp").stdout
    host.edit("main.cf", inet_interfaces="loopback-only")
    assert "127.0.0.1:smtp" in host.sh("postfix stop; postfix start; ss -lt").stdout
    assert "LISTEN" not in host.sh("postfix stop; ss -ltn").stdout


def test_ss_and_netstat_show_policy_servers(host: Host) -> None:
    """Each with its owner, and as wide a column as the longest port needs."""
    said = host.sh("postgrey --inet=10023 -d; ratelimit --inet='*:10031'; ss -ltnp").stdout
    assert "State  Recv-Q Send-Q Local Address:Port  Peer Address:PortProcess\n" in said
    assert '0.0.0.0:25         0.0.0.0:*   users:(("master",pid=1208,fd=13))\n' in said
    assert 'LISTEN 0      128        127.0.0.1:10023      0.0.0.0:*   users:(("postgrey",pid=1399,fd=13))\n' in said
    assert "LISTEN 0      128          0.0.0.0:10031" in said
    assert "tcp        0      0 127.0.0.1:10023         0.0.0.0:*               LISTEN      1399/postgrey " in (
        host.sh("netstat -ltnp").stdout
    )


@pytest.mark.parametrize("port", ["abc", "localhost:", "0", "70000"])
def test_a_policy_server_needs_a_port(host: Host, port: str) -> None:
    """What is none is told, and nothing is started."""
    done = host.sh(f"postgrey --inet={port} -d")
    assert done.status == 1
    assert "is no TCP port" in done.stderr
    assert "postgrey" not in host.sh("ss -ltnp").stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("mail.domain.ork", "Name:\tmail.domain.ork\nAddress: 192.0.2.10\n"),
        ("-type=mx domain.ork", "domain.ork\tmail exchanger = 10 mail.domain.ork.\n"),
        ("192.0.2.10", "10.2.0.192.in-addr.arpa\tname = mail.domain.ork.\n"),
        ("nosuch.example", "** server can't find nosuch.example: NXDOMAIN\n"),
    ],
)
def test_nslookup_tells_as_binds_does(host: Host, words: str, told: str) -> None:
    """Addresses, mail exchangers, reverse names, and nothing."""
    assert told in host.sh(f"nslookup {words}").stdout


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("dig +noall +answer domain.ork mx", "domain.ork.\t3600\tIN\tMX\t10 mail.domain.ork."),
        ("dig domain.ork +noall +question", ";domain.ork.\t\tIN\tA"),
        ("dig +nocmd +nocomments @localhost -x 192.0.2.10",
         ";10.2.0.192.in-addr.arpa.\t\tIN\tPTR\n10.2.0.192.in-addr.arpa.\t3600\tIN\tPTR\tmail.domain.ork."),
        ("host domain.ork 127.0.0.1", "domain.ork mail is handled by 10 mail.domain.ork."),
        ("dig domain.ork soa", "dig: SOA is not asked for here; a world's zones have A, AAAA, CNAME, MX, NS, PTR, TXT"),
        ("host -t any domain.ork",
         "host: ANY is not asked for here; a world's zones have A, AAAA, CNAME, MX, NS, PTR, TXT"),
        ("host -t post domain.ork", "host: invalid type: post"),
        ("dig @9.9.9.9 domain.ork", "dig: 9.9.9.9 cannot be asked: a host asks its own resolver here, 127.0.0.1"),
        ("host domain.ork 9.9.9.9", "host: 9.9.9.9 cannot be asked: a host asks its own resolver here, 127.0.0.1"),
        ("nslookup domain.ork ns", "nslookup: ns cannot be asked: a host asks its own resolver here, 127.0.0.1"),
    ],
)  # fmt: skip
def test_dig_and_its_kin_print_what_is_asked_for(host: Host, command: str, told: str) -> None:
    """The parts that are wanted; and of what cannot be asked it is said."""
    assert str(host.sh(command)) == told


def test_a_user_types_at_home(world: World) -> None:
    """Where a login puts them, too; root, and who has no home, stand in /."""
    desk = world.host("desk.creativeacct.com")
    assert desk.sh("pwd; ls .fetchmailrc", user="bledger").stdout == "/home/bledger\n.fetchmailrc\n"
    assert [desk.sh("pwd", user=user).stdout for user in ("root", "nobody")] == ["/\n", "/\n"]


def test_what_is_not_there_is_told_with_what_is(host: Host) -> None:
    """After the shell's own words, at a prompt; no program is both there and not there."""
    assert not INSTEAD.keys() & COMMANDS.keys()
    done = host.sh("vi /etc/aliases; nonsense")
    assert done.stderr.splitlines()[0] == "/bin/sh: 1: vi: not found"
    assert "sed -i" in done.stderr.splitlines()[1]
    assert done.stderr.splitlines()[2] == "/bin/sh: 1: nonsense: not found"
    assert len(done.stderr.splitlines()) == 3
    assert host.sh("kill 1208").stderr.splitlines()[:2] == [
        "/bin/sh: 1: kill: No such process",
        "(a shell reaches no process but itself here; postfix stop ends those of the mail system)",
    ]
