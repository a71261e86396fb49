"""The network of a world drawn as a map: a card for each site with its hosts on it, and the links between the cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING, Any

from simmail.lab.of_world import of_world
from simmail.lab.picture import COLOURS, Picture, figure, text_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simmail.world.world import World

#: Hosts that a card has room for.
SHOWN = 8
#: Addresses that a line has room for.
ADDRESSES = 2
# Lengths are inches, sizes of letters points.
TITLE, NAME, SMALL = 9.5, 10.0, 8.5
LINE, HOST_GAP, PAD, MARK = 0.19, 0.09, 0.14, 0.26
GAP_ACROSS, GAP_DOWN = 1.35, 0.45
INK, PALE, PAPER, RULE = "#222222", "#5b6670", "#f6f8fa", "#b9c3cc"
BAD = COLOURS[3]
ROUNDS = 200
STEP = 1.03
#: How wide links are drawn, and how much wider the one is that most passed over, points.
USUAL_WIDTH, WIDEST = 1.8, 10.0
#: What is less than this part of a link's length off the level is drawn on it.
NEARLY_LEVEL = 0.2


@dataclass
class Card:
    """A site on the map.

    Args:
        site: its name.
        hosts: for each host that is shown: whether it is a mail server, its name, what else there is to say.
        more: how many hosts are not shown.
    """

    site: str
    hosts: list[tuple[bool, str, list[str]]] = field(default_factory=list)
    more: int = 0
    x: float = 0.0
    y: float = 0.0

    @cached_property
    def width(self) -> float:
        """Inches."""
        widths = [text_width(self.site, TITLE, bold=True)]
        for _, name, lines in self.hosts:
            widths.append(MARK + text_width(name, NAME, bold=True))
            widths += [MARK + text_width(line, SMALL) for line in lines]
        return max(widths) + 2 * PAD

    @cached_property
    def height(self) -> float:
        """Inches."""
        lines = 1 + sum(1 + len(lines) for _, _, lines in self.hosts) + bool(self.more)
        return lines * LINE + len(self.hosts) * HOST_GAP + 2 * PAD - 0.04


@of_world
def topology(world: World) -> Picture:
    """The network: sites with their hosts, and the links between them with latency and bandwidth."""
    drawing, alt = draw_map(world)
    rows = [
        (a, b, e["latency"], e["bandwidth"], e["loss"], e["up"]) for a, b, e in world.network.graph.edges(data=True)
    ]
    return Picture(drawing, alt, ("from", "to", "latency_s", "octets_per_s", "loss", "up"), rows)


def draw_map(world: World, passed: Mapping[tuple[str, str], int] | None = None) -> tuple[Figure, str]:
    """The map, and what it shows in words.

    Args:
        world: whose network it is.
        passed: how many messages went from one node to the next; each link is then as wide as that, and says so.
    """
    cards = _cards(world)
    links = _links(world)
    _arrange(cards, [(a, b) for a, b, _ in links])
    drawing, axes = _sheet(cards)
    between: Counter[tuple[str, str]] = Counter()
    for (a, b), number in (passed or {}).items():
        between[_site_of(world, a), _site_of(world, b)] += number
    most = max((between[a, b] + between[b, a] for a, b, _ in links), default=0)
    for a, b, edge in links:
        words, width = _words(edge), USUAL_WIDTH
        if passed is not None:
            there, back = between[a, b], between[b, a]
            words = _flow(cards[a], cards[b], there, back)
            width = USUAL_WIDTH + WIDEST * sqrt((there + back) / most) if most else USUAL_WIDTH
        _draw_link(axes, cards[a], cards[b], edge, words, width)
    for card in cards.values():
        _draw_card(axes, card)
    return drawing, _alt(cards, links)


# ---- what is on the map


def _cards(world: World) -> dict[str, Card]:
    cards = {n: Card(n) for n, node in world.network.graph.nodes(data=True) if node["kind"] == "site"}
    people: dict[str, list[str]] = {}
    for person in world.people.values():
        people.setdefault(person.computer.name, []).append(person.name or person.person)
    rank = sorted(world.hosts.values(), key=lambda h: (h.master is None, h.name not in people))
    for host in rank:
        card = cards[_site_of(world, host.name)]
        if len(card.hosts) >= SHOWN:
            card.more += 1
            continue
        lines = [_addresses(host.machine.outside)]
        if host.name in people:
            lines.append(" and ".join(people[host.name]))
        if not (host.up and world.network.graph.nodes[host.name]["up"]):
            lines.append("down")
        card.hosts.append((host.takes_mail, host.name, lines))
    return cards


def _addresses(addresses: tuple[str, ...]) -> str:
    """A host's addresses; of one that stands for many computers the first."""
    if len(addresses) <= ADDRESSES:
        return ", ".join(addresses)
    return f"{addresses[0]} and {len(addresses) - 1} more"


