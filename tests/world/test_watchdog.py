"""A delivery without an end is ended by the watchdog, and costs the simulator no more than a large one."""

from __future__ import annotations

import pytest

from tests.world.small import Small

DOUBLING = "luser_relay = |cat $local; echo $RECIPIENT $recipient\nlocal_recipient_maps =\n"
ALIASES = """\
alias_maps = inline:{ {a=b+1, b+2}, {b=a+1, a+2} }
recipient_delimiter = +
duplicate_filter_limit = 2
"""


def ended(settings: str, to: str, seconds: float) -> Small:
    """A world whose mail server had a message for `to` at once, after so many seconds."""
    small = Small(settings)
    small.near.sh(f"sendmail {to}", "Subject: x\n\nx\n")
    small.world.run(seconds)
    return small


@pytest.mark.parametrize(("settings", "to"), [(DOUBLING, "kim"), (ALIASES, "a")])
def test_what_doubles_is_ended_by_the_watchdog(settings: str, to: str) -> None:
    """The delivery agent and the queue manager die when daemon_timeout is over; the message stays active."""
    small = ended(f"{settings}daemon_timeout = 12s\n", to, 100)
    deaths = [(r.time, r.program, r.fields[0]) for r in small.world.journal.since(0) if r.event == "fatal"]
    (first, agent, said), (second, manager, told) = deaths
    assert (agent, said, manager) == ("local", "watchdog timeout", "qmgr")
    assert str(told).endswith(": timeout receiving delivery status from transport: local")
    assert 12 <= first == second < 12.1
    assert small.near.master is not None
    assert len(small.near.master.spool.listed("active")) == 1
    small.world.conservation()


def test_it_begins_again_with_another_queue_manager() -> None:
    """master(8) starts one as it would wake it up, which takes up what was active."""
    small = ended(f"{DOUBLING}daemon_timeout = 12s\n", "kim", 330)
    assert sum("watchdog timeout" in line for line in small.log()) == 2
    assert sum("(queue active)" in line for line in small.log()) == 2


def test_a_manager_with_more_patience_defers() -> None:
    """The watchdog waits three times a third of daemon_timeout, in whole seconds: 6 of 8; the agent is gone in 7."""
    small = ended(f"{DOUBLING}daemon_timeout = 8s\n", "kim", 20)
    assert any("private/local socket: malformed response" in line for line in small.log())
    assert small.near.master is not None
    assert len(small.near.master.spool.listed("deferred")) == 1
    assert not any("timeout receiving" in line for line in small.log())


def test_what_grows_by_the_same_each_time_has_an_end() -> None:
    """The nesting limit ends it before it is long."""
    small = ended("luser_relay = x$local\nlocal_recipient_maps =\nalias_maps = inline:{a=b}\n", "kim", 20)
    assert any("alias database loop for xxx" in line for line in small.log())
