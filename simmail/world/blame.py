"""Where in a user's own files stands what a program of a simulated host complains of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from simmail.files.file_errors import FileError
from simmail.mail.errors import Fatal, Location
from simmail.postfix.config import MAIN_CF
from simmail.postfix.maincf import parse
from simmail.world.folder import is_file

if TYPE_CHECKING:
    from pathlib import Path

    from simmail.world.host import Host

LINE = re.compile(r"(/[\w./-]+)(?:,|:) line (\d+)")
_NAME = re.compile(r"\w+")
#: What is said of a value that has a dollar and no name behind it.
NO_NAME = "macro processing error"
_LONE = re.compile(r"\$(?![\w({$])")


def without_name(values: Mapping[str, str]) -> str | None:
    """The last of several settings in whose value no name stands behind a dollar; None where there is none.

    Args:
        values: parameter -> value, as written in main.cf.
    """
    # proxymap(8) reads a value twice, and finds of two dollars one
    found = [name for name, value in values.items() if _LONE.search(value)]
    found = found or [name for name, value in values.items() if "$$" in value]
    return found[-1] if found else None


def blamed(host: Host, text: str) -> Location | None:
    """The file and line that a program's words are about; None where they are about none.

    Args:
        host: where it was said.
        text: what was said: it names a file and a line, or a parameter that main.cf sets.
    """
    found = LINE.search(text)
    if found:
        return Location(own_name(host, found[1]), int(found[2]))
    try:
        settings = parse(host.machine.files.read(MAIN_CF), MAIN_CF, lambda level, words: None)
    except (Fatal, FileError):
        return None
    named = [name for name in _NAME.findall(text) if name in settings]
    if not named and NO_NAME in text:
        named = [name] if (name := without_name({name: s.value for name, s in settings.items()})) else []
    location = settings[named[0]].location if named else None
    return Location(own_name(host, MAIN_CF), location.line) if location else None


def told_with_place(host: Host, text: str, where: Location | None) -> str:
    """A sentence about a host, its place in front where there is one."""
    return f"{where}: {host.name}: {text}" if where else f"{host.name}: {text}"


def own_name(host: Host, path: str) -> str:
    """A host's file as its user knows it: by its place in the world's folder, unless the host's has changed since."""
    world = host.world
    if world.folder is None:
        return f"{host.name}:{path}"
    places: list[Path] = [world.folder / "hosts" / host.name / path.lstrip("/")]
    if world.policy:
        places.insert(0, world.folder / "policies" / world.policy / host.name / path.lstrip("/"))
    place = next(filter(is_file, places), None)
    return f"{host.name}:{path}" if place is None or _changed(host, path, place) else str(place)


def _changed(host: Host, path: str, place: Path) -> bool:
    """Whether a host's file is no longer the text that its user wrote, so that lines there are not lines here."""
    try:
        return host.machine.files.read(path) != place.read_bytes().decode("utf-8", "surrogateescape")
    except (FileError, OSError):
        return False
