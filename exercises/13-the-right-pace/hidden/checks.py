"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(1, hint="Is the sender's address proof of anything, or the name in a greeting?", manual="access(5)")
def a_forged_sender_waits_too(bench: Bench) -> None:
    """A stranger who claims to be the shop's ticket system, or head office, is put off like any other."""
    for helo, sender in (
        ("stranger.example", "robot@tickets.example"), ("shop.tickets.example", "robot@tickets.example"),
        ("mail.parentco.con", "clerk@parentco.con"), ("stranger.example", "clerk1@parentco.con"),
    ):  # fmt: skip
        bench.letter("203.0.113.9", sender, "bob@domain.ork", helo=helo).refused()


@check(1, hint="How many addresses does your exception name?", manual="access(5), cidr_table(5)")
def neighbours_wait_and_every_pc_does_not(bench: Bench) -> None:
    """Neighbours of the shop and of head office, and new strangers, are put off; the office's other PCs are not."""
    new = [bench.another("neighbours.example", address) for address in ("203.0.113.45", "198.51.100.28", "198.18.44.7")]
    for client in ("203.0.113.41", "198.51.100.21", "198.51.100.19", *new):
        bench.letter(client, "me@stranger.example", "alice@domain.ork").refused("450")
    for client in ("192.168.1.77", "192.168.1.201", bench.another("pc1.domain.ork", "192.168.1.133")):
        bench.letter(client, "alice@domain.ork", "petra@parentco.con").accepted()


@check(1, hint="What does OK skip?", manual="SMTPD_ACCESS_README")
def trusted_clients_may_not_relay(bench: Bench) -> None:
    """Neither strangers nor those who need not wait can send through us to third parties."""
    new = bench.another("stranger.example", "198.18.44.7")
    for client in ("203.0.113.9", "203.0.113.40", "198.51.100.20", new):
        bench.letter(client, "robot@tickets.example", "me@guesser.example").refused()