def _site_of(world: World, node: str) -> str:
    """The site that a host belongs to: the first one it was linked to."""
    graph = world.network.graph
    return str(next(n for n in (node, *graph.neighbors(node)) if graph.nodes[n]["kind"] == "site"))


def _links(world: World) -> list[tuple[str, str, Any]]:
    """The links that lead from one card to another."""
    ends = ((_site_of(world, a), _site_of(world, b), edge) for a, b, edge in world.network.graph.edges(data=True))
    return [(a, b, edge) for a, b, edge in ends if a != b]


def _rate(octets: float) -> str:
    bits = octets * 8
    unit, size = next(
        ((u, s) for u, s in (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)) if bits >= s), ("bit/s", 1)
    )
    return f"{bits / size:g} {unit}"


def _alt(cards: dict[str, Card], links: list[tuple[str, str, Any]]) -> str:
    def at(card: Card) -> str:
        names = [f"{name}{' (mail server)' if mail else ''}" for mail, name, _ in card.hosts]
        if card.more:
            names.append(f"{card.more} more")
        return f"{card.site} with {', '.join(names)}" if names else f"{card.site} without hosts"

    joined = "; ".join(
        f"{a} to {b}, {edge['latency'] * 1000:g} ms{'' if edge['up'] else ', down'}" for a, b, edge in links
    )
    return f"A map of the network. Sites: {'; '.join(map(at, cards.values()))}. Links: {joined or 'none'}."


# ---- where it is


def _arrange(cards: dict[str, Card], pairs: list[tuple[str, str]]) -> None:
    """Give each card a place: distances on the sheet follow the number of links between, the longer way lies across."""
    import networkx as nx
    import numpy as np

    graph: Any = nx.Graph(pairs)
    graph.add_nodes_from(cards)
    names = list(cards)
    hops = dict(nx.all_pairs_shortest_path_length(graph))
    far = float(len(names))
    wanted = np.array([[hops[a].get(b, far) for b in names] for a in names], dtype=float)
    angle = 2 * np.pi * np.arange(len(names)) / len(names)
    place = np.column_stack([np.cos(angle), np.sin(angle)]) * far / 3
    weight = np.where(wanted > 0, 1 / np.maximum(wanted, 1) ** 2, 0.0)
    for _ in range(ROUNDS if len(names) > 1 else 0):  # stress majorization, one step after another
        apart = place[:, None] - place[None]
        length = np.linalg.norm(apart, axis=2)
        aim = place[None] + apart * (wanted / np.maximum(length, 1e-9))[..., None]
        place = (weight[..., None] * aim).sum(axis=1) / weight.sum(axis=1)[:, None]
    place = place - place.mean(axis=0)
    _, _, axes = np.linalg.svd(place)
    place = place @ axes.T
    if len(names) > 1 and place[0, 0] > place[-1, 0]:
        place = -place
    for name, (x, y) in zip(names, place, strict=True):
        cards[name].x, cards[name].y = float(x), float(y) if abs(y) > NEARLY_LEVEL else 0.0
    _spread(list(cards.values()))


def _spread(cards: list[Card]) -> None:
    """Widen the distances until no card touches another, then narrow them, down before across, while none does."""
    scale = {"across": 1.0, "down": 0.7}

    def crowded() -> bool:
        return any(
            abs(a.x - b.x) * scale["across"] < (a.width + b.width) / 2 + GAP_ACROSS
            and abs(a.y - b.y) * scale["down"] < (a.height + b.height) / 2 + GAP_DOWN
            for number, a in enumerate(cards)
            for b in cards[:number]
        )

    for _ in range(ROUNDS):
        if not crowded():
            break
        scale = {way: size * STEP for way, size in scale.items()}
    for way in ("down", "across"):
        for _ in range(ROUNDS):
            scale[way] /= STEP
            if crowded():
                scale[way] *= STEP
                break
    for card in cards:
        card.x, card.y = card.x * scale["across"], card.y * scale["down"]


# ---- ink


def _sheet(cards: dict[str, Card]) -> tuple[Any, Any]:
    left = min(c.x - c.width / 2 for c in cards.values()) - 0.1
    right = max(c.x + c.width / 2 for c in cards.values()) + 0.1
    low = min(c.y - c.height / 2 for c in cards.values()) - 0.45
    high = max(c.y + c.height / 2 for c in cards.values()) + 0.1
    drawing, axes = figure(right - left, high - low, bare=True)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    at = left + 0.2
    for mark, colour, words in (("s", COLOURS[0], "mail server"), ("o", COLOURS[1], "other computer")):
        axes.plot([at], [low + 0.16], mark, color=colour, markersize=8)
        axes.text(at + 0.14, low + 0.16, words, fontsize=SMALL, color=PALE, va="center")
        at += 0.5 + text_width(words, SMALL)
    return drawing, axes


