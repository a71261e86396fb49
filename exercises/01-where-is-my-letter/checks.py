"""What must hold of a small firm's mail server: out, in, and through it nothing else."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

SUBJECT = "Subject: a probe"


def _reaches(bench: Bench, *users: str) -> None:
    """The letter lies in the mailboxes of these users, and nobody else, here or elsewhere, was meant to get it."""
    for user in users:
        bench.arrives(user, SUBJECT, within=60.0)
    accounts = bench.world.host(bench.study).machine.accounts
    found = [user for user in accounts if user not in users and SUBJECT in bench.mailbox(user)]
    bench.expect(not found, f"it lies in the mailbox of {', '.join(found)}, too")
    deliveries = [line for line in bench.log() if " to=<" in line]
    others = [line for line in deliveries if "relay=local" not in line or "status=sent" not in line]
    bench.expect(not others, "it was meant for somebody else, too", others)


@check(3, hint="What does the log say behind status=, or behind reject:?", manual="postconf(5): relayhost, mynetworks")
def alice_can_write_to_the_accountants(bench: Bench) -> None:
    """A letter from Alice's computer to taxes@creativeacct.com is in the accountants' mailbox within a minute."""
    bench.letter("192.168.1.20", "alice@domain.ork", "taxes@creativeacct.com").accepted()
    bench.arrives("bledger", SUBJECT, "mail.creativeacct.com", within=60.0)


@check(2, hint="Who reads the mail for info? Which file says so?", manual="aliases(5)")
def info_reaches_alice_and_carl(bench: Bench) -> None:
    """A stranger's letter to info@domain.ork lies in two mailboxes, Alice's and Carl's, and in no other."""
    bench.letter("203.0.113.9", "me@stranger.example", "info@domain.ork").accepted()
    _reaches(bench, "alice", "carl")


@check(1, hint="Every server has to have one (RFC 5321, section 4.5.1).", manual="aliases(5)")
def postmaster_reaches_alice(bench: Bench) -> None:
    """A letter to postmaster@domain.ork lies in Alice's mailbox, and in no other."""
    bench.letter("203.0.113.9", "me@stranger.example", "postmaster@domain.ork").accepted()
    _reaches(bench, "alice")


@check(2, hint="Whose mail may a stranger hand in here?", manual="postconf(5), mynetworks")
def strangers_do_not_send_through_us(bench: Bench) -> None:
    """Strangers' letters to the accountants are not taken, also where they claim to be Alice."""
    for client in ("203.0.113.9", bench.another("stranger.example", "198.18.0.77")):
        for sender in ("me@stranger.example", "alice@domain.ork"):
            bench.letter(client, sender, "taxes@creativeacct.com").refused()
