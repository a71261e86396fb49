"""NAME
    mastercf - the services of a Postfix

DESCRIPTION
    Reads master.cf: logical lines as in main.cf, each with eight fields: name, type, private, unprivileged,
    chroot, wakeup, process limit, command and its arguments.

DIAGNOSTICS
    `Fatal` for a line that is no service.

SEE ALSO
    master(5)
"""

from __future__ import annotations

from typing import NamedTuple

from simmail.files.machine import Machine
from simmail.files.tree import FileError
from simmail.mail.errors import Fatal, Location
from simmail.postfix.maincf import Warn, logical_lines, split_name_value


class Service(NamedTuple):
    """An entry of master.cf.

    Args:
        name, type: `smtp`, `inet`.
        private, unprivileged, chroot: as written, `y`, `n` or `-` made True or False.
        wakeup: seconds between wake-up calls, 0 for none.
        maxproc: the process limit; None for default_process_limit, 0 for none.
        command: the program's file name.
        arguments: the words after it, as written.
        overrides: parameter -> value given with `-o`.
        location: where it stands.
    """

    name: str
    type: str
    private: bool
    unprivileged: bool
    chroot: bool
    wakeup: int
    maxproc: int | None
    command: str
    arguments: tuple[str, ...]
    overrides: dict[str, str]
    location: Location


class MasterCf:
    """All services of a host; `services` maps (name, type) to them, in the file's order."""

    def __init__(self, services: dict[tuple[str, str], Service]) -> None:
        self.services = services

    @classmethod
    def load(cls, machine: Machine, warn: Warn = lambda level, text: None, folder: str = "/etc/postfix") -> MasterCf:
        """Read master.cf.  Raises Fatal."""
        name = f"{folder}/master.cf"
        try:
            text = machine.files.read(name)
        except FileError as error:
            raise Fatal(f"open {name}: {error.reason}") from None
        services = {}
        for line in logical_lines(text, name, warn):
            service = _service(line.text, Location(name, line.first))
            services[service.name, service.type] = service
        return cls(services)


def _flag(word: str, default: bool) -> bool:
    return default if word == "-" else word == "y"


def _service(text: str, location: Location) -> Service:
    words = split_words(text)
    if len(words) < 8:
        raise Fatal(f"{location.file}: line {location.line}: bad field count")
    name, kind, private, unprivileged, chroot, wakeup, maxproc, command, *arguments = words
    return Service(
        name,
        kind,
        _flag(private, True),
        _flag(unprivileged, True),
        _flag(chroot, False),
        0 if wakeup == "-" else int(wakeup.rstrip("?")),
        None if maxproc == "-" else int(maxproc),
        command,
        tuple(arguments),
        overrides(arguments),
        location,
    )


def split_words(text: str) -> list[str]:
    """Split at white space; text in braces at a word's start is one word, its braces gone."""
    words: list[str] = []
    text = text.strip()
    while text:
        if text[0] == "{" and "}" in text:
            depth = 0
            for end, character in enumerate(text):
                depth += (character == "{") - (character == "}")
                if not depth:
                    break
            words.append(text[1:end].strip())
            text = text[end + 1 :].lstrip()
        else:
            word, _, text = text.replace("\t", " ").partition(" ")
            words.append(word)
            text = text.lstrip()
    return words


def overrides(arguments: list[str]) -> dict[str, str]:
    """The parameters that `-o` arguments set."""
    found: dict[str, str] = {}
    words = iter(arguments)
    for word in words:
        if not word.startswith("-o"):
            continue
        try:
            name, value = split_name_value(word[2:] or next(words, ""))
        except ValueError:
            continue
        found[name] = value
    return found
