"""The mistakes that are planted, one at a time, in each of the clean hosts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tests.lab.bases import Base, write
from tests.world.test_stock_host import MASTER_CF

MAIN = "etc/postfix/main.cf"


class Mistake(NamedTuple):
    """A mistake.

    Args:
        name: what it is called.
        code: how lint calls it.
        main: lines for main.cf; a setting that stands there already is replaced.
        at: what the line to be found holds; the first of `main` by default.
        files: other files; `+NAME` adds to one.
        compiled: those of them that get a database.
        edited: files that are changed after they were compiled.
        adds: whether lines are added as they are, nothing replaced.
        drops: settings that are taken out.
        smtp: whether a client that speaks SMTP sees a difference.
        mended: lines of main.cf without the mistake, where that is not the clean host itself.

    In all texts `DOMAIN` stands for the host's domain.
    """

    name: str
    code: str
    main: str = ""
    at: str = ""
    files: Mapping[str, str] = MappingProxyType({})
    compiled: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    adds: bool = False
    drops: tuple[str, ...] = ()
    smtp: bool = True
    mended: str = ""


M = Mistake
#: An option for the public server, and where it goes in master.cf.
OVERRIDE = "    -o smtpd_client_restrictions=permit_mynetworks\n"
FIRST = MASTER_CF.index("\n") + 1
ACCESS = "etc/postfix/access"
RECIPIENT = "smtpd_recipient_restrictions = "
CLIENT = "smtpd_client_restrictions = "
ZEN = "reject_rbl_client zen.spamhaus.org"
FILTERED = f"{ZEN}=127.0.0.[2..11]"

MISTAKES: tuple[Mistake, ...] = (
    # the chapter's own
    M("singular", "unknown-parameter", "smtpd_sender_restriction = reject_unknown_sender_domain",
      mended="smtpd_sender_restrictions = reject_unknown_sender_domain"),
    M("dead list", "dead-blocklist", CLIENT + "reject_rbl_client relays.ordb.org"),
    M("list before the office", "office-checked", CLIENT + FILTERED),
    M("body_checks for attachments", "body-checks-attachments", "body_checks = pcre:/etc/postfix/body_checks",
      files={"etc/postfix/body_checks": '/^(.*)name\\=\\"(.*)\\.exe\\"$/ REJECT Mail contains banned attachment\n'}),
    M("com attachments", "com-attachments", "mime_header_checks = pcre:/etc/postfix/mime",
      at='/name="[^"]*',
      files={"etc/postfix/mime": '/name="[^"]*\\.(exe|com)"/ REJECT Mail contains banned attachment\n'}),
    M("literal subject", "literal-subject", "header_checks = pcre:/etc/postfix/header_checks", at="FREE OFFER",
      files={"etc/postfix/header_checks": "/^Subject: FREE OFFER!!/ REJECT\n"}),
    M("three megabytes", "base64-size", "message_size_limit = 3000000"),
    M("no mailname", "origin-file-missing", "myorigin = /etc/mailname.missing"),
    M("restriction that 3.9 drops", "gone-restriction", CLIENT + "permit_mynetworks, reject_maps_rbl", smtp=False),
    # syntax and silence
    M("my_networks", "unknown-parameter", "my_networks = 192.168.0.0/16", smtp=False),
    M("my_networks for mynetworks", "unknown-parameter", "my_networks = 192.168.0.0/16, 10.7.0.0/24",
      drops=("mynetworks",)),
    M("misspelt smptd", "unknown-parameter", "smptd_helo_required = yes", smtp=False),
    M("misspelt restriction", "unknown-restriction", "smtpd_sender_restrictions = reject_unknow_sender_domain"),
    M("leading blank", "glued-line", "mynetworks = 127.0.0.0/8\n message_size_limit = 1000", at=" message_size"),
    M("glued relayhost", "glued-line",
      "mydestination = $myhostname, localhost, DOMAIN\n relayhost = [mx.provider.example]",
      at=" relayhost"),
    M("comment behind a number", "inline-comment", "message_size_limit = 10240000 # ten MB"),
    M("comment behind relayhost", "inline-comment", "relayhost = [gw.provider.example] # head office"),
    M("comment in a list", "inline-comment", "smtpd_sender_restrictions = reject_non_fqdn_sender # no bare names"),
    M("set twice", "set-twice", "myhostname = other.DOMAIN", adds=True),
    M("not compiled", "table-not-compiled", "virtual_alias_maps = hash:/etc/postfix/valias",
      files={"etc/postfix/valias": "x@letters.test joe\n"}),
    M("table missing", "table-missing", "canonical_maps = hash:/etc/postfix/canonical"),
    M("aliases edited", "table-stale", at="postmaster: root", files={"+etc/aliases": "sales: joe\n"},
      edited=("etc/aliases",)),
    M("override in master.cf", "master-override", CLIENT + "permit_mynetworks, " + FILTERED, at="-o smtpd_client",
      files={"etc/postfix/master.cf": MASTER_CF[:FIRST] + OVERRIDE + MASTER_CF[FIRST:]},
      mended=CLIENT + "permit_mynetworks, " + FILTERED),
    M("no pcre:", "table-without-type", "header_checks = /etc/postfix/header_checks",
      files={"etc/postfix/header_checks": "/^Subject: x/ REJECT\n"}),
    M("unknown type", "unknown-table-type", "virtual_alias_maps = hsah:/etc/postfix/valias",
      files={"etc/postfix/valias": "x@letters.test joe\n"}),
    M("pattern without slashes", "table-line", "header_checks = pcre:/etc/postfix/hc", at="Subject: FREE REJECT",
      files={"etc/postfix/hc": "# rules\nSubject: FREE REJECT\n"}, smtp=False),
    M("unbalanced pattern", "table-line", "header_checks = pcre:/etc/postfix/hc", at="(free",
      files={"etc/postfix/hc": "/^Subject: (free/ REJECT\n"}, smtp=False),
    M("unbalanced pattern about clients", "table-line", CLIENT + "check_client_access regexp:/etc/postfix/clients",
      at="(free", files={"etc/postfix/clients": "/(free/ REJECT\n"}, smtp=False),
    M("lone endif about senders", "table-line", "smtpd_sender_restrictions = check_sender_access pcre:/etc/postfix/s",
      at="endif", files={"etc/postfix/s": "endif\n"}, smtp=False),
    M("no such group", "table-line", "smtpd_sender_restrictions = check_sender_access pcre:/etc/postfix/s",
      at="$3", files={"etc/postfix/s": "/(a)@b/ REJECT $3\n"}, smtp=False),
    M("unknown action", "unknown-action", "header_checks = pcre:/etc/postfix/hc", at="REJCT",
      files={"etc/postfix/hc": "/^Subject: x{9}/ REJCT\n"}, smtp=False),
    M("a filter without its place", "action-without-effect", "header_checks = pcre:/etc/postfix/hc", at="FILTER",
      files={"etc/postfix/hc": "/^Subject: x{9}/ FILTER smtp\n"}, smtp=False),
    M("a header that is none", "action-without-effect", "header_checks = pcre:/etc/postfix/hc", at="PREPEND",
      files={"etc/postfix/hc": "/^Subject: x{9}/ PREPEND seen it\n"}, smtp=False),
    # relay control
    M("the world", "wide-mynetworks", "mynetworks = 0.0.0.0/0"),
    M("half the world", "wide-mynetworks", "mynetworks = 127.0.0.0/8, 128.0.0.0/1"),
    M("open relay", "open-relay", "mynetworks = 127.0.0.0/8, 192.0.0.0/3"),
    M("class style", "class-style", "mynetworks_style = class", drops=("mynetworks",)),
    M("OK before the guard", "ok-before-relay-guard",
      "smtpd_relay_restrictions =\n"
      "smtpd_recipient_restrictions = permit_mynetworks, check_sender_access hash:/etc/postfix/access,"
      " reject_unauth_destination", at="check_sender_access hash:/etc/postfix/access", files={ACCESS: "DOMAIN OK\n"},
      compiled=(ACCESS,)),
    M("OK opens", "open-relay",
      "smtpd_relay_restrictions =\n"
      "smtpd_recipient_restrictions = permit_mynetworks, check_sender_access hash:/etc/postfix/access,"
      " reject_unauth_destination", at="check_sender_access hash:/etc/postfix/access", files={ACCESS: "DOMAIN OK\n"},
      compiled=(ACCESS,)),
    M("no guard", "no-relay-guard", "smtpd_relay_restrictions = permit_mynetworks"),
    M("no level", "no-relay-guard", drops=("compatibility_level", "smtpd_relay_restrictions"), at="LINE1"),
    M("host bits", "host-bits", "mynetworks = 192.168.1.20/24"),
    M("host bits of six", "host-bits", "mynetworks = 127.0.0.0/8 [fd00::1]/64"),
    M("a range", "network-of-nobody", "mynetworks = 127.0.0.0/8, 192.168.1.[1..9]"),
    M("a network without its end", "network-of-nobody", "mynetworks = 127.0.0.0/8, 192.168.1"),
    M("a star", "domain-of-nobody", "mydestination = $myhostname, DOMAIN, *.DOMAIN"),
    M("a semicolon", "domain-of-nobody", "relay_domains = other.test;\nrelay_recipient_maps = static:x"),
    M("subdomains", "relay-subdomains", "relay_domains = sender.test"),
    M("relay for one's own", "relay-own-domains", "relay_domains = $mydestination"),
    # routing, identity
    M("relayhost is me", "relayhost-home", "relayhost = $myhostname"),
    M("relayhost is my address", "relayhost-home", "relayhost = [127.0.0.1]"),
    M("relayhost is my domain", "relayhost-home", "relayhost = DOMAIN\nmydestination = $myhostname, DOMAIN, localhost"),
    M("relayhost without brackets", "relayhost-without-brackets", "relayhost = parentco.test"),
    M("two classes", "two-classes", "virtual_mailbox_domains = shop.test, garden.test, $mydestination"),
    M("two alias classes", "two-classes",
      "virtual_alias_domains = DOMAIN, letters.test\nmydestination = DOMAIN, localhost",
      at="mydestination = DOMAIN"),
    M("a blank that is none", "no-blank", "mynetworks = 127.0.0.0/8,\u00a0192.168.0.0/16"),
    M("quotation marks", "quotation-marks", 'mynetworks = "127.0.0.0/8"', smtp=False),
    M("a word processor's quotation marks", "quotation-marks", "mynetworks = 127.0.0.0/8, \u201c192.168.0.0/16\u201d"),
    M("a long dash", "long-dash", "smtpd_helo_required = no \u2013", smtp=False),
    M("a typographic hyphen", "long-dash", "myhostname = mail\u2010one.domain.ork", smtp=False),
    M("an alias without a colon", "table-line", at="sales joe", files={"+etc/aliases": "sales joe\n"}),
    M("a mask too long", "table-line", CLIENT + "check_client_access cidr:/etc/postfix/access", at="10.0.0.0/33",
      files={ACCESS: "10.0.0.0/33 OK\n"}),
    M("backscatter", "backscatter", "local_recipient_maps ="),
    M("nobody asks", "backscatter", "smtpd_reject_unlisted_recipient = no"),
    M("unknown user 450", "unknown-user-put-off", "unknown_local_recipient_reject_code = 450"),
    M("backup without recipients", "no-relay-recipients", "relay_domains = primary.test"),
    M("catch-all", "catch-all", "virtual_alias_maps = hash:/etc/postfix/valias", at="@letters.test",
      files={"etc/postfix/valias": "@letters.test joe\n"}, compiled=("etc/postfix/valias",)),
    M("localhost origin", "origin-not-fqdn", "myorigin = localhost"),
    M("bare hostname", "hostname-not-fqdn", "myhostname = mail"),
    M("loopback only", "deaf-mx", "inet_interfaces = loopback-only\nmydestination = $myhostname, DOMAIN, localhost",
      smtp=False),
    M("encrypt", "encryption-enforced", "smtp_tls_security_level = encrypt", smtp=False),
    M("null client", "null-client", "mydestination =\ninet_interfaces = loopback-only",
      drops=("virtual_mailbox_domains", "virtual_mailbox_maps", "virtual_alias_domains", "virtual_alias_maps"),
      at="mydestination ="),
    M("forward to gmail", "forward-outside", at="bob: bob@gmail.com", files={"+etc/aliases": "bob: bob@gmail.com\n"}),
    # access policy and filters
    M("list without filter", "blocklist-without-filter", CLIENT + "permit_mynetworks, " + ZEN),
    M("misspelt list", "misspelt-blocklist",
      CLIENT + "permit_mynetworks, reject_rbl_client zen.spamhous.org=127.0.0.[2..11]",
      mended=CLIENT + "permit_mynetworks, " + FILTERED),
    M("list without name", "missing-argument", CLIENT + "reject_rbl_client, permit_mynetworks",
      mended=CLIENT + "reject_rbl_client zen.spamhaus.org, permit_mynetworks"),
    M("wrong verb", "blocklist-wrong-verb",
      CLIENT + "permit_mynetworks, reject_rhsbl_client zen.spamhaus.org=127.0.0.[2..11]",
      mended=CLIENT + "permit_mynetworks, " + FILTERED),
    M("closed list", "dead-blocklist", CLIENT + "permit_mynetworks, reject_rbl_client dul.dnsbl.sorbs.net=127.0.0.10"),
    M("office after", "office-checked", CLIENT + "reject_unknown_client_hostname, permit_mynetworks"),
    M("helo of the office", "office-checked", "smtpd_helo_restrictions = reject_non_fqdn_helo_hostname"),
    M("permit before the list", "dead-rule", CLIENT + "permit_mynetworks, permit, " + FILTERED,
      mended=CLIENT + "permit_mynetworks, " + FILTERED),
    M("own mail before the list", "behind-auth-destination",
      RECIPIENT + "permit_mynetworks, permit_auth_destination, reject_unauth_destination, " + FILTERED,
      mended=RECIPIENT + "permit_mynetworks, reject_unauth_destination, " + FILTERED),
    M("wide whitelist", "wide-whitelist",
      CLIENT + "permit_mynetworks, check_client_access cidr:/etc/postfix/access, " + FILTERED, at="203.0.113.0/24",
      files={ACCESS: "203.0.113.0/24 OK\n"}, mended=CLIENT + "permit_mynetworks, " + FILTERED),
    M("network in a hash", "network-in-keyed-table",
      CLIENT + "permit_mynetworks, check_client_access hash:/etc/postfix/access", at="203.0.113.0/24",
      files={ACCESS: "203.0.113.0/24 REJECT\n"}, compiled=(ACCESS,),
      mended=CLIENT + "permit_mynetworks, check_client_access cidr:{{203.0.113.0/24 REJECT}}"),
    M("strict names", "strict-client-name", CLIENT + "permit_mynetworks, reject_unknown_client_hostname"),
    M("no HELO", "helo-not-required",
      "smtpd_helo_required = no\nsmtpd_helo_restrictions = permit_mynetworks, reject_invalid_helo_hostname",
      at="reject_invalid_helo_hostname"),
    M("policy server", "policy-without-default",
      RECIPIENT + "permit_mynetworks, check_policy_service inet:127.0.0.1:10023"),
    M("milter", "milter-without-default", "smtpd_milters = inet:localhost:8891", smtp=False),
    M("soft_bounce", "soft-bounce", "soft_bounce = yes"),
    M("no bounces", "null-sender-refused", "smtpd_sender_restrictions = check_sender_access hash:/etc/postfix/access",
      at="<> REJECT", files={ACCESS: "<> REJECT\n"}, compiled=(ACCESS,)),
    M("discard", "discard-rule", "header_checks = pcre:/etc/postfix/hc", at="offer",
      files={"etc/postfix/hc": "/^Subject:.*offer/ DISCARD\n"}),
    M("hold", "hold-rule", "mime_header_checks = pcre:/etc/postfix/hc", at="zip",
      files={"etc/postfix/hc": '/name="[^"]*\\.zip"/ HOLD\n'}),
    M("unknown access action", "unknown-access-action",
      "smtpd_sender_restrictions = check_sender_access hash:/etc/postfix/access", at="REJCT",
      files={ACCESS: "bad.example REJCT\n"}, compiled=(ACCESS,)),
    M("empty result", "unknown-access-action", "smtpd_sender_restrictions = check_sender_access pcre:/etc/postfix/s",
      at="/@/", files={"etc/postfix/s": "/@/\n"}),
    M("number that is no code", "unknown-access-action",
      "smtpd_sender_restrictions = check_sender_access regexp:/etc/postfix/s",
      at="999", files={"etc/postfix/s": "/@/ 999 go away\n"}),
    # capacity and time
    M("scan wins", "backoff-below-scan", "queue_run_delay = 20m\nminimal_backoff_time = 300s", at="queue_run_delay",
      smtp=False),
    M("backoff order", "backoff-order", "minimal_backoff_time = 2h", smtp=False),
    M("rate delay", "rate-per-recipient", "smtp_destination_rate_delay = 2s\nsmtp_destination_recipient_limit = 1",
      at="recipient_limit", smtp=False),
    M("small active queue", "absurd-number", "qmgr_message_active_limit = 3", smtp=False),
    M("few processes", "absurd-number", "default_process_limit = 3", smtp=False),
    M("connection rate", "absurd-number", "smtpd_client_connection_rate_limit = 2", smtp=False),
    M("no patience", "no-patience", "maximal_queue_lifetime = 0", smtp=False),
    M("message over mailbox", "mailbox-below-message", "message_size_limit = 60000000", drops=("mailbox_size_limit",),
      smtp=False),
    M("absurd size", "absurd-number", "message_size_limit = 100000000000\nvirtual_mailbox_limit = 0"),
    M("tiny size", "absurd-number", "message_size_limit = 3000"),
    M("size below nothing", "absurd-number", "message_size_limit = -5"),
    M("alias loop", "alias-loop", at="pong: ping", files={"+etc/aliases": "ping: pong\npong: ping\n"}),
    M("owner loop", "owner-loop", at="owner-all: all",
      files={"+etc/aliases": "all: ann, nobody-here\nowner-all: all\n"}),
    M("virtual loop", "alias-loop", "virtual_alias_maps = hash:/etc/postfix/valias", at="pong@letters.test ping",
      files={"etc/postfix/valias": "ping@letters.test pong@letters.test\npong@letters.test ping@letters.test, joe\n"},
      compiled=("etc/postfix/valias",)),
    M("a relayhost like a link", "relayhost-unreadable", "relayhost = smtp://mail.parentco.con"),
    M("a port behind a blank", "relayhost-unreadable", "relayhost = mail.parentco.con 587"),
    M("a delay in seconds", "absurd-number", "delay_warning_time = 14400"),
    M("a dollar in a pattern", "dollar-without-name", "canonical_maps = pcre:{{/^(.*)@old$/ $1@DOMAIN}}"),
    M("blanks in an inline table", "table-unreadable", "canonical_maps = inline:{a@b.example=c@d.example e@f.example}"),
    M("bad number", "does-not-run", "message_size_limit = 10MB"),
    M("no such transport in a table", "no-such-service", "transport_maps = hash:/etc/postfix/ways", at="smpt:",
      files={"etc/postfix/ways": "slow.test smpt:[mx.slow.test]\n"}, compiled=("etc/postfix/ways",), smtp=False),
    M("a next hop that is not closed", "nexthop-unreadable", "transport_maps = hash:/etc/postfix/ways", at="[mx.slow",
      files={"etc/postfix/ways": "fast.test relay:[mx.fast.test]:587\nslow.test smtp:[mx.slow.test\n"},
      compiled=("etc/postfix/ways",), smtp=False),
    M("a port that is none", "nexthop-unreadable", "default_transport = smtp:[mail.isp.test]:smpt", smtp=False),
    M("a policy server without its entry", "no-such-service",
      RECIPIENT + "permit_mynetworks, reject_unauth_destination, check_policy_service unix:private/policy-spf"),
    M("null transport", "null-transport", "default_transport = :mail.isp.test", smtp=False),
    M("no such transport", "no-such-service", "mailbox_transport = lmtpd:unix:/run/dovecot", smtp=False),

    # what a program notices as mail comes
    M("an unclosed filter of a blocklist's answers", "dies-in-use", f"{CLIENT}{ZEN}=127.0.0.[2..9"),
    M("the reply of blocklists without its code", "dies-in-use",
      f"default_rbl_reply = $mydomain says no\n{CLIENT}{FILTERED}"),
    M("a concurrency in words", "dies-in-use", "smtp_destination_concurrency_limit = ten", smtp=False),
    M("an address format that is none", "dies-in-use", "info_log_address_format = externl"),
    M("a union of tables that is not closed", "lacks-in-use", "transport_maps = unionmap:{inline:{a.example=smtp:}"),
)  # fmt: skip


def without(text: str, name: str) -> str:
    """A main.cf without a setting, the lines that continue it included."""
    return re.sub(rf"(?m)^{name}\s*=.*\n([ \t].*\n|#.*\n(?=[ \t]))*", "", text)


def plant(mistake: Mistake, base: Base, folder: Path) -> tuple[Path, str, int]:
    """A base with a mistake in it: its folder, and the file and line that are to be found."""

    def told(text: str) -> str:
        return text.replace("DOMAIN", base.domain)

    files, main = dict(base.files), base.files[MAIN]
    names = [line.partition("=")[0].strip() for line in mistake.main.split("\n") if line and not line.startswith(" ")]
    for name in (*mistake.drops, *(() if mistake.adds else names)):
        main = without(main, name)
    files[MAIN] = main + (told(mistake.main) + "\n" if mistake.main else "")
    for name, text in mistake.files.items():
        plain = name.lstrip("+")
        files[plain] = (files.get(plain, "") if name != plain else "") + told(text)
    write(folder, files, (*base.compiled, *mistake.compiled), mistake.edited)
    wanted = told(mistake.at or mistake.main.split("\n")[0])
    if wanted == "LINE1":
        return folder, MAIN, 1
    for name in (*(name.lstrip("+") for name in mistake.files), MAIN):
        for number, line in enumerate(files[name].split("\n"), 1):
            if wanted in line:
                return folder, name, number
    raise AssertionError(f"{mistake.name}: no line has {wanted!r}")


def mend(mistake: Mistake, base: Base, folder: Path) -> Path:
    """A base as it would be without a mistake: clean, or with what was meant."""
    files, name = dict(base.files), mistake.mended.partition("=")[0].strip()
    if name:
        files[MAIN] = without(files[MAIN], name) + mistake.mended + "\n"
    return write(folder, files, base.compiled)
