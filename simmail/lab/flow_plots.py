"""The network with what flowed through it: each link as wide as its mail was much."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from simmail.lab.of_world import of_world
from simmail.lab.picture import Picture
from simmail.lab.topology import draw_map
from simmail.world.trails import relay_address

if TYPE_CHECKING:
    from simmail.world.world import World


def transfers(world: World) -> Counter[tuple[str, str]]:
    """Messages that one host passed on to another: (from, to) -> how many."""
    found: Counter[tuple[str, str]] = Counter()
    for record in world.results.records:
        if record.event == "handed-over":
            found[record.host, record.fields[2]] += 1
        elif record.event == "arrived":
            sender = world.network.owner(record.fields[3])
            if sender is not None and (sender not in world.hosts or world.hosts[sender].master is None):
                found[sender, record.host] += 1
        elif record.event == "attempted" and record.get("outcome") == "accepted":
            server = world.network.owner(record.get("server"))
            # one that is no Postfix makes a record of its own as mail arrives
            if server is not None and server in world.hosts and world.hosts[server].master is not None:
                found[record.host, server] += 1
        elif record.event == "delivery" and record.get("status") == "sent":
            owner = world.network.owner(relay_address(record.get("relay")))
            if owner is not None and owner != record.host:
                found[record.host, owner] += 1
    return found


@of_world
def flows(world: World) -> Picture:
    """The network, each link as wide as many messages passed over it; the table has them by pairs of hosts."""
    passed: Counter[tuple[str, str]] = Counter()
    found = transfers(world)
    for (start, end), number in found.items():
        path = world.network.path(start, end)
        for step in pairwise(path.hops if path is not None else ()):
            passed[step] += number
    rows = [(start, end, number) for (start, end), number in found.most_common()]
    most = "; ".join(f"{start} to {end}: {number}" for start, end, number in rows[:8])
    drawing, where = draw_map(world, passed)
    alt = f"A map of the network with the messages that passed over each link. {where} Most passed: {most or 'none'}."
    return Picture(drawing, alt, ("from", "to", "messages"), rows)
