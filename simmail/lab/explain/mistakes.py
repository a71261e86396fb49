"""Settings that do nothing: those of names that nobody reads, and those of what is not simulated."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import NamedTuple

from simmail.files.machine import Machine
from simmail.lab.explain.place import Place
from simmail.mail.errors import Fatal, Location
from simmail.postfix.config import FOLDER, Config
from simmail.postfix.master_entries import read_entries
from simmail.postfix.not_simulated import unsimulated
from simmail.postfix.parameter_names import ParameterNames
from simmail.postfix.smtpd.restrictions import OLD_NAMES, RESTRICTIONS, WARN_IF_REJECT
from simmail.world.saved import BYTE_ORDER_MARK

#: How alike two names must be for one to be meant by the other.
ALIKE = 0.8
#: Parameters of older versions that a file may still set without harm.
OUTLIVED = frozenset({"program_directory"})


class Unread(NamedTuple):
    """A setting that nobody reads.

    Args:
        place: its file and line.
        name: the parameter's name as written.
        meant: the parameter that was probably meant; "" where none is like it.
    """

    place: str
    name: str
    meant: str

    def __str__(self) -> str:
        if self.name.startswith(BYTE_ORDER_MARK):
            return f"{self.place}: the file begins with a byte-order mark (U+FEFF), which makes this another name"
        meant = f"; {self.meant} was probably meant" if self.meant else ""
        return f"{self.place}: no parameter of the name {self.name} is read{meant}"


class WithoutEffect(NamedTuple):
    """A setting that has an effect in life, and none here: its place, its name, and why."""

    place: str
    name: str
    why: str

    def __str__(self) -> str:
        return f"{self.place}: {self.name}: {self.why}"


def unread(place: Place) -> list[Unread]:
    """The settings of main.cf and master.cf whose names mean nothing."""
    return [
        Unread(f"{place.name(at.file)}:{at.line}", name, like) for at, name, like in unread_names(place.host.machine)
    ]


def unread_names(machine: Machine) -> list[tuple[Location, str, str]]:
    """The place of each setting whose name means nothing, that name, and the one that was probably meant or "".

    Those that once meant something are no mistakes.
    """
    try:
        config = Config.load(machine)
        entries = read_entries(machine, FOLDER, _silent)
        names = ParameterNames(config, entries, _silent)
        names.register_users()
    except Fatal:
        return []
    known = sorted(names.known)
    found = []
    for file, name, _ in names.unused():
        if name in OUTLIVED:
            continue
        where = config.where(name) if file.endswith("main.cf") else None
        where = where or Location(file, _line(machine.files.read(file), name))
        found.append((where, name, meant(name, known)))
    return found


def _line(text: str, name: str) -> int:
    """The first line that has a name; 0 for none."""
    return next((number for number, line in enumerate(text.split("\n"), 1) if name in line), 0)


def meant(name: str, known: list[str]) -> str:
    """The known name that is most like another; "" for none."""
    return next(iter(difflib.get_close_matches(name, known, 1, ALIKE)), "")


def restriction_meant(word: str) -> str:
    """The restriction that a word which is none was probably meant for; "" for none."""
    return meant(word.lower(), sorted((*RESTRICTIONS, *OLD_NAMES, WARN_IF_REJECT)))


def without_effect(place: Place) -> Iterator[WithoutEffect]:
    """The settings that are not simulated."""
    for finding in unsimulated(place.host.machine):
        location = finding.location
        yield WithoutEffect(f"{place.name(location.file)}:{location.line}", finding.parameter, finding.why)


def _silent(level: str, text: str) -> None:
    """Say nothing."""
