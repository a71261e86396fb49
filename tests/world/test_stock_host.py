"""A learner's own /etc/postfix, as Debian installs it, runs as a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.world.loader import load
from simmail.world.world import World

WORLD = """\
title: as installed
start: 2026-03-02 09:00
sites: [office, internet]
links:
  - {between: [office, internet], latency: 12ms}
hosts:
  vm.domain.ork: {site: office, address: 192.0.2.10, users: {joe: Joe}}
  bot.example: {site: internet, address: 203.0.113.9}
"""
#: The settings that Debian's installation leaves in main.cf ("Internet Site"), with its TLS lines.
MAIN_CF = """\
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
append_dot_mydomain = no
readme_directory = no
compatibility_level = 3.6
smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem
smtpd_tls_key_file=/etc/ssl/private/ssl-cert-snakeoil.key
smtpd_tls_security_level=may
smtp_tls_CApath=/etc/ssl/certs
smtp_tls_security_level=may
smtp_tls_session_cache_database = btree:${data_directory}/smtp_scache
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
myhostname = vm.domain.ork
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
myorigin = /etc/mailname
mydestination = $myhostname, vm, localhost.localdomain, , localhost
relayhost =
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
mailbox_size_limit = 0
recipient_delimiter = +
inet_interfaces = all
inet_protocols = all
"""
#: Its master.cf.
MASTER_CF = """\
smtp      inet  n       -       y       -       -       smtpd
pickup    unix  n       -       y       60      1       pickup
cleanup   unix  n       -       y       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       y       1000?   1       tlsmgr
rewrite   unix  -       -       y       -       -       trivial-rewrite
bounce    unix  -       -       y       -       0       bounce
defer     unix  -       -       y       -       0       bounce
trace     unix  -       -       y       -       0       bounce
verify    unix  -       -       y       -       1       verify
flush     unix  n       -       y       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       y       -       -       smtp
relay     unix  -       -       y       -       -       smtp
        -o syslog_name=postfix/$service_name
showq     unix  n       -       y       -       -       showq
error     unix  -       -       y       -       -       error
retry     unix  -       -       y       -       -       error
discard   unix  -       -       y       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
lmtp      unix  -       -       y       -       -       lmtp
anvil     unix  -       -       y       -       1       anvil
scache    unix  -       -       y       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
maildrop  unix  -       n       n       -       -       pipe
  flags=DRXhu user=vmail argv=/usr/bin/maildrop -d ${recipient}
uucp      unix  -       n       n       -       -       pipe
  flags=Fqhu user=uucp argv=uux -r -n -z -a$sender - $nexthop!rmail ($recipient)
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A world with such a host, its folder copied with the links and compiled tables that are in it."""
    etc = tmp_path / "hosts/vm.domain.ork/etc"
    (etc / "postfix/sasl").mkdir(parents=True)
    for name, text in {
        "postfix/main.cf": MAIN_CF,
        "postfix/master.cf": MASTER_CF,
        "postfix/dynamicmaps.cf": "pcre\tpostfix-pcre.so\tdict_pcre_open\n",
        "mailname": "vm.domain.ork\n",
        "aliases": "postmaster: joe\n",
    }.items():
        (etc / name).write_text(text, encoding="utf-8")
    (etc / "postfix/makedefs.out").symlink_to("/usr/share/postfix/makedefs.out")
    (etc / "aliases.db").write_bytes(b"\0\0\0\0\x01\0\0\0\0\0\0\0\x61\x15\x06\0\x09\0\0\0\0\x10\0\0" + bytes(4072))
    (tmp_path / "world.yaml").write_text(WORLD, encoding="utf-8")
    return load(tmp_path)


def test_it_starts_and_says_what_it_leaves_out(world: World) -> None:
    """Postfix starts; the link that leads out is told, and each TLS setting with its line."""
    link, table = world.notices
    assert "makedefs.out: is a link that leads out" in link
    assert table.endswith("etc/aliases.db: vm.domain.ork: compiled anew by postalias hash:/etc/aliases")
    told = world.results.told()
    assert "main.cf:8: vm.domain.ork: smtpd_tls_security_level: connections are never encrypted here" in told
    assert told.count("never encrypted") == 6


def test_it_delivers_to_its_users_and_relays_for_nobody(world: World) -> None:
    """Its administrator's mail arrives by the aliases as made anew; a stranger is deferred, as Debian has it."""
    host = world.host("vm.domain.ork")
    assert host.sh("echo hello | sendmail postmaster").status == 0
    world.run("1m")
    assert "hello" in host.machine.files.read("/var/mail/joe")
    typed = world.telnet("bot.example", "192.0.2.10")
    replies = [str(typed.type(line)) for line in ("EHLO bot.example", "MAIL FROM:<>", "RCPT TO:<a@elsewhere.example>")]
    assert replies[-1].startswith("454 4.7.1")


def test_its_commands_answer(world: World) -> None:
    """postconf, postfix check and postqueue find nothing to complain of."""
    done = world.host("vm.domain.ork").sh("postfix check && postconf -n | wc -l && postconf -M | wc -l && postqueue -p")
    assert (done.stdout, done.stderr) == ("23\n27\nMail queue is empty\n", "")
