"""Pictures of a world: its network, the way of a message, its queues over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.lab.picture import COLOURS, MARKS, Picture, figure
from simmail.lab.sequence import journey
from simmail.lab.topology import topology
from simmail.world.units import told

if TYPE_CHECKING:
    from simmail.world.world import World

__all__ = ["journey", "queues", "topology"]

#: The units of a time axis: the shortest run they are for (s), their length (s), their name.
UNITS = ((2 * 86400.0, 86400.0, "days"), (7200.0, 3600.0, "hours"), (180.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))
#: So many marks on each line.
MARKS_ON_LINE = 0.12


def queues(world: World, *hosts: str) -> Picture:
    """The number of messages in the queue of each host over time; all mail servers by default."""
    from matplotlib.ticker import MaxNLocator

    names = [world.host(name).name for name in hosts] or [h.name for h in world.hosts.values() if h.master is not None]
    changes = [row for row in world.results.queue_rows if row[1] in names]
    drawing, axes = figure(9, 3.6)
    _, unit, unit_name = next(row for row in UNITS if world.now >= row[0])
    peaks = []
    for number, name in enumerate(names):
        times = [0.0, *(time for time, host, _ in changes if host == name), world.now]
        sizes = [0, *(size for _, host, size in changes if host == name)]
        colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        axes.step(
            [time / unit for time in times], [*sizes, sizes[-1]], where="post", color=colour,
            marker=mark, markersize=5, markevery=MARKS_ON_LINE, linewidth=1.8, label=name, clip_on=False,
        )  # fmt: skip
        peaks.append(f"{name} at most {max(sizes)}, at the end {sizes[-1]}")
    axes.set_xlabel(f"{unit_name} since {world.calendar.start:%a %d %b %Y, %H:%M}")
    axes.set_ylabel("messages in the queue")
    axes.set_xlim(0, max(world.now, 1.0) / unit)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    alt = f"Messages in the queue over {told(world.now)}: {'; '.join(peaks)}."
    return Picture(drawing, alt, ("time", "host", "messages"), changes)
