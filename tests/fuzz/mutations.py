"""Files a learner, or chance, might write: seeds, and what happens to them."""

from __future__ import annotations

import random

MAIN_CF = (
    """\
# The company's server
compatibility_level = 3.6
mydomain = domain.ork
myhostname = mail.$mydomain
mydestination = $myhostname, $mydomain,
    # the workshop
    workshop.domain.ork, , localhost
mynetworks = 192.168.0.0/16, 127.0.0.0/8, [::1]/128, !10.0.0.1
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
alias_maps = hash:/etc/aliases
recipient_delimiter = +
message_size_limit = 3000000
queue_run_delay = 300s
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,
    check_client_access pcre:/etc/postfix/access, reject_rbl_client dnsbl.example=127.0.0.[2..11;15]
""",
    """\
compatibility_level = 2
site = ork
mydomain = ${site?{domain.$site}:{none}}
relay_domains = ${{$compatibility_level} <level {3.6} ? {old} : {new}}, ${{$site} == {ork} ? {a} : {b}}
smtpd_restriction_classes = strict
strict = reject_unknown_sender_domain, check_sender_access inline:{{a@b = REJECT no}, c=OK}
smtpd_sender_restrictions = check_client_access cidr:{{10.0.0.0/8 strict}, {if 1.0.0.0/8}, {1.1.1.1 DUNNO}, {endif}}
virtual_alias_maps = unionmap:{static:x, pipemap:{hash:/etc/postfix/access, texthash:/etc/postfix/access}}
transport_maps = randmap:{smtp:[a.example]:25, discard:}
maximal_backoff_time = 4000
mynetworks_style = subnet
inet_interfaces = all
header_checks = regexp:/etc/postfix/access
default_rbl_reply = $rbl_code Service unavailable; $rbl_class [$rbl_what] by $rbl_domain${rbl_reason?; $rbl_reason}
""",
)
MASTER_CF = (
    """\
# service type private unpriv chroot wakeup maxproc command
smtp      inet  n       -       n       -       -       smtpd
submission inet n       -       n       -       10      smtpd -v
  -o syslog_name=postfix/submission
  -o { smtpd_banner = $myhostname ESMTP ready }
  -o smtpd_client_restrictions=permit_mynetworks,reject
127.0.0.1:10025 inet n - n - - smtpd -o content_filter=
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
smtp      unix  -       -       n       -       -       smtp
local     unix  -       n       n       -       -       local
maildrop  unix  -       n       n       -       -       pipe
  flags=DRhu user=vmail argv=/usr/bin/maildrop -d ${recipient}
policy    unix  -       n       n       -       0       spawn user=nobody argv=/bin/sh /etc/policy
""",
)
ACCESS = (
    """\
# who may
spammer.example REJECT  go away
.partner.example OK
192.168 REJECT
postmaster@ OK
a@bot.example 554 5.7.1 no
    and no again
"quoted key" DISCARD
2001:db8::1 HOLD
taxes: bledger, "joe smith", |"/bin/cat -n", :include:/etc/list
""",
    """\
192.168.0.0/16 OK
!10.0.0.0/8 REJECT
if 172.16.0.0/12
172.16.1.1/32 the printer
endif
2001:db8::/32 six
[::1]/128 here
""",
)
PATTERNS = (
    """\
/^Subject: (.*) (buy|sell)/i   REJECT $1 ${2} $$ $(1)
!/^[[:alpha:]]{2,5}@/x  no
if /^From:/
/(?<user>[a-z]+)@(?=b)/ PREPEND X-User: $1
/^From:.*\\bjoe\\b/U     WARN
endif
|^/path/(.*)\\.(exe|scr|pif)$| 550 $2 not wanted
/^back(.)\\1[^a-z\\]-]?$/ twice
/[\\x00-\\x1f\\x7f-\\xff]/  HOLD
""",
    """\
/^(a+)+$/        many
/([a-z]+)*[0-9]/ $1
endif
if !/x/i
/(.*)(.*)(.*)=/  three
endif
""",
)
#: Kind of file -> its seeds.
SEEDS = {"main.cf": MAIN_CF, "master.cf": MASTER_CF, "access": ACCESS, "patterns": PATTERNS}
#: What may come in anywhere.
PIECES = (
    *"{}()[]$\\/!=:;,#\"'|*+?^-@.<>& \t\n\r\0", "${", "$(", "$$", "}}", "{{", "(?", "(?<", "(*", "[[:", ":]]", "\\1",
    "\\Q", "{1,", "{255}", "{65536}", "if ", "endif", "\n ", "\n#", " = ", "==", "<level", "::", "/33", "-1", "0x10",
    "99999999999999999999", "1.5d", "proxy:", "unionmap:{", "inline:{", "static:", "ldap:/x", "nosuch:y", "hash:",
    "\udcff", "\udcc3", "ü", "\u2028", "$mydomain", "${mydomain?", "${{a} == {b} ? {", "-o ", "-o {", "argv=", "yes",
)  # fmt: skip
LONGEST = 20_000


def mutant(kind: str, rng: random.Random) -> str:
    """A file of a kind, changed in one to eight places.

    Args:
        kind: a key of SEEDS.
        rng: where chance comes from.
    """
    text = rng.choice(SEEDS[kind])
    for _ in range(rng.choice((1, 1, 2, 3, 5, 8))):
        text = rng.choice(CHANGES)(text, rng)[:LONGEST]
    return text


def _span(text: str, rng: random.Random, longest: int = 40) -> tuple[int, int]:
    start = rng.randint(0, len(text))
    return start, min(len(text), start + rng.randint(0, longest))


def _insert(text: str, rng: random.Random) -> str:
    place, _ = _span(text, rng)
    return text[:place] + rng.choice(PIECES) + text[place:]


def _repeat(text: str, rng: random.Random) -> str:
    place, _ = _span(text, rng)
    return text[:place] + rng.choice(PIECES) * rng.choice((2, 10, 100, 1000, 5000)) + text[place:]


def _delete(text: str, rng: random.Random) -> str:
    start, end = _span(text, rng)
    return text[:start] + text[end:]


def _replace(text: str, rng: random.Random) -> str:
    start, end = _span(text, rng, 3)
    return text[:start] + rng.choice(PIECES) + text[end:]


def _character(text: str, rng: random.Random) -> str:
    start, _ = _span(text, rng)
    return text[:start] + chr(rng.randrange(256)) + text[start + 1 :]


def _copy(text: str, rng: random.Random) -> str:
    start, end = _span(text, rng, 200)
    place, _ = _span(text, rng)
    return text[:place] + text[start:end] * rng.choice((1, 1, 3)) + text[place:]


def _swap_lines(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    rng.shuffle(lines)
    return "\n".join(lines)


def _splice(text: str, rng: random.Random) -> str:
    other = rng.choice(rng.choice(list(SEEDS.values())))
    return text[: _span(text, rng)[0]] + other[_span(other, rng)[0] :]


CHANGES = (_insert, _insert, _repeat, _delete, _replace, _character, _copy, _swap_lines, _splice)
