"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(2, hint="Whose header is that of an attached letter?", manual="postconf(5), nested_header_checks")
def a_complaint_arrives(bench: Bench) -> None:
    """Somebody complains to `abuse`, with the advertising attached as a letter: the complaint arrives."""
    text = (
        "Subject: Is this yours?\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n"
        "X-Mailer: SuperMailer 3.1\nSubject: FREE OFFER!!\n\nClick here."
    )
    bench.letter("198.51.100.23", "teacher@sunnydays.example", "abuse@domain.ork", text=text).accepted()
    bench.arrives("alice", "Subject: Is this yours?", within=60)
