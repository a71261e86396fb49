"""NAME
    config - the parameters as one program reads them

DESCRIPTION
    Values come from `-o` options, main.cf, and the defaults, and are expanded when first asked for.

DIAGNOSTICS
    `Fatal` where the real program would end.

SEE ALSO
    postconf(5), postconf(1)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simmail.files.machine import Machine
from simmail.files.tree import FileError
from simmail.mail.errors import Fatal, Location
from simmail.postfix.compatibility import Level, LevelError, level
from simmail.postfix.expand import Expander
from simmail.postfix.maincf import Setting, Warn, parse
from simmail.postfix.parameters import Parameter, parameters

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service

MAIN_CF = "/etc/postfix/main.cf"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIME = re.compile(r"(\d+)([smhdw]?)", re.ASCII)


class Config:
    """The parameters of one host, or of one service with its `-o` options.

    Args:
        machine: the computer.
        settings: name -> what is set, `-o` options included.
        warn: hears warnings (`warning`, text).
    """

    def __init__(self, machine: Machine, settings: Mapping[str, Setting], warn: Warn) -> None:
        self.machine, self.settings, self.warn = machine, settings, warn
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self._expander = Expander(self._lookup, lambda text: warn("warning", text))

    @classmethod
    def load(cls, machine: Machine, warn: Warn = lambda level, text: None, folder: str = "/etc/postfix") -> Config:
        """Read main.cf.

        Raises:
            Fatal: where it keeps all of Postfix from starting.
        """
        name = f"{folder}/main.cf"
        try:
            text = machine.files.read(name)
        except FileError as error:
            raise Fatal(f"open {name}: {error.reason}") from None
        return cls(machine, parse(text, name, warn), warn)

    def for_service(self, service: Service, warn: Warn | None = None) -> Config:
        """The same parameters with the `-o` options of a service over them."""
        added = {name: Setting(value, service.location) for name, value in service.overrides.items()}
        return Config(self.machine, {**self.settings, **added}, warn or self.warn)

    # ---- one parameter

    def is_set(self, name: str) -> bool:
        """Whether main.cf or `-o` sets it."""
        return name in self.settings

    def where(self, name: str) -> Location | None:
        """Where it is set, None for a default."""
        setting = self.settings.get(name)
        return setting.location if setting else None

    def raw(self, name: str) -> str | None:
        """The value before expansion, as set or by default; None where there is no such parameter."""
        setting = self.settings.get(name)
        if setting is not None:
            return setting.value
        return self._default(name)

    def text(self, name: str) -> str:
        """The expanded value; "" where there is no such parameter.  Raises Fatal where it cannot be expanded."""
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = self.expand(self.raw(name) or "")
        return found

    def list(self, name: str) -> tuple[str, ...]:
        """The expanded value split at commas and white space, text in braces kept together."""
        return split_list(self.text(name))

    def expand(self, text: str, extra: Mapping[str, str] | None = None) -> str:
        """Expand a text; names in `extra` come before parameters.  Raises Fatal where that fails."""
        expander = self._expander
        if extra:
            expander = Expander(
                lambda name, use: extra[name] if name in extra else self._lookup(name, use), expander.complain
            )
        done = expander.expand(text)
        if done.failed:
            raise Fatal("macro processing error")
        return done.text

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            value = self._values[name] = self._typed(name)
            return value

    @cached_property
    def compatibility(self) -> Level:
        """The compatibility level."""
        try:
            return level(self.text("compatibility_level"))
        except LevelError as error:
            raise Fatal(str(error)) from None

    # ---- inside

    def _lookup(self, name: str, use: bool) -> str | None:
        return self.raw(name)

    def _default(self, name: str) -> str | None:
        derive = _DERIVED.get(name)
        if derive is not None:
            return derive(self)
        known = parameters().get(name)
        return known.default if known else None

    def _typed(self, name: str) -> Any:
        known = parameters().get(name)
        text = self.text(name)
        return _READERS[known.type](known, text) if known else text


def _string(known: Parameter, text: str) -> str:
    return text


def _integer(known: Parameter, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Fatal(f"bad numerical configuration: {known.name} = {text}") from None


def _boolean(known: Parameter, text: str) -> bool:
    if text.lower() not in ("yes", "no"):
        raise Fatal(f"bad boolean configuration: {known.name} = {text}")
    return text.lower() == "yes"


def _time(known: Parameter, text: str) -> float:
    found = _TIME.fullmatch(text)
    if found is None:
        raise Fatal(f"parameter {known.name}: bad time value or unit: {text}")
    return float(int(found[1]) * _UNITS[found[2] or "s"])


_READERS = {"str": _string, "int": _integer, "bool": _boolean, "time": _time}


def _myhostname(config: Config) -> str:
    name = config.machine.hostname
    if "." in name:
        return name
    setting = config.settings.get("mydomain")
    return f"{name}.{config.expand(setting.value) if setting else 'localdomain'}"


def _mydomain(config: Config) -> str:
    name = config.text("myhostname")
    rest = name.partition(".")[2]
    return rest if "." in rest else name if rest else "localdomain"


def _mynetworks(config: Config) -> str:
    return " ".join(f"{address}/{128 if ':' in address else 32}" for address in config.machine.addresses)


_DERIVED = {"myhostname": _myhostname, "mydomain": _mydomain, "mynetworks": _mynetworks}


def split_list(text: str) -> tuple[str, ...]:
    """Split at commas and white space; text in braces is kept together."""
    items: list[str] = []
    item = ""
    depth = 0
    for character in text:
        if not depth and character in ", \t\r\n":
            if item:
                items.append(item)
            item = ""
            continue
        depth += (character == "{") - (character == "}" and depth > 0)
        item += character
    return (*items, item) if item else tuple(items)
