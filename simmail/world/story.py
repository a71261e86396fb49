"""What happened to a few messages, told for people."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from simmail.world.trace import Deed, Step, steps
from simmail.world.units import told

if TYPE_CHECKING:
    from simmail.world.results import MessageRow, Results

#: Messages told of, at most; each for another fate.
MESSAGES = 3
WIDTH = 110
#: What is told of one message, lines at most; the middle is left out.
LINES = 12
#: Where the texts begin, at least.
COLUMN = 14


def tell(results: Results, messages: int = MESSAGES) -> list[str]:
    """The first message, and the first one of each other fate, step by step.

    Args:
        results: of the world.
        messages: of how many, at most.

    Returns: lines of text, an empty one between two messages.
    """
    chosen: dict[str, MessageRow] = {}
    for row in results.message_rows:
        chosen.setdefault(row.state, row)
    stories = [list(_told(results, row)) for row in list(chosen.values())[:messages]]
    column = max((len(when) + 2 for story in stories for when, _ in story), default=0)
    lines: list[str] = []
    for story in stories:
        lines += [*([""] if lines else []), *_laid_out(story, max(column, COLUMN))]
    return lines


def _told(results: Results, row: MessageRow) -> Iterator[tuple[str, str]]:
    """When each thing happened to a message, and what; at last, and without a time, where it is now."""
    for same, group in groupby(steps(results, row.message_id), lambda s: (s.deed, s.host, s.text, s.address)):
        tries = list(group)
        text = _SENTENCES[same[0]](results, tries[0])
        if len(tries) > 1:
            text += f" ({len(tries)} tries, the last at {_clock(results, tries[-1].time)})"
        yield _clock(results, tries[0].time), text
    yield "", _end(results, row)


def _laid_out(story: Sequence[tuple[str, str]], column: int) -> list[str]:
    """A message's story in lines, the texts in one column; of many lines the first and last."""
    *lines, end = (_wrapped(when, text, column) for when, text in story)
    told = [line for wrapped in lines for line in wrapped]
    if len(told) > LINES:
        kept = LINES // 2
        told[kept:-kept] = [f"{'...':>{column}}  ({len(told) - 2 * kept} lines more)"]
    return [*told, *end]


def _clock(results: Results, time: float) -> str:
    """The time of day to a tenth of a second, with the day in front after the first."""
    start, at = results.world.calendar.start.date(), results.world.calendar.at(time)
    tenth = int(time * 10) % 10
    return f"{at:%H:%M:%S}.{tenth}" if at.date() == start else f"{at:%a %H:%M:%S}.{tenth}"


def _wrapped(when: str, text: str, column: int) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=f"{when:<{column}}", subsequent_indent=" " * (column + 2))


def _written(results: Results, step: Step) -> str:
    row = next(row for row in results.message_rows if row.time == step.time and row.sender == step.address)
    name = next((p.name for p in results.world.people.values() if p.address == step.address), "")
    who = f"{name} <{step.address}>" if name else f"<{step.address}>"
    about = f': "{step.text}"' if step.text else ""
    return f"{who} writes to {row.recipients}{about}"


def _whom(step: Step) -> str:
    return f"{step.original}, which is {step.address}" if step.original else step.address


_SENTENCES: dict[Deed, Callable[[Results, Step], str]] = {
    Deed.WRITTEN: _written,
    Deed.NOT_TAKEN: lambda results, step: f"{step.host} is not rid of it: {step.text}",
    Deed.PASSED: lambda results, step: f"{step.host} hands it to {step.target}: {step.text}",
    Deed.DELIVERED: lambda results, step: f"{step.host}, for {_whom(step)}: {step.text}",
    Deed.WAITS: lambda results, step: f"{step.host} keeps it for {_whom(step)}: {step.text}",
    Deed.FAILED: lambda results, step: f"{step.host} gives up on {_whom(step)}: {step.text}",
    Deed.NOTICE: lambda results, step: f"{step.host} writes a {step.text}",
    Deed.FETCHED: lambda results, step: f"{step.target} fetches it from {step.host}",
}


def _end(results: Results, row: MessageRow) -> str:
    """Where it is now."""
    waiting = [
        host.name
        for host, queue_id in ((results.world.hosts[h], q) for h, q in results.trails.copies.get(row.message_id, ()))
        if host.master is not None and host.master.spool.holds(queue_id)
    ]
    if waiting:
        return f"= waiting in the queue of {' and '.join(dict.fromkeys(waiting))}"
    if row.state == "delivered" and row.delay is not None:
        return f"= in the mailbox {told(row.delay)} after it was written"
    return {
        "refused": "= with its writer still",
        "given up": "= its sender has given up",
        "bounced": "= it came back",
        "trapped": "= in a trap",
    }.get(row.state, "= on its way")
