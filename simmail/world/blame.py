"""Where in a user's own files stands what a program of a simulated host complains of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from simmail.files.file_errors import FileError
from simmail.mail.errors import Fatal, Location
from simmail.postfix.config import MAIN_CF, MASTER_CF
from simmail.postfix.maincf import parse
from simmail.world.folder import is_file

if TYPE_CHECKING:
    from pathlib import Path

    from simmail.world.host import Host

LINE = re.compile(r"(/[\w./-]+)[,:]? line (\d+)")
_NAME = re.compile(r"\w+")
#: How much is told of what a program said, which may hold all of a file.
LONGEST = 2000
#: What is said of a value that has a dollar and no name behind it.
NO_NAME = "macro processing error"
#: How a message speaks of an entry of master.cf -> what it calls of it, as the fields of such an entry are called.
_ENTRIES = (
    (re.compile(r"exec /\S*/([\w.-]+): "), "program"),
    (re.compile(r'"-o ([\w.-]+)'), "option"),
    (re.compile(r"(\S+): service name or port number not known"), "service"),
    (re.compile(r"subsystem (?:private|public)/([\w.-]+): No such file"), "service"),
)
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


def entry(text: str, said: str) -> int:
    """The line of a master.cf that a message is about; 0 where it is about none of them.

    Args:
        text: the file.
        said: the message: it names a service, its program or an option.
    """
    found = next(((match[1], part) for form, part in _ENTRIES if (match := form.search(said))), None)
    if found is None:
        return 0
    name, part = found
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if line.startswith("#") or not words:
            continue
        if part == "option":
            fits = line[0].isspace() and any(word.partition("=")[0] in (name, f"-o{name}") for word in words)
        else:
            fits = not line[0].isspace() and name in (words[:1] if part == "service" else words[7:8])
        if fits:
            return number
    return 0


def blamed(host: Host, text: str) -> Location | None:
    """The file and line that a program's words are about; None where they are about none.

    Args:
        host: where it was said.
        text: what was said: it names a file and a line, or a parameter that main.cf sets.
    """
    found = LINE.search(text)
    if found:
        return Location(own_name(host, found[1]), int(found[2]))
    line = entry(_text(host, MASTER_CF), text)
    if line:
        return Location(own_name(host, MASTER_CF), line)
    try:
        settings = parse(host.machine.files.read(MAIN_CF), MAIN_CF, lambda level, words: None)
    except (Fatal, FileError):
        return None
    named = [name for name in _NAME.findall(text) if name in settings]
    if not named and NO_NAME in text:
        named = [name] if (name := without_name({name: s.value for name, s in settings.items()})) else []
    location = settings[named[0]].location if named else None
    return Location(own_name(host, MAIN_CF), location.line) if location else None


def _text(host: Host, path: str) -> str:
    """A file of a host; "" where there is none."""
    try:
        return host.machine.files.read(path)
    except FileError:
        return ""


def told_with_place(host: Host, text: str, where: Location | None) -> str:
    """A sentence about a host, its place in front where there is one."""
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
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
