"""What fails and comes back, and what that costs: time, sometimes a message twice, never one that was acknowledged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simmail.dns.resolver import Resolver
from simmail.mail.answers import ConnectFailure
from simmail.mail.errors import InputError
from simmail.mail.questions import Connect, Decision, Level
from simmail.world import scenario
from simmail.world.loader import load
from simmail.world.wire import sent_again
from tests.world.small import Small
from tests.world.test_scenario import GOOD


def test_a_crash_loses_nothing_that_was_acknowledged() -> None:
    """A server dies with mail in its queue; when it comes back the mail goes on its way, once."""
    small = Small()
    small.world.faults.link("far.example", "hub")
    for number in range(5):
        small.send(float(number), name=f"c{number}")
    small.world.run(10)
    small.world.faults.host("near.example")
    assert not small.near.up
    small.world.run(100)
    assert small.world.conservation().holds
    small.world.faults.link("far.example", "hub", fails=False)
    small.world.faults.host("near.example", fails=False)
    small.world.run(400)
    assert len(small.delivered()) == 5
    assert small.world.conservation().holds


@pytest.mark.parametrize("moment", [0.02, 0.05, 0.08, 0.11, 0.14, 0.17, 0.2, 0.24, 0.28, 0.33])
def test_a_crash_in_the_middle_of_a_session(moment: float) -> None:
    """Whenever the server dies, its client was told the truth: what was taken is there, the rest is the client's."""
    small = Small()
    small.send(0.0)
    small.world.clock.at(moment, lambda: small.world.faults.host("near.example"))
    small.world.clock.at(5.0, lambda: small.world.faults.host("near.example", fails=False))
    small.world.run(1000)
    assert small.world.conservation().holds
    told = any("queued as" in text for text in small.heard())
    assert len(small.delivered()) == 1 or not told
    assert told or small.heard()[-1] in ("timeout", "lost connection") or small.heard()[-1].startswith("Connection")


def test_a_relay_that_dies_after_delivering_may_deliver_twice() -> None:
    """The next server took the mail, the answer never came: it is sent again, as in life."""
    small = Small(latency=1.0)
    small.send(0.0)
    small.world.clock.at(30.0, lambda: small.world.faults.host("near.example"))
    small.world.clock.at(60.0, lambda: small.world.faults.host("near.example", fails=False))
    small.world.run(1000)
    assert len(small.delivered()) in (1, 2)
    assert small.world.conservation().holds


def test_a_client_that_dies_is_waited_for() -> None:
    """The server of a host that vanished keeps the session until smtpd_timeout is over."""
    small = Small("smtpd_timeout = 100s\n")
    small.send(0.0, stays=50.0)
    small.world.clock.at(10.0, lambda: small.world.faults.host("client"))
    small.world.run(500)
    assert small.heard()[-1] in ("timeout", "lost connection")
    assert any("after EHLO from" in line for line in small.log())


def test_a_short_outage_is_a_pause() -> None:
    """TCP sends again until the link is back: a session survives twenty seconds without one."""
    small = Small()
    small.send(0.0)
    small.world.clock.at(0.05, lambda: small.world.faults.link("client", "hub"))
    small.world.clock.at(20.0, lambda: small.world.faults.link("client", "hub", fails=False))
    small.world.run(100)
    (arrived,) = small.delivered()
    assert 20 < arrived < 45
    assert small.heard()[-1].startswith("221")


def test_a_long_outage_ends_a_session() -> None:
    """Whoever waits longer than he wants gives up; what had been acknowledged by then stays so."""
    small = Small()
    small.send(0.0)
    small.world.clock.at(0.05, lambda: small.world.faults.link("client", "hub"))
    small.world.run(2000)
    assert small.heard()[-1] == "timeout"
    assert small.world.conservation().holds


def test_lost_packets_cost_time() -> None:
    """Half of the packets lost: the same session, seconds later; and the same seconds each time."""
    times = []
    for loss in (0.0, 0.5, 0.5):
        small = Small()
        small.world.network.set_loss("client", "hub", loss)
        small.send(0.0)
        small.world.run(300)
        times.append(next(time for time, _, text in small.said if text.startswith("221")))
    assert times[0] < 1 < times[1]
    assert times[1] == times[2]


