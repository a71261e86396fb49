"""Pictures of queues: how long they were, what waited in them, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.lab.axes import MARKS_ON_LINE, legend_above, over_time, unit_of
from simmail.lab.of_world import of_world
from simmail.lab.picture import COLOURS, MARKS, Picture, figure
from simmail.lab.stays import Stay, counts, stays
from simmail.mail.errors import InputError
from simmail.postfix.spool import LIVE_QUEUES
from simmail.world.units import told

if TYPE_CHECKING:
    from simmail.world.host import Host
    from simmail.world.world import World

#: Columns of a heat map, and rows for domains.
COLUMNS, DOMAINS = 96, 12
#: The ages of qshape's columns, minutes; the last has no end.
AGES = (5, 10, 20, 40, 80, 160, 320, 640, 1280)


def mail_server(world: World, name: str) -> Host:
    """A host that runs Postfix.  Raises InputError for any other."""
    host = world.host(name)
    if host.master is None:
        servers = ", ".join(h.name for h in world.hosts.values() if h.master is not None)
        raise InputError(f"host {name!r}", "runs no Postfix", f"these do: {servers or 'none'}")
    return host


def from_nothing(axes: Any) -> None:
    """Let a count's axis begin at 0, and reach 1 where nothing was ever there."""
    axes.set_ylim(bottom=0, top=None if any(max(line.get_ydata()) for line in axes.lines) else 1)


@of_world
def queues(world: World, *hosts: str) -> Picture:
    """The number of messages in the queue of each host over time; all that run Postfix by default."""
    names = [world.host(name).name for name in hosts] or [h.name for h in world.hosts.values() if h.master is not None]
    changes = [row for row in world.results.queue_rows if row[1] in names]
    drawing, axes, unit = over_time(world, "messages in the queue")
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
    from_nothing(axes)
    legend_above(axes)
    alt = f"Messages in the queue over {told(world.now)}: {'; '.join(peaks)}."
    return Picture(drawing, alt, ("time", "host", "messages"), changes)


@of_world
def states(world: World, host: str) -> Picture:
    """The messages of a host by queue over time: incoming, active, deferred, hold."""
    # what is there at present has not left: its stay ends with the picture alone
    rows = [row for row in counts(stays(mail_server(world, host))) if row[0] < world.now]
    drawing, axes, unit = over_time(world, "messages")
    words = []
    for number, queue in enumerate(LIVE_QUEUES):
        sizes = [0, *(int(row[1 + number]) for row in rows)]
        times = [0.0, *(row[0] for row in rows)]
        axes.step(
            [time / unit for time in (*times, world.now)], [*sizes, sizes[-1]], where="post", color=COLOURS[number],
            marker=MARKS[number], markersize=5, markevery=MARKS_ON_LINE, linewidth=1.8, label=queue, clip_on=False,
        )  # fmt: skip
        words.append(f"{queue} at most {max(sizes)}, at the end {sizes[-1]}")
    from_nothing(axes)
    legend_above(axes)
    alt = f"Messages in the queues of {host} over {told(world.now)}: {'; '.join(words)}."
    return Picture(drawing, alt, ("time", *LIVE_QUEUES), rows)


@of_world
def qshape(world: World, host: str, by: str = "age") -> Picture:
    """What waits in a host's queue, as a heat map over time.

    Args:
        world: the world.
        host: one that runs Postfix.
        by: `age`, in qshape(1)'s ranges, or `domain` of the recipients.

    Raises:
        InputError: for another `by`, and for a host that runs no Postfix.
    """
    if by not in ("age", "domain"):
        raise InputError(f"by={by!r}", "is no way to look at a queue", "there are: age, domain")
    found = stays(mail_server(world, host))
    labels, table = _by_age(world, found) if by == "age" else _by_domain(world, found)
    drawing, axes = figure(9, 1.4 + 0.28 * len(labels))
    unit, name = unit_of(world)
    span = max(world.now, 1.0) / unit
    image = axes.imshow(
        table, aspect="auto", origin="lower", cmap="cividis", interpolation="nearest", vmin=0,
        vmax=max(1, *map(max, table)), extent=(0, span, -0.5, len(labels) - 0.5),
    )  # fmt: skip
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylabel("minutes in the queue" if by == "age" else "recipients' domain")
    axes.set_xlabel(f"{name} since {world.calendar.start:%a %d %b %Y, %H:%M}")
    drawing.colorbar(image, ax=axes, label="messages", pad=0.01)
    step = world.now / COLUMNS
    rows = [
        (column * step + step / 2, label, table[number][column])
        for column in range(COLUMNS)
        for number, label in enumerate(labels)
    ]
    peak = max(rows, key=lambda row: row[2], default=(0.0, "", 0))
    most = f"most messages, {peak[2]}, at {told(peak[0])} for {by} {peak[1]}" if peak[2] else "empty throughout"
    alt = f"A heat map of {host}'s queue over {told(world.now)} by {by}; {most}."
    return Picture(drawing, alt, ("time", by, "messages"), rows)


def _moments(world: World) -> list[float]:
    return [(column + 0.5) * world.now / COLUMNS for column in range(COLUMNS)]


def _by_age(world: World, found: list[Stay]) -> tuple[list[str], list[list[int]]]:
    """Labels and counts of qshape's ranges at each moment."""
    starts = (0, *AGES)
    labels = [f"{a} to {b}" for a, b in zip(starts, AGES, strict=False)] + [f"{AGES[-1]} and more"]
    table = [[0] * COLUMNS for _ in labels]
    for column, moment in enumerate(_moments(world)):
        for stay in found:
            if stay.begin <= moment < stay.end:
                age = (moment - stay.arrived) / 60
                table[sum(age >= limit for limit in AGES)][column] += 1
    return labels, table


def _by_domain(world: World, found: list[Stay]) -> tuple[list[str], list[list[int]]]:
    """Labels and counts of the domains that most waited for, at each moment."""
    waited: dict[str, float] = {}
    for stay in found:
        for domain in stay.domains:
            waited[domain] = waited.get(domain, 0.0) + stay.end - stay.begin
    labels = sorted(sorted(waited), key=lambda domain: waited[domain])[-DOMAINS:] or ["none"]
    table = [[0] * COLUMNS for _ in labels]
    place: dict[str, Any] = {domain: number for number, domain in enumerate(labels)}
    for column, moment in enumerate(_moments(world)):
        for stay in found:
            if stay.begin <= moment < stay.end:
                for domain in stay.domains:
                    if domain in place:
                        table[place[domain]][column] += 1
    return labels, table
