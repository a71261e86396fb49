"""Random worlds: three mail servers, people who write, faults, and administrators who do what they like."""

from __future__ import annotations

from pathlib import Path
from random import Random

from simmail.world.loader import load
from simmail.world.master import STOCK_MASTER_CF
from simmail.world.world import World

NAMES = ("one.example", "two.example", "three.example")
LENGTH_S = 1200.0
#: By then everything is mended, nobody interferes, and mail that cannot be delivered has expired.
AFTERMATH_S = 6000.0
MAIN_CF = """\
compatibility_level = 3.6
smtputf8_enable = no
mydestination = $myhostname
mynetworks = 10.0.0.0/8, 127.0.0.0/8
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
queue_run_delay = 60s
minimal_backoff_time = 60s
maximal_backoff_time = 300s
maximal_queue_lifetime = 1500s
bounce_queue_lifetime = 900s
smtp_helo_timeout = 60s
smtp_mail_timeout = 60s
smtp_rcpt_timeout = 60s
smtp_data_init_timeout = 60s
smtp_data_done_timeout = 90s
"""
#: Where mail comes back from a before-queue filter, if there is one.
BEHIND_A_FILTER = "127.0.0.1:10026 inet n - n - - smtpd -o smtpd_proxy_filter=\n"
ALIASES = """\
all: ann, bob, root
postmaster: root
far: joe@two.example, joe@three.example, ann
loop: loop2
loop2: loop
"""
#: Lines that a server's main.cf may have besides.
VARIANTS = (
    "", "qmgr_message_active_limit = 2\n", "smtp_destination_rate_delay = 2s\n", "default_process_limit = 2\n",
    "smtp_destination_recipient_limit = 1\n", "smtp_destination_concurrency_limit = 1\n", "soft_bounce = yes\n",
    "virtual_alias_maps = inline:{{list@one.example=ann@one.example bob@two.example nobody@three.example}}\n",
    "always_bcc = bob@one.example\n", "header_checks = pcre:{{/^Subject: .*7/ HOLD}}\n",
    "header_checks = pcre:{{/^Subject: .*3/ DISCARD}}\n",
    "header_checks = pcre:{{/^Subject: .*5/ REDIRECT joe@three.example}}\n",
    "body_checks = pcre:{{/./ FILTER smtp:[mail.one.example]}}\n", "content_filter = smtp:[mail.two.example]\n",
    "relayhost = [mail.three.example]\n", "recipient_bcc_maps = inline:{bob@one.example=ann@two.example}\n",
    "sender_bcc_maps = static:bob@two.example\n", "luser_relay = ann@two.example\nlocal_recipient_maps =\n",
    "home_mailbox = Maildir/\n", "mailbox_command = /bin/false\n", "mailbox_command = exit 75\n",
    "relocated_maps = inline:{joe=joe@two.example}\n", "local_transport = retry:later\n",
    "default_transport = error:5.1.0 no\n",
    "smtpd_recipient_restrictions = check_recipient_access inline:{{joe@one.example=HOLD} {bob@one.example=DISCARD}}\n",
    "smtpd_recipient_restrictions = reject_unverified_recipient\n", "duplicate_filter_limit = 1\n",
    "delay_warning_time = 100s\nconfirm_delay_cleared = yes\n", "virtual_alias_expansion_limit = 2\n",
    "notify_classes = bounce, 2bounce, delay, data, policy, protocol, resource, software\n",
    "smtp_connection_cache_destinations = two.example\n", "defer_transports = local\n",
    "transport_maps = inline:{two.example=discard:}\n", "smtpd_client_connection_count_limit = 1\n",
    "maximal_queue_lifetime = 0\n", "bounce_queue_lifetime = 0\n", "hopcount_limit = 3\n",
    "fallback_transport = smtp:two.example\n", "recipient_delimiter = -\nowner_request_special = no\n",
    "smtp_fallback_relay = [mail.one.example]\n",
)  # fmt: skip
WORLD = """\
title: anything may happen
start: 2026-03-02 09:00
sites: [west, east, middle]
links:
  - {between: [west, middle], latency: 15ms}
  - {between: [east, middle], latency: 40ms, bandwidth: 256kbit/s}
hosts:
"""
HOST = """\
  {name}:
    site: {site}
    address: 10.0.0.{number}
    users: {{ann: Ann, bob: Bob, joe: Joe}}
    setup: [postalias /etc/aliases]
  pc.{name}:
    site: {site}
    address: 10.0.1.{number}
"""
ZONE = "".join(
    f"{name}. IN MX 10 mail.{name}.\nmail.{name}. IN A 10.0.0.{number}\n{number}.0.0.10.in-addr.arpa. IN PTR {name}.\n"
    for number, name in enumerate(NAMES, 1)
)
RECIPIENTS = [f"{user}@{name}" for name in NAMES for user in ("ann", "bob", "joe", "nobody", "all", "far", "loop")]
RECIPIENTS += ["list@one.example", "who@nowhere.example", "who@silent.example"]
ORDERS = (
    "postsuper -h ALL deferred", "postsuper -H ALL", "postsuper -d ALL deferred", "postsuper -r ALL", "postqueue -f",
    "postsuper -e ALL deferred", "postfix reload", "postfix stop", "postfix start", "postqueue -p", "postsuper -h ALL",
    "echo hello | sendmail all@one.example far@two.example", "echo hello | sendmail -v nobody@three.example",
    "printf 'MAIL FROM:<ann>\\nRCPT TO:<joe>\\nDATA\\nhi\\n.\\nMAIL FROM:<>\\nRCPT TO:<joe>\\n' | sendmail -bs",
    "postsuper -d ALL",
)  # fmt: skip


