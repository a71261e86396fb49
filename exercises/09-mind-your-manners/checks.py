"""What must hold of a server that looks at manners, and knows its own people."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

TROJAN, PARTNER, CUSTOMER = "198.18.0.4", "203.0.113.25", "203.0.113.30"
ALICE = "alice@domain.ork"


@check(3, hint="With what does an office's PC greet? What stands at the front?", manual="SMTPD_ACCESS_README")
def the_office_can_send(bench: Bench) -> None:
    """The office's PC, which greets as `bobs-pc`, can send mail to anywhere."""
    bench.letter("192.168.1.20", ALICE, "joe@customer.example", helo="bobs-pc").accepted()


@check(2, hint="Which rule wants a name with a dot in it?", manual="postconf(5), reject_non_fqdn_helo_hostname")
def bare_words_are_refused(bench: Bench) -> None:
    """A stranger who greets as `friend`, or with an address without brackets, is refused for good."""
    for helo in ("friend", TROJAN):
        bench.letter(TROJAN, "a@partner.example", ALICE, helo=helo).refused("5")


@check(2, hint="Ask postconf what it thinks of each line; then who says 450.", manual="unknown_address_reject_code")
def made_up_domains_are_refused(bench: Bench) -> None:
    """A sender whose domain does not exist is refused for good."""
    bench.letter(PARTNER, "a@nowhere.invalid", ALICE, helo="mail.partner.example").refused("5")


@check(2, hint="Does each restriction exist? The log says what stopped it.", manual="postconf(5)")
def honest_strangers_can_write(bench: Bench) -> None:
    """A well-kept server can write to Alice, and the letter arrives."""
    bench.letter(PARTNER, "ann@partner.example", ALICE, helo="mail.partner.example").accepted()
    bench.arrives("alice", "Subject: a probe")


@check(2, hint="Which rule looks the greeting up in DNS?", manual="postconf(5), reject_unknown_helo_hostname")
def the_customer_can_write(bench: Bench) -> None:
    """The customer, whose server greets as `server2.local`, can write to Alice."""
    bench.letter(CUSTOMER, "joe@customer.example", ALICE, helo="server2.local").accepted()
    bench.arrives("alice", "Subject: a probe", within=60.0)


@check(1, hint="Who greets with your name, and is not you?", manual="postconf(5), check_helo_access")
def nobody_greets_as_us(bench: Bench) -> None:
    """A stranger who greets as `domain.ork` is refused for good."""
    bench.letter(TROJAN, "a@partner.example", ALICE, helo="domain.ork").refused("5")
