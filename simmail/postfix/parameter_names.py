"""NAME
    parameter_names - which names in main.cf and master.cf mean something

DESCRIPTION
    A parameter is known if Postfix has it, if a service of master.cf gives rise to it (`relay_destination_rate_delay`),
    or if it is the administrator's own and used: named by `$name` in some value or in smtpd_restriction_classes.  What
    else is set is a mistake that Postfix keeps silent about; only postconf(1) tells.

DIAGNOSTICS
    main.cf: unused parameter: NAME=VALUE
    main.cf: undefined parameter: NAME
    main.cf: read-only parameter assignment: NAME=VALUE

SEE ALSO
    postconf(1)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache

from simmail.mail.errors import Fatal
from simmail.postfix.config import Config
from simmail.postfix.database_clients import DatabaseClients
from simmail.postfix.expand import Expander
from simmail.postfix.maincf import Warn
from simmail.postfix.master_entries import COMMAND, Entry
from simmail.postfix.own_addresses import words
from simmail.postfix.parameters import LEGACY, READ_ONLY, SERVICE_SUFFIXES, parameters


class Kind(Enum):
    """Where a known parameter comes from; the value is the name of its class in `postconf -C`."""

    BUILTIN = "builtin"
    SERVICE = "service"
    USER = "user"
    LEGACY = ""


class ParameterNames:
    """The names that mean something on one host.

    Args:
        config: the parameters of main.cf.
        entries: those of master.cf.
        warn: hears of names that have no value.

    Attributes:
        known: name -> where it comes from.
        settings: name -> value as main.cf has it, without those that cannot be set.
    """

    def __init__(self, config: Config, entries: Sequence[Entry], warn: Warn) -> None:
        self.config, self.entries = config, entries
        self._warn = warn
        self.settings = {name: setting.value for name, setting in config.settings.items()}
        self.known: dict[str, Kind] = dict.fromkeys(parameters(), Kind.BUILTIN)
        self.known.update(dict.fromkeys(LEGACY - self.known.keys(), Kind.LEGACY))
        self.defaults: dict[str, str] = {}
        self._own: dict[int, dict[str, str]] = {}
        self._used: dict[int, set[str]] = {}
        self._classes: set[str] = set()
        self._clients = DatabaseClients(config.machine, self.warn)
        self._register_services()

    def warn(self, text: str) -> None:
        """Warn of something."""
        self._warn("warning", text)

    def _register_services(self) -> None:
        """Add the parameters that services bring with them."""
        for entry in self.entries:
            for suffix, default in SERVICE_SUFFIXES.get(entry.fields[COMMAND], {}).items():
                name = entry.fields[0] + suffix
                if name not in self.known:
                    self.defaults[name] = "$" + default
                self.known[name] = Kind.SERVICE

    def register_users(self) -> None:
        """Add the administrator's own parameters that are used.  Raises Fatal for what cannot be expanded."""
        shared: dict[str, dict[str, str]] = {}  # entries of one name and type have one set of them
        for entry in self.entries:
            shared.setdefault(entry.space, {}).update(entry.settings)
        for number, entry in enumerate(self.entries):
            own = shared[entry.space]
            if own:
                self._own[number], self._used[number] = own, set()
        for number in self._own:
            self._scan(number)
        for name in list(self.known):
            if name not in self.settings and not _raw(name):
                for used in _names_in(self.default(name) or ""):
                    self._use(used, None)
        self._scan(None)

    def own(self, number: int) -> Mapping[str, str]:
        """What the `-o` options of an entry set, and of others of its name and type."""
        return self._own.get(number, {})

    def default(self, name: str) -> str | None:
        """The default of a known parameter.  Raises Fatal where it cannot be told."""
        if name in self.defaults:
            return self.defaults[name]
        if name == "mynetworks" and "mynetworks_style" not in self.settings:
            # mynetworks follows from this default, which postconf expands itself
            self.expand(self.config.default("mynetworks_style") or "")
        return self.config.raw(name) if name in READ_ONLY else self.config.default(name)

    def value(self, name: str, number: int | None = None, *, defaults_only: bool = False) -> str | None:
        """The unexpanded value of a parameter: that of an entry's `-o`, of main.cf, or the default."""
        if not defaults_only:
            if number is not None:
                own = self._own.get(number, {}) | self.entries[number].given
                if name in own:
                    return own[name]
            if name in self.settings:
                return self.settings[name]
        return self.default(name) if name in self.known else None

    def expand(self, text: str, number: int | None = None, *, defaults_only: bool = False) -> str:
        """Expand a text.  Raises Fatal where that fails."""

        def look_up(name: str, use: bool) -> str | None:
            return self.value(name, number, defaults_only=defaults_only)

        done = Expander(look_up, self.warn).expand(text)
        if done.failed:
            raise Fatal(done.fatal or "macro processing error")
        return done.text

    # ---- who uses whom

    def _place(self, number: int | None) -> str:
        return f"{self.config.folder}/{'main.cf' if number is None else 'master.cf'}"

    def _scan(self, number: int | None) -> None:
        """Look through the settings of main.cf (None) or of an entry for names that they use."""
        settings = self.settings if number is None else self._own[number]
        classes = settings.get("smtpd_restriction_classes")
        if classes is not None:
            names = words(self.expand(classes, number))
            if number is None:
                self._classes.update(names)
            for name in names:
                self._use(name, number)
        for name, value in list(settings.items()):
            if number is not None and name in self._classes:
                self._used[number].add(name)
            if name in READ_ONLY:
                self.warn(f"{self._place(number)}: read-only parameter assignment: {name}={value}")
                del settings[name]
                continue
            kind = self.known.get(name)
            if kind is Kind.LEGACY:
                kind = self.known[name] = Kind.USER
            if _raw(name):
                continue
            self._scan_value(value, number)
            if kind in (Kind.BUILTIN, Kind.SERVICE):
                text = self.expand(value, number)
                file = self._place(number).rpartition("/")[2]
                self._clients.scan(text, file, lambda name: self._use(name, number, quiet=True))

    def _scan_value(self, value: str, number: int | None) -> None:
        """Mark every `$name` in a value as used."""
        if "$" not in value:
            return

        def mark(name: str, use: bool) -> None:
            self._use(name, number)

        Expander(mark, self.warn, scan=True).expand(value)

    def _use(self, name: str, number: int | None, quiet: bool = False) -> None:
        """A name is used by a value in main.cf (None) or in an entry."""
        supplied = False
        if number is not None and name in self._own[number]:
            supplied = True
            self._used[number].add(name)
        elif name in self.settings:
            supplied = True
            self.known.setdefault(name, Kind.USER)
        if number is None:
            for other, own in self._own.items():
                if name in own:
                    supplied = True
                    self._used[other].add(name)
        if not supplied and not quiet and name not in self.known:
            self.warn(f"{self._place(number)}: undefined parameter: {name}")

    def unused(self) -> list[tuple[str, str, str]]:
        """What is set for nothing: (file, name, value)."""
        found = [(self._place(None), name, value) for name, value in self.settings.items() if name not in self.known]
        for number, own in self._own.items():
            for name, value in own.items():
                if name not in self.known and name not in self._used[number]:
                    found.append((self._place(number), name, value))
        return found


@lru_cache(2048)
def _names_in(default: str) -> tuple[str, ...]:
    """Every name that a default uses."""
    found: list[str] = []
    if "$" in default:
        Expander(lambda name, use: found.append(name), lambda text: None, scan=True).expand(default)
    return tuple(found)


def _raw(name: str) -> bool:
    known = parameters().get(name)
    return known is not None and known.type == "raw"
