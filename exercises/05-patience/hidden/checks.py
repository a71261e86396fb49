"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

DAY_S = 86_400.0
#: How long it may take until a letter whose time is up is tried once more, and returned.
LAST_TRY_S = 7200.0


@check(1, hint="Patience has an end.", manual="postconf(5), maximal_queue_lifetime")
def gives_up_in_the_end(bench: Bench) -> None:
    """A letter to a server that never comes back is returned within a fortnight."""
    bench.letter("192.168.1.20", "alice@domain.ork", "joe@gone.example").accepted()
    bench.arrives("alice", "Undelivered Mail Returned to Sender", within=14 * DAY_S + LAST_TRY_S)


@check(1, hint="Waiting is for those who may come back.", manual="RFC 2308")
def the_office_has_mail_at_once(bench: Bench) -> None:
    """A letter within the office is delivered at once."""
    bench.letter("192.168.1.20", "alice@domain.ork", "postmaster@domain.ork").accepted()
    bench.arrives("alice", "Subject: a probe", within=5.0)
