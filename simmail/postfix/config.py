"""NAME
    config - the parameters as one program reads them

DESCRIPTION
    Values come from `-o` options in master.cf, from main.cf, and from the table of defaults.  A program reads the
    parameters that it knows when it starts, in a fixed order, those which all programs need first; a bad one keeps it
    from running.  While it reads, a default is known by its name only once it has been read, and never in a program
    that does not read it: `$smtp_helo_timeout` is empty in smtpd.

    Without a program's name a configuration knows all parameters, as postconf(1) does, and reads each when it is
    asked for.

PARAMETERS
    All.  myorigin may name a file (Debian), whose first line is its value.

DIAGNOSTICS
    `Fatal` where the real program ends; warnings go through `warn`.

BUGS
    process_id is 1.  `$service_name` is known in services only.

SEE ALSO
    postconf(5), postconf(1)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from simmail.files.file_errors import FileError
from simmail.files.machine import Machine
from simmail.files.reading import ROOT
from simmail.mail.errors import Fatal, LateFatal, Location
from simmail.postfix.compatibility import CHANGED_IN, Level, LevelError, level
from simmail.postfix.expand import Expander, Expansion
from simmail.postfix.maincf import Setting, Warn, parse, read_file
from simmail.postfix.own_addresses import derived_networks, own_addresses, protocols
from simmail.postfix.parameters import LEGACY, find, parameters, readers
from simmail.postfix.sanity import CHECKS
from simmail.postfix.tables.split import SEPARATORS, split_at, split_outside_braces
from simmail.postfix.values import Value, constants, read

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service

FOLDER = "/etc/postfix"
#: Where daemons, and the commands that they run, are at work.
QUEUE_DIRECTORY = "/var/spool/postfix"
MAIN_CF, MASTER_CF = f"{FOLDER}/main.cf", f"{FOLDER}/master.cf"
#: The daemons that may have arguments behind their options.
WITH_ARGUMENTS = ("pipe", "spawn", "smtp", "lmtp")
#: The last text that every program reads: now myorigin is read from the file that it names.
_LAST_TEXT = "info_log_address_format"


def _silent(level: str, text: str) -> None:
    """Say nothing."""


def log_name(syslog_name: str, program: str) -> str:
    """What the log calls a program under a syslog_name, `postfix/` left out; it begins with a slash without that."""
    if syslog_name == "postfix":
        return program
    prefix = syslog_name.removeprefix("postfix/")
    return f"{prefix}/{program}" if syslog_name.startswith("postfix/") else f"/{syslog_name}/{program}"


class Config:
    """The parameters of one host, or of one service with its `-o` options.

    Args:
        machine: the computer.
        settings: name -> what is set, `-o` options included.
        warn: hears warnings (`warning`, text).
        program: who reads; "" for one that knows all parameters.
        given: values that nobody can set: `service_name`, `process_name`, ...
        folder: where main.cf is.
    """

    def __init__(
        self,
        machine: Machine,
        settings: Mapping[str, Setting],
        warn: Warn = _silent,
        *,
        program: str = "",
        given: Mapping[str, str] | None = None,
        folder: str = FOLDER,
    ) -> None:
        self.machine, self.settings, self.warn = machine, settings, warn
        self.program, self.folder = program, folder
        self.given: dict[str, str] = {"process_id": "1", **(given or {})}
        self.heard: list[tuple[str, str]] = []
        self._starting = False
        self._deriving: set[str] = set()
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self._expander = Expander(self._lookup, self._complain)
        self._knowing = Expander(lambda name, use: self.raw(name), self._complain)

    @classmethod
    def load(
        cls, machine: Machine, warn: Warn = _silent, folder: str = FOLDER, program: str = "", user: str = ROOT
    ) -> Config:
        """Read main.cf and the parameters that a program needs.

        Args:
            machine: the computer.
            warn: hears warnings.
            folder: where main.cf is.
            program: a command's name (`postqueue`), whose parameters are read too; "" for no program in particular.
            user: who reads it.

        Raises:
            Fatal: where main.cf keeps the program from running, or all of Postfix.
        """
        path = f"{folder}/main.cf"
        text = read_file(machine.files, path, user=user)
        heard: list[tuple[str, str]] = []

        def hear(level: str, line: str) -> None:
            heard.append((level, line))
            warn(level, line)

        settings = parse(text, path, hear, folder if folder != FOLDER else "")
        config = cls(machine, settings, warn, program=program, folder=folder)
        config.heard = heard
        config.given["process_name"] = program or "master"
        config._start()
        return config

    def for_service(self, service: Service, warn: Warn | None = None) -> Config:
        """The parameters as a service reads them, with its `-o` options.

        Args:
            service: its entry in master.cf.
            warn: hears what the service would log, what is wrong with main.cf included.

        Raises:
            Fatal: where the service's program does not run.
        """
        warn = warn or self.warn
        for kind, text in self.heard:
            warn(kind, text)
        if service.fault:
            raise Fatal(service.fault)
        if service.arguments and service.command not in WITH_ARGUMENTS:
            raise LateFatal(f"unexpected command-line argument: {service.arguments[0]}")
        options = {name: Setting(value, service.location) for name, value in service.overrides.items()}
        if service.type == "inet" and service.maxproc != 1:  # master tells of stress, and there is none
            options.setdefault("stress", Setting("", service.location))
        given = {"process_name": service.command, "service_name": service.name}
        config = Config(
            self.machine,
            {**self.settings, **options},
            warn,
            program=service.command,
            given=given,
            folder=self.folder,
        )
        config._start()
        return config

    def _start(self) -> None:
        """Read what every program reads, checking it, then what this one does."""
        self._starting = True
        usual, settings, texts, values = constants(), self.settings, self._texts, self._values
        for name in (*readers()["*"], *readers().get(self.program, ())):
            constant = usual.get(name)
            if constant is None or name in settings:
                self[name]
            else:
                texts[name], values[name] = constant
            if name in CHECKS:
                for check in CHECKS[name]:
                    check(self)
            elif name == _LAST_TEXT:
                values["myorigin"] = self._from_file(self["myorigin"])
        self._starting = False

    def _from_file(self, myorigin: str) -> str:
        """The value of myorigin: itself, or the first line of the file that it names."""
        if not myorigin.startswith("/"):
            return myorigin
        try:
            text = self.machine.files.read(myorigin)
        except FileError as error:
            raise Fatal(f"{myorigin}: cannot open file: {error.reason}") from None
        value = text.partition("\n")[0].strip()
        if not value:
            raise Fatal(f"myorigin file {myorigin} is empty")
        return value

    # ---- one parameter

    @property
    def path(self) -> str:
        """The name of main.cf."""
        return f"{self.folder}/main.cf"

    def is_set(self, name: str) -> bool:
        """Whether main.cf or `-o` sets it."""
        return name in self.settings

    def where(self, name: str) -> Location | None:
        """Where it is set; None for a default."""
        setting = self.settings.get(name)
        return setting.location if setting else None

    def raw(self, name: str) -> str | None:
        """The value before expansion, as set or by default; None where there is no such parameter."""
        given = self.given.get(name)
        if given is not None:
            return given
        setting = self.settings.get(name)
        return setting.value if setting is not None else self.default(name)

    def text(self, name: str) -> str:
        """The expanded value; "" where there is no such parameter.  Raises Fatal where it cannot be expanded."""
        found = self._texts.get(name)
        if found is None:
            value = self.raw(name) or ""
            known = parameters().get(name)
            raw = known is not None and known.type == "raw"
            found = self._texts[name] = value if raw else self._expanded(value)
        return found

    def list(self, name: str) -> tuple[str, ...]:
        """The value that `[name]` gives, split at commas and white space, text in braces kept together."""
        value = self[name]
        return tuple(split_outside_braces(value if isinstance(value, str) else self.text(name)))

    def mask(self, name: str, known: Collection[str], called: str = "") -> frozenset[str]:
        """Those of the known words that a parameter lists.  Raises Fatal where it lists another one.

        Args:
            name: the parameter.
            known: the words.
            called: its name in a complaint, where that is another one.
        """
        text = str(self[name])
        words = split_at(text, SEPARATORS)
        for word in words:
            if word not in known:
                raise Fatal(f'unknown {called or name} value "{word}" in "{text}"')
        return frozenset(words)

    def expand(self, text: str, extra: Mapping[str, str] | None = None) -> str:
        """Expand a text; names in `extra` come before parameters.  Raises Fatal where that fails."""
        return _done(self.expansion(text, extra))

    def expansion(self, text: str, extra: Mapping[str, str] | None = None) -> Expansion:
        """The same, with its mistakes."""
        if "$" not in text:
            return Expansion(text)
        expander = self._expander
        if extra:
            expander = Expander(
                lambda name, use: extra[name] if name in extra else self._lookup(name, use), self._complain
            )
        return expander.expand(text)

    def __getitem__(self, name: str) -> Any:
        """The value of a parameter: str, int, bool or float seconds.  Raises Fatal for a text that is no such value."""
        try:
            return self._values[name]
        except KeyError:
            value = self._values[name] = self._typed(name)
            return value

    def log_name(self, program: str) -> str:
        """The name that the log has for a program, `postfix/` left out; it begins with a slash where that is not so."""
        return log_name(self["syslog_name"], program)

    @cached_property
    def compatibility(self) -> Level:
        """The compatibility level.  Raises Fatal for a text that is none."""
        try:
            return level(self.text("compatibility_level"))
        except LevelError as error:
            raise Fatal(str(error)) from None

    def is_backwards(self, name: str) -> bool:
        """Whether a parameter has its old default, which the log shall tell where it makes a difference."""
        return name not in self.settings and self.compatibility < level(CHANGED_IN[name])

    def default(self, name: str) -> str | None:
        """The default of a parameter, unexpanded; None for one that Postfix does not know."""
        derive = _DERIVED.get(name)
        if derive is not None:
            if name in self._deriving:  # myhostname = mail.$mydomain, and mydomain is what follows its first dot
                return None
            self._deriving.add(name)
            try:
                return derive(self)
            finally:
                self._deriving.discard(name)
        known = find(name)
        if known is not None:
            return known.default
        return "" if name in LEGACY else None

    # ---- inside

    def _expanded(self, value: str) -> str:
        """A parameter's value expanded, with what is known by now, or with all names if the program is past that."""
        return _done((self._expander if self._starting else self._knowing).expand(value))

    def _complain(self, text: str) -> None:
        self.warn("warning", text)

    def _lookup(self, name: str, use: bool) -> str | None:
        given = self.given.get(name)
        if given is not None:
            return given
        setting = self.settings.get(name)
        if setting is not None:
            return setting.value
        if not (self.program or self._starting):
            return self.default(name)
        return self._texts.get(name)

    def _typed(self, name: str) -> Value:
        known = find(name)
        if known is None:
            return self.text(name)
        return read(known, self.text(name))


def _done(expansion: Expansion) -> str:
    """The text of an expansion without mistakes.  Raises Fatal for another."""
    if expansion.failed:
        raise Fatal(expansion.fatal or "dictionary mail_dict: macro processing error")
    return expansion.text


def _myhostname(config: Config) -> str:
    """The machine's name, completed with mydomain where it has no domain of its own."""
    name = config.machine.hostname
    if "." in name:
        return name
    setting = config.settings.get("mydomain")
    domain = config.expand(setting.value) if setting is not None else "localdomain"
    return f"{name}.{domain}"


def _mydomain(config: Config) -> str:
    """What follows the first dot of myhostname."""
    _, dot, domain = config.text("myhostname").partition(".")
    return domain if dot else "localdomain"


def _mynetworks(config: Config) -> str:
    """The networks of the addresses on which mail is received."""
    enabled = protocols(config.text("inet_protocols"))
    addresses = own_addresses(config.machine, config.text("inet_interfaces"), enabled)
    return derived_networks(config.machine, addresses, config.text("mynetworks_style"))


_DERIVED: dict[str, Callable[[Config], str]] = {
    "myhostname": _myhostname,
    "mydomain": _mydomain,
    "mynetworks": _mynetworks,
}
