"""A world for a notebook: loaded, and what is wrong with it said at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from simmail.world import loader
from simmail.world.without_effect import without_effect

if TYPE_CHECKING:
    from simmail.world.world import World


def load(name: str | Path, seed: int = 1, policy: str = "", remember: bool = True) -> World:
    """Make a world from its folder and start its mail systems; what a user should know of it goes to standard error.

    That are its notices, and the settings that have an effect in life and none here.

    Args and raises: as `simmail.world.loader.load`.
    """
    world = loader.load(name, seed, policy, remember)
    for notice in (*world.notices, *without_effect(world)):
        print(f"simmail: {notice}", file=sys.stderr)
    return world
