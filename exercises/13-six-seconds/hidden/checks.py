"""What else must hold, and is tried only when marks are given."""

from __future__ import annotations

from simmail.lab.checks import Bench, check


@check(1, hint="What else does a client in mynetworks get?", manual="postconf(5), mynetworks")
def nobody_else_may_relay(bench: Bench) -> None:
    """Neither the lift nor a stranger can send through us to third parties."""
    for client in ("198.51.100.20", "203.0.113.9"):
        bench.letter(client, "me@stranger.example", "joe@elsewhere.example").refused()


@check(1, hint="Is the server behind the screen still the same?", manual="LOCAL_RECIPIENT_README")
def unknown_users_are_still_refused(bench: Bench) -> None:
    """A letter to nobody is refused for good."""
    bench.letter("203.0.113.9", "me@stranger.example", "alise@domain.ork").refused("550")
