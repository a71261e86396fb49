"""Paths through the network take time, and go round what has failed."""

import pytest

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
