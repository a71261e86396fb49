"""NAME
    not_simulated - settings that have an effect in life, and none here

DESCRIPTION
    Lists them for a host, so that nobody takes a simulated server's answer for that of a real one: encryption, logins,
    milters, tables behind a database server, and what only tunes processes.  A parameter says in the table of all
    parameters whether it is one of these; one that is set to its default makes no difference and is not listed.

SEE ALSO
    postconf(5)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from simmail.files.file_errors import FileError
from simmail.files.machine import Machine
from simmail.mail.errors import Fatal, Location
from simmail.postfix.config import MAIN_CF, Config
from simmail.postfix.maincf import Setting, parse
from simmail.postfix.mastercf import MasterCf
from simmail.postfix.parameters import Parameter, find
from simmail.postfix.programs import simulated
from simmail.postfix.tables import pcre, regexp
from simmail.postfix.tables.split import SEPARATORS
from simmail.postfix.values import Value, read

#: Why a parameter has no effect here.
REASONS: dict[str, str] = {
    "tls": "connections are never encrypted here",
    "sasl": "nobody logs in here: no server knows an account",
    "milter": "there are no Milters here: whoever looks for one is refused",
    "qmqp": "there is no QMQP server here",
    "instances": "a host has one Postfix here",
    "database": "tables are kept in memory here",
    "logging": "every host keeps one log of its own here",
    "processes": "processes, locks and their timing are not simulated",
    "directories": "Postfix's programs are found here in whatever folder there is",
    "postscreen": "no postscreen stands before smtpd here",
    "probes": "addresses are never probed here",
    "probe sender": "the sender of address probes keeps its name here",
    "source address": "mail leaves by the host's first address here",
    "line ends": "all lines end in CR LF here, and come when they are due",
    "ports": "clients have no port numbers here",
    "notices": "only failures, delays and asked-for successes are reported here",
}
#: Reasons that hold as long as a program does not run here.
_UNTIL: dict[str, str] = {"postscreen": "postscreen", "probes": "verify"}
#: Tables that ask a server which does not exist here, or that need what the simulated Debian does not have.
TABLES = frozenset("ldap mysql pgsql sqlite memcache mongodb nis nisplus netinfo socketmap tcp".split())
#: Tables of patterns -> whether their real engine is missing, and what it is.
ENGINES: dict[str, Callable[[], bool]] = {"pcre": pcre.is_substitute, "regexp": regexp.is_substitute}
STAND_INS = {
    "pcre": "PCRE2, since the package pcre2 is missing",
    "regexp": "the C library, which simmail does not know",
}
#: Restrictions that depend on encryption or logins -> why they decide nothing here.
RESTRICTIONS: dict[str, str] = {
    **dict.fromkeys(
        ("check_ccert_access", "permit_tls_all_clientcerts", "permit_tls_clientcerts", "reject_plaintext_session"),
        "tls",
    ),
    **dict.fromkeys(("check_sasl_access", "reject_authenticated_sender_login_mismatch"), "sasl"),
    **dict.fromkeys(("reject_unverified_sender", "reject_unverified_recipient"), "probes"),
}
#: Programs of Postfix that may not run here -> why.
PROGRAMS: dict[str, str] = {
    "qmqpd": "qmqp",
    "tlsproxy": "tls",
    "postscreen": "postscreen",
    "dnsblog": "postscreen",
}


class Finding(NamedTuple):
    """A setting that is not simulated.

    Args:
        location: file and line.
        parameter: the parameter's name, or the service's (`628/inet`).
        why: a sentence without its full stop.
    """

    location: Location
    parameter: str
    why: str

    def __str__(self) -> str:
        return f"{self.location}: {self.parameter}: {self.why}"


def unsimulated(machine: Machine) -> list[Finding]:
    """Every setting of a host that has an effect in life and none here, in the order of the files.

    Args:
        machine: the host.

    A file that cannot be read as a whole gives no findings; postconf(1) tells what is wrong with it.
    """
    try:
        settings = parse(machine.files.read(MAIN_CF), MAIN_CF, _silent)
    except (FileError, Fatal):
        settings = {}
    config = Config(machine, settings)
    found = [finding for item in settings.items() for finding in _findings(config, *item)]
    try:
        services = MasterCf.load(machine).services.values()
    except Fatal:
        return sorted(found)
    for service in services:
        name = f"{service.name}/{service.type}"
        if service.command in PROGRAMS and _missing(PROGRAMS[service.command]):
            found.append(Finding(service.location, name, REASONS[PROGRAMS[service.command]]))
        for parameter, value in service.overrides.items():
            place = _place(machine, service.location, parameter)
            found += _findings(config, parameter, Setting(value, place))
    return sorted(found)


def _place(machine: Machine, start: Location, parameter: str) -> Location:
    """The line, from an entry's first one on, that names a parameter."""
    lines = machine.files.read(start.file).splitlines()
    for number, line in enumerate(lines[start.line - 1 :], start.line):
        if parameter in line:
            return Location(start.file, number)
    return start


def _silent(level: str, text: str) -> None:
    """Say nothing."""


def _missing(reason: str) -> bool:
    """Whether a reason holds."""
    return not simulated(_UNTIL.get(reason, ""))


def _findings(config: Config, name: str, setting: Setting) -> Iterator[Finding]:
    """What of one setting has no effect here."""
    known = find(name)
    if known is not None and known.unsimulated and _missing(known.unsimulated):
        if not _is_default(config, known, setting.value):
            yield Finding(setting.location, name, REASONS[known.unsimulated])
        return
    told: dict[str, None] = {}
    for word in _words(setting.value):
        kind = word.removeprefix("proxy:").partition(":")[0]
        if ":" in word and kind in TABLES:
            told[f"there are no {kind} tables here"] = None
        elif ":" in word and kind in ENGINES and ENGINES[kind]():
            told[f"patterns of {kind}: tables are matched by a stand-in for {STAND_INS[kind]}"] = None
        elif word in RESTRICTIONS and _missing(RESTRICTIONS[word]):
            told[f"{word}: {REASONS[RESTRICTIONS[word]]}"] = None
    for why in told:
        yield Finding(setting.location, name, why)


def _is_default(config: Config, known: Parameter, value: str) -> bool:
    """Whether a value says no more than the default does."""

    def plain(text: str) -> Value:
        try:
            value = read(known._replace(minimum=0, maximum=0), config.expand(text))
        except Fatal:
            return text
        return " ".join(value.replace(",", " ").split()) if isinstance(value, str) else value

    return plain(value) == plain(config.default(known.name) or "")


_SPACED: Mapping[int, str] = str.maketrans(dict.fromkeys(SEPARATORS + "{}=", " "))


def _words(text: str) -> list[str]:
    """The words of a value, those in braces too."""
    return text.translate(_SPACED).split()
