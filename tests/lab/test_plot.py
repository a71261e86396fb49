"""Pictures: each says in words what it shows, and its table has the world's own numbers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import simmail
from simmail.lab import plot
from simmail.lab.animation import moves
from simmail.lab.flow_plots import transfers
from simmail.lab.load import load
from simmail.lab.stays import stays
from simmail.lab.traffic_plots import percentile
from simmail.mail.errors import InputError
from simmail.postfix.spool import LIVE_QUEUES
from simmail.world.world import World
from tests.world.random_world import NAMES, make

PICTURES = {
    "states": lambda world: plot.states(world, NAMES[0]),
    "arrivals": lambda world: plot.arrivals(world, NAMES[0]),
    "delays": plot.delays,
    "delays of hosts": lambda world: plot.delays(world, *NAMES),
    "qshape": lambda world: plot.qshape(world, NAMES[0]),
    "qshape by domain": lambda world: plot.qshape(world, NAMES[0], by="domain"),
    "outcomes": plot.outcomes,
    "flows": plot.flows,
    "counted": lambda world: plot.counted({"as it is": world, "again": world}, "delivery"),
    "queues": plot.queues,
    "topology": plot.topology,
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A random world half-way, with mail in its queues."""
    found = make(13, tmp_path_factory.mktemp("world"))
    found.run(900)
    assert sum(len(found.host(name).master.spool.deferred) for name in NAMES) > 1  # type: ignore[union-attr]
    return found


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_words_and_numbers(world: World, name: str, tmp_path: Path) -> None:
    """Drawn as PNG, told in a sentence, with a table that has rows and names for its columns."""
    picture = PICTURES[name](world)
    assert picture.png().startswith(b"\x89PNG")
    assert picture.alt.endswith(".")
    assert len(picture.alt) > 30
    assert len(picture.table) > 0
    picture.save(str(tmp_path / "picture.svg"))
    assert (tmp_path / "picture.svg").stat().st_size > 1000


@pytest.mark.parametrize("name", PICTURES)
def test_an_empty_world_has_its_pictures_too(name: str, tmp_path: Path) -> None:
    """Before anything has happened there is something to look at, and no error."""
    fresh = make(13, tmp_path)
    assert PICTURES[name](fresh).png()


@pytest.mark.parametrize("seed", [19, 21, 40, 41])
def test_queues_by_state_end_where_the_queue_is(seed: int, tmp_path: Path) -> None:
    """At each of some moments the last row of the table is what lies in the queues."""
    world = make(seed, tmp_path)
    for moment in (300.0, 700.0, 1100.0):
        world.run(moment)
        for name in NAMES:
            rows = plot.states(world, name).table
            spool = world.host(name).master.spool  # type: ignore[union-attr]
            there = {q: sum(1 for m in spool.queue(q).values() if m.arrival < moment) for q in LIVE_QUEUES}
            last = dict.fromkeys(LIVE_QUEUES, 0)
            for stay in stays(world.host(name)):
                last[stay.queue] += stay.end >= moment
            assert last == there
            assert rows.empty or (rows[list(LIVE_QUEUES)] >= 0).all().all()
            assert ({} if rows.empty else dict(rows.iloc[-1][list(LIVE_QUEUES)])) in (there, {})


def test_what_came_less_what_left_is_there(world: World) -> None:
    """The two lines of arrivals lie as far apart as the queue is long."""
    last = plot.arrivals(world, NAMES[1]).table.iloc[-1]
    spool = world.host(NAMES[1]).master.spool  # type: ignore[union-attr]
    assert last["arrived"] - last["left"] == sum(len(spool.queue(queue)) for queue in LIVE_QUEUES)


def test_delays_are_those_of_the_fates(world: World) -> None:
    """One row for each message that arrived, in order; the words have the percentiles."""
    table = plot.delays(world).table
    expected = sorted(fate.delay for fate in world.results.account.fates if fate.delay is not None)
    assert list(table["seconds"]) == expected
    assert table["share"].iloc[-1] == 1.0


@pytest.mark.parametrize(("share", "expected"), [(0.5, 5.0), (0.9, 9.0), (0.99, 10.0), (0.05, 1.0)])
def test_percentiles_are_nearest_ranks(share: float, expected: float) -> None:
    """Of ten values the fifth is the median, the ninth the 90th percentile, the last the 99th."""
    assert percentile([float(n) for n in range(1, 11)], share) == expected


