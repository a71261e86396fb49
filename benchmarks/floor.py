"""What a message costs before anything is decided: the part of its time that no remembered decision can save.

Drawing it, reading its text in the cleanups of two servers, its records on disk, and an event for each of its waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import hand_written, relay_world
from simmail.dns.resolver import Resolver
from simmail.files.machine import Machine
from simmail.mail.calendar import Calendar
from simmail.mail.content import Content
from simmail.mail.questions import Decision, Level, Sleep
from simmail.mail.records import Journal
from simmail.world.spill import Spill
from simmail.world.world import World

#: How often a message's tasks are woken up, and how far apart the wakings are, seconds.
EVENTS, GAP_S = 13, 0.1
RECEIVED = ("Received: from pc.domain.ork (unknown [192.168.1.1])", "\tby mail.domain.ork (Postfix) with ESMTP id 0",
            "\tfor <u1@d1.example>; Mon,  2 Mar 2026 09:00:00 +0000 (UTC)")  # fmt: skip


def _seconds(act: Callable[[], Any]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def _texts(world: World, contents: list[Content]) -> None:
    """Look through each text as the relay and a destination do."""
    for name in ("mail.domain.ork", "mail.d0.example"):
        master = world.hosts[name].master
        assert master is not None
        assert master.system is not None
        rules = master.system.program("cleanup").rules
        for number, content in enumerate(contents):
            whole = contents[number] = content.under(RECEIVED)
            layout = rules.layout(whole, False)
            if not (rules.plain(whole, layout) and rules.silent(whole, layout)):
                raise AssertionError("a text of the yardstick is conspicuous")


def _records(rows: list[Any]) -> None:
    """Keep records as a world does."""
    journal = Journal(Spill())
    for row in rows:
        journal.append(row)
        journal.pack()


def _events(calendar: Calendar, n: int, rate: float) -> None:
    """Wake up tasks, as many at a time as there would be."""
    world = World(calendar, 1)
    clock = world.clock
    office = world.add_host("office", Machine("office"), Resolver(world.zones))

    def message() -> Iterator[Any]:
        for _ in range(EVENTS - 1):
            yield Sleep(GAP_S)
            yield Level()

    def source() -> Decision[None]:
        for _ in range(n):
            yield Sleep(1 / rate)
            now = yield Level()
            clock.spawn(office, message(), now)

    clock.spawn(office, source(), 0.0)
    world.run(n / rate + EVENTS * GAP_S)


def report(n: int, rate: float) -> list[str]:
    """Microseconds a message of each part, and what half of the hand-written model's speed allows."""
    allowed = 2 * min(_seconds(lambda: hand_written.run(n, rate)) for _ in range(3))
    contents = [content for *_, content in relay_world.messages(n, rate)]
    ran = relay_world.run(n, rate)
    rows = [tuple(record) for record in ran.journal]
    parts = {
        "drawn": _seconds(lambda: sum(1 for _ in relay_world.messages(n, rate))),
        "read twice": _seconds(lambda: _texts(ran, contents)),
        f"{len(rows) / n:.1f} records": _seconds(lambda: _records(rows)),
        f"{EVENTS} events": _seconds(lambda: _events(ran.calendar, n, rate)),
    }
    lines = [f"{name:<20} {seconds / n * 1e6:6.1f} us a message" for name, seconds in parts.items()]
    total = sum(parts.values())
    return [*lines, f"before any decision  {total / n * 1e6:6.1f} us of {allowed / n * 1e6:.1f} that ratio 0.5 allows"]
