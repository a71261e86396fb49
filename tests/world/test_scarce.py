"""What is scarce on a host and between hosts, and how it shows when it runs out."""

from __future__ import annotations

import pytest

from simmail.mail.questions import Decision
from simmail.mail.records import Journal
from simmail.world.clock import Clock
from simmail.world.line import Line, Transfer, transfer
from simmail.world.speed import Speed, Station
from tests.world.small import Small

INSTANT = Speed(0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("servers", "arrivals", "ends"),
    [
        (1, [(0.0, 1.0), (0.5, 1.0), (5.0, 1.0)], [1.0, 2.0, 6.0]),
        (2, [(0.0, 1.0), (0.0, 3.0), (0.5, 1.0), (0.6, 1.0)], [1.0, 3.0, 2.0, 3.0]),
    ],
)
def test_a_station_serves_in_order(servers: int, arrivals: list[tuple[float, float]], ends: list[float]) -> None:
    """Who comes first is served first, so many at a time."""
    station = Station(servers)
    assert [station.serve(now, seconds) for now, seconds in arrivals] == ends


def test_a_slow_disk_is_the_narrow_place() -> None:
    """Ten messages at once, a disk that takes a second for each: the last one is accepted after ten."""
    small = Small(speed=INSTANT._replace(queue_file=1.0))
    for number in range(10):
        small.send(0.0, name=f"c{number}")
    small.world.run(60)
    accepted = sorted(time for time, _, text in small.said if "queued as" in text)
    assert [round(time) for time in accepted] == list(range(1, 11))


def test_processors_are_shared() -> None:
    """Four deliveries that take a processor a second each are done after two on two processors."""
    small = Small(speed=INSTANT._replace(delivering=1.0))
    for user in ("ann", "bob", "joe", "sue"):
        small.send(0.0, f"{user}@near.example", name=user)
    small.world.run(60)
    times = [r.time for r in small.world.results.records if r.event == "delivery"]
    assert [round(time) for time in sorted(times)] == [1, 1, 2, 2]


def test_clients_wait_for_a_banner() -> None:
    """One smtpd, and a client that dawdles: the next is greeted when it is thrown out, the one after that in turn."""
    small = Small("smtpd_timeout = 20s\n", smtpd="1")
    small.send(0.0, stays=1000.0, name="slow")
    small.send(1.0, name="second")
    small.send(2.0, name="third")
    small.world.run(60)
    greeted = {name: time for time, name, text in small.said if text.startswith("220")}
    assert greeted["slow"] < 0.1
    assert 20.0 < greeted["second"] < greeted["third"] < 21.0
    assert any("timeout after EHLO from" in line for line in small.log())


def test_impatient_clients_leave_the_line() -> None:
    """Who waits for a banner longer than he wants is gone, and takes no process away from others."""
    small = Small("smtpd_timeout = 400s\n", smtpd="1")
    small.send(0.0, stays=1000.0, name="slow")
    small.send(1.0, name="gives up")
    small.send(350.0, name="late")
    small.world.run(600)
    assert small.heard("gives up") == ["timeout"]
    assert small.heard("late")[-1].startswith("221")


def test_stress_makes_the_server_hasty() -> None:
    """With all processes busy master complains once, and new sessions have ten seconds for each command."""
    small = Small(smtpd="3")
    for number in range(3):
        small.send(number, stays=1000.0, name=f"slow{number}")
    small.send(5.0, name="good")
    small.world.run(700)
    assert next(time for time, name, text in small.said if name == "good" and text.startswith("220")) < 13.0
    warnings = [line for line in small.log() if "has reached its process limit" in line]
    assert len(warnings) == 1
    assert 'service "smtp" (25) has reached its process limit "3"' in warnings[0]


def test_a_full_backlog_answers_nobody() -> None:
    """Beyond the kernel's queue connections time out; a place that becomes free is found by the next try."""
    small = Small("default_process_limit = 1\nsmtpd_timeout = 50s\n", smtpd="1")
    small.send(0.0, stays=1000.0, name="slow")
    for number in range(2):
        small.send(1.0, stays=1000.0, name=f"waits{number}")
    small.send(2.0, name="turned away")
    small.world.run(400)
    assert small.heard("turned away")[-1].startswith("221")
    first = next(time for time, name, _ in small.said if name == "turned away")
    assert first > 50


