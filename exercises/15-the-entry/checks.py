"""What an entry has to do to qualify: let in little, lose nothing, on several Mondays."""

from __future__ import annotations

from collections import Counter

from simmail.lab.checks import Bench, check

#: The Mondays of the qualifying round.
SEEDS = (1, 2, 4)
#: Of the spam that comes to the door, what may pass, at most.
SHARE = 0.4
#: When the office goes home, seconds before the end: what was written later may still be on its way.
LATE_S = 1800.0


def _mondays(bench: Bench, sender: str = "", recipient: str = "") -> tuple[Counter[str], list[str]]:
    """What became of wanted mail between such addresses and of spam at the door (`spam ...`); who was lost."""
    ends: Counter[str] = Counter()
    lost = []
    for seed in SEEDS:
        world = bench.fresh(seed)
        world.run()
        for fate in world.results.account.fates:
            if not fate.wanted:
                ends[f"spam {fate.state}"] += fate.state != "trapped"
            elif fate.sender.endswith(sender) and fate.recipient.endswith(recipient):
                on_time = fate.written < world.now - LATE_S
                ends[fate.state] += 1
                if fate.state != "delivered" and (on_time or fate.state != "waiting"):
                    lost.append(f"Monday {seed}: {fate.sender} to {fate.recipient}: {fate.state} {fate.reason}".strip())
    return ends, lost


@check(3, hint="Who stands first in each list? What happens at two o'clock?", manual="SMTPD_ACCESS_README")
def the_office_loses_nothing(bench: Bench) -> None:
    """Whatever the office writes arrives, on three Mondays."""
    ends, lost = _mondays(bench, sender="@domain.ork")
    bench.expect(ends["delivered"] > 0, "the office's mail does not get out at all")
    bench.expect(not lost, f"{len(lost)} letters of the office have not arrived", lost[:12])


@check(4, hint="Which rule does the log name for them? What does it cost to leave that out?", manual="postconf(5)")
def firms_lose_nothing(bench: Bench) -> None:
    """Whatever the firms write to the office arrives by the evening, on three Mondays."""
    ends, lost = _mondays(bench, sender=".example", recipient="@domain.ork")
    bench.expect(ends["delivered"] > 0, "the firms' mail does not come in at all")
    bench.expect(not lost, f"{len(lost)} letters to the office have not arrived", lost[:12])


@check(4, hint="Which signs of a bot does no honest firm share?", manual="postconf(5), smtpd_helo_restrictions")
def little_spam_comes_in(bench: Bench) -> None:
    """Of the spam at the door less than two fifths come in, on three Mondays together."""
    ends, _ = _mondays(bench)
    came = sum(number for state, number in ends.items() if state.startswith("spam "))
    let_in = ends["spam delivered"]
    bench.expect(let_in <= SHARE * came, f"{let_in} of {came} pieces of spam have come in")


@check(2, hint="Who is in mynetworks?", manual="postconf(5), smtpd_relay_restrictions")
def strangers_may_not_relay(bench: Bench) -> None:
    """A stranger cannot send mail to third parties, also where he claims to be of the office."""
    for sender in ("ann@firm1.example", "postmaster@domain.ork"):
        bench.letter("mail.firm1.example", sender, "ann@firm2.example").refused()
