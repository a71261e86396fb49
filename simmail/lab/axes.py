"""What pictures over time share: the time axis, the grid, the legend above the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.lab.picture import figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simmail.world.world import World

#: The units of a time axis: the shortest run they are for (s), their length (s), their name.
UNITS = ((2 * 86400.0, 86400.0, "days"), (7200.0, 3600.0, "hours"), (180.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))
#: The size of a picture over the whole run, inches.
WIDE, HIGH = 9, 3.6
#: So many marks on each line.
MARKS_ON_LINE = 0.12


def unit_of(world: World) -> tuple[float, str]:
    """The unit of a time axis over the whole run: its length in seconds, and its name."""
    return next((length, name) for shortest, length, name in UNITS if world.now >= shortest)


def over_time(world: World, label: str) -> tuple[Figure, Any, float]:
    """A picture over the whole run: figure, axes, and the seconds of a unit of its time axis.

    Args:
        world: whose run it is.
        label: what its other axis counts.
    """
    from matplotlib.ticker import MaxNLocator

    drawing, axes = figure(WIDE, HIGH)
    unit, name = unit_of(world)
    axes.set_xlabel(f"{name} since {world.calendar.start:%a %d %b %Y, %H:%M}")
    axes.set_ylabel(label)
    axes.set_xlim(0, max(world.now, 1.0) / unit)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", alpha=0.3)
    return drawing, axes, unit


def legend_above(axes: Any, columns: int = 4) -> None:
    """Name the lines above the picture, in so many columns."""
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns)
