"""Pictures of traffic: what came and went, how long it took, and what became of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from simmail.lab.axes import MARKS_ON_LINE, legend_above, over_time
from simmail.lab.of_world import of_world
from simmail.lab.picture import COLOURS, MARKS, Picture, figure
from simmail.lab.queue_plots import mail_server
from simmail.lab.stays import stays
from simmail.world.units import told

if TYPE_CHECKING:
    from simmail.world.world import World

#: The shares of messages that a distribution's words tell of.
SHARES = (0.5, 0.9, 0.99)
#: The least delay that an axis of logarithms shows, seconds.
LEAST_S = 0.001
#: What became of mail, from good to bad, with what tells the bars apart without colours.
ENDS = {
    "delivered": "", "waiting": "..", "refused": "//", "bounced": "xx", "given up": "\\\\", "discarded": "++",
    "deleted": "oo", "trapped": "**",
}  # fmt: skip


@of_world
def arrivals(world: World, host: str) -> Picture:
    """Messages that came to a host and that left it, counted up over time; between the lines lies its queue."""
    found = stays(mail_server(world, host))
    last = {stay.queue_id: stay for stay in found}
    came = sorted({stay.queue_id: stay.arrived for stay in found}.values())
    left = sorted(stay.end for stay in last.values() if stay.end < world.now)
    drawing, axes, unit = over_time(world, "messages, counted up")
    for number, (label, times) in enumerate((("arrived", came), ("left", left))):
        axes.step(
            [time / unit for time in (0.0, *times, world.now)], [0, *range(1, len(times) + 1), len(times)],
            where="post", color=COLOURS[number], linestyle=("-", "--")[number], marker=MARKS[number], markersize=5,
            markevery=MARKS_ON_LINE, linewidth=1.8, label=label, clip_on=False,
        )  # fmt: skip
    axes.set_ylim(bottom=0)
    legend_above(axes)
    rows = sorted([(time, 1, 0) for time in came] + [(time, 0, 1) for time in left])
    total = [0, 0]
    table = []
    for time, one, other in rows:
        total[0] += one
        total[1] += other
        table.append((time, *total))
    alt = (
        f"Messages counted up at {host} over {told(world.now)}: {len(came)} arrived, {len(left)} left, "
        f"{len(came) - len(left)} are there at the end."
    )
    return Picture(drawing, alt, ("time", "arrived", "left"), table)


@of_world
def delays(world: World, *hosts: str) -> Picture:
    """How long mail took: the share of messages that took no longer than so long, with percentiles.

    Args:
        world: the world.
        hosts: from arrival there to delivery, for each; without any, from writing to mailbox.
    """
    samples: dict[str, list[float]] = {}
    for name in hosts:
        mail_server(world, name)
        samples[name] = sorted(row[7] for row in world.results.delivery_rows if row[1] == name and row[13] == "sent")
    if not hosts:
        written = [fate.delay for fate in world.results.account.fates if fate.delay is not None]
        samples["from writing to mailbox"] = sorted(written)
    drawing, axes = figure(9, 3.6)
    words, rows = [], []
    for number, (label, values) in enumerate(samples.items()):
        shares = [(n + 1) / len(values) for n in range(len(values))]
        marks = [(percentile(values, share), share) for share in SHARES] if values else []
        said = ", ".join(f"{share:.0%} within {told(value)}" for value, share in marks) or "no messages"
        colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        axes.step(
            [max(v, LEAST_S) for v in values], shares, where="post", color=colour, linewidth=1.8, marker=mark,
            markersize=7, markevery=[max(0, round(share * len(values)) - 1) for _, share in marks],
            label=f"{label}: {said}",
        )  # fmt: skip
        words.append(f"{label}, {len(values)} messages: {said}")
        rows += [(label, value, share) for value, share in zip(values, shares, strict=True)]
    axes.set_xscale("log")
    axes.set_xlabel("seconds")
    axes.set_ylabel("share of messages")
    axes.set_ylim(0, 1.02)
    axes.grid(alpha=0.3)
    legend_above(axes, columns=1)
    return Picture(drawing, f"How long mail took. {'; '.join(words)}.", ("of", "seconds", "share"), rows)


def percentile(values: list[float], share: float) -> float:
    """The value that so great a share of sorted values does not exceed (the nearest rank)."""
    return values[max(0, -int(-share * len(values) // 1) - 1)]


@of_world
def outcomes(world: World) -> Picture:
    """What became of mail by its kind: for each recipient of each message that somebody wrote."""
    found = Counter((fate.kind, fate.state) for fate in world.results.account.fates)
    kinds = sorted({kind for kind, _ in found}, key=lambda kind: sum(n for (k, _), n in found.items() if k == kind))
    drawing, axes = figure(9, 1.2 + 0.42 * max(len(kinds), 1))
    left = dict.fromkeys(kinds, 0)
    ends = [end for end in ENDS if any(state == end for _, state in found)]
    for end in ends:
        number = list(ENDS).index(end)
        widths = [found[kind, end] for kind in kinds]
        axes.barh(
            kinds, widths, left=list(left.values()), color=COLOURS[number % len(COLOURS)], hatch=ENDS[end], label=end,
            edgecolor="white", linewidth=0.8,
        )  # fmt: skip
        for kind, width in zip(kinds, widths, strict=True):
            if width > 0.04 * max(sum(n for (k, _), n in found.items() if k == other) for other in kinds):
                axes.text(
                    left[kind] + width / 2, kind, str(width), ha="center", va="center", fontsize=8.5,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.2},
                )  # fmt: skip
            left[kind] += width
    axes.set_xlabel("messages, counted by recipient")
    if ends:
        legend_above(axes, columns=len(ends))
    words = [
        f"{kind}: " + ", ".join(f"{found[kind, end]} {end}" for end in ends if found[kind, end])
        for kind in reversed(kinds)
    ]
    rows = [(kind, end, found[kind, end]) for kind in reversed(kinds) for end in ends]
    alt = f"What became of mail over {told(world.now)}, by kind. {'; '.join(words) or 'nobody wrote any'}."
    return Picture(drawing, alt, ("kind", "end", "messages"), rows)
