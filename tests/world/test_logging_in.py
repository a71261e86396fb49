"""A relayhost that wants a login: what the client is told there, and what becomes of the mail."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.world.loader import load
from simmail.world.world import World

WORLD = """\
title: a provider that wants a login
start: 2026-03-02 09:00
sites: [office, internet]
links:
  - {between: [office, internet], latency: 12ms}
hosts:
  mail.domain.ork: {site: office, address: 192.0.2.10, users: {joe: Joe}}
  relay.provider.example: {site: internet, address: 203.0.113.9, users: {pat: Pat}}
"""
MAIN_CF = """\
compatibility_level = 3.6
alias_maps =
"""
CLIENT_CF = """\
myhostname = mail.domain.ork
relayhost = [203.0.113.9]
smtp_sasl_auth_enable = yes
smtp_sasl_security_options = noanonymous
smtp_sasl_password_maps = inline:{{[203.0.113.9] = joe:secret}}
"""
SERVER_CF = """\
myhostname = relay.provider.example
smtpd_sasl_auth_enable = yes
"""


@pytest.mark.parametrize("mechanism", ["plain", "login", "scram-sha-256"])
def test_a_login_that_is_refused_keeps_mail_waiting(tmp_path: Path, mechanism: str) -> None:
    """The dialogue of the mechanism goes through to its end; the server knows nobody, and the client defers."""
    texts = {
        "world.yaml": WORLD,
        "hosts/mail.domain.ork/etc/postfix/main.cf": MAIN_CF + CLIENT_CF,
        "hosts/relay.provider.example/etc/postfix/main.cf": MAIN_CF
        + SERVER_CF
        + f"smtpd_sasl_mechanism_filter = {mechanism}\n",
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    world: World = load(tmp_path, seed=1)
    world.run(until="1m")
    mail, relay = world.host("mail.domain.ork"), world.host("relay.provider.example")
    mail.sh("printf 'Subject: x\\n\\n' | sendmail -f joe@mail.domain.ork pat@relay.provider.example")
    world.run(until="2m")
    said = "535 5.7.8 Error: authentication failed: authentication failure"
    log = str(mail.sh("grep status= /var/log/maillog"))
    assert "dsn=4.7.8, status=deferred (SASL authentication failed; server 203.0.113.9[203.0.113.9] " in log
    assert f"said: {said})" in log
    name = "(unavailable)" if mechanism.startswith("scram") else "joe"
    heard = str(relay.sh("grep SASL /var/log/maillog"))
    assert f"SASL {mechanism.upper()} authentication failed: authentication failure, sasl_username={name}" in heard
