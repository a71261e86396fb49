"""NAME
    postconf - show and change parameters and services

SYNOPSIS
    postconf [-dfhHnopqxv] [-C class] [-o name=value] [parameter ...]
    postconf -e name=value ..., postconf -X name ..., postconf -# name ...
    postconf -M|-F|-P [-efhHoxX#] [pattern[=value] ...]
    postconf -a | -A | -b | -l | -m | -t | -T mode

DESCRIPTION
    Shows parameters as main.cf or the defaults have them, shows entries of master.cf, or changes these files.  It tells
    of names that are used and not set, and of names that are set and not used.

DIAGNOSTICS
    Warnings and fatal errors on standard error; the exit status is 1 after a fatal one.

BUGS
    `-v` says nothing more.  `-T` answers as Debian's Postfix does, though there is no TLS here.

SEE ALSO
    postconf(1), postconf(5), master(5)
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simmail.files.invocation import Invocation
from simmail.mail.errors import Fatal, Location
from simmail.mail.questions import Decision
from simmail.postfix.commands.bounce_templates import dumped, texts
from simmail.postfix.commands.usage import BadOption, getopt
from simmail.postfix.config import FOLDER, Config
from simmail.postfix.edit_files import ANY, How, What, edit_main, edit_master, field_number, matches, pattern
from simmail.postfix.maincf import Setting, parse, read_file, split_name_value
from simmail.postfix.master_entries import Entry, read_entries
from simmail.postfix.mastercf import BLANKS
from simmail.postfix.parameter_names import Kind, ParameterNames
from simmail.postfix.parameters import parameters
from simmail.postfix.printable import printable
from simmail.postfix.tables.split import SEPARATORS, split_at

LINE_LIMIT = 80
#: The options that say something of each other, in the order in which messages name them.
ORDER = "aAbCdefFhHlmMnopPtTxX#"
#: Of each group only one may be given; the first group are the things to do.
_ONE_OF = ("aAblmtpMFPT", "den#X", "fe#X", "xe#X", "ode#X", "he#XH")
#: An option -> the others that go with it.
_GOES_WITH: dict[str, str] = {
    "a": "", "A": "", "b": "", "l": "", "m": "", "T": "", "t": "",
    "p": "eX#fhCxdnoH", "M": "eX#fox", "F": "efhoxH", "P": "eXfhoxH",
}  # fmt: skip
_LETTERS = "aAbc:C:deEfFhHlmMno:pPtT:vxX#"
_USAGE = (
    "-a (server SASL types)", "-A (client SASL types)", "-b (bounce templates)", "-c config_dir", "-c param_class",
    "-d (parameter defaults)", "-e (edit configuration)", "-f (fold lines)", "-F (master.cf fields)", "-h (no names)",
    "-H (no values)", "-l (lock types)", "-m (map types)", "-M (master.cf)", "-n (non-default parameters)",
    "-o name=value (override parameter value)", "-p (main.cf, default)", "-P (master.cf parameters)",
    "-t (bounce templates)", "-T compile-version|run-version|public-key-algorithms", "-v (verbose)",
    "-x (expand parameter values)", "-X (exclude)", "-# (comment-out)", "name...",
)  # fmt: skip
_CLASSES = {"builtin": {Kind.BUILTIN}, "service": {Kind.SERVICE}, "user": {Kind.USER}}
#: What a Debian system with postfix and postfix-pcre answers.
MAP_TYPES = (
    "btree cidr environ fail hash inline internal memcache nis pcre pipemap proxy randmap regexp socketmap static tcp "
    "texthash unionmap unix"
).split()
_ANSWERS: dict[str, Sequence[str]] = {
    "a": ("cyrus", "dovecot"),
    "A": ("cyrus",),
    "l": ("flock", "fcntl", "dotlock"),
    "m": MAP_TYPES,
}
_TLS: dict[str, Sequence[str]] = {
    "compile-version": ("OpenSSL 3.0.11 19 Sep 2023",),
    "run-version": ("OpenSSL 3.0.19 27 Jan 2026",),
    "public-key-algorithms": ("dsa", "ecdsa", "rsa"),
}


@dataclass(slots=True)
class _Request:
    """A command line taken apart.

    Args:
        options: the letters of the options given.
        elsewhere: where main.cf is, as MAIL_CONFIG or `-c` has it; "" for the usual place.
        folder: the same, an absolute path.
        kinds: which parameters to show.
        overrides: `name=value` texts of `-o`.
        tls: the argument of `-T`.
        names: what is not an option.
    """

    options: set[str] = field(default_factory=set)
    elsewhere: str = ""
    folder: str = FOLDER
    kinds: set[Kind] = field(default_factory=lambda: {Kind.BUILTIN, Kind.SERVICE, Kind.USER})
    overrides: list[str] = field(default_factory=list)
    tls: str = ""
    names: list[str] = field(default_factory=list)

    def has(self, *letters: str) -> bool:
        """Whether one of these options was given."""
        return any(letter in self.options for letter in letters)


def postconf(invocation: Invocation) -> Decision[int]:
    """Run the command."""
    yield from ()
    run, printed = _Postconf(invocation), len(invocation.out)
    try:
        return run.run()
    except Fatal as fatal:
        invocation.lose_output(printed)
        run.say(f"fatal: {fatal.text}")
        return fatal.status


class _Postconf:
    """One run of postconf."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation, self.machine = invocation, invocation.machine
        self.program = invocation.argv[0]

    def say(self, text: str) -> None:
        """A line to standard error."""
        self.invocation.complain(printable(f"{self.program}: {text}", utf8=False))

    def warn(self, level: str, text: str) -> None:
        """A warning."""
        self.say(f"{level}: {text}")

    def complain(self, text: str) -> None:
        """A warning."""
        self.warn("warning", text)

    def usage(self) -> Fatal:
        return Fatal(f"usage: {self.program} " + " ".join(f"[{item}]" for item in _USAGE))

    # ---- the command line

    def parse(self) -> _Request:
        """Take the command line apart."""
        request = _Request(elsewhere=self.invocation.environment.get("MAIL_CONFIG", ""))
        try:
            options, request.names = getopt(self.invocation.argv[1:], _LETTERS)
        except BadOption as error:
            self.say(error.text)
            raise self.usage() from None
        for letter, value in options:
            if letter in "cCoT":
                self.valued(request, letter, value)
            elif letter == "E":  # which getopt(3) knows, and nothing else
                raise self.usage()
            elif letter in "bt" and request.has("b", "t"):
                raise Fatal("specify one of -b and -t")
            else:
                request.options.add(letter)
        if request.elsewhere:
            request.folder = posixpath.join(self.invocation.folder, request.elsewhere)
        return request

    def valued(self, request: _Request, letter: str, value: str) -> None:
        """An option with its value."""
        if letter == "c":
            request.elsewhere = value
        elif letter == "C":
            request.kinds = self.kinds(value)
        elif letter == "o":
            request.options.add("o")
            request.overrides.append(value)
        else:
            if "T" in request.options:
                raise Fatal("At most one -T <mode> option may be specified")
            request.options.add("T")
            request.tls = value

    def kinds(self, text: str) -> set[Kind]:
        """The classes of parameters that `-C` names."""
        found: set[Kind] = set()
        for word in split_at(text, SEPARATORS):
            name = word.lower()
            if name != "all" and name not in _CLASSES:
                raise Fatal(f'unknown -C option value "{word}" in "{text}"')
            found |= _CLASSES.get(name, {Kind.BUILTIN, Kind.SERVICE, Kind.USER})
        return found

    def check(self, request: _Request) -> None:
        """Make the options explicit, and refuse those that do not go together."""
        options = request.options
        if not options & set(_ONE_OF[0]):
            options.add("p")
        if request.has("p", "M", "F", "P") and request.names and "=" in request.names[0]:
            options.add("e")
        for group in _ONE_OF:
            given = [letter for letter in ORDER if letter in group and letter in options]
            if len(given) > 1:
                raise Fatal("specify one of " + " ".join("-" + letter for letter in given))
        for letter, others in _GOES_WITH.items():
            excess = [other for other in ORDER if other in options and other != letter and other not in others]
            if letter in options and excess:
                shown = " ".join("-" + other for other in excess)
                raise Fatal(f"with option -{letter}, do not specify {shown}")
        if "e" in options and not request.names:
            raise Fatal("-e requires name=value argument")

    def run(self) -> int:
        """Do what the command line asks for; the exit status."""
        request = self.parse()
        self.check(request)
        if request.has("m"):  # types may be plugged in, so it reads main.cf as other programs do
            Config.load(self.machine, self.warn, request.folder, "postconf", self.invocation.user)
        for letter, answer in _ANSWERS.items():
            if request.has(letter):
                self.show_all(answer)
                return 0
        if request.has("b", "t"):
            return self.templates(request)
        if request.has("T"):
            self.show_all(_TLS.get(request.tls, ()))
            if request.tls not in _TLS:
                self.complain(f"unknown 'postconf -T' mode: {request.tls}")
                return 1
        elif request.has("e", "X", "#"):
            self.edit(request)
        elif request.has("M", "F", "P"):
            self.show_master(request)
        else:
            self.show_main(request)
        return 0

    def templates(self, request: _Request) -> int:
        """Show the templates of notifications."""
        if len(request.names) > 1:
            raise Fatal("options -b and -t require at most one template file")
        config = Config.load(self.machine, self.warn, request.folder, "bounce", self.invocation.user)
        if request.names:
            setting = Setting(request.names[0], Location("-o"))
            config = Config(self.machine, {**config.settings, "bounce_template_file": setting})

        def warn(level: str, text: str) -> None:
            self.invocation.complain(f"postfix/bounce: {level}: {text}")

        config.warn = warn
        try:
            self.show_all(list(dumped(config) if request.has("t") else texts(config)))
        except Fatal as fatal:
            self.invocation.complain(f"postfix/bounce: fatal: {fatal.text}")
            return 1
        return 0

    def show_all(self, lines: Sequence[str]) -> None:
        """Print lines as they are."""
        for line in lines:
            self.invocation.print(line)

    def show(self, request: _Request, text: str) -> None:
        """Print a line, white space made one space each, folded where `-f` wants that."""
        line, length = "", 0
        for word in split_at(text, BLANKS):
            if length and (not request.has("f") or length + len(word) < LINE_LIMIT):
                line, length = line + " ", length + 1
            elif length:
                line, length = line + "\n    ", 4
            line, length = line + word, length + len(word)
        self.invocation.print(line)

    # ---- main.cf

    def config(self, request: _Request, *, defaults: bool = False) -> Config:
        """The parameters of main.cf with those of `-o`."""
        path = f"{request.folder}/main.cf"
        settings: dict[str, Setting] = {}
        if not defaults:
            settings = parse(self.read(path), path, self.warn, request.elsewhere)
            for text in request.overrides:
                try:
                    name, value = split_name_value(text)
                except ValueError as error:
                    raise Fatal(f"invalid parameter override: {text}: {error}") from None
                settings[name] = Setting(value, Location("-o"))
        name = posixpath.basename(self.program)
        return Config(self.machine, settings, self.warn, given={"process_name": name}, folder=request.folder)

    def read(self, path: str, purpose: str = "") -> str:
        """The text of a file."""
        return read_file(self.machine.files, path, purpose, self.invocation.user)

    def show_main(self, request: _Request) -> None:
        """Show parameters, and then what is wrong with them."""
        defaults = request.has("d")
        config = self.config(request, defaults=defaults)
        try:
            entries = read_entries(self.machine, request.folder, self.warn, self.invocation.user)
        except Fatal as fatal:
            if not fatal.text.startswith("open "):
                raise
            self.complain(fatal.text)
            entries = []
        names = ParameterNames(config, entries, self.warn)
        if not defaults:
            names.register_users()
        wanted = request.names or [name for name in sorted(names.known) if names.known[name] in request.kinds]
        for name in wanted:
            if name not in names.known:
                self.complain(f"{name}: unknown parameter")
            else:
                self.show_parameter(request, names, name)
        if not defaults:
            self.tell_unused(names)

    def show_parameter(self, request: _Request, names: ParameterNames, name: str) -> None:
        """Show one parameter."""
        defaults = request.has("d")
        if request.has("n") and name not in names.settings:
            return
        value = names.value(name, defaults_only=defaults) or ""
        known = parameters().get(name)
        if request.has("x") and not (known and known.type == "raw"):
            value = names.expand(value, defaults_only=defaults)
        self.show(request, self.labelled(request, name, value))

    @staticmethod
    def labelled(request: _Request, name: str, value: str) -> str:
        """`name = value`, or the half of it that is wanted."""
        if request.has("h"):
            return value
        return name if request.has("H") else f"{name} = {value}"

    def tell_unused(self, names: ParameterNames) -> None:
        """Warn of what is set for nothing."""
        for place, name, value in names.unused():
            self.complain(f"{place}: unused parameter: {name}={value}")

    # ---- master.cf

    def show_master(self, request: _Request) -> None:
        """Show entries of master.cf, fields of them, or the parameters they set."""
        entries = read_entries(self.machine, request.folder, self.warn, self.invocation.user)
        names = ParameterNames(self.config(request), entries, self.warn)
        names.register_users()
        shower: Callable[[_Request, ParameterNames, int, str], bool] = self.show_entry
        most, complaint = 2, "-M option requires service_name[/type]"
        if request.has("F"):
            shower, most, complaint = self.show_fields, 3, "-F option requires service_name[/type[/field]]"
        elif request.has("P"):
            shower, most, complaint = self.show_settings, 3, "-P option requires service_name[/type[/parameter]]"
        wanted: list[tuple[str, list[str]]] = []
        for text in request.names:
            parts = pattern(text, 1, most)
            if parts is None:
                raise Fatal(complaint)
            if request.has("F"):
                field_number(parts[2])
            wanted.append((text, parts))
        found = set()
        for number, entry in enumerate(entries):
            for position, (_, parts) in enumerate(wanted or [("", [ANY] * 3)]):
                if matches(parts, entry.fields) and shower(request, names, number, parts[-1]):
                    found.add(position)
        for position, (text, _) in enumerate(wanted):
            if position not in found:
                self.complain(f'unmatched request: "{text}"')
        self.tell_unused_master(names)

    def tell_unused_master(self, names: ParameterNames) -> None:
        """Warn of what master.cf sets for nothing."""
        for place, name, value in names.unused():
            if place.endswith("/master.cf"):
                self.complain(f"{place}: unused parameter: {name}={value}")

    @staticmethod
    def expander(request: _Request, names: ParameterNames, number: int) -> Callable[[str], str] | None:
        """What expands values of an entry, if they shall be."""
        return (lambda text: names.expand(text, number)) if request.has("x") else None

    def show_entry(self, request: _Request, names: ParameterNames, number: int, last: str) -> bool:
        """Show a whole entry."""
        entry: Entry = names.entries[number]
        self.invocation.print(entry.shown(request.has("f"), self.expander(request, names, number)))
        return True

    def show_fields(self, request: _Request, names: ParameterNames, number: int, last: str) -> bool:
        """Show one field of an entry, or all."""
        entry = names.entries[number]
        wanted = field_number(last)
        expand = self.expander(request, names, number)
        for position in range(8) if wanted is None else (wanted,):
            shown = entry.shown_field(position, not request.has("h"), request.has("f"), expand)
            self.invocation.print(shown.split(" = ")[0] if request.has("H") else shown)
        return True

    def show_settings(self, request: _Request, names: ParameterNames, number: int, last: str) -> bool:
        """Show one parameter that an entry sets, or all."""
        entry = names.entries[number]
        settings = names.own(number)
        if last != ANY and last not in settings:
            return False
        for name in sorted(settings) if last == ANY else (last,):
            value = settings[name]
            if request.has("x"):
                value = names.expand(value, number)
            self.show(request, self.labelled(request, f"{entry.space}/{name}", value))
        return bool(settings)

    # ---- changes

    def edit(self, request: _Request) -> None:
        """Change main.cf or master.cf."""
        if not request.names:
            raise Fatal("missing service argument")
        how = next(how for how in How if request.has(how.value[1]))
        what = next((what for what in What if request.has(what.value[1])), None)
        path = f"{request.folder}/{'master' if what else 'main'}.cf"
        if what is None:
            text = edit_main(self.original(path), request.names, how, path, self.complain)
        else:
            text = edit_master(self.original(path), request.names, what, how, path, self.complain)
        self.machine.files.write(path, text)

    def original(self, path: str) -> str:
        """The text to be changed."""
        if self.invocation.user != "root":
            raise Fatal(f"open {path}.tmp: Permission denied")
        reason = self.machine.files.no_way_into(posixpath.dirname(path))
        if reason:
            raise Fatal(f"open {path}.tmp: {reason}")
        return self.read(path, " for reading")
