"""A world of one mail server, one bot and one correspondent, in which a run takes some hundredths of a second."""

from __future__ import annotations

from pathlib import Path

import pytest

WORLD = """\
title: a very small world
start: 2026-03-02 00:00
length: 6h
study: mail.domain.ork
sites: [office, internet]
links:
  - {between: [office, internet], latency: 12ms, bandwidth: 10Mbit/s}
hosts:
  mail.domain.ork:
    site: office
    address: 192.0.2.10
    users: {alice: Alice Gray}
actors:
  trojans:
    kind: bots
    site: internet
    count: 3
    addresses: 203.0.113.0/24
    targets: [alice@domain.ork]
    per_day: 30
  partners:
    kind: sites
    site: internet
    domain: p{n}.example
    addresses: 198.51.100.0/24
    writes_to: [alice@domain.ork]
    per_day: 8
    hours: flat
"""
ZONE = """\
domain.ork.          IN MX 10 mail.domain.ork.
mail.domain.ork.     IN A 192.0.2.10
10.2.0.192.in-addr.arpa. IN PTR mail.domain.ork.
"""
MAIN_CF = """\
compatibility_level = 3.6
myhostname = mail.domain.ork
mydomain = domain.ork
mydestination = $myhostname, $mydomain, localhost
mynetworks = 127.0.0.0/8
alias_maps =
"""
STRICT = "smtpd_recipient_restrictions = reject_unauth_destination, reject_unknown_helo_hostname\n"
CLOSED = "smtpd_recipient_restrictions = reject\n"
HOST = "mail.domain.ork"


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Its folder, with the policies `strict` and `closed`."""
    folder = tmp_path / "world"
    texts = {
        "world.yaml": WORLD,
        "zones/world.zone": ZONE,
        f"hosts/{HOST}/etc/postfix/main.cf": MAIN_CF,
        f"policies/strict/{HOST}/etc/postfix/main.cf": MAIN_CF + STRICT,
        f"policies/closed/{HOST}/etc/postfix/main.cf": MAIN_CF + CLOSED,
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
