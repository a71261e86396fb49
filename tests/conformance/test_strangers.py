"""A program of Postfix in the place of another: the run goes on, and mail is where it can be found."""

from __future__ import annotations

from pathlib import Path

import pytest

from simmail.conformance.case import Case
from simmail.conformance.player import Player
from simmail.postfix.roles import ROLES

TEXT = """\
about: ROLE is COMMAND
users: [bledger]
main.cf: |
  compatibility_level = 3.6
  myhostname = mail.domain.ork
  mydestination = $myhostname, domain.ork
  alias_maps =
  smtpd_sender_restrictions = reject_unverified_sender
master.cf: |
  ROLE unix PRIVATE - n - LIMIT COMMAND
steps:
  - client: 203.0.113.9
    send: |
      EHLO client.example
      MAIL FROM:<bledger@domain.ork>
      RCPT TO:<bledger@domain.ork>
      DATA
      Subject: one

      text
      .
      QUIT
  - run: sendmail nosuch@domain.ork
    stdin: "x"
  - run: sendmail bledger@elsewhere.example
    stdin: "x"
  - run: postqueue -f
  - run: postfix reload
  - wait: 5
"""
LIMITS = {"cleanup": "0", "bounce": "0", "defer": "0", "trace": "0", "verify": "1", "qmgr": "1", "pickup": "1"}


@pytest.mark.parametrize("command", ["smtp", "smtpd", "pickup", "flush", "bounce", "trivial-rewrite"])
@pytest.mark.parametrize("role", ROLES)
def test_mail_is_kept(role: str, command: str, tmp_path: Path) -> None:
    """No run ends in an error, and no letter of those that were accepted is lost."""
    private = "n" if ROLES[role].folder == "public" else "-"
    said = {"ROLE": role, "COMMAND": command, "PRIVATE": private, "LIMIT": LIMITS.get(role, "-")}
    text = TEXT
    for word, value in said.items():
        text = text.replace(word, value)
    path = tmp_path / f"{role}.yaml"
    path.write_text(text, encoding="utf-8")
    player = Player(Case.read(path))
    player.play()
    assert player.world.conservation().holds