def fault(rng: Random) -> str:
    """A line of `faults`."""
    begin = rng.uniform(0, LENGTH_S * 0.9)
    what = rng.choice(
        (
            f"host: {rng.choice(NAMES)}",
            f"link: [{rng.choice(('west', 'east'))}, middle]",
            f"link: [{rng.choice(('west', 'east'))}, middle], how: lossy, loss: 0.3",
            f"partition: [{rng.choice(('west', 'east'))}]",
            f"dns: {rng.choice(NAMES)}, how: {rng.choice(('timeout', 'servfail'))}",
            f"resolver: {rng.choice(NAMES)}, how: {rng.choice(('timeout', 'servfail', 'slow'))}",
            f"disk: {rng.choice(NAMES)}, how: {rng.choice(('full', 'broken', 'slow'))}",
        )
    )
    if rng.random() < 0.2:
        return f"  - {{every: 200s, lasts: {rng.uniform(1, 90):.3f}, until: {LENGTH_S:g}s, {what}}}\n"
    end = min(LENGTH_S, begin + rng.expovariate(1 / 100))
    return f"  - {{at: {begin:.3f}, until: {end + 0.01:.3f}, {what}}}\n"


def folder(rng: Random, where: Path, more: str = "") -> Path:
    """Write a world's folder; `more`: further lines of each server's main.cf."""
    text = WORLD
    for number, name in enumerate(NAMES, 1):
        text += HOST.format(name=name, site=("west", "east", "middle")[number - 1], number=number)
        etc = where / "hosts" / name / "etc"
        (etc / "postfix").mkdir(parents=True)
        settings = "".join(rng.sample(VARIANTS, 2)) if rng.random() < 0.7 else ""
        (etc / "postfix/main.cf").write_text(MAIN_CF + f"myhostname = {name}\n" + settings + more, encoding="utf-8")
        (etc / "postfix/master.cf").write_text(STOCK_MASTER_CF + BEHIND_A_FILTER, encoding="utf-8")
        (etc / "aliases").write_text(ALIASES, encoding="utf-8")
    faults = "".join(fault(rng) for _ in range(rng.randrange(6)))
    text += f"faults:\n{faults}" if faults else ""
    text += "people:\n" + "".join(
        f"  ann{number}: {{address: ann@{name}, computer: pc.{name}, submits_to: {name}}}\n"
        for number, name in enumerate(NAMES, 1)
    )
    (where / "zones").mkdir()
    (where / "zones/root.zone").write_text("ns. IN A 127.0.0.1\n" + ZONE + SILENT, encoding="utf-8")
    (where / "world.yaml").write_text(text, encoding="utf-8")
    return where


SILENT = "silent.example. IN MX 10 mail.silent.example.\nmail.silent.example. IN A 10.9.9.9\n"


def make(seed: int, where: Path, more: str = "") -> World:
    """A random world with its traffic; it has not begun to run.  `more`: further lines of each server's main.cf."""
    rng = Random(f"random world {seed}")
    world = load(folder(rng, where, more), seed=seed)
    for number in range(rng.randrange(4, 25)):
        writer = world.people[f"ann{rng.randrange(1, 4)}"]
        when = rng.uniform(0, LENGTH_S)
        to = rng.sample(RECIPIENTS, rng.choice((1, 1, 1, 2, 5)))
        text = "x" * rng.choice((10, 10, 1000, 70)) + "\n"
        draft = writer.compose(to, f"number {number}", text * rng.choice((1, 40)), now=when)
        world.clock.spawn(writer.computer, writer.submit(draft), when)
    return world


def orders(seed: int) -> list[tuple[float, str, str]]:
    """What administrators do: when, on which host, and the command."""
    rng = Random(f"orders {seed}")
    found = [(rng.uniform(0, LENGTH_S), rng.choice(NAMES), rng.choice(ORDERS)) for _ in range(rng.randrange(8))]
    return sorted(found)