def test_outcomes_count_every_recipient(world: World) -> None:
    """The bars together are as long as there are recipients, each with its own end."""
    table = plot.outcomes(world).table
    fates = Counter((fate.kind, fate.state) for fate in world.results.account.fates)
    assert {(row.kind, row.end): row.messages for row in table.itertuples() if row.messages} == fates


def test_a_heat_map_has_as_many_as_the_queue(world: World) -> None:
    """In each column the ranges of age together are what waited at that moment."""
    table = plot.qshape(world, NAMES[0]).table
    found = stays(world.host(NAMES[0]))
    sums = table.groupby("time")["messages"].sum()
    assert sums.max() > 0
    for moment, number in sums.items():
        assert number == sum(1 for stay in found if stay.begin <= moment < stay.end)  # type: ignore[operator]


def test_flows_are_the_transfers(world: World) -> None:
    """What the table says passed between two mail servers is what the sender's log says was sent there."""
    table = plot.flows(world).table
    pairs = {(row._1, row.to): row.messages for row in table.itertuples()}
    for start, end in ((NAMES[0], NAMES[1]), (NAMES[1], NAMES[2])):
        sent = [
            row for row in world.results.delivery_rows
            if row[1] == start and row[13] == "sent" and f"[10.0.0.{NAMES.index(end) + 1}]" in row[6]
        ]  # fmt: skip
        assert pairs.get((start, end), 0) == len(sent)


def test_who_takes_mail_is_a_mail_server() -> None:
    """On the map, and by what a world and a host say of themselves: sites that run no Postfix, too."""
    world = simmail.load("04")
    assert "mail.wary.example (mail server)" in str(plot.topology(world))
    assert "neighbour.broadband.example;" in str(plot.topology(world))
    assert repr(world.host("mail.wary.example")) == "<mail.wary.example (198.18.1.1), a mail server>"
    assert "9 hosts, 6 of them mail servers, 1 person; " in repr(world)


def test_mail_of_other_software_flows_too() -> None:
    """Sites, bots and traps are no Postfix; what they send is counted once, as the moving pictures have it."""
    for lab in ("12", "13"):
        living = load(lab)
        living.run("11:00")
        taken = Counter((move.origin, move.target) for move in moves(living) if move.outcome == "taken")
        assert len(taken) > 1
        assert transfers(living) == taken


def test_a_heat_map_of_nothing_says_so() -> None:
    """And has no scale that goes below none."""
    picture = plot.qshape(load("01"), "mail.domain.ork")
    assert "empty throughout" in picture.alt


def test_mistakes_are_told(world: World) -> None:
    """A host without Postfix, and a way to look at a queue that there is not."""
    with pytest.raises(InputError, match=r"runs no Postfix; these do: one\.example"):
        plot.states(world, "pc.one.example")
    with pytest.raises(InputError, match="there are: age, domain"):
        plot.qshape(world, NAMES[0], by="size")


def test_events_are_counted_up(world: World) -> None:
    """A line for each world, as many rows as records; an event that no record tells of is told with those that are."""
    picture = plot.counted({"one": world, "two": world}, "delivery")
    number = sum(record.event == "delivery" for record in world.results.records)
    assert len(picture.table) == 2 * number
    assert f"two: {number}, half of them by " in picture.alt
    with pytest.raises(InputError, match="'plague': is told of by no record"):
        plot.counted({"one": world}, "plague")
    with pytest.raises(InputError, match="there is none to count in"):
        plot.counted({}, "delivery")


def test_an_empty_queue_has_an_axis_of_whole_messages() -> None:
    """No thousandths of a message where nothing ever waited."""
    world = load("01")
    world.run("1m")
    drawn = plot.queues(world, "mail.domain.ork").figure
    assert drawn.axes[0].get_ylim() == (0.0, 1.0)


def test_a_map_stays_readable_where_a_host_has_many_addresses() -> None:
    """One host stands for sixty computers of strangers: the first address, and how many there are."""
    picture = plot.topology(simmail.load("09"))
    words = [text.get_text() for axes in picture.figure.axes for text in axes.texts]
    assert "198.18.0.1 and 59 more" in words
    assert "and 6 more hosts" in words
    assert picture.figure.get_size_inches()[0] < 12
