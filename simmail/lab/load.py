"""A world for a notebook: loaded, and what is wrong with it said at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from simmail.world import loader

if TYPE_CHECKING:
    from simmail.world.world import World


def load(name: str | Path, seed: int = 1, policy: str = "", remember: bool = True) -> World:
    """Make a world from its folder and start its mail systems; its notices go to standard error.

    Args and raises: as `simmail.world.loader.load`.
    """
    world = loader.load(name, seed, policy, remember)
    for notice in world.notices:
        print(f"simmail: {notice}", file=sys.stderr)
    return world
