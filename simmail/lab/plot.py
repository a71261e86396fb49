"""Pictures of a world: its network, and its queues over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.lab.picture import COLOURS, MARKS, Picture
from simmail.world.units import told

if TYPE_CHECKING:
    from simmail.world.world import World


def _figure(width: float, height: float):  # type: ignore[no-untyped-def]
    """A figure that no global state knows of, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def topology(world: World) -> Picture:
    """The network: sites, hosts and links, each link with its latency."""
    import networkx as nx
    import pandas as pd

    graph = world.network.graph
    place = nx.kamada_kawai_layout(graph) if len(graph) > 1 else dict.fromkeys(graph, (0.0, 0.0))
    figure, axes = _figure(9, 5)
    mail = [n for n in graph if n in world.hosts and world.hosts[n].master is not None]
    other = [n for n in graph if n in world.hosts and world.hosts[n].master is None]
    sites = [n for n in graph if n not in world.hosts]
    nx.draw_networkx_edges(graph, place, ax=axes, edge_color="#888888", width=1.5)
    for kind, nodes, colour, mark in (
        ("mail server", mail, COLOURS[0], "s"), ("other host", other, COLOURS[1], "o"), ("site", sites, "#BBBBBB", "h"),
    ):  # fmt: skip
        if nodes:
            drawn = nx.draw_networkx_nodes(
                graph, place, nodelist=nodes, node_color=colour, node_shape=mark, node_size=500, ax=axes
            )
            drawn.set_label(kind)
    for name, (x, y) in place.items():
        address = f"\n{world.network.address(name)}" if name in world.hosts else ""
        axes.annotate(
            f"{name}{address}", (x, y), xytext=(0, -14), textcoords="offset points", ha="center", va="top", fontsize=9
        )
    edges = {
        (a, b): f"{edge['latency'] * 1000:g} ms" + ("" if edge["up"] else " (down)")
        for a, b, edge in graph.edges(data=True)
    }
    nx.draw_networkx_edge_labels(graph, place, edges, ax=axes, font_size=8)
    axes.legend(loc="best", frameon=False, fontsize=9)
    axes.margins(0.2)
    axes.set_axis_off()
    table = pd.DataFrame(
        [(a, b, e["latency"], e["bandwidth"], e["loss"], e["up"]) for a, b, e in graph.edges(data=True)],
        columns=["from", "to", "latency_s", "octets_per_s", "loss", "up"],
    )
    alt = (
        f"The network: {len(mail)} mail servers ({', '.join(mail)}), {len(other)} other hosts, joined through "
        f"{', '.join(sites)} by {graph.number_of_edges()} links."
    )
    return Picture(figure, alt, table)


def queues(world: World, *hosts: str) -> Picture:
    """The number of messages in the queue of each host over time; all mail servers by default."""
    names = [world.host(name).name for name in hosts] or [h.name for h in world.hosts.values() if h.master is not None]
    table = world.results.queues
    table = table[table["host"].isin(names)]
    figure, axes = _figure(9, 3.5)
    longest = max(world.now, 1.0)
    unit, name_of_unit = (
        (86400.0, "days") if longest > 172800 else (3600.0, "hours") if longest > 7200 else (60.0, "minutes")
    )
    told_peaks = []
    for number, name in enumerate(names):
        rows = table[table["host"] == name]
        times, sizes = (
            [0.0, *rows["time"], world.now],
            [0, *rows["messages"], rows["messages"].iloc[-1] if len(rows) else 0],
        )
        colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        axes.step([t / unit for t in times], sizes, where="post", color=colour, marker=mark, markevery=0.15, label=name)
        told_peaks.append(f"{name} at most {max(sizes)}, at the end {sizes[-1]}")
    axes.set_xlabel(f"{name_of_unit} since {world.calendar.start:%a %d %b %Y %H:%M}")
    axes.set_ylabel("messages in the queue")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return Picture(figure, f"Messages in the queue over {told(world.now)}: {'; '.join(told_peaks)}.", table)
