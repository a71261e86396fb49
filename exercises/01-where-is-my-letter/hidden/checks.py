"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(1, hint="The rest of the world has servers of its own.", manual="postconf(5), relayhost")
def alice_can_write_to_others(bench: Bench) -> None:
    """No others' letters go to the accountants or stay: one to nowhere comes back, one to a stranger is tried there."""
    bench.letter("192.168.1.20", "alice@domain.ork", "joe@no-such-domain.example").accepted()
    bench.arrives("alice", "Undelivered Mail Returned to Sender", within=60.0)
    bench.expect(
        "no-such-domain" not in "".join(bench.log("mail.creativeacct.com")), "it was left with the accountants"
    )
    for to in ("joe@stranger.example", "info@stranger.example"):
        begun = len(bench.log())
        bench.letter("192.168.1.20", "alice@domain.ork", to).accepted()
        bench.world.run(bench.world.now + 60)
        called = [line for line in bench.log()[begun:] if "connect to stranger.example[203.0.113.9]" in line]
        bench.expect(bool(called), f"with a letter to {to} nobody has called there", bench.log()[begun:])


@check(1, hint="To whom does a letter go that is for nobody?", manual="postconf(5), local_recipient_maps")
def nobody_is_refused(bench: Bench) -> None:
    """A letter to somebody who does not exist is refused at once, with a 5."""
    for name in ("nobody.at.all", "carla"):
        bench.letter("203.0.113.9", "me@stranger.example", f"{name}@domain.ork").refused("5")


@check(1, hint="Do you say who may, or who may not?", manual="postconf(5), mynetworks")
def other_strangers_are_strangers_too(bench: Bench) -> None:
    """Another stranger, who stands in no file, can write to Carl, and cannot send through us."""
    client = bench.another("stranger.example", "198.18.44.7")
    bench.letter(client, "eve@elsewhere.example", "carl@domain.ork").accepted()
    bench.arrives("carl", "Subject: a probe", within=60.0)
    bench.letter(client, "eve@elsewhere.example", "taxes@creativeacct.com").refused()
