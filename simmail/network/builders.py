"""Random networks: providers that carry for each other, and sites that hang on them.

The graph of providers grows by preferential attachment (Barabasi and Albert): a few carry for many.  They lie on a
plane; light takes its time between them.
"""

from __future__ import annotations

from math import dist
from random import Random
from typing import NamedTuple

import networkx as nx

#: Seconds across the plane, one way: half round the earth in glass.
ACROSS_S = 0.080
#: Seconds that equipment adds to each link.
EQUIPMENT_S = 0.001
#: Sites to a provider.
PER_PROVIDER = 25


class Wire(NamedTuple):
    """A link between two places.

    Args:
        ends: their names.
        latency: seconds one way.
        bandwidth: octets a second.
    """

    ends: tuple[str, str]
    latency: float
    bandwidth: float


#: What leads from a site to its provider: (seconds one way at least, at most, octets a second).
ACCESS = {
    "company": (0.002, 0.010, 12_500_000.0),
    "branch": (0.015, 0.040, 250_000.0),
    "home": (0.015, 0.040, 1_000_000.0),
    "hosting": (0.001, 0.003, 125_000_000.0),
}


def providers(count: int, rng: Random) -> tuple[list[str], list[Wire]]:
    """A graph of providers.

    Args:
        count: how many, at least one.
        rng: from which it is drawn.
    """
    names = [f"provider{number}" for number in range(1, count + 1)]
    if count < 3:
        edges = [(0, 1)] if count == 2 else []
    else:
        edges = sorted(nx.barabasi_albert_graph(count, 2, seed=rng.randrange(2**31)).edges)
    places = [(rng.random(), rng.random()) for _ in names]
    wires = [
        Wire((names[a], names[b]), EQUIPMENT_S + ACROSS_S * dist(places[a], places[b]), 1_250_000_000.0)
        for a, b in edges
    ]
    return names, wires


def access(site: str, kind: str, carriers: list[str], rng: Random) -> Wire:
    """The link of a site to one of the providers.

    Args:
        site: its name.
        kind: a key of ACCESS.
        carriers: the providers.
        rng: from which it is drawn.
    """
    least, most, bandwidth = ACCESS[kind]
    return Wire((site, rng.choice(carriers)), rng.uniform(least, most), bandwidth)
