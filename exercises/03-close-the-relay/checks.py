"""What must hold of a server that relays for its own people alone."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(
    2, hint="Which addresses do the office's PCs have? Which parameter names them?", manual="postconf(5), mynetworks"
)
def office_may_send(bench: Bench) -> None:
    """The office's PCs can send mail to anywhere."""
    for client in ("192.168.1.20", "192.168.1.77", "192.168.1.201"):
        bench.letter(client, "alice@domain.ork", "friend@elsewhere.example").accepted()


@check(1, hint="A single address can stand in the list too.", manual="postconf(5), mynetworks")
def web_server_may_send(bench: Bench) -> None:
    """The office's web server can send mail to anywhere."""
    bench.letter("192.0.2.20", "www@domain.ork", "friend@elsewhere.example").accepted()


@check(
    3, hint="Who is in mynetworks, and what follows permit_mynetworks?", manual="postconf(5), smtpd_relay_restrictions"
)
def strangers_may_not_relay(bench: Bench) -> None:
    """A stranger cannot send mail to third parties."""
    for client in ("203.0.113.9", "203.0.113.200", "198.18.0.9", bench.another("stranger.example", "198.18.0.77")):
        bench.letter(client, "me@stranger.example", "friend@elsewhere.example").refused()


@check(2, hint="How many addresses does a network with /24 have?", manual="postconf(5), mynetworks")
def neighbours_may_not_relay(bench: Bench) -> None:
    """Neighbours in the data centre cannot send mail to third parties, those next to the web server neither."""
    for client in ("192.0.2.99", "192.0.2.21", "192.0.2.19", bench.another("neighbour.example", "192.0.2.177")):
        bench.letter(client, "me@neighbour.example", "friend@elsewhere.example").refused()


@check(2, hint="Refuse the relaying, not the client.", manual="postconf(5), mydestination")
def everybody_may_write_to_the_office(bench: Bench) -> None:
    """Strangers' letters to Alice and to the postmaster are taken and reach the mailbox."""
    for client, sender, name in (
        ("203.0.113.9", "me@stranger.example", "alice"),
        ("198.18.0.9", "ann@customer.example", "postmaster"),
    ):
        subject = f"Subject: for {name}"
        bench.letter(client, sender, f"{name}@domain.ork", text=f"{subject}\n\nhello").accepted()
        bench.arrives("alice", subject)
