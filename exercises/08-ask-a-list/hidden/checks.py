"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


def _listed(bench: Bench, address: str, code: int) -> str:
    """Let the list know an address from now on; the address."""
    octets = ".".join(reversed(address.split(".")))
    bench.world.zones.read(f"{octets}.bl.lists.example. IN A 127.0.0.{code}\n")
    return address


@check(2, hint="Which answers are verdicts? There is a filter for them.", manual="postconf(5), reject_rbl_client")
def an_error_is_no_verdict(bench: Bench) -> None:
    """A client about whom the list answers 127.255.255.254, or 127.0.0.1, .12 or .255, is not refused."""
    for client in ("192.0.2.78", "192.0.2.79", "192.0.2.80", "192.0.2.81"):
        bench.letter(client, "ann@partner.example", "alice@domain.ork").accepted()


@check(1, hint="A list has more than one code.", manual="postconf(5), reject_rbl_client")
def every_kind_of_listing_counts(bench: Bench) -> None:
    """A client that is listed with another code, 127.0.0.4, .7, .10 or .11, is refused as well."""
    new = _listed(bench, bench.another("trojan.example", "198.18.44.7"), 7)
    for client in ("198.18.0.9", "198.18.0.10", "198.18.0.11", new):
        bench.letter(client, "offers@victim.example", "alice@domain.ork").refused()


@check(1, hint="Is it the list that decides?", manual="postconf(5), reject_rbl_client")
def the_list_is_asked_each_time(bench: Bench) -> None:
    """Who is listed tomorrow is refused tomorrow, and who is taken off the list can write."""
    zones = bench.world.zones
    zones.read("77.2.0.192.bl.lists.example. IN A 127.0.0.2\n")
    bench.letter("192.0.2.77", "ann@partner.example", "alice@domain.ork").refused("5")
    zones.remove("4.0.18.198.bl.lists.example", "A")
    bench.letter("198.18.0.4", "eve@partner.example", "alice@domain.ork").accepted()


@check(
    1, hint="How many addresses does your exception name? Who could say that name?", manual="access(5), cidr_table(5)"
)
def the_neighbour_stays_out(bench: Bench) -> None:
    """The customer's neighbours in the listed network are refused, also in the customer's name."""
    new = _listed(bench, bench.another("mail.neighbour.example", "198.51.100.200"), 3)
    for client in ("198.51.100.26", "198.51.100.24", new):
        bench.letter(client, "x@neighbour.example", "alice@domain.ork").refused()
    for helo in ("mail.customer.example", "customer.example"):
        for sender in ("x@neighbour.example", "joe@customer.example"):
            bench.letter("198.51.100.26", sender, "alice@domain.ork", helo=helo).refused()


@check(1, hint="What does OK permit, and what is left to say no?", manual="SMTPD_ACCESS_README")
def the_exception_is_not_for_relaying(bench: Bench) -> None:
    """The customer cannot send mail through the server to third parties."""
    bench.letter("198.51.100.25", "joe@customer.example", "bob@partner.example").refused()


@check(1, hint="Do you name a network, or those who are in it today?", manual="postconf(5), mynetworks")
def others_are_treated_alike(bench: Bench) -> None:
    """Another PC, listed as well, can send; another honest stranger can write to the office, and not through it."""
    pc = _listed(bench, bench.another("pc1.domain.ork", "192.168.1.133"), 2)
    bench.letter(pc, "alice@domain.ork", "joe@customer.example").accepted()
    stranger = bench.another("mail.partner.example", "198.18.44.7")
    bench.letter(stranger, "eve@elsewhere.example", "postmaster@domain.ork").accepted()
    bench.letter(stranger, "eve@elsewhere.example", "joe@customer.example").refused()
