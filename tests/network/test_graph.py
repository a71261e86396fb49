"""Paths through the network take time, and go round what has failed."""

from itertools import permutations
from random import Random

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simmail.network.graph import Network


@pytest.fixture
def network() -> Network:
    """Two hosts joined by a quick way and a slow one."""
    network = Network()
    for site in ("quick", "slow"):
        network.add_site(site)
    network.add_host("a", ("192.0.2.1",))
    network.add_host("b", ("192.0.2.2", "2001:db8::2"))
    network.link("a", "quick", 0.010, 1000.0, 0.5)
    network.link("quick", "b", 0.020, 500.0, 0.5)
    network.link("a", "slow", 0.100)
    network.link("slow", "b", 0.100)
    return network


def test_the_quickest_way_is_taken(network: Network) -> None:
    """Latencies add up, the narrowest link tells the bandwidth, losses multiply."""
    path = network.path("a", "b")

    assert path is not None
    assert (pytest.approx(0.030), 500.0, 0.75, ("a", "quick", "b")) == path


def test_a_cut_link_is_gone_round(network: Network) -> None:
    """With the quick link down the slow way is taken, and with both there is none."""
    network.set_link("a", "quick", False)
    assert ("a", "slow", "b") == network.path("a", "b").hops  # type: ignore[union-attr]

    network.set_node("slow", False)
    assert network.path("a", "b") is None

    network.set_link("a", "quick", True)
    assert ("a", "quick", "b") == network.path("a", "b").hops  # type: ignore[union-attr]


def test_an_address_has_one_owner(network: Network) -> None:
    """An address leads to its host, and cannot be given away twice."""
    assert "b" == network.owner("2001:db8::2")
    with pytest.raises(ValueError, match="belongs to b already"):
        network.add_host("c", ("192.0.2.2",))


@given(st.randoms(use_true_random=False), st.integers(2, 14), st.integers(0, 18))
def test_ways_are_the_quickest_there_are(rng: Random, nodes: int, links: int) -> None:
    """Stubs, rings and islands: the latency is that of a search in the whole graph, whatever has failed since."""
    network = Network()
    for number in range(nodes):
        network.add_site(str(number))
    for _ in range(links):
        a, b = rng.sample(range(nodes), 2)
        network.link(str(a), str(b), rng.uniform(0.001, 0.1))

    def compare() -> None:
        alive = nx.Graph((u, v, edge) for u, v, edge in network.graph.edges(data=True) if edge["up"])
        alive.remove_nodes_from([node for node, data in network.graph.nodes(data=True) if not data["up"]])
        for a, b in permutations(network.graph, 2):
            path = network.path(a, b)
            if a in alive and b in alive and nx.has_path(alive, a, b):
                assert path is not None
                assert path.latency == pytest.approx(nx.dijkstra_path_length(alive, a, b, "latency"))
                assert {path.hops[0], path.hops[-1]} == {a, b}
                assert len(set(path.hops)) == len(path.hops)
            else:
                assert path is None

    compare()
    if network.graph.edges:
        network.set_link(*rng.choice(sorted(network.graph.edges)), False)
    compare()
    network.set_node(str(rng.randrange(nodes)), False)
    compare()
