"""Other Mondays, tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check

SEEDS = (11, 12, 13)
#: When the office goes home, seconds before the end: what was written later may still be on its way.
LATE_S = 1800.0


@check(2, hint="Was it the policy, or were it the dice?", manual="Lab 15, section 7")
def other_mondays_are_alike(bench: Bench) -> None:
    """On Mondays that nobody has seen each wanted letter arrives, and half of the spam at the door is kept out."""
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
