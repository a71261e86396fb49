"""pflogsumm, a program for the logs of real Postfixes, reads in ours what the world's own tables say."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import simmail
from simmail.world.export import export

MAIN_CF = """\
compatibility_level = 3.6
mydomain = {domain}
myhostname = mail.{domain}
myorigin = $mydomain
mydestination = $myhostname, $mydomain, localhost
mynetworks = 192.168.{number}.0/24, 127.0.0.0/8
alias_maps = hash:/etc/aliases
recipient_delimiter = +
header_checks = regexp:/etc/postfix/header_checks
body_checks = regexp:/etc/postfix/body_checks
smtpd_recipient_restrictions =
    check_sender_access inline:{{ {{bot.example = WARN seen before}} {{trap@bot.example = DISCARD a trap}} }}
    warn_if_reject reject_unknown_client_hostname
    check_recipient_access inline:{{ {{audit@{domain} = HOLD for the auditors}} }}
"""
HEADER_CHECKS = """\
/^Subject: .*lottery/   DISCARD nobody wins
/^Subject: .*invoice/   HOLD to be looked at
/^Subject: .*urgent/    REJECT it never is
/^Subject: .*weather/   WARN small talk
"""
BODY_CHECKS = "/cheap pills/ REJECT no pills\n"
SUBJECTS = ["the plan", "an invoice", "weather", "lottery", "minutes", "urgent", "re: minutes", "lunch", "a question"]
DOMAINS = {"domain.ork": 1, "partner.example": 2}
PEOPLE = {"domain.ork": ("alice", "bob", "carol"), "partner.example": ("dora", "emil")}
OUTSIDE = ("nobody@domain.ork", "nobody@partner.example", "joe@nowhere.example", "staff@domain.ork", "audit@domain.ork")
WORLD = """\
title: A busy day
start: 2026-03-03 00:00
length: 1d
sites: [net]
hosts:
  mail.domain.ork:
    {site: net, address: 192.0.2.10, users: {alice: A, bob: B, carol: C, audit: D}, setup: [postalias /etc/aliases]}
  mail.partner.example:
    {site: net, address: 198.51.100.10, users: {dora: D, emil: E}, setup: [postalias /etc/aliases]}
  pc.domain.ork: {site: net, address: 192.168.1.20}
  pc.partner.example: {site: net, address: 192.168.2.20}
  pc7.bot.example: {site: net, address: 203.0.113.66}
faults:
  - {at: "10:00", until: "12:30", host: mail.partner.example}
  - {at: "15:00", until: "15:40", dns: domain.ork}
