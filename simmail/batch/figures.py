"""The figures that matter of one run: what administrators and their users would ask first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simmail.world.world import World

#: Each figure, and what it says; the order is that of tables.
FIGURES: Mapping[str, str] = {
    "spam_let_in": "copies of unwanted mail that reached a mailbox",
    "wanted_lost": "copies of wanted mail that never will reach theirs",
    "wanted_waiting": "copies of wanted mail that are still on their way at the end",
    "delay_median_s": "seconds from writing to mailbox, half of the wanted mail that arrived was faster",
    "delay_p95_s": "seconds from writing to mailbox, 95 % of the wanted mail that arrived was faster",
    "bounced_to_innocents": "notices about mail that their receivers never sent",
    "queue_peak": "messages at most in the queue of the host under study",
    "load_per_hour": "lines an hour in the log of the host under study",
    "unwanted": "copies of unwanted mail that were tried",
    "wanted": "copies of wanted mail that were written",
}
#: Those that a comparison is about; the rest says how much mail there was.
COMPARED = tuple(FIGURES)[:8]
LOST = ("refused", "bounced", "given up", "discarded", "deleted")


def figures(world: World, host: str = "") -> dict[str, float]:
    """FIGURES of a run, as far as it went; not-a-number for delays where no wanted mail arrived.

    Args:
        world: the world after its run.
        host: the host under study; "" for the one that the world names, or else all of them together.
    """
    results = world.results
    told = results.account.figures
    host = host or (world.scenario.study if world.scenario else "")
    sizes = [size for _, name, size in results.queue_rows if host in ("", name)]
    lines = sum(1 for record in results.records if host in ("", record.host))
    wanted, unwanted, delay = told["wanted"], told["unwanted"], told["delay_s"]
    return {
        "spam_let_in": float(unwanted.get("delivered", 0)),
        "wanted_lost": float(sum(wanted.get(state, 0) for state in LOST)),
        "wanted_waiting": float(wanted.get("waiting", 0)),
        "delay_median_s": float(delay.get("median", "nan")),
        "delay_p95_s": float(delay.get("p95", "nan")),
        "bounced_to_innocents": float(told["notices_to_innocents"]),
        "queue_peak": float(max(sizes, default=0)),
        "load_per_hour": lines * 3600.0 / world.now if world.now else 0.0,
        "unwanted": float(sum(unwanted.values())),
        "wanted": float(sum(wanted.values())),
    }
