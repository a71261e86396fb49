"""What must hold of a server that knows how to wait."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

HOUR_S = 3600.0
#: From the world's start until the partner is back.
BACK_S = 36 * HOUR_S
SUBJECT = "Subject: a probe"


def _written(bench: Bench, to: str) -> None:
    bench.letter("192.168.1.20", "alice@domain.ork", to).accepted()


def _tries(bench: Bench, to: str) -> list[float]:
    """When a letter to somebody was tried, seconds since the start."""
    return [r.time for r in bench.world.results.records if r.event == "delivery" and r.fields[0] == to]


@check(3, hint="For how long is a letter kept? Ask postconf.", manual="postconf(5), maximal_queue_lifetime")
def a_weekend_is_waited_out(bench: Bench) -> None:
    """A letter written on Friday evening is delivered although the partner is off until Sunday morning."""
    _written(bench, "joe@partner.example")
    bench.arrives("joe", SUBJECT, "mx.partner.example", within=BACK_S + 14 * HOUR_S)


@check(2, hint="What is the longest wait between two tries?", manual="postconf(5), maximal_backoff_time")
def prompt_afterwards(bench: Bench) -> None:
    """It is delivered within an hour and a half after the partner is back."""
    _written(bench, "joe@partner.example")
    bench.arrives("joe", SUBJECT, "mx.partner.example", within=BACK_S + 1.5 * HOUR_S)


@check(2, hint="A dead server is not helped by being called.", manual="postconf(5), minimal_backoff_time")
def not_too_often(bench: Bench) -> None:
    """Within the first four hours it is tried at most a dozen times, and more than once."""
    _written(bench, "joe@partner.example")
    bench.world.run(4 * HOUR_S)
    number = len(_tries(bench, "joe@partner.example"))
    bench.expect(number > 1, "it was tried once and never again")
    bench.expect(number <= 12, f"it was tried {number} times in four hours")


@check(2, hint="There is a setting for this, and it is off.", manual="postconf(5), delay_warning_time")
def sender_is_told(bench: Bench) -> None:
    """Alice is told within six hours that her letter is late, and not in the first two."""
    _written(bench, "joe@partner.example")
    bench.world.run(2 * HOUR_S)
    bench.expect("Delayed Mail" not in bench.mailbox("alice"), "she was told so soon that she would be told always")
    bench.arrives("alice", "Subject: Delayed Mail", within=4 * HOUR_S)


@check(2, hint="A reply with a 5 is final. Who has made it soft?", manual="postconf(5), soft_bounce")
def refused_mail_comes_back(bench: Bench) -> None:
    """A letter to somebody who does not exist is back within a minute."""
    _written(bench, "no-such-person@strict.example")
    bench.arrives("alice", "Undelivered Mail Returned to Sender", within=60.0)
