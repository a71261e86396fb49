"""Gateways that put their own address in the place of others'."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.world.loader import load
from simmail.world.world import World

WORLD = """\
title: behind a gateway
start: 2026-03-02 09:00
sites: [office, internet]
links:
  - {between: [office, internet], latency: 12ms}
hosts:
  gate.domain.ork:
    site: internet
    address: [192.0.2.10, 192.168.0.1]
    forwards: {25: mail.domain.ork}
    hides_clients: HIDES
  mail.domain.ork:
    site: office
    address: 192.168.0.5
    behind: gate.domain.ork
  bot.example:
    site: internet
    address: 203.0.113.9
  victim.example:
    site: internet
    address: 198.51.100.7
"""
MAIN_CF = """\
compatibility_level = 3.6
mydestination = $myhostname
mynetworks = 192.168.0.0/16, 127.0.0.0/8
alias_maps =
smtputf8_enable = no
"""


def make(tmp_path: Path, hides: bool) -> World:
    """The world, with a gateway that hides its clients or does not."""
    for name in ("mail.domain.ork", "victim.example"):
        etc = tmp_path / "hosts" / name / "etc/postfix"
        etc.mkdir(parents=True)
        (etc / "main.cf").write_text(MAIN_CF, encoding="utf-8")
    (tmp_path / "world.yaml").write_text(WORLD.replace("HIDES", str(hides).lower()), encoding="utf-8")
    return load(tmp_path)


@pytest.mark.parametrize(("hides", "code"), [(True, "250"), (False, "454")])
def test_a_gateway_that_hides_clients_opens_a_well_configured_relay(tmp_path: Path, hides: bool, code: str) -> None:
    """A stranger who seems to come from the gateway's inside address is within mynetworks."""
    typed = make(tmp_path, hides).telnet("bot.example", "192.0.2.10")
    for line in ("HELO bot.example", "MAIL FROM:<a@bot.example>"):
        typed.type(line)
    assert str(typed.type("RCPT TO:<b@elsewhere.example>")).startswith(code)


def test_connections_from_behind_show_the_gateway(tmp_path: Path) -> None:
    """A server elsewhere sees the gateway's address, not the one behind it."""
    world = make(tmp_path, False)
    world.telnet("mail.domain.ork", "198.51.100.7")
    connects = [r.fields[1] for r in world.results.records if r.event == "connect" and r.host == "victim.example"]
    assert connects == ["192.0.2.10"]
