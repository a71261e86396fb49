"""What must hold of a server whose main.cf says what its administrator meant."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(2, hint="What does the port say, and what the log? Do the limits agree?", manual="postconf(5), mydestination")
def a_letter_arrives(bench: Bench) -> None:
    """A customer's letter to the office is taken and reaches the mailbox."""
    bench.letter("203.0.113.9", "customer@customer.example", "alice@domain.ork").accepted()
    bench.arrives("alice", "Subject: a probe")


@check(2, hint="For which domains does mail end here? Set twice, what counts?", manual="postconf(5), mydestination")
def the_new_domain_works(bench: Bench) -> None:
    """A customer's letter to trinkets.bis is taken and reaches the mailbox."""
    bench.letter("203.0.113.9", "customer@customer.example", "alice@trinkets.bis").accepted()
    bench.arrives("alice", "Subject: a probe")


@check(2, hint="Ask postconf what mynetworks is, and read its warnings.", manual="postconf(5), mynetworks")
def the_office_may_send(bench: Bench) -> None:
    """The office's PCs can send mail to anywhere."""
    for client in ("192.168.1.20", "192.168.1.201", bench.another("pc1.domain.ork", "192.168.1.77")):
        bench.letter(client, "alice@domain.ork", "friend@elsewhere.example").accepted()


@check(2, hint="Who is in mynetworks?", manual="postconf(5), mynetworks")
def strangers_may_not_relay(bench: Bench) -> None:
    """Strangers are told that they cannot send mail to third parties, also where they claim to be Alice."""
    another = bench.another("customer.example", "198.18.0.77")
    for client in ("203.0.113.9", "203.0.113.200", "198.51.100.77", another):
        for sender in ("customer@customer.example", "alice@domain.ork"):
            bench.letter(client, sender, "friend@elsewhere.example").refused()


@check(2, hint="As mail, a photo is 37 % larger than on the disk.", manual="postconf(5), message_size_limit")
def a_photo_passes(bench: Bench) -> None:
    """A letter with a photo of 3 MB is not too large."""
    session = bench.world.telnet("customer.example", bench.study)
    session.type("EHLO customer.example")
    said = session.type("MAIL FROM:<customer@customer.example> SIZE=4110000")
    bench.expect(said.startswith("250"), f"a letter of 4110000 octets was answered {said!r}", session.transcript)
