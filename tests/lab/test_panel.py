"""The panel runs what is chosen, and the map has the mail on it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import simmail
from simmail.lab.animation import animation, moves
from simmail.lab.panel import AS_IT_IS, panel, run, shown

RELAY = Path(__file__).resolve().parents[1] / "experiments/worlds/backscatter"
HOST = "mail.domain.ork"


def test_a_flipped_setting_shows_on_the_right() -> None:
    """The left stays as it was, the right has other figures; back again it is the same."""
    made: Any = panel(RELAY, HOST, {"local_recipient_maps": ["", "unix:passwd.byname"]}, until="3h")
    menu, sides = made.children[0], made.children[-1].children
    before = sides[0].value
    menu.value = "unix:passwd.byname"
    assert "local_recipient_maps = unix:passwd.byname" in sides[1].value
    assert re.search(r"unwanted mail</th><td[^>]*>\d+ refused", sides[1].value)
    assert "refused" not in before.partition("unwanted mail")[2].partition("</tr>")[0]
    assert sides[0].value == before
    menu.value = AS_IT_IS
    assert sides[1].value == before


def test_a_setting_that_stops_postfix_is_told() -> None:
    """No traceback, but what the command said."""
    told = shown(run("01", HOST, {"mynetworks": "0.0.0.0/0", "no name": "x"}, "1h"), HOST)
    assert "no name" in told


def test_what_postfix_says_of_a_setting_is_told() -> None:
    """That nothing uses a name, and that a value is none; nothing of what is in order."""
    assert "unused parameter: mynetwork=0.0.0.0/0" in shown(run("01", HOST, {"mynetwork": "0.0.0.0/0"}, "1h"), HOST)
    assert "postfix: fatal: bad numerical" in shown(run("01", HOST, {"default_process_limit": "many"}, "1h"), HOST)
    assert not run("01", HOST, {"mynetworks": "0.0.0.0/0"}, "1h").trouble


def test_the_map_has_the_mail_on_it() -> None:
    """Each move goes between places that are on the map; what it shows is told in words."""
    world = simmail.load("01")
    world.run("9:20")
    found = moves(world)
    assert [(move.origin, move.target, move.outcome, move.wanted) for move in found] == [
        ("pc1.domain.ork", HOST, "taken", True),
        (HOST, "mail.creativeacct.com", "taken", True),
    ]
    data = animation(world).data
    names = {place[0] for place in data["places"]}
    assert {move.origin for move in found} | {move.target for move in found} <= names
    assert all(0 <= x <= 1 and 0 <= y <= 1 for _, x, y, _ in data["places"])
    assert data["alt"] == "Mail moving between 7 places: 2 moves, 2 taken, 0 later, 0 refused."
