"""The journey of one message: each host it came to, and the log lines that belong to it there."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING

from simmail.lab.of_world import of_world
from simmail.mail.errors import InputError
from simmail.mail.records import Record, line
from simmail.world.trace import Hop, bracketed, hops
from simmail.world.units import told

if TYPE_CHECKING:
    from simmail.world.world import World


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
        self.identity = bracketed(identity)
        self.hops: list[Hop] = hops(world.results, self.identity)
        if not self.hops:
            known = [row.message_id for row in world.results.message_rows][-3:]
            raise InputError(
                f"message {identity!r}", "was never seen", f"the last ones were {', '.join(known)}" if known else ""
            )

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
            f"<tr><td style='text-align:right;white-space:nowrap'>+{when:.3f} s</td>"
            f"<td style='text-align:left'>{html.escape(host)}</td>"
            f"<td style='text-align:left'><code>{html.escape(text)}</code></td></tr>"
            for when, host, text in self.rows()
        )
        return (
            f"<table><caption>The journey of <code>{html.escape(self.identity)}</code></caption>"
            "<thead><tr><th scope='col'>after</th><th scope='col' style='text-align:left'>host</th>"
            "<th scope='col' style='text-align:left'>what happened</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def _words(record: Record) -> str:
    """A record for people: its log line, or what the world did."""
    text = line(record)
    if text is not None:
        return f"{record.program}: {text}"
    fields = record.fields
    told_as: dict[str, Callable[[], str]] = {
        "composed": lambda: f"{fields[1]} writes to {', '.join(fields[2])}: {fields[3]!r}",
        "handed-over": lambda: f"handed over to {fields[2]} as {fields[1]}",
        "given-up": lambda: f"not accepted: {fields[3]}",
        "fetched": lambda: f"fetched from {fields[1]}, where it was in {fields[0]}'s mailbox",
    }
    return told_as.get(record.event, lambda: record.event)()


@of_world
def journey(world: World, identity: str) -> Journey:
    """One message, hop by hop; see `Journey`."""
    return Journey(world, identity)