people:
"""
ZONES = {
    "domain.ork": "@ IN MX 10 mail\nmail IN A 192.0.2.10\npc IN A 192.168.1.20\n",
    "partner.example": "@ IN MX 10 mail\nmail IN A 198.51.100.10\npc IN A 192.168.2.20\n",
    "bot.example": "@ IN MX 10 pc7\npc7 IN A 203.0.113.66\n",
    "in-addr.arpa": (
        "10.2.0.192 IN PTR mail.domain.ork.\n10.100.51.198 IN PTR mail.partner.example.\n"
        "20.1.168.192 IN PTR pc.domain.ork.\n"
    ),
}
SOA = "$TTL 3600\n@ IN SOA ns.net.example. root.net.example. 1 3600 600 86400 300\n@ IN NS ns.net.example.\n"


def person(login: str, domain: str, server: str, computer: str, letters: int, chance: random.Random) -> str:
    """Somebody in world.yaml, and what they write on that day."""
    inside = [f"{name}@{domain}" for domain, names in PEOPLE.items() for name in names]
    lines = [f"  {login}:", f"    address: {login}@{domain}", f"    computer: {computer}", f"    submits_to: {server}"]
    lines.append("    writes:")
    for _ in range(letters):
        to = chance.sample([*inside, *OUTSIDE], chance.choice((1, 1, 1, 2, 3)))
        text = chance.choice(("well", "well, yes", "cheap pills" if chance.random() < 0.2 else "no"))
        at = chance.randrange(7 * 3600, 20 * 3600)
        lines.append(f"      - {{at: {at}s, to: {to}, subject: '{chance.choice(SUBJECTS)}', text: '{text}'}}")
    return "\n".join(lines) + "\n"


def build(folder: Path) -> None:
    """Write the world's folder."""
    chance = random.Random(1)
    text = WORLD
    for domain, number in DOMAINS.items():
        etc = folder / "hosts" / f"mail.{domain}" / "etc"
        (etc / "postfix").mkdir(parents=True)
        (etc / "postfix" / "main.cf").write_text(MAIN_CF.format(domain=domain, number=number), encoding="utf-8")
        (etc / "postfix" / "header_checks").write_text(HEADER_CHECKS, encoding="utf-8")
        (etc / "postfix" / "body_checks").write_text(BODY_CHECKS, encoding="utf-8")
        (etc / "aliases").write_text("postmaster: root\nstaff: alice, bob, dora@partner.example\n", encoding="utf-8")
        for name in PEOPLE[domain]:
            text += person(name, domain, f"mail.{domain}", f"pc.{domain}", 40, chance)
        text += person(f"spam{number}", "bot.example", f"mail.{domain}", "pc7.bot.example", 25, chance)
    text += person("trap", "bot.example", "mail.domain.ork", "pc7.bot.example", 5, chance)
    home = folder / "hosts" / "mail.domain.ork" / "home" / "carol"
    home.mkdir(parents=True)
    (home / ".forward").write_text("emil@partner.example\n", encoding="utf-8")
    (folder / "zones").mkdir()
    for name, zone in ZONES.items():
        (folder / "zones" / f"{name}.zone").write_text(SOA + zone, encoding="utf-8")
    (folder / "world.yaml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the day; in its evening the administrator lets go what is held, after some mail of his own."""
    folder = tmp_path_factory.mktemp("busy")
    build(folder / "world")
    world = simmail.load(folder / "world")
    world.run(until="18h")
    for number in range(5):
        world.host("mail.domain.ork").sh("sendmail emil@partner.example bob", stdin=f"Subject: report {number}\n\nx\n")
    world.run(until="21h")
    for domain in DOMAINS:
        world.host(f"mail.{domain}").sh("postsuper -H ALL")
    world.run(until="24h")
    export(world, folder / "results")
    return folder / "results"


def summarised(log: Path) -> dict[str, Any]:
    """pflogsumm's totals of a log, and its figures by domain."""
    program = shutil.which("pflogsumm") or shutil.which("pflogsumm", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("pflogsumm is not here (Debian: apt-get install pflogsumm)")
    told = subprocess.run([program, str(log)], capture_output=True, text=True, check=True)
    assert told.stderr == ""
    text = told.stdout
    found: dict[str, Any] = {}
    for number, name in re.findall(r"^ +(\d+)   ?([a-z][a-z /]*?)(?:  ?\(.*\))?$", text, re.MULTILINE):
        found.setdefault(name, int(number))
    found["deferrals"] = int((re.search(r"\((\d+) +deferrals\)", text) or ("", "0"))[1])
    for title in ("Message Delivery", "Messages Received"):
        part = re.search(rf"^Host/Domain Summary: {title}[^\n]*\n-+\n[^\n]*\n[- ]+\n(.*?)\n\n", text, re.M | re.S)
        assert part is not None, text
        found[title] = {}
        for row in part[1].splitlines():
            count, size, *rest = row.split()
            defers = (int(rest[0]),) if title == "Message Delivery" else ()
            found[title][rest[-1]] = (int(count), int(size), *defers)
    return found


def domain_of(row: Any) -> str:
    """The domain that pflogsumm books a received message to: the sender's, or else that of the client."""
    if row.sender:
        return str(row.sender.rpartition("@")[2]).lower()
    name, _, address = row.client.removesuffix("]").partition("[")
    return address if name == "unknown" else ".".join(name.rsplit(".", 2)[-2:])


def counted(tables: dict[str, pd.DataFrame], host: str) -> dict[str, Any]:
    """The same figures from the world's tables."""
    arrivals, deliveries, decisions = (
        tables[name][tables[name].host == host] for name in ("arrivals", "deliveries", "decisions")
    )
    received = arrivals[arrivals.source != ""]
    forwarded = (deliveries.status == "sent") & deliveries.text.str.contains("forwarded as ", regex=False)
    sent, deferred = deliveries[(deliveries.status == "sent") & ~forwarded], deliveries[deliveries.status == "deferred"]
    sizes = arrivals.set_index("queue_id")["size"]
    actions = decisions.action.value_counts()
    by_domain = {
        domain: (
            int((sent.to.str.endswith("@" + domain)).sum()),
            int(sizes[sent.queue_id[sent.to.str.endswith("@" + domain)]].sum()),
            int((deferred.to.str.endswith("@" + domain)).sum()),
        )
        for domain in sorted({to.rpartition("@")[2] for to in (*sent.to, *deferred.to)})
    }
    active = received[received.recipients > 0]
    senders = active.assign(domain=active.apply(domain_of, axis=1)).groupby("domain")["size"].agg(["count", "sum"])
    return {
        "received": len(received),
        "delivered": len(sent),
        "forwarded": int(forwarded.sum()),
        "deferred": deferred.queue_id.nunique(),
        "deferrals": len(deferred),
        "bounced": int((deliveries.status == "bounced").sum()),
        "rejected": int(actions.get("reject", 0)),
        "reject warnings": int(actions.get("reject_warning", 0) + actions.get("warning", 0)),
        "held": int(actions.get("hold", 0)),
        "discarded": int(actions.get("discard", 0)),
        "bytes received": int(received["size"].sum()),
        "bytes delivered": int(sizes[sent.queue_id].sum()),
        "recipient hosts/domains": sent.to.str.rpartition("@")[2].nunique(),
        "Message Delivery": by_domain,
        "Messages Received": {domain: (int(n), int(size)) for domain, n, size in senders.itertuples()},
    }


@pytest.mark.parametrize("host", [f"mail.{domain}" for domain in DOMAINS])
def test_pflogsumm_counts_what_the_tables_hold(day: Path, host: str) -> None:
    """Received, delivered, forwarded, deferred, bounced, rejected, held, discarded, and by domain: the same figures."""
    tables = {name: pd.read_parquet(day / f"{name}.parquet") for name in ("arrivals", "deliveries", "decisions")}
    expected = counted(tables, host)
    found = summarised(day / host / "var/log/maillog")

    assert {name: found[name] for name in expected} == expected


def test_the_day_is_busy(day: Path) -> None:
    """On the day everything happened that is counted."""
    tables = {name: pd.read_parquet(day / f"{name}.parquet") for name in ("arrivals", "deliveries", "decisions")}
    figures = counted(tables, "mail.domain.ork")
    few = {name: n for name, n in figures.items() if isinstance(n, int) and n < 4}
    assert few == {"recipient hosts/domains": 2}, figures
