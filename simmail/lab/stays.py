"""Where a host's messages were, and when: their stays in the queues, read from the records."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.records import GONE, Record
from simmail.postfix.spool import LIVE_QUEUES

if TYPE_CHECKING:
    from simmail.world.host import Host

_BY_HAND = re.compile(r"(\w+): (placed on hold|released from hold)$")


class Stay(NamedTuple):
    """A message in one queue.

    Args:
        queue_id: the message.
        queue: one of LIVE_QUEUES.
        begin, end: seconds since the start; `end` is the present where it still is there.
        arrived: when the message came to the host.
        domains: those of its recipients, as far as they have been tried.
    """

    queue_id: str
    queue: str
    begin: float
    end: float
    arrived: float
    domains: tuple[str, ...]


def stays(host: Host) -> list[Stay]:
    """All stays of messages in a host's queues, in order of their beginning.

    A message is deferred from the end of its last try on; it is told apart from an active one by the next line of the
    queue manager.  Mail that an administrator moves by `ALL` changes its queue here with the next thing that happens to
    it.
    """
    histories: dict[str, list[Record]] = defaultdict(list)
    for record in host.world.results.records:
        if record.host != host.name:
            continue
        if record.queue_id:
            histories[record.queue_id].append(record)
        elif record.program == "postsuper" and record.event == "text" and (found := _BY_HAND.match(record.fields[0])):
            histories[found[1]].append(record)
    return sorted((stay for one in histories.items() for stay in _of(host, *one)), key=lambda stay: stay.begin)


def _of(host: Host, queue_id: str, history: list[Record]) -> Iterator[Stay]:
    """The stays of one message."""
    assert host.master is not None
    now = host.world.now
    place = host.master.spool.find(queue_id)
    begun = next((r.time for r in history if r.event == "message-id"), None)
    if begun is None or not (place or any(r.event == "active" for r in history)):
        return
    domains = _domains(r.get("to") for r in history if r.event == "delivery")
    if place is not None:
        domains = tuple(dict.fromkeys((*domains, *_domains(r.address for r in place[1].recipients))))
    changes = list(_changes(history, begun))
    ended = next((r.time for r in history if r.event in GONE), None)
    if ended is None and place is not None and place[0] in LIVE_QUEUES and changes[-1][1] != place[0]:
        last = max(r.time for r in history)
        changes.append((max(last, changes[-1][0]), place[0]))
    times = [time for time, _ in changes[1:]] + [now if ended is None else ended]
    for (begin, queue), end in zip(changes, times, strict=True):
        if end > begin:
            yield Stay(queue_id, queue, begin, end, begun, domains)


def _changes(history: list[Record], begun: float) -> Iterator[tuple[float, str]]:
    """(when, queue): each time the message came into another queue."""
    yield begun, "incoming"
    tried: float | None = None
    for record in history:
        if record.event == "active":
            if tried is not None:
                yield tried, "deferred"
            yield record.time, "active"
            tried = None
        elif record.event == "delivery" and record.get("status") in ("deferred", "SOFTBOUNCE"):
            tried = record.time
        elif record.program == "postsuper":
            yield record.time, "hold" if record.fields[0].endswith("on hold") else "deferred"
            tried = None
    if tried is not None and not any(r.event in GONE for r in history):
        yield tried, "deferred"


def _domains(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address.rpartition("@")[2].lower() for address in addresses))


def counts(found: list[Stay], queues: tuple[str, ...] = LIVE_QUEUES) -> list[tuple[float, ...]]:
    """How many messages were in each queue after each change: (time, number, number, ...), one for each of `queues`."""
    changes: list[tuple[float, int, str]] = []
    for stay in found:
        changes += [(stay.begin, 1, stay.queue), (stay.end, -1, stay.queue)]
    changes.sort(key=lambda change: change[0])
    sizes = dict.fromkeys(queues, 0)
    rows: list[tuple[float, ...]] = []
    for time, step, queue in changes:
        sizes[queue] += step
        if rows and rows[-1][0] == time:
            rows.pop()
        rows.append((time, *sizes.values()))
    return rows
