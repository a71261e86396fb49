"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

import re

from simmail.lab.checks import Bench, check
from simmail.mail.content import Content
from simmail.world.actors.mailer import Manners, Parcel, Verdict, hand_over

HASTY = ("bot.example", "other-bot.example", "neighbour.parentco.con")
#: Who has another address on another day.
MOVED = {
    "address: 203.0.113.66": "address: 198.18.44.66",
    "address: 203.0.113.80": "address: 198.18.44.80",
    "address: 198.51.100.21": "address: 198.51.100.29",
    "address: 192.168.1.77": "address: 192.168.1.150",
}


def _offered(bench: Bench, client: str, manners: Manners, to: str) -> tuple[Verdict, float]:
    """What became of a letter that a client with these manners offers, and how long that took, seconds."""
    parcel = Parcel("<1@it>", f"me@{client}", (to,), Content(["Subject: a probe", "", "hello"]), "wanted")
    begun = bench.world.now
    said = bench.world.complete(bench.world.host(client), hand_over(parcel, ["192.0.2.10"], manners))[to]
    return said, bench.world.now - begun


@check(1, hint="What else does a client in mynetworks get?", manual="postconf(5), mynetworks")
def nobody_else_may_relay(bench: Bench) -> None:
    """Neither the lift nor a stranger can send through us to third parties."""
    for client in ("198.51.100.20", "203.0.113.9"):
        bench.letter(client, "me@stranger.example", "joe@elsewhere.example").refused()


@check(1, hint="Is the server behind the screen still the same?", manual="LOCAL_RECIPIENT_README")
def unknown_users_are_still_refused(bench: Bench) -> None:
    """A letter to nobody is refused for good."""
    bench.letter("203.0.113.9", "me@stranger.example", "alise@domain.ork").refused("550")


@check(2, hint="What do you look at, who calls or how?", manual="POSTSCREEN_README, pregreet test")
def others_are_treated_alike(bench: Bench) -> None:
    """From other addresses, and greeting with full names, the hasty are kept out; another PC is greeted at once."""
    bench.rewrite("world.yaml", lambda text: re.sub("|".join(map(re.escape, MOVED)), lambda old: MOVED[old[0]], text))
    for client in HASTY:
        said, _ = _offered(bench, client, Manners(f"mail.{client}", "HELO", early=True), "alice@domain.ork")
        bench.expect(said.outcome != "accepted", f"the letter of {client} was accepted")
    said, took = _offered(bench, "pc2.domain.ork", Manners("pc2.domain.ork"), "joe@parentco.con")
    bench.expect(said.outcome == "accepted", f"a PC's letter was not accepted: {said.reply}")
    bench.expect(took <= 1.5, f"a PC had to wait for {took:.0f} s")
