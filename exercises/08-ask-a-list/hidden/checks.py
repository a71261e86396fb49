"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(2, hint="Which answers are verdicts? There is a filter for them.", manual="postconf(5), reject_rbl_client")
def an_error_is_no_verdict(bench: Bench) -> None:
    """A client about whom the list answers 127.255.255.254, an error, is not refused."""
    bench.letter("192.0.2.78", "ann@partner.example", "alice@domain.ork").accepted()


@check(1, hint="A list has more than one code.", manual="postconf(5), reject_rbl_client")
def every_kind_of_listing_counts(bench: Bench) -> None:
    """A client that is listed with another code, 127.0.0.4, is refused as well."""
    bench.letter("198.18.0.9", "offers@victim.example", "alice@domain.ork").refused()


@check(1, hint="How many addresses does your exception name?", manual="access(5), cidr_table(5)")
def the_neighbour_stays_out(bench: Bench) -> None:
    """The customer's neighbour in the listed network is refused."""
    bench.letter("198.51.100.26", "x@neighbour.example", "alice@domain.ork").refused()


@check(1, hint="What does OK permit, and what is left to say no?", manual="SMTPD_ACCESS_README")
def the_exception_is_not_for_relaying(bench: Bench) -> None:
    """The customer cannot send mail through the server to third parties."""
    bench.letter("198.51.100.25", "joe@customer.example", "bob@partner.example").refused()
