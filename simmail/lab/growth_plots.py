"""Pictures of something that grows: events counted up over time, in several worlds at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simmail.lab.axes import MARKS_ON_LINE, legend_above, over_time
from simmail.lab.picture import COLOURS, MARKS, Picture
from simmail.mail.errors import InputError
from simmail.mail.records import EVENTS
from simmail.world.units import told

if TYPE_CHECKING:
    from simmail.world.world import World

LINES = ("-", "--", "-.", ":")


def counted(worlds: Mapping[str, World], event: str) -> Picture:
    """How often something has happened, a line for each world.

    Args:
        worlds: what a line is called -> whose records are counted; each from its start to its present.
        event: the records that count: `infected`, `found`, `refusal`, ...

    Raises:
        InputError: for no world, or an event that no record tells of.
    """
    if event not in EVENTS:
        raise InputError(f"event {event!r}", "is told of by no record", f"one of {', '.join(sorted(EVENTS))}")
    if not isinstance(worlds, Mapping):
        raise InputError("worlds", f"{worlds!r} is no table", 'write {"as it is": world}')
    if not worlds:
        raise InputError("worlds", "there is none to count in", 'name one: {"as it is": world}')
    longest = max(worlds.values(), key=lambda world: world.now)
    drawing, axes, unit = over_time(longest, f"{event}, counted up")
    rows, words = [], []
    for number, (name, world) in enumerate(worlds.items()):
        times = [record.time for record in world.results.records if record.event == event]
        axes.step(
            [time / unit for time in (0.0, *times, world.now)], [0, *range(1, len(times) + 1), len(times)],
            where="post", color=COLOURS[number % len(COLOURS)], linestyle=LINES[number % len(LINES)],
            marker=MARKS[number % len(MARKS)], markersize=5, markevery=MARKS_ON_LINE, linewidth=1.8, label=name,
            clip_on=False,
        )  # fmt: skip
        rows += [(name, time, count) for count, time in enumerate(times, 1)]
        words.append(f"{name}: {len(times)}" + (f", half of them by {told(times[len(times) // 2])}" if times else ""))
    axes.set_ylim(bottom=0)
    legend_above(axes)
    alt = f"How often there was {event} over {told(longest.now)}. {'; '.join(words)}."
    return Picture(drawing, alt, ("world", "time", event), rows)