def test_inflow_is_slowed_down_when_the_active_queue_is_full() -> None:
    """A full active queue and no token left: each further message waits a second, and the incoming queue grows."""
    small = Small(
        "default_process_limit = 4\nqmgr_message_active_limit = 1\nqmgr_message_recipient_limit = 1\n"
        "qmgr_message_recipient_minimum = 1\nsmtp_helo_timeout = 300s\nqmgr_clog_warn_time = 0\n"
    )
    small.world.network.set_link("far.example", "hub", False)
    for number in range(12):
        small.send(0.1 * number, name=f"c{number}")
    small.world.run(20)
    accepted = sorted(time for time, _, text in small.said if "queued as" in text)
    assert small.near.master is not None
    assert len(small.near.master.spool.incoming) == 11
    assert accepted[4] < 1.0 < accepted[-1]


def test_mail_for_a_silent_site_makes_innocents_late() -> None:
    """One smtp process: mail for a healthy site waits as long as a dead one is tried."""
    small = Small("default_process_limit = 1\nsmtp_connect_timeout = 30s\n")
    small.send(0.0, "who@[10.0.0.99]", name="dead")
    small.send(1.0, name="innocent")
    small.world.run(100)
    (arrived,) = small.delivered()
    assert 30 < arrived < 31
    assert any("Connection timed out" in line for line in small.log())


def test_a_link_is_shared_by_those_who_use_it() -> None:
    """Two transfers at a time take twice as long each; one that begins later and is shorter overtakes."""
    clock = Clock(Journal())
    clock.handlers[Transfer] = (transfer, True)
    line = Line(100.0)
    ends: dict[str, float] = {}

    def sending(name: str, octets: float) -> Decision[None]:
        yield Transfer(line, octets)
        ends[name] = clock.now

    for name, octets, start in (("long", 1000.0, 0.0), ("short", 100.0, 2.0), ("last", 100.0, 20.0)):
        clock.spawn(None, sending(name, octets), start)
    clock.run(100.0)
    assert ends == pytest.approx({"short": 4.0, "long": 11.0, "last": 21.0})
    assert line.busy == 0


def test_a_narrow_link_makes_attachments_slow() -> None:
    """Two megabytes over a 1 Mbit/s line take 16 s alone, and twice that for two at a time."""
    small = Small(bandwidth=125_000.0)
    small.send(0.0, size=2_000_000, name="a")
    small.world.run(40)
    (alone,) = small.delivered()
    small.send(100.0, size=2_000_000, name="b")
    small.send(100.0, size=2_000_000, name="c")
    small.world.run(200)
    _, first, second = small.delivered()
    assert alone == pytest.approx(16.5, abs=1)
    assert first - 100 == pytest.approx(32.5, abs=1)
    assert second - 100 == pytest.approx(32.5, abs=1)


def test_a_resolver_loses_its_patience() -> None:
    """A name server that is twenty times slower still answers; one slower than the resolver's patience does not."""
    small = Small()
    resolver = small.near.resolver
    small.world.faults.resolver("near.example", "slow", 20.0)
    answer, seconds = resolver.ask("far.example", "MX", 0.0)
    assert (answer.status, seconds) == ("ok", pytest.approx(20 * resolver.latency))
    resolver.slower = 1000.0
    answer, seconds = resolver.ask("near.example", "MX", 0.0)
    assert (answer.status, seconds) == ("timeout", resolver.timeout)


@pytest.mark.parametrize(("deadline", "rate", "taken"), [("yes", 1000, False), ("yes", 100, True), ("no", 1000, True)])
def test_content_that_comes_too_slowly_is_cut_off(deadline: str, rate: int, taken: bool) -> None:
    """Where smtpd_per_request_deadline is set a message has smtpd_timeout and a second for each so many octets."""
    small = Small(
        f"smtpd_timeout = 10s\nsmtpd_per_request_deadline = {deadline}\nsmtpd_min_data_rate = {rate}\n", smtpd="1"
    )
    small.world.network.graph.edges["client", "hub"]["bandwidth"] = 100.0
    small.send(0.0, size=2000)
    small.world.run(100)
    assert small.heard()[-1].startswith("221 " if taken else "lost connection")
    assert any("timeout after DATA (1107 bytes)" in line for line in small.log()) is not taken
    assert bool(small.delivered()) is taken
