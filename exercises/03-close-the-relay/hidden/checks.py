"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from itertools import product

from simmail.lab.checks import Bench, check


@check(1, hint="How many PCs can the office have?", manual="postconf(5), mynetworks")
def every_pc_may_send(bench: Bench) -> None:
    """The office's other PCs, also new ones, can send mail to anywhere, too, and it arrives."""
    new = bench.another("pc2.domain.ork", "192.168.1.50")
    for client in ("192.168.1.2", "192.168.1.100", "192.168.1.129", "192.168.1.254", new):
        subject = f"Subject: from {client}"
        to = "friend@elsewhere.example"
        bench.letter(client, "alice@domain.ork", to, text=f"{subject}\n\nhello").accepted()
        bench.arrives("friend", subject, "mx.elsewhere.example", within=60.0)
    bench.letter(new, "bob@domain.ork", "joe@stranger.example").accepted()


@check(1, hint="The guests' network is not the office's.", manual="postconf(5), mynetworks")
def guests_may_not_relay(bench: Bench) -> None:
    """The guests' wireless networks, elsewhere in the same private range, cannot send mail to third parties."""
    for client in ("192.168.77.5", "192.168.0.5", "192.168.2.5", bench.another("guest.domain.ork", "192.168.50.5")):
        bench.letter(client, "guest@domain.ork", "friend@elsewhere.example").refused()


@check(1, hint="Is the sender's address proof of anything, or the name in a greeting?", manual="SMTPD_ACCESS_README")
def a_forged_sender_does_not_help(bench: Bench) -> None:
    """A stranger who claims to be Alice, or the web server, cannot send mail to third parties."""
    clients = ("203.0.113.9", bench.another("stranger.example", "198.18.44.7"))
    helos = ("stranger.example", "web.domain.ork", "web", "pc1.domain.ork", "mail.domain.ork", "domain.ork")
    for client, helo, sender in product(clients, helos, ("alice@domain.ork", "www@domain.ork", "")):
        bench.letter(client, sender, "friend@elsewhere.example", helo=helo).refused()
