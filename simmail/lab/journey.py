"""The journey of one message: each host it came to, and the log lines that belong to it there."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simmail.mail.errors import InputError
from simmail.mail.records import Record, line
from simmail.world.units import told

if TYPE_CHECKING:
    from simmail.world.world import World


@dataclass(slots=True)
class Hop:
    """One stay of a message on one host.

    Args:
        host: the host's name.
        queue_id: what it was called there; "" on the writer's own computer.
        records: what happened to it there, in order of time.
    """

    host: str
    queue_id: str
    records: list[Record]

    @property
    def arrived(self) -> float:
        """When, seconds since the start."""
        return self.records[0].time

    @property
    def left(self) -> float:
        """When the last thing happened to it here, seconds since the start."""
        return self.records[-1].time


class Journey:
    """One message's way through a world, hop by hop.

    Args:
        world: the world.
        identity: its Message-ID, with its angle brackets or without.

    Raises:
        InputError: where no message of that name was ever seen.
    """

    def __init__(self, world: World, identity: str) -> None:
        self.world = world
        self.identity = identity if identity.startswith("<") else f"<{identity}>"
        self.hops: list[Hop] = list(self._hops())
        if not self.hops:
            known = [row["message_id"] for row in world.results.message_rows][-3:]
            raise InputError(
                f"message {identity!r}", "was never seen", f"the last ones were {', '.join(known)}" if known else ""
            )

    def _hops(self) -> Iterator[Hop]:
        records = self.world.results.records
        own = [r for r in records if r.program == "" and r.fields and r.fields[0] == self.identity]
        if own:
            yield Hop(own[0].host, "", own)
        yield from self._queued(self.world.results.copies.get(self.identity, []), records)

    def _queued(self, copies: list[tuple[str, str]], records: list[Record]) -> Iterator[Hop]:
        """The stays of queue files, and of the notices that they led to."""
        seen: set[tuple[str, str]] = set()
        todo = list(copies)
        while todo:
            copy = todo.pop(0)
            if copy in seen:
                continue
            seen.add(copy)
            host, queue_id = copy
            own = [r for r in records if r.queue_id == queue_id and r.host == host]
            if own:
                yield Hop(host, queue_id, own)
            for record in own:
                if record.event == "notification":
                    notice = (host, record.fields[1])
                    identity = next(
                        (r.fields[0] for r in records if (r.host, r.queue_id) == notice and r.event == "message-id"),
                        None,
                    )
                    todo.extend(self.world.results.copies.get(identity or "", [notice]))

    @property
    def duration(self) -> float:
        """From the first thing to the last, seconds."""
        return self.hops[-1].left - self.hops[0].arrived

    def rows(self) -> list[tuple[float, str, str]]:
        """(seconds since the message was written, host, text) of everything that happened to it."""
        start = self.hops[0].arrived
        return [(r.time - start, hop.host, _words(r)) for hop in self.hops for r in hop.records]

    def __str__(self) -> str:
        lines = [f"The journey of {self.identity}"]
        start = self.hops[0].arrived
        for number, hop in enumerate(self.hops, 1):
            name = f", as {hop.queue_id}" if hop.queue_id else ""
            lines += ["", f"{number}. {hop.host}{name}"]
            lines += [f"   +{r.time - start:9.3f} s  {_words(r)}" for r in hop.records]
        lines += ["", f"{told(self.duration)} from first to last"]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:right'>+{when:.3f} s</td><td>{html.escape(host)}</td>"
            f"<td style='text-align:left'><code>{html.escape(text)}</code></td></tr>"
            for when, host, text in self.rows()
        )
        return (
            f"<table><caption>The journey of <code>{html.escape(self.identity)}</code></caption>"
            "<thead><tr><th scope='col'>after</th><th scope='col'>host</th>"
            "<th scope='col'>what happened</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def _words(record: Record) -> str:
    """A record for people: its log line, or what the world did."""
    text = line(record)
    if text is not None:
        return f"{record.program}: {text}"
    fields = record.fields
    told_as = {
        "composed": lambda: f"{fields[1]} writes to {', '.join(fields[2])}: {fields[3]!r}",
        "handed-over": lambda: f"handed over to {fields[2]} as {fields[1]}",
        "given-up": lambda: f"not accepted: {fields[3]}",
    }
    return told_as.get(record.event, lambda: record.event)()


def journey(world: World, identity: str) -> Journey:
    """One message, hop by hop; see `Journey`."""
    return Journey(world, identity)
