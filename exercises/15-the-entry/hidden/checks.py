"""Other Mondays, tried only when marks are given."""

from __future__ import annotations

import re

from simmail.lab.checks import Bench, check

SEEDS = (11, 12, 13)
#: How networks and names are called on days on which all have moved: bots are where firms were, and firms where bots
#: were.
MOVED = {
    "firm": "house",
    "best-offers.example": "good-morning.example",
    "addresses: 198.51.100.": "addresses: 203.0.113.",
    "addresses: 203.0.113.": "addresses: 198.51.100.",
    "addresses: 198.19.7.": "addresses: 198.18.7.",
}
#: When the office goes home, seconds before the end: what was written later may still be on its way.
LATE_S = 1800.0


@check(2, hint="Was it the policy, or were it the dice?", manual="Lab 15, section 7")
def other_mondays_are_alike(bench: Bench) -> None:
    """On Mondays that nobody has seen each wanted letter arrives, and half of the spam at the door is kept out."""
    _holds(bench)


@check(1, hint="What will a bot's address be tomorrow, and what its name?", manual="Lab 15, section 7")
def addresses_prove_nothing(bench: Bench) -> None:
    """The same holds on Mondays on which bots call from other networks by other names, and firms have moved, too."""
    bench.rewrite("world.yaml", lambda text: re.sub("|".join(map(re.escape, MOVED)), lambda old: MOVED[old[0]], text))
    _holds(bench)


def _holds(bench: Bench) -> None:
    """Each wanted letter arrives, and half of the spam at the door is kept out."""
    came = let_in = 0
    for seed in SEEDS:
        world = bench.fresh(seed)
        world.run()
        for fate in world.results.account.fates:
            if fate.wanted:
                told = f"Monday {seed}: {fate.sender} to {fate.recipient}: {fate.state} {fate.reason}"
                may_wait = fate.state == "waiting" and fate.written >= world.now - LATE_S
                bench.expect(fate.state == "delivered" or may_wait, "a wanted letter has not arrived", [told])
            elif fate.state != "trapped":
                came += 1
                let_in += fate.state == "delivered"
    bench.expect(let_in <= 0.5 * came, f"{let_in} of {came} pieces of spam have come in")


@check(1, hint="Is a letter quick enough that needs a quarter of an hour?", manual="RFC 6647")
def mail_is_quick(bench: Bench) -> None:
    """Half of the wanted mail arrives within a minute of being written."""
    bench.fresh(SEEDS[0]).run()
    median = bench.world.results.account.figures["delay_s"].get("median", float("inf"))
    bench.expect(median < 60.0, f"half of the wanted mail takes longer than {median:.0f} s")
