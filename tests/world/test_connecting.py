"""How long a connection is tried, over links that are slower than that."""

from __future__ import annotations

import pytest

from tests.world.small import Small

#: Seconds one way over each link; there are two on the way to a server, so a round trip takes four times that.
LATENCY_S = 1.5


def tried(timeout: str, watched: bool) -> Small:
    """A world whose mail server has one message for another one, and has tried to deliver it."""
    small = Small(f"smtp_connect_timeout = {timeout}\n", latency=LATENCY_S)
    small.world.watched = watched
    assert small.near.master is not None
    small.near.sh("sendmail ann@far.example", "Subject: x\n\nx\n")
    small.world.run(50)
    return small


@pytest.mark.parametrize("watched", [False, True])
def test_a_connection_is_given_up_in_time(watched: bool) -> None:
    """The client waits no longer than smtp_connect_timeout; the server's kernel alone knew of it."""
    small = tried("2s", watched)
    (given_up,) = (r for r in small.world.journal.since(0) if r.event == "delivery" and r.program == "smtp")
    (active,) = (r for r in small.world.journal.since(0) if r.event == "active")
    assert 2.0 < given_up.time - active.time < 2.1
    assert "status=deferred (connect to mx.far.example[10.0.0.2]:25: Connection timed out)" in small.log()[-1]
    assert not any("smtpd" in line for line in small.log(small.far))


@pytest.mark.parametrize("watched", [False, True])
def test_a_slow_server_is_reached_in_time(watched: bool) -> None:
    """A round trip that takes less than smtp_connect_timeout is waited for."""
    assert len(tried("7s", watched).delivered()) == 1


def test_watching_changes_nothing() -> None:
    """Both ways of running give the same records at the same times."""
    one, other = tried("2s", False), tried("2s", True)
    assert one.log() == other.log()
    assert one.log(one.far) == other.log(other.far)
