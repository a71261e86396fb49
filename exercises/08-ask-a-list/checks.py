"""What must hold of a server that asks a list, and is not at its mercy."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

#: What an honest client waits for the answer to RCPT, at most (s); two look-ups take a fraction of one.
PATIENCE_S = 2.0


@check(3, hint="Which list lives? Which restriction asks about an address?", manual="postconf(5), reject_rbl_client")
def listed_are_refused(bench: Bench) -> None:
    """A trojaned PC that the list knows is refused for good."""
    bench.letter("198.18.0.4", "offers@victim.example", "alice@domain.ork").refused("5")


@check(2, hint="Who stands at the door before the list is asked?", manual="postconf(5), permit_mynetworks")
def the_office_can_send(bench: Bench) -> None:
    """The office's PC can send although the list has its address by mistake."""
    bench.letter("192.168.1.20", "alice@domain.ork", "joe@customer.example").accepted()


@check(2, hint="A list that answers for everybody has closed. Ask it about 127.0.0.1.", manual="RFC 5782, section 5")
def honest_strangers_can_write(bench: Bench) -> None:
    """Somebody whom no living list knows can write to Alice, and the letter arrives."""
    bench.letter("192.0.2.77", "ann@partner.example", "alice@domain.ork").accepted()
    bench.arrives("alice", "Subject: a probe")


@check(2, hint="What stands in front of the list is decided before it is asked.", manual="access(5)")
def the_customer_can_write(bench: Bench) -> None:
    """The customer's server at 198.51.100.25 can write to Alice although the list has its whole network."""
    bench.letter("198.51.100.25", "joe@customer.example", "alice@domain.ork").accepted()
    bench.arrives("alice", "Subject: a probe", within=60.0)


@check(2, hint="How long does an answer take that never comes?", manual="postconf(5), reject_rbl_client")
def nobody_waits(bench: Bench) -> None:
    """An honest stranger waits no longer than two seconds for the answer to RCPT."""
    session = bench.world.telnet("192.0.2.77", bench.study)
    for line in ("EHLO mail.partner.example", "MAIL FROM:<ann@partner.example>"):
        session.type(line)
    begun = bench.world.now
    session.type("RCPT TO:<alice@domain.ork>")
    waited = bench.world.now - begun
    bench.expect(waited <= PATIENCE_S, f"the answer to RCPT took {waited:.0f} seconds")
