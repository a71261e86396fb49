"""The way of one message drawn as protocols are: a line for each host, time going down, an arrow for each handover."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from simmail.lab.of_world import of_world
from simmail.lab.picture import COLOURS, Picture, figure, text_width
from simmail.mail.errors import InputError
from simmail.world.trace import Deed, Step, bracketed, steps

if TYPE_CHECKING:
    from simmail.world.world import World

#: Steps drawn, at most; of more the first ones and the last.
SHOWN = 24
# Lengths are inches, sizes of letters points.
GAP, LINE, TOP, LEFT = 0.16, 0.16, 0.5, 1.7
HEAD, SMALL = 10.0, 8.5
LANE, BESIDE = 2.9, 2.75
#: A text beside a mark or above an arrow: letters in a line, lines.
WRAP, LINES = 36, 4
INK, PALE, RULE = "#222222", "#5b6670", "#c5cdd4"
#: How each deed looks: its colour, the mark where it stays on a host, its word.
LOOKS: dict[Deed, tuple[str, str, str]] = {
    Deed.WRITTEN: ("#000000", "o", "written"),
    Deed.PASSED: (COLOURS[0], ">", "SMTP"),
    Deed.DELIVERED: (COLOURS[2], "s", ""),
    Deed.FETCHED: (COLOURS[2], ">", "fetched"),
    Deed.WAITS: (COLOURS[1], "D", "waits"),
    Deed.FAILED: (COLOURS[3], "X", "failed"),
    Deed.NOT_TAKEN: (COLOURS[3], "X", "not taken"),
    Deed.NOTICE: (COLOURS[4], "^", "notice"),
}


@of_world
def journey(world: World, identity: str) -> Picture:
    """One message's way from host to host.

    Args:
        world: the world.
        identity: its Message-ID, with its angle brackets or without.

    Raises:
        InputError: where no message of that name was ever seen.
    """
    identity = bracketed(identity)
    done = steps(world.results, identity)
    if not done:
        raise InputError(f"message {identity!r}", "was never seen")
    if len(done) > SHOWN:
        done = [*done[: SHOWN // 2], *done[-SHOWN // 2 :]]
    hosts = list(dict.fromkeys(name for step in done for name in (step.host, step.target) if name))
    start = done[0].time
    rows = [(step, _words(step)) for step in done]
    rooms = [_room(step, words) for step, words in rows]
    spoken = any(step.host == hosts[-1] and not step.target for step in done)
    width = LEFT + LANE * (len(hosts) - 1) + (BESIDE if spoken else text_width(hosts[-1], HEAD, bold=True) / 2 + 0.3)
    height = TOP + sum(map(sum, rooms)) + 0.2
    drawing, axes = figure(width, height, bare=True)
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    lanes = {name: LEFT + LANE * number for number, name in enumerate(hosts)}
    for name, x in lanes.items():
        axes.plot([x, x], [TOP - 0.05, height - 0.1], color=RULE, linewidth=1.4, zorder=1)
        mail = name in world.hosts and world.hosts[name].takes_mail
        _head(axes, name, x, *((COLOURS[0], "white") if mail else (COLOURS[1], INK)))
    y = TOP
    for (step, words), (above, below) in zip(rows, rooms, strict=True):
        y += above
        when = f"{world.calendar.at(step.time):%H:%M:%S}"
        axes.text(0.08, y, when, fontsize=SMALL, color=INK, va="center", family="monospace")
        axes.text(0.72, y, f"+{_short(step.time - start)}", fontsize=SMALL - 1, color=PALE, va="center")
        _draw(axes, step, words, y, lanes)
        y += below
    numbers = [(s.time - start, s.host, s.deed.value, s.target, s.address, s.text) for s in done]
    columns = ("after_s", "host", "deed", "to_host", "address", "text")
    return Picture(drawing, _alt(identity, done, start), columns, numbers)


def _short(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.2f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _words(step: Step) -> list[str]:
    word = LOOKS[step.deed][2]
    whom = f"for {step.original}, which is {step.address}" if step.original else f"for {step.address}"
    parts = [word] if word else []
    if step.deed in (Deed.DELIVERED, Deed.WAITS, Deed.FAILED):
        parts.append(whom)
    if step.text:
        parts.append(step.text)
    words = textwrap.wrap(": ".join(parts), WRAP)
    return words if len(words) <= LINES else [*words[: LINES - 1], words[LINES - 1] + " ..."]


def _room(step: Step, words: list[str]) -> tuple[float, float]:
    """How much a step takes above its mark or arrow and below: a text stands beside the one, and over the other."""
    text = LINE * len(words)
    return (text + GAP, GAP / 2) if step.target else (text / 2 + GAP, text / 2)


def _head(axes: Any, name: str, x: float, colour: str, ink: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    width = text_width(name, HEAD, bold=True) + 0.24
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, 0.1), width, 0.34, boxstyle="round,pad=0,rounding_size=0.07", facecolor=colour,
            edgecolor="none", zorder=2,
        )
    )  # fmt: skip
    axes.text(x, 0.27, name, fontsize=HEAD, weight="bold", color=ink, ha="center", va="center", zorder=3)


def _draw(axes: Any, step: Step, words: list[str], y: float, lanes: dict[str, float]) -> None:
    colour, mark, _ = LOOKS[step.deed]
    x = lanes[step.host]
    if step.target and step.target != step.host:
        end = lanes[step.target]
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 1.8, "shrinkA": 0, "shrinkB": 1}
        axes.annotate("", (end, y), (x, y), arrowprops=arrow)
        axes.text((x + end) / 2, y - 0.05, "\n".join(words), fontsize=SMALL, color=INK, ha="center", va="bottom")
        return
    axes.plot([x], [y], mark, color=colour, markersize=8, zorder=3)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.text(x + 0.14, y, "\n".join(words), fontsize=SMALL, color=INK, va="center", bbox=paper)


def _alt(identity: str, done: list[Step], start: float) -> str:
    told = "; ".join(
        f"after {_short(step.time - start)} {step.deed.value} at {step.host}" + (step.target and f", to {step.target}")
        for step in done
    )
    return f"The way of message {identity} from host to host: {told}."