def test_who_cannot_connect_for_lost_packets_gives_up_in_time() -> None:
    """When the patience ends, and no later: packets that would be sent again after that are not waited for."""
    small = Small()
    small.world.network.set_loss("client", "hub", 0.95)
    ended: list[tuple[float, Any]] = []

    def call() -> Decision[Any]:
        begun = yield Level()
        answer = yield Connect(small.near.machine.addresses[0], 25, 7.0, "")
        yield Level()
        ended.append((small.world.clock.now - begun, answer))

    for number in range(20):
        small.world.clock.spawn(small.client, call(), float(number))
    small.world.run(300)
    assert {took for took, answer in ended if type(answer) is ConnectFailure} == {7.0}
    assert all(took < 7.0 for took, answer in ended if type(answer) is not ConnectFailure)
    assert len(ended) == 20


def test_packets_are_sent_again_after_growing_pauses() -> None:
    """On average one try in two fails: 0.2, 0.6, 1.4 s, ... and never more than the patience."""

    class Always:
        @staticmethod
        def random() -> float:
            return 0.0

    assert sent_again(Always(), 0.5, 0.2, 1.0) == pytest.approx(1.4)  # type: ignore[arg-type]


@pytest.mark.parametrize(("how", "reason"), [("full", "No space left on device"), ("broken", "Input/output error")])
def test_a_disk_that_fails_leaves_mail_with_its_sender(how: str, reason: str) -> None:
    """451, and a warning that says why; mailboxes are not written either; later all is well."""
    small = Small()
    small.world.faults.disk("near.example", how)
    small.send(0.0)
    small.world.run(10)
    assert "451 4.3.0 Error: queue file write error" in small.heard()
    assert any(line.endswith(f"write queue file: {reason}") for line in small.log())
    small.world.faults.disk("near.example", how, fails=False)
    small.send(20.0, name="again")
    small.world.run(30)
    assert len(small.delivered()) == 1


def test_a_slow_disk_is_slower() -> None:
    """So many times slower, and as quick as ever afterwards."""
    small = Small()
    small.world.faults.disk("near.example", "slow", 1000.0)
    small.send(0.0)
    small.world.run(10)
    small.world.faults.disk("near.example", "slow", 1000.0, fails=False)
    small.send(20.0, name="again")
    small.world.run(30)
    first, second = (time for time, _, text in small.said if "queued as" in text)
    assert first > 1.4
    assert second < 21


def test_a_partition_cuts_off_and_joins_again() -> None:
    """Mail to the other side waits, and goes when the sides are joined."""
    small = Small()
    small.world.network.add_site("island")
    small.world.network.link("island", "hub", 0.01)
    small.world.network.link("far.example", "island", 0.01)
    small.world.network.graph.remove_edge("far.example", "hub")
    small.world.faults.partition(["island"])
    small.send(0.0)
    small.world.run(100)
    assert small.delivered() == []
    small.world.faults.partition(["island"], fails=False)
    small.world.run(300)
    assert len(small.delivered()) == 1


def test_overlapping_faults_end_with_the_last() -> None:
    """A link that is cut twice is joined when it is mended twice."""
    small = Small()
    faults, graph = small.world.faults, small.world.network.graph
    faults.link("client", "hub")
    faults.link("hub", "client")
    faults.link("client", "hub", fails=False)
    assert not graph.edges["client", "hub"]["up"]
    faults.link("client", "hub", fails=False)
    assert graph.edges["client", "hub"]["up"]


@pytest.mark.parametrize("how", ["timeout", "servfail"])
def test_a_name_server_that_fails_defers_mail(how: str) -> None:
    """Without DNS mail waits; with it, it goes at the next try."""
    small = Small()
    small.world.faults.dns("far.example", how)
    small.send(0.0)
    small.world.run(30)
    assert any("Host or domain name not found" in line and "status=deferred" in line for line in small.log())
    small.world.faults.dns("far.example", how, fails=False)
    small.world.run(200)
    assert len(small.delivered()) == 1


