"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

HEAD = "mail.parentco.con"


@check(1, hint="Mail from Alice to Alice has no need of head office.", manual="postconf(5), mydestination")
def the_branch_can_do_without(bench: Bench) -> None:
    """While head office is down, mail within the branch arrives."""
    bench.sh("postfix stop", HEAD)
    bench.letter("192.168.1.20", "alice@domain.ork", "alice@domain.ork").accepted()
    bench.arrives("alice", "Subject: a probe", within=60.0)


@check(1, hint="Which way does it take, and does it end there?", manual="postconf(5), relayhost")
def head_office_can_be_written_to(bench: Bench) -> None:
    """A letter from Alice to Ann at head office reaches her mailbox."""
    bench.letter("192.168.1.20", "alice@domain.ork", "ann@parentco.con").accepted()
    bench.world.run(bench.world.now + 900)
    bench.expect("Subject: a probe" in bench.mailbox("ann", HEAD), "the letter did not come to Ann's mailbox")


@check(1, hint="Are there no others who take nothing from broadband lines?", manual="postconf(5), relayhost")
def all_goes_through_head_office(bench: Bench) -> None:
    """A letter from Alice to somebody else in the world goes by way of head office, too."""
    to = "joe@elsewhere.example"
    bench.letter("192.168.1.20", "alice@domain.ork", to).accepted()
    bench.world.run(bench.world.now + 900)
    seen, tried = ([line for line in bench.log(host) if f"to=<{to}>" in line] for host in (HEAD, ""))
    bench.expect(any("status=" in line for line in seen), "head office has not taken it", [*tried, *seen])


@check(1, hint="Who may send through the branch's server?", manual="postconf(5), mynetworks")
def the_branch_is_no_way_round(bench: Bench) -> None:
    """Neighbours cannot send through the branch, and so through head office, whoever they say they are."""
    for client in ("203.0.113.99", "203.0.113.56", "203.0.113.58"):
        bench.letter(client, "me@neighbour.example", "ben@customer.example").refused()
    for helo in ("pc1.domain.ork", "domain.ork", "mail.domain.ork", "mail.parentco.con"):
        for sender in ("alice@domain.ork", "ann@parentco.con", ""):
            bench.letter("203.0.113.99", sender, "ben@customer.example", helo=helo).refused()


@check(1, hint="Do you name a network, or those who are in it today?", manual="postconf(5), mynetworks")
def others_are_treated_alike(bench: Bench) -> None:
    """New PCs of both offices can send to anywhere, and new neighbours cannot, through neither server."""
    for host, client, server in (("pc1.domain.ork", "192.168.1.133", ""), ("pc.parentco.con", "10.1.0.150", HEAD)):
        bench.letter(bench.another(host, client), "ann@parentco.con", "joe@elsewhere.example", host=server).accepted()
    for address in ("203.0.113.150", "198.18.44.7"):
        client = bench.another("neighbour.broadband.example", address)
        for server in ("", HEAD):
            bench.letter(client, "eve@neighbour.example", "joe@elsewhere.example", host=server).refused()
