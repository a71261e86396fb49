"""Mail moving over the network: an animated map for a notebook, which asks nothing of any other machine.

Each move is a message on its way from one host to another, from the records: who brought it, whether it was taken, and
whether it was wanted in truth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.lab.of_world import of_world
from simmail.lab.topology import places
from simmail.mail.errors import InputError
from simmail.world.truth import KINDS

if TYPE_CHECKING:
    import anywidget

    from simmail.world.world import World

#: So many moves are shown; of more, every n-th.
MOVES = 3000
_ADDRESS = re.compile(r"\[([0-9a-fA-F.:]+)\]")


class Move(NamedTuple):
    """A message on its way.

    Args:
        time: when it got there or was turned away, seconds since the start.
        origin, target: hosts.
        outcome: `taken`, `later`, `refused`.
        wanted: whether its recipient would miss it; None for a notice.
    """

    time: float
    origin: str
    target: str
    outcome: str
    wanted: bool | None


def moves(world: World) -> list[Move]:
    """Every move up to now, in order of time."""
    return sorted(_moves(world), key=lambda move: move.time)


def _moves(world: World) -> Iterator[Move]:
    results, truth = world.results, world.truth
    identities = {copy: identity for identity, copies in results.trails.copies.items() for copy in copies}
    outcomes = {"sent": "taken", "accepted": "taken", "bounced": "refused", "refused": "refused"}
    for record in results.records:
        if record.event == "attempted":
            identity, server, _, outcome, _ = record.fields
        elif record.event == "delivery" and "[" in record.fields[2]:
            found = _ADDRESS.search(record.fields[2])
            server, outcome = (found[1] if found else ""), record.get("status")
            identity = identities.get((record.host, record.queue_id), "")
        elif record.event == "handed-over":
            identity, _, target = record.fields
            yield Move(record.time, record.host, target, "taken", KINDS.get(truth.kind(identity)))
            continue
        else:
            continue
        owner = world.network.owner(server)
        if owner is not None and owner != record.host:
            wanted = KINDS.get(truth.kind(identity))
            yield Move(record.time, record.host, owner, outcomes.get(outcome, "later"), wanted)


@cache
def _widget() -> type[anywidget.AnyWidget]:
    """The widget's class; its packages are slow to import."""
    import anywidget
    import traitlets

    class Map(anywidget.AnyWidget):  # type: ignore[misc]
        """A map with mail moving over it."""

        _esm = files(__package__).joinpath("animation.js").read_text(encoding="utf-8")
        data = traitlets.Dict().tag(sync=True)

    return Map


@of_world
def animation(world: World, seconds: float = 20.0) -> Any:
    """The map with the mail of the whole run moving over it.

    Args:
        world: as it is now.
        seconds: how long the run takes on the screen.

    Returns: a widget; its `data` are the places, links and moves.

    Raises:
        InputError: for a length of time that is none.
    """
    if not 0 < seconds < inf:
        raise InputError("animation: seconds", f"{seconds!r} is no length of time", "write 20")
    found = moves(world)
    step = max(1, -(-len(found) // MOVES))
    shown = found[::step]
    hosts = places(world)
    known = {name for name, _, _, _ in hosts}
    links = [(a, b) for a, b in world.network.graph.edges if a in known and b in known]
    counts = {outcome: sum(1 for move in found if move.outcome == outcome) for outcome in ("taken", "later", "refused")}
    told = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
    alt = f"Mail moving between {len(hosts)} places: {len(found)} moves, {told}."
    start = world.calendar.start
    return _widget()(
        data={
            "places": [list(place) for place in hosts],
            "links": [list(link) for link in links],
            "moves": [[m.time, m.origin, m.target, m.outcome, m.wanted] for m in shown],
            "until": world.now, "seconds": seconds, "alt": alt, "every": step,
            "clock": start.hour * 3600 + start.minute * 60 + start.second,
        }
    )  # fmt: skip
