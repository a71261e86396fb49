"""A host's configuration as the rules of lint see it: settings with their lines, lists, tables, services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from simmail.files.file_errors import FileError
from simmail.files.machine import Machine
from simmail.lab.explain.place import Place
from simmail.lab.lint.sources import TableLine, table_lines
from simmail.mail.errors import Fatal, Location
from simmail.postfix import startup
from simmail.postfix.config import MAIN_CF, Config
from simmail.postfix.maincf import LogicalLine, Setting, logical_lines, split_name_value
from simmail.postfix.mastercf import MasterCf, Service
from simmail.postfix.programs import PROGRAMS
from simmail.postfix.smtpd.places import places
from simmail.postfix.smtpd.program import MAIL_LISTS
from simmail.postfix.smtpd.restrictions import (
    IMPLIED,
    RESTRICTIONS,
    WARN_IF_REJECT,
    Argument,
    Restriction,
    current_name,
)
from simmail.postfix.system import MailSystem
from simmail.postfix.tables import TableEnvironment
from simmail.postfix.tables.split import inside_braces, split_outside_braces

#: What looks like a comment behind a value.
COMMENT = re.compile(r"(?:^|[\s,])#")


class Assignment(NamedTuple):
    """A logical line of main.cf that sets something: the name, the value, the line and the physical lines."""

    name: str
    value: str
    line: int
    lines: tuple[tuple[int, str], ...]


class Item(NamedTuple):
    """A restriction in a list.

    Args:
        parameter: the list, or the class it was reached through.
        name: the restriction's modern name; as written for a word that is none.
        argument: what follows it; "" for nothing.
        kind: its row in the table of restrictions; None for a class or a mistake.
        location: where it stands.
        written: the name as written.
        trial: whether warn_if_reject stands before it.
    """

    parameter: str
    name: str
    argument: str
    kind: Restriction | None
    location: Location
    written: str
    trial: bool = False


class TableRef(NamedTuple):
    """A table that a setting names: its type and name, the parameter, and where that stands."""

    type: str
    name: str
    parameter: str
    location: Location

    @property
    def spec(self) -> str:
        """As in main.cf, without `proxy:`."""
        return f"{self.type}:{self.name}"


@dataclass
class Parsed:
    """A host's configuration.

    Args:
        place: the host, as `explain` makes it of a folder.
    """

    place: Place

    @property
    def machine(self) -> Machine:
        """The computer."""
        return self.place.host.machine

    @cached_property
    def text(self) -> str:
        """The text of main.cf."""
        return self.read(MAIN_CF)

    def read(self, name: str) -> str:
        """The text of a file; "" where there is none."""
        try:
            return self.machine.files.read(name)
        except FileError:
            return ""

    @cached_property
    def start(self) -> MailSystem | Fatal:
        """Postfix as started, or what keeps all of it from starting.

        Of files alone it is not known which folders and addresses their machine has.
        """
        try:
            system = MailSystem(self.machine, PROGRAMS, _silent, remember=False)
            if not self.place.alone:
                startup.enter_folders(system.config)
                for service in system.master.services.values():
                    startup.bind(service, system.config)
        except Fatal as fatal:
            return fatal
        return system

    @cached_property
    def lines(self) -> tuple[LogicalLine, ...]:
        """The logical lines of main.cf."""
        return tuple(logical_lines(self.text, MAIN_CF, _silent))

    @cached_property
    def assignments(self) -> tuple[Assignment, ...]:
        """Everything that main.cf sets, in order; lines that set nothing are left out."""
        physical = self.text.split("\n")
        found = []
        for line in self.lines:
            try:
                name, value = split_name_value(line.text)
            except ValueError:
                continue
            own = ((n, physical[n - 1]) for n in range(line.first, line.last + 1))
            kept = tuple((n, text) for n, text in own if text.strip() and not text.lstrip().startswith("#"))
            found.append(Assignment(name, value, line.first, kept))
        return tuple(found)

    @cached_property
    def commented(self) -> frozenset[int]:
        """The lines of main.cf that have a comment behind a value."""
        numbered = (line for assignment in self.assignments for line in assignment.lines)
        return frozenset(number for number, text in numbered if COMMENT.search(text))

    @cached_property
    def config(self) -> Config:
        """The parameters of main.cf; nothing is checked until it is asked for."""
        settings = {a.name: Setting(a.value, Location(MAIN_CF, a.line)) for a in self.assignments}
        return Config(self.machine, settings, _silent)

    @cached_property
    def services(self) -> dict[tuple[str, str], Service]:
        """The services of master.cf; none where it cannot be read."""
        try:
            return MasterCf.load(self.machine).services
        except Fatal:
            return {}

    # ---- values

    def is_set(self, name: str) -> bool:
        """Whether main.cf sets a parameter."""
        return self.config.is_set(name)

    def where(self, *names: str) -> Location:
        """Where the first of some parameters is set that is; the file as a whole for none."""
        return next((place for name in names if (place := self.config.where(name))), Location(MAIN_CF, 1))

    def told(self, name: str) -> str:
        """The expanded text of a parameter; "" where it cannot be expanded."""
        try:
            return self.config.text(name)
        except Fatal:
            return ""

    def number(self, name: str) -> float | None:
        """The value of a number, a size or a time in seconds; None where it is none."""
        try:
            return float(self.config[name])
        except (Fatal, ValueError):
            return None

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.told(name).lower() in ("yes", "true")

    def words(self, name: str) -> tuple[str, ...]:
        """The words of a list; none where it cannot be expanded."""
        return tuple(split_outside_braces(self.told(name)))

    def placed(self, name: str) -> Iterator[tuple[str, Location]]:
        """Each word of a list that main.cf sets, and the line that it stands on."""
        words = self.words(name)
        for word, place in zip(words, places(self.machine, self.config.where(name), words), strict=True):
            yield word, _location(place)

    # ---- lists of restrictions

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The restriction classes."""
        return self.words("smtpd_restriction_classes")

    @cached_property
    def lists(self) -> dict[str, tuple[Item, ...]]:
        """Each list that mail goes through -> its restrictions; those of a class stand in its place."""
        return {name: tuple(self.items(name)) for name in MAIL_LISTS}

    def items(self, parameter: str, implied: str | None = None, depth: int = 0) -> Iterator[Item]:
        """The restrictions that a parameter lists."""
        implied = IMPLIED.get(parameter, "") if implied is None else implied
        words = list(self.placed(parameter))
        at, trial = 0, False
        while at < len(words):
            word, location = words[at]
            name = current_name(word)
            kind = RESTRICTIONS.get(name)
            at += 1
            if word.lower() == WARN_IF_REJECT:
                trial = True
                continue
            if ":" in word and implied:
                yield Item(parameter, implied, word, RESTRICTIONS[implied], location, implied, trial)
            elif kind is not None and kind.argument is not Argument.NONE:
                argument = words[at][0] if at < len(words) else ""
                at += 1
                yield Item(parameter, name, argument, kind, location, word, trial)
            elif kind is None and word in self.classes and depth < len(self.classes):
                yield from self.items(word, implied, depth + 1)
            else:
                yield Item(parameter, name if kind else word, "", kind, location, word, trial)
            trial = False

    def all_items(self) -> Iterator[Item]:
        """The restrictions of all lists."""
        seen: set[tuple[str, Location, str]] = set()
        for items in self.lists.values():
            for item in items:
                key = (item.written, item.location, item.argument)
                if item.location.line and key not in seen:
                    seen.add(key)
                    yield item

    # ---- tables

    @cached_property
    def tables(self) -> tuple[TableRef, ...]:
        """The tables that main.cf names, in order; each once for each parameter."""
        found: dict[TableRef, None] = {}
        for assignment in self.assignments:
            if self.config.where(assignment.name) != Location(MAIN_CF, assignment.line):
                continue
            for word, location in self.placed(assignment.name):
                for type, name in _tables(word):
                    found[TableRef(type, name, assignment.name, location)] = None
        return tuple(found)

    def tables_of(self, *parameters: str) -> Iterator[TableRef]:
        """The tables that some parameters name, defaults included."""
        for parameter in parameters:
            for word, location in self.placed(parameter):
                for type, name in _tables(word):
                    yield TableRef(type, name, parameter, location)

    @cached_property
    def environment(self) -> TableEnvironment:
        """Where tables are opened."""
        return TableEnvironment(self.machine, _silent)

    def entries(self, spec: str, alias: bool = False) -> tuple[TableLine, ...]:
        """The lines of a table as they are written, whether it is compiled or not."""
        known = self._entries.get(spec)
        if known is None:
            known = self._entries[spec] = tuple(table_lines(spec, self.environment, alias))
        return known

    @cached_property
    def _entries(self) -> dict[str, tuple[TableLine, ...]]:
        return {}


def _silent(level: str, text: str) -> None:
    """Say nothing."""


def _tables(word: str) -> Iterator[tuple[str, str]]:
    """The tables that a word names: `proxy:` gone, those inside of others too."""
    while word.startswith("proxy:"):
        word = word.removeprefix("proxy:")
    type, colon, name = word.lstrip("!").partition(":")
    if not colon or not type.isalnum() or not name:
        return
    if type in ("unionmap", "pipemap") and name.startswith("{"):
        try:
            inner = split_outside_braces(inside_braces(name))
        except ValueError:
            return
        for part in inner:
            yield from _tables(part)
    else:
        yield type, name


def _location(place: str) -> Location:
    file, _, line = place.rpartition(":")
    return Location(file, int(line)) if file else Location(MAIN_CF)
