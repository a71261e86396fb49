"""Small worlds, written to a folder and loaded from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simmail.world.loader import load
from simmail.world.world import World

MAIN_CF = """\
compatibility_level = 3.6
myhostname = mail.domain.ork
mydomain = domain.ork
mydestination = $myhostname, $mydomain, localhost
mynetworks = 192.168.0.0/16, 127.0.0.0/8
alias_maps =
"""
WORLD = """\
title: a small world
start: 2026-03-02 00:00
length: 1d
study: mail.domain.ork
sites: [office, internet]
links:
  - {between: [office, internet], latency: 12ms, bandwidth: 10Mbit/s}
hosts:
  mail.domain.ork:
    site: office
    address: 192.0.2.10
    users: {alice: Alice Gray, bob: Bob Hill}
"""
ZONE = """\
domain.ork.          IN MX 10 mail.domain.ork.
mail.domain.ork.     IN A 192.0.2.10
10.2.0.192.in-addr.arpa. IN PTR mail.domain.ork.
"""


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., World]:
    """Loads a world of one mail server and what is added to its `world.yaml` and `main.cf`."""

    def make(
        more: str = "", main_cf: str = "", seed: int = 1, world: str = WORLD, zone: str = "", own: bool = False
    ) -> World:
        folder = tmp_path / f"world{len(list(tmp_path.iterdir()))}"
        etc = folder / "hosts/mail.domain.ork/etc/postfix"
        etc.mkdir(parents=True)
        (folder / "zones").mkdir()
        (folder / "world.yaml").write_text(world + more, encoding="utf-8")
        (etc / "main.cf").write_text(MAIN_CF + main_cf, encoding="utf-8")
        (folder / "zones/world.zone").write_text(("" if own else ZONE) + zone, encoding="utf-8")
        return load(folder, seed)

    return make