def test_a_slow_zone_takes_its_time_and_no_more() -> None:
    """Names below it are answered, so many times later; names elsewhere, and all once it is mended, as ever."""
    small = Small()
    faults, resolver = small.world.faults, Resolver(small.world.zones, 0.03)
    faults.dns("list.example", "slow", 100)
    faults.dns("list.example", "slow", 100)
    answer, took = resolver.ask("1.list.example", "A", 0.0)
    assert (answer.status, took) == ("nxdomain", pytest.approx(3.0))
    assert resolver.ask("1.other.example", "A", 0.0)[1] == pytest.approx(0.03)
    faults.dns("list.example", "slow", 1000)
    faults.dns("list.example", "slow", fails=False)
    faults.dns("list.example", "slow", fails=False)
    assert resolver.ask("2.list.example", "A", 0.0)[1] == pytest.approx(3.0)
    faults.dns("list.example", "slow", fails=False)
    assert resolver.ask("3.list.example", "A", 0.0)[1] == pytest.approx(0.03)


RANDOM = """\
faults:
  - {every: 10min, lasts: 1min, host: a.example}
  - {every: 5min, lasts: 30s, until: 1h, resolver: b.example, how: slow}
"""


def world_with(tmp_path: Path, text: str, seed: int = 1) -> list[float]:
    """When a.example was seen to go down or up within three hours."""
    (tmp_path / "world.yaml").write_text(GOOD + text, encoding="utf-8")
    world = load(tmp_path, seed=seed)
    seen, up = [], True
    for second in range(0, 10800, 5):
        world.run(second)
        if world.host("a.example").up != up:
            up = not up
            seen.append(float(second))
    return seen


def test_faults_by_chance_are_the_seeds_own(tmp_path: Path) -> None:
    """The same seed breaks the same at the same times, another seed something else; about once in eleven minutes."""
    first = world_with(tmp_path, RANDOM)
    assert first == world_with(tmp_path, RANDOM)
    assert first != world_with(tmp_path, RANDOM, seed=2)
    assert 15 < len(first) < 60


def test_faults_by_chance_do_not_depend_on_other_faults(tmp_path: Path) -> None:
    """What is listed after a fault changes nothing of it."""
    more = RANDOM + "  - {every: 3min, lasts: 5s, disk: a.example}\n"
    with pytest.raises(InputError, match="is no mail server's"):
        world_with(tmp_path, more)
    assert world_with(tmp_path, RANDOM) == world_with(tmp_path, RANDOM + "  - {at: 5min, dns: x.example}\n")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("{at: 1h}", "a fault is of one thing; name one of host, link"),
        ("{at: 1h, host: a.example, disk: a.example}", "a fault is of one thing"),
        ("{host: a.example}", "say when: `at`, or `every` and `lasts`"),
        ("{every: 1h, host: a.example}", "needs both `every` and `lasts`"),
        ("{at: 1h, host: a.example, how: full}", "a host fails in one of these ways: down; not 'full'"),
        ("{at: 1h, disk: c.example}", "there is no host 'c.example'"),
        ("{at: 1h, partition: [village]}", "there is no site or host 'village'"),
        ("{at: 1h, link: [town, a.example], how: lossy, loss: 2}", "less than 1"),
    ],
)
def test_a_mistaken_fault_is_told_with_its_line(tmp_path: Path, fault: str, words: str) -> None:
    """Each mistake is found where it stands, and what would do is said."""
    path = tmp_path / "world.yaml"
    path.write_text(GOOD + f"faults:\n  - {fault}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        scenario.read(path)
    assert str(caught.value).startswith(f"{path}:17: faults.0")
    assert words in str(caught.value)


def test_a_mistaken_moment_is_told(tmp_path: Path) -> None:
    """A moment that is none is told with its line and the fault's number."""
    with pytest.raises(InputError, match=r"world.yaml:17: faults.0.at: 'soon' is no length of time"):
        world_with(tmp_path, "faults:\n  - {at: soon, host: a.example}\n")


@pytest.mark.parametrize(
    "fault", ['{at: "11:00", until: "10:00", host: a.example}', "{at: 1h, until: 1h, host: a.example}"]
)
def test_a_fault_ends_after_it_has_begun(tmp_path: Path, fault: str) -> None:
    """One that would never be mended is told with its line."""
    with pytest.raises(InputError, match=r"world\.yaml:\d+: .*is not after the fault's beginning, 1") as raised:
        world_with(tmp_path, f"faults:\n  - {fault}\n")
    assert "1d 1" in str(raised.value)
