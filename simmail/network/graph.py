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
        self._core: Core | None = None

    def add_site(self, name: str) -> None:
        """Add a place where links meet: a provider, an office."""
        self.graph.add_node(name, kind="site", up=True)
        self._grown()

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
        self._grown()

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
        self._grown()

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

    def _grown(self) -> None:
        """There is a node or a link more."""
        self._core = None
        self._forget()

    def _forget(self) -> None:
        """Something has failed, or come back."""
        self._paths.clear()
        self.changed += 1
        if self._core is not None:
            self._core.forget()

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
        nodes, edges = self.graph.nodes, self.graph.edges
        hops = self._hops(a, b)
        if hops is None or not all(nodes[node]["up"] for node in hops):
            return None
        links = [edges[u, v] for u, v in pairwise(hops)]
        if not all(link["up"] for link in links):
            return None
        passed = 1.0
        for link in links:
            passed *= 1.0 - link["loss"]
        return Path(
            fsum(link["latency"] for link in links),  # which rounds alike in every Python, as sum does not
            min((link["bandwidth"] for link in links), default=float("inf")),
            1.0 - passed,
            tuple(hops),
        )

    def _hops(self, a: str, b: str) -> list[str] | None:
        """Out of the stub at one end, across the core, into the stub at the other."""
        if a not in self.graph or b not in self.graph:
            return None
        if self._core is None:
            self._core = Core(self.graph)
        out, back = self._core.outward(a), self._core.outward(b)
        across = self._core.across(out[-1], back[-1])
        if across is None:
            return None
        if len(across) > 1:
            return [*out, *across[1:-1], *reversed(back)]
        while len(out) > 1 and len(back) > 1 and out[-2] == back[-2]:  # the same stub: not out of it and in again
            out.pop()
            back.pop()
        return [*out, *reversed(back[:-1])]


class Core:
    """What is left of a network without its stubs: parts that hang on one link, where there is but one way to go.

    Hosts hang on sites and most sites on one provider, so that a way has to be looked for among a few nodes only, and
    one search from each of them serves all that hang on it.

    Args:
        graph: the network; the core is that of its present links, whether up or not, which `across` minds.
    """

    def __init__(self, graph: nx.Graph[str]) -> None:
        self._parents: dict[str, str] = {}
        self._inner = graph.copy()
        leaves = [node for node in graph if graph.degree[node] == 1]
        while leaves:
            leaf = leaves.pop()
            if self._inner.degree[leaf] != 1:
                continue  # its only neighbour hung on it
            (parent,) = self._inner[leaf]
            self._parents[leaf] = parent
            self._inner.remove_node(leaf)
            if self._inner.degree[parent] == 1:
                leaves.append(parent)
        self._graph = graph
        self.forget()

    def forget(self) -> None:
        """Something has failed or come back; `_ways` has, for a node, the one before each other on the way there."""
        self._ways: dict[str, dict[str, list[str]]] = {}

    def outward(self, node: str) -> list[str]:
        """The way from a node to the core, both included."""
        way = [node]
        while (parent := self._parents.get(way[-1])) is not None:
            way.append(parent)
        return way

    def across(self, a: str, b: str) -> list[str] | None:
        """The quickest way that is up between two nodes of the core; None where there is none."""
        if a == b:
            return [a]
        ways = self._ways.get(a)
        if ways is None:
            nodes, edges = self._graph.nodes, self._graph.edges

            def cost(u: str, v: str, _: object) -> float | None:
                edge = edges[u, v]
                usable = edge["up"] and nodes[u]["up"] and nodes[v]["up"]
                return float(edge["latency"]) if usable else None

            ways, _ = nx.dijkstra_predecessor_and_distance(self._inner, a, weight=cost)
            self._ways[a] = ways
        if b not in ways:
            return None
        way = [b]
        while way[-1] != a:
            way.append(ways[way[-1]][0])
        return way[::-1]
