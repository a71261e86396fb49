"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(1, hint="What separates a user's name from an extension?", manual="postconf(5), recipient_delimiter")
def an_extension_is_alices(bench: Bench) -> None:
    """A letter to alice+wine is Alice's."""
    bench.letter("203.0.113.9", "customer@customer.example", "alice+wine@domain.ork").accepted()
    bench.arrives("alice", "Subject: a probe")


@check(1, hint="What stands behind a bare user name?", manual="postconf(5), myorigin")
def the_machines_own_mail_arrives(bench: Bench) -> None:
    """What the server itself writes to alice arrives, and is root's of the office's domain."""
    done = bench.world.host(bench.study).sh("sendmail alice", stdin="Subject: the backup\n\nwent well.\n")
    bench.expect(not done.status, f"sendmail said {str(done)!r}")
    bench.arrives("alice", "Return-Path: <root@domain.ork>")


@check(1, hint="Without a limit anybody can fill the disk.", manual="postconf(5), message_size_limit")
def a_film_does_not_pass(bench: Bench) -> None:
    """A letter of 100 MB is refused at once."""
    session = bench.world.telnet("customer.example", bench.study)
    session.type("EHLO customer.example")
    said = session.type("MAIL FROM:<customer@customer.example> SIZE=100000000")
    bench.expect(said.startswith("552"), f"a letter of 100000000 octets was answered {said!r}", session.transcript)


@check(1, hint="Do you name a network, or those who are in it today?", manual="postconf(5), mynetworks")
def others_are_treated_alike(bench: Bench) -> None:
    """Another PC of the office can send mail to another domain, and it is tried there; another stranger cannot."""
    to = "joe@customer.example"
    bench.letter(bench.another("pc1.domain.ork", "192.168.1.133"), "alice@domain.ork", to).accepted()
    bench.world.run(bench.world.now + 60)
    called = [line for line in bench.log() if "connect to customer.example[203.0.113.9]" in line]
    bench.expect(bool(called), f"with a letter to {to} nobody has called there")
    bench.letter(bench.another("customer.example", "198.18.44.7"), "eve@elsewhere.example", to).refused()
