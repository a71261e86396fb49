"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(1, hint="Is the sender's address proof of anything?", manual="access(5)")
def a_forged_sender_waits_too(bench: Bench) -> None:
    """A stranger who claims to be the shop's ticket system is put off like any other."""
    bench.letter("203.0.113.9", "robot@tickets.example", "bob@domain.ork").refused()


@check(1, hint="What does OK skip?", manual="SMTPD_ACCESS_README")
def trusted_clients_may_not_relay(bench: Bench) -> None:
    """Neither strangers nor those who need not wait can send through us to third parties."""
    for client in ("203.0.113.9", "203.0.113.40", "198.51.100.20"):
        bench.letter(client, "robot@tickets.example", "me@guesser.example").refused()
