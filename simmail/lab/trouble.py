"""What keeps a learner's Postfix from running: said before all that follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import basename, dirname
from typing import TYPE_CHECKING

from simmail.lab.namesakes import namesakes
from simmail.postfix.printable import printable
from simmail.world.loader import DOES_NOT_START
from simmail.world.saved import form

if TYPE_CHECKING:
    from simmail.world.world import World

#: The files by which Postfix stands or falls, on each host.
VITAL = ("etc/postfix/main.cf", "etc/postfix/master.cf")
#: Of what is said, which may hold all of a file, so many characters are shown.
LONGEST = 400


def troubles(world: World, files: Mapping[str, str]) -> list[str]:
    """What kept Postfix from running in a world so far, each with its place.

    Args:
        world: the learner's.
        files: from which it was made, path -> text.
    """
    vital = {path: text for path, text in sorted(files.items()) if path.endswith(VITAL)}
    found = [
        *(f"{path}:1: {wrong}" for path, text in vital.items() if (wrong := form(text))),
        *_missing(world, files),
        *(notice for notice in world.notices if DOES_NOT_START in notice),
        *world.results.deaths(),
    ]
    return [printable(text)[:LONGEST] for text in found]


def _missing(world: World, files: Mapping[str, str]) -> Iterator[str]:
    """Hosts that have lost their main.cf: that under study, and those that have other files of Postfix's."""
    study = world.scenario.study if world.scenario is not None else ""
    for name, host in world.hosts.items():
        own = f"hosts/{name}/etc/"
        if host.master is None and (name == study or any(path.startswith(own) for path in files)):
            path = f"hosts/{name}/{VITAL[0]}"
            meant = namesakes(basename(path), (other for other in files if dirname(other) == dirname(path)))
            there = f"; there is {' and '.join(map(basename, meant))}: give it this name" if meant else ""
            yield f"{path}: there is no such file, and Postfix does not start without it{there}"
