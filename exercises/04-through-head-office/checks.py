"""What must hold of two servers of which one sends through the other."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

HEAD = "mail.parentco.con"
CUSTOMER = "mx.customer.example"


@check(3, hint="Where does the letter get to, and what is it told there?", manual="postconf(5), relayhost")
def alices_letter_reaches_the_customer(bench: Bench) -> None:
    """A letter from the branch's PC to a customer who refuses broadband lines reaches the customer's mailbox."""
    bench.letter("192.168.1.20", "alice@domain.ork", "ben@customer.example").accepted()
    bench.world.run(bench.world.now + 900)
    arrived = "Subject: a probe" in bench.mailbox("ben", CUSTOMER)
    bench.expect(arrived, "the letter did not come to the mailbox of ben at customer.example")


@check(2, hint="By which way does head office itself send?", manual="postconf(5), relayhost")
def head_offices_letter_reaches_the_customer(bench: Bench) -> None:
    """Letters from PCs at head office to the customer reach the customer's mailbox."""
    for client in ("10.1.0.77", "10.1.0.20"):
        bench.letter(client, "ann@parentco.con", "ben@customer.example", host=HEAD).accepted()
    bench.world.run(bench.world.now + 900)
    arrived = "Subject: a probe" in bench.mailbox("ben", CUSTOMER)
    bench.expect(arrived, "the letter did not come to the mailbox of ben at customer.example", bench.log(HEAD)[-12:])


@check(
    2,
    hint="Who else has an address in that network? Is a name that a client says proof of anything?",
    manual="postconf(5), mynetworks",
)
def neighbours_may_not_relay(bench: Bench) -> None:
    """Neighbours on the same broadband network cannot send through head office, whoever they say they are."""
    another = bench.another("neighbour.broadband.example", "203.0.113.177")
    for client in ("203.0.113.99", "203.0.113.56", "203.0.113.58", another):
        bench.letter(client, "me@neighbour.example", "ben@customer.example", host=HEAD).refused()
    for helo in ("mail.domain.ork", "domain.ork", "mail.parentco.con"):
        for sender in ("alice@domain.ork", "ann@parentco.con", ""):
            bench.letter("203.0.113.99", sender, "ben@customer.example", host=HEAD, helo=helo).refused()


@check(2, hint="relayhost is for what does not end here. What ends here?", manual="postconf(5), mydestination")
def the_customers_answer_arrives(bench: Bench) -> None:
    """A letter from the customer's server to Alice is taken and reaches her mailbox."""
    bench.letter("198.18.1.1", "ben@customer.example", "alice@domain.ork").accepted()
    bench.arrives("alice", "Subject: a probe", within=900.0)
