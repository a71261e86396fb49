"""The graph of sites and hosts, and the paths that mail takes through it."""

from __future__ import annotations

import ipaddress
from itertools import pairwise
from math import fsum
from typing import NamedTuple

import networkx as nx

DEFAULT_LATENCY_S = 0.010
DEFAULT_BANDWIDTH = 12_500_000.0


class Path(NamedTuple):
    """A way from one host to another.

    Args:
        latency: seconds one way.
        bandwidth: octets a second, the narrowest link's.
        loss: the part of packets lost, 0 to 1.
        hops: the nodes' names, both ends included.
    """

    latency: float
    bandwidth: float
    loss: float
    hops: tuple[str, ...]

    def __add__(self, other: Path) -> Path:  # type: ignore[override]
        """This way, and then that one."""
        return Path(
            self.latency + other.latency,
            min(self.bandwidth, other.bandwidth),
            1.0 - (1.0 - self.loss) * (1.0 - other.loss),
            (*self.hops, *other.hops[1:]),
        )


HERE = Path(0.0, float("inf"), 0.0, ())


class Network:
    """Sites, hosts and links.

    Attributes:
        graph: a `networkx.Graph`; nodes have `kind` (`site` or `host`), `up`, and a host's `addresses`;
            edges have `latency` (s), `bandwidth` (octets/s), `loss` (0 to 1) and `up`.
        changed: grows with every change, for those who remember paths.
    """

    def __init__(self) -> None:
        self.changed = 0
        self.graph: nx.Graph[str] = nx.Graph()
        self._owners: dict[str, str] = {}
        self._paths: dict[tuple[str, str], Path | None] = {}

    def add_site(self, name: str) -> None:
        """Add a place where links meet: a provider, an office."""
        self.graph.add_node(name, kind="site", up=True)
        self._forget()

    def add_host(self, name: str, addresses: tuple[str, ...]) -> None:
        """Add a host with its addresses (127.0.0.1 is every host's own and not listed).

        Raises:
            ValueError: for what is no address, or another host's.
        """
        for address in addresses:
            ipaddress.ip_address(address)
            if self._owners.setdefault(address, name) != name:
                raise ValueError(f"{address} belongs to {self._owners[address]} already")
        known = self.graph.nodes[name]["addresses"] if name in self.graph else ()
        self.graph.add_node(name, kind="host", up=True, addresses=(*known, *addresses))
        self._forget()

    def link(
        self,
        a: str,
        b: str,
        latency: float = DEFAULT_LATENCY_S,
        bandwidth: float = DEFAULT_BANDWIDTH,
        loss: float = 0.0,
    ) -> None:
        """Join two nodes: `latency` in seconds one way, `bandwidth` in octets/s, `loss` from 0 to 1."""
        self.graph.add_edge(a, b, latency=latency, bandwidth=bandwidth, loss=loss, up=True)
        self._forget()

    def owner(self, address: str) -> str | None:
        """The host that has an address; None for nobody."""
        return self._owners.get(address)

    def address(self, host: str) -> str:
        """A host's first address."""
        addresses: tuple[str, ...] = self.graph.nodes[host]["addresses"]
        return addresses[0]

    def set_link(self, a: str, b: str, up: bool) -> None:
        """Let a link fail, or come back."""
        self.graph.edges[a, b]["up"] = up
        self._forget()

    def set_node(self, name: str, up: bool) -> None:
        """Let a site or a host fall off the network, or come back."""
        self.graph.nodes[name]["up"] = up
        self._forget()

    def set_loss(self, a: str, b: str, loss: float) -> None:
        """Let a link lose packets, from 0 (none) to 1."""
        self.graph.edges[a, b]["loss"] = loss
        self._forget()

    def _forget(self) -> None:
        self._paths.clear()
        self.changed += 1

    def path(self, a: str, b: str) -> Path | None:
        """The quickest way that is up now; None where there is none."""
        if a == b:
            return HERE
        try:
            return self._paths[a, b]
        except KeyError:
            found = self._paths[a, b] = self._paths[b, a] = self._search(a, b)
            return found

    def _search(self, a: str, b: str) -> Path | None:
        nodes = self.graph.nodes

        def cost(u: str, v: str, edge: dict[str, float]) -> float | None:
            usable = edge["up"] and nodes[u]["up"] and nodes[v]["up"]
            return edge["latency"] if usable else None

        try:
            hops = nx.dijkstra_path(self.graph, a, b, weight=cost)
        except (nx.NetworkXNoPath, nx.NodeNotFound):
            return None
        edges = [self.graph.edges[u, v] for u, v in pairwise(hops)]
        passed = 1.0
        for edge in edges:
            passed *= 1.0 - edge["loss"]
        return Path(
            fsum(edge["latency"] for edge in edges),  # which rounds alike in every Python, as sum does not
            min((edge["bandwidth"] for edge in edges), default=float("inf")),
            1.0 - passed,
            tuple(hops),
        )
