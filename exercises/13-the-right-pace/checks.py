"""What must hold of a server that slows down the right people."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

STRANGER, OFFICE, PARENT, TICKETS = "203.0.113.9", "192.168.1.20", "198.51.100.20", "203.0.113.40"
GUESSER = "203.0.113.66"
SERVER = "mail.domain.ork"
#: The slowest that a session with two slips may be, seconds.
SLIPS_S = 3.0


@check(2, hint="Who is asked about a recipient, and where does it listen?", manual="SMTPD_POLICY_README")
def strangers_wait(bench: Bench) -> None:
    """A stranger's first letter is put off; when he comes back after six minutes it arrives."""
    bench.letter(STRANGER, "me@stranger.example", "alice@domain.ork").refused("450")
    bench.world.run(bench.world.now + 360)
    bench.letter(STRANGER, "me@stranger.example", "alice@domain.ork").accepted()
    bench.arrives("alice", "Subject: a probe", within=60.0)


@check(1, hint="What stands first in the list?", manual="SMTPD_ACCESS_README")
def the_office_does_not_wait(bench: Bench) -> None:
    """The office's PCs are never put off, wherever they write to."""
    for to in ("bob@domain.ork", "petra@parentco.con"):
        bench.letter(OFFICE, "alice@domain.ork", to).accepted()


@check(2, hint="A client can be known by its address, before anybody is asked.", manual="access(5)")
def one_try_is_enough_for_the_shop(bench: Bench) -> None:
    """The shop's ticket system, which tries once, is let in at its first try."""
    bench.letter(TICKETS, "robot@tickets.example", "bob@domain.ork").accepted()
    bench.arrives("bob", "Subject: a probe", within=60.0)


@check(2, hint="How many connections a minute are thirty letters?", manual="postconf(5), smtpd_client_*_rate_limit")
def the_statements_arrive(bench: Bench) -> None:
    """Head office delivers thirty letters within a minute, each at the first try."""
    for number in range(30):
        text = f"Subject: statement {number:02}\n\nhello"
        bench.letter(PARENT, f"clerk{number}@parentco.con", "alice@domain.ork", text=text).accepted()
    for number in range(30):
        bench.arrives("alice", f"Subject: statement {number:02}", within=10.0)


@check(1, hint="Somebody counts the clients' connections.", manual="anvil(8)")
def a_runaway_client_is_stopped(bench: Bench) -> None:
    """A stranger who calls a hundred times within half a minute is turned away with 421 before the end."""
    said = ""
    for _ in range(100):
        session = bench.world.telnet(GUESSER, SERVER)
        said = session.transcript[-1]
        if "421" in said:
            return
        session.type("QUIT")
    bench.expect(False, f"the last of a hundred calls was answered {said!r}")


@check(1, hint="Everybody mistypes an address now and then.", manual="postconf(5), smtpd_soft_error_limit")
def a_slip_costs_nothing(bench: Bench) -> None:
    """Whoever has two wrong names among his recipients is answered at once, and is not hung up on."""
    session = bench.world.telnet(PARENT, SERVER)
    begun = bench.world.now
    for line in ("EHLO mail.parentco.con", "MAIL FROM:<clerk@parentco.con>"):
        session.type(line)
    for to in ("alise@domain.ork", "bbo@domain.ork", "alice@domain.ork"):
        said = session.type(f"RCPT TO:<{to}>")
    took = bench.world.now - begun
    bench.expect(said.startswith("250"), f"after two slips the right name was answered {said!r}", session.transcript)
    bench.expect(took <= SLIPS_S, f"it took {took:.0f} s", session.transcript)


@check(1, hint="How many mistakes are a guesser's?", manual="postconf(5), smtpd_hard_error_limit")
def a_guesser_is_cut_off(bench: Bench) -> None:
    """Whoever tries name after name is slowed down, and hung up on before the thirtieth."""
    session = bench.world.telnet(GUESSER, SERVER)
    begun = bench.world.now
    for line in ("EHLO guesser.example", "MAIL FROM:<me@guesser.example>"):
        session.type(line)
    for number in range(30):
        session.type(f"RCPT TO:<guess{number}@domain.ork>")
    bench.expect(not session.open, "after thirty wrong names it is still listened to", session.transcript[-6:])
    bench.expect(bench.world.now - begun >= 5, "it was not slowed down before that", session.transcript[-6:])


@check(2, hint="What does Postfix do when the server it asks is silent?", manual="SMTPD_POLICY_README")
def mail_comes_without_greylisting(bench: Bench) -> None:
    """When the greylisting server is down, a stranger's letter is taken all the same."""
    bench.world.host("grey.domain.ork").crash()
    bench.letter(STRANGER, "me@stranger.example", "alice@domain.ork").accepted()
