"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

PARTNER, HELO = "203.0.113.25", "mail.partner.example"
TROJAN = "198.18.0.4"
ALICE = "alice@domain.ork"


@check(1, hint="Whose letters come from nobody?", manual="RFC 5321, section 4.5.5")
def notices_come_through(bench: Bench) -> None:
    """A notice of failure, which has the null sender, is taken."""
    bench.letter(PARTNER, "", ALICE, helo=HELO).accepted()


@check(1, hint="Can a rule judge a greeting that nobody made?", manual="postconf(5), smtpd_helo_required")
def silence_is_no_way_round(bench: Bench) -> None:
    """A client that does not greet at all gets no letter in."""
    session = bench.world.telnet(TROJAN, bench.study)
    answers = [session.type(line) for line in ("MAIL FROM:<a@partner.example>", f"RCPT TO:<{ALICE}>")]
    bench.expect(answers[-1][:1] != "2", "a client that left HELO out was let in", session.transcript)


@check(1, hint="Does DNS say no, or can it not say?", manual="postconf(5), unknown_address_tempfail_action")
def trouble_with_dns_is_not_final(bench: Bench) -> None:
    """A sender whose domain cannot be looked up at the moment is put off, not turned away."""
    bench.letter(PARTNER, "eve@asleep.example", ALICE, helo=HELO).refused("4")


@check(1, hint="What does a domain need to take mail?", manual="RFC 5321, section 5.1")
def no_mx_is_no_crime(bench: Bench) -> None:
    """A sender whose domain has an address and no MX is taken."""
    bench.letter(PARTNER, "tom@small.example", ALICE, helo=HELO).accepted()


@check(1, hint="What do you judge, whence somebody calls or how?", manual="postconf(5), check_helo_access")
def whoever_says_so_is_refused(bench: Bench) -> None:
    """A bare word, an address without brackets or our name is refused for good from any stranger."""
    for helo in ("desktop-7", PARTNER, "domain.ork"):
        bench.letter(PARTNER, "ann@partner.example", ALICE, helo=helo).refused("5")


@check(1, hint="Who could say that word?", manual="SMTPD_ACCESS_README")
def the_customers_words_open_nothing(bench: Bench) -> None:
    """A stranger who greets with the customer's `server2.local`, or writes in his name, is judged like any other."""
    for domain in ("nowhere.invalid", "no-such-firm.example"):
        bench.letter(TROJAN, f"a@{domain}", ALICE, helo="server2.local").refused()
    for helo in ("friend", "desktop-7"):
        bench.letter(TROJAN, "joe@customer.example", ALICE, helo=helo).refused("5")


@check(1, hint="Do you name a network, or those who are in it today?", manual="postconf(5), mynetworks")
def others_are_treated_alike(bench: Bench) -> None:
    """Another PC, which greets as `annes-laptop`, can send; another well-kept server can write to the office."""
    pc = bench.another("pc1.domain.ork", "192.168.1.133")
    bench.letter(pc, ALICE, "joe@customer.example", helo="annes-laptop").accepted()
    bench.world.zones.read("newcomer.example. IN MX 10 mx.newcomer.example.\nmx.newcomer.example. IN A 198.18.44.7\n")
    stranger = bench.another("mail.partner.example", "198.18.44.7")
    bench.letter(stranger, "eve@newcomer.example", "postmaster@domain.ork", helo="mx.newcomer.example").accepted()
    bench.letter(stranger, "eve@newcomer.example", "joe@customer.example", helo="mx.newcomer.example").refused()