def _draw_card(axes: Any, card: Card) -> None:
    from matplotlib.patches import FancyBboxPatch

    left, top = card.x - card.width / 2, card.y + card.height / 2
    axes.add_patch(
        FancyBboxPatch(
            (left, top - card.height), card.width, card.height, boxstyle="round,pad=0,rounding_size=0.1",
            facecolor=PAPER, edgecolor=RULE, linewidth=1.2, zorder=3,
        )
    )  # fmt: skip
    y = top - PAD - LINE / 2 + 0.03
    axes.text(card.x, y, card.site, fontsize=TITLE, weight="bold", color=PALE, ha="center", va="center", zorder=4)
    for mail, name, lines in card.hosts:
        y -= LINE + HOST_GAP
        mark, colour = ("s", COLOURS[0]) if mail else ("o", COLOURS[1])
        axes.plot([left + PAD + 0.07], [y], mark, color=colour, markersize=8, zorder=4)
        at = left + PAD + MARK
        axes.text(at, y, name, fontsize=NAME, weight="bold", color=INK, va="center", zorder=4)
        for line in lines:
            y -= LINE
            colour = BAD if line == "down" else PALE
            axes.text(at, y, line, fontsize=SMALL, color=colour, va="center", zorder=4)
    if card.more:
        y -= LINE
        axes.text(
            left + PAD + MARK,
            y,
            f"and {card.more} more host{'s' if card.more > 1 else ''}",
            fontsize=SMALL,
            color=PALE,
            va="center",
            zorder=4,
        )


def _flow(a: Card, b: Card, there: int, back: int) -> str:
    """What is written at a link that mail passed over: how much each way."""
    across, up = b.x - a.x, b.y - a.y
    arrows = "\u2192\u2190" if abs(across) >= abs(up) else "\u2191\u2193"
    forward = across >= 0 if abs(across) >= abs(up) else up >= 0
    first, second = (there, back) if forward else (back, there)
    return f"{arrows[0]} {first}\n{arrows[1]} {second}"


def _words(edge: Any) -> str:
    """What is written at a link."""
    if not edge["up"]:
        return "down"
    words = f"{edge['latency'] * 1000:g} ms\n{_rate(edge['bandwidth'])}"
    return words + (f"\n{edge['loss'] * 100:g} % lost" if edge["loss"] else "")


def _draw_link(axes: Any, a: Card, b: Card, edge: Any, words: str, width: float) -> None:
    colour, style = (PALE, "-") if edge["up"] else (BAD, (0, (4, 3)))
    axes.plot([a.x, b.x], [a.y, b.y], color=colour, linestyle=style, linewidth=width, zorder=1, solid_capstyle="butt")
    start, end = _edge(a, b), 1 - _edge(b, a)
    middle = (start + end) / 2
    x, y = a.x + (b.x - a.x) * middle, a.y + (b.y - a.y) * middle
    axes.text(
        x, y, words, fontsize=SMALL, color=colour, ha="center", va="center", zorder=2, linespacing=1.35,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 2.5},
    )  # fmt: skip


def _edge(card: Card, other: Card) -> float:
    """Where on the way to another card this one ends, 0 to 1."""
    across, down = abs(other.x - card.x), abs(other.y - card.y)
    ways = [half / way for half, way in ((card.width / 2, across), (card.height / 2, down)) if way > 1e-9]
    return min([*ways, 1.0])


def places(world: World) -> list[tuple[str, float, float, str]]:
    """Where everything is on a map of unit size: (name, across, down, `site`, `server` or `host`)."""
    cards = _cards(world)
    _arrange(cards, [(a, b) for a, b, _ in _links(world)])
    left, low = min(c.x for c in cards.values()), min(c.y for c in cards.values())
    wide = max(c.x + c.width for c in cards.values()) - left
    high = max(c.y + c.height for c in cards.values()) - low
    found = []
    for card in cards.values():
        middle = ((card.x + card.width / 2 - left) / wide, 1 - (card.y + card.height / 2 - low) / high)
        found.append((card.site, *middle, "site"))
        for number, (mail, name, _) in enumerate(card.hosts):
            part = (number + 1) / (len(card.hosts) + 1)
            down = 1 - (card.y + card.height * (1 - part) - low) / high
            across = (card.x + card.width * (0.25 + 0.5 * (number % 2)) - left) / wide
            found.append((name, across, down, "server" if mail else "host"))
    return found
