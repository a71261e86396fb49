"""What keeps a program of Postfix from running, or ends it as mail comes: tried, not guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Parsed
from simmail.lab.lint.rehearsal import complaints
from simmail.lab.lint.rules.services import TRANSPORTS
from simmail.mail.errors import Fatal, Location
from simmail.postfix.config import MAIN_CF, MASTER_CF
from simmail.postfix.programs import simulated
from simmail.postfix.smtpd.program import MAIL_LISTS
from simmail.postfix.smtpd.restrictions import RELAY_GUARDS
from simmail.world.blame import LINE, NO_NAME, entry, without_name

#: What may be a parameter that a message is about, and not one whose value it would hold.
_NAME = re.compile(r"(?<![\w${])\w+")
#: How a message calls a service of master.cf.
_SERVICE = re.compile(r"(?:private/|public/|service )([\w.-]+)")
#: How it calls a socket of such a service that is not there.
_SOCKET = re.compile(r"(?:private|public)/([\w.-]+): No such file")
#: How much of a message is shown: it may hold all of a file.
LONGEST = 400
#: Words in a message -> what would do.
REMEDIES = {
    "option value: missing '='": "Write -o NAME=VALUE without blanks, or -o { NAME = VALUE }.",
    "missing '=' after attribute name": "Write NAME = VALUE.",
    'field "': "Write eight fields: service type private unpriv chroot wakeup maxproc command; - stands for the usual.",
    "bad transport type": "Write inet, unix, fifo, pass or unix-dgram; a line of options begins with a blank.",
    "unsupported dictionary type": "Name a table of a type that there is: `postconf -m` lists them.",
    "service name or port number not known": "Write the name of a service, smtp or submission, or a number.",
    "no SASL authentication mechanisms": "Write smtpd_sasl_auth_enable = no: nobody logs in here.",
}
#: Words in a message -> the parameter that it is about, and does not name.
UNNAMED = {"no SASL authentication mechanisms": "smtpd_sasl_auth_enable"}
_QUOTED = re.compile(r'"([^"]+)"')
#: How a part of what is quoted is marked.
_UNMARKED = re.compile("[<>]|\\.\\.\\.")

GUARD = Kind(
    "error", "no-relay-guard",
    "Port 25 is silent: clients connect and hear nothing, and smtpd is started again and again.",
    "smtpd refuses to run unless smtpd_relay_restrictions or smtpd_recipient_restrictions has one of {guards}{level}.",
    "{instead}",
    "SMTPD_ACCESS_README",
)  # fmt: skip
FATAL = Kind(
    "error", "does-not-run",
    "{program} does not run, and what needs it hangs or waits.",
    "It ends with `fatal: {said}`.",
    "{instead}",
    "postconf(5)",
)  # fmt: skip
DOLLAR = Kind(
    "error", "dollar-without-name",
    "{program} does not run, and what needs it hangs or waits.",
    "In main.cf a `$` begins the name of a parameter, and one in {name} has no name behind it.",
    "Put the patterns into a file of their own, as in {name} = pcre:/etc/postfix/FILE.",
    "postconf(5)",
)  # fmt: skip
DIES = Kind(
    "error", "dies-in-use",
    "{program} dies over ordinary mail: whoever waits for it hears nothing, or the mail waits in the queue.",
    "Tried with a few letters from outside and from here, it ends with `fatal: {said}`.",
    "{instead}",
    "postconf(5)",
)  # fmt: skip
LACKS = Kind(
    "error", "lacks-in-use",
    "{program} lacks something as ordinary mail comes: what it would find there counts as a failure, and mail waits.",
    "Tried with a few letters from outside and from here, it says `error: {said}`.",
    "{instead}",
    "DATABASE_README",
)  # fmt: skip


def programs(host: Parsed) -> Iterator[Finding]:
    """Programs that end as soon as they are started, and what is wrong as mail comes."""
    system = host.start
    if isinstance(system, Fatal):
        yield _fatal(host, "Postfix", system.text)
        return
    told: set[str] = set()
    for (name, type), service in system.master.services.items():
        if not simulated(service.command) or not _used(host, name, service.command):
            continue
        try:
            system.program(name, type)
        except Fatal as fatal:
            if fatal.text not in told:
                told.add(fatal.text)
                yield (
                    _guard(host)
                    if "at least one working instance" in fatal.text
                    else _fatal(host, f"{service.command}(8)", fatal.text)
                )
    for program, event, said in complaints(host):
        if said not in told:
            told.add(said)
            yield _fatal(host, f"{program}(8)", said, LACKS if event == "error" else DIES)


def _used(host: Parsed, name: str, command: str) -> bool:
    """Whether mail goes to a service: a stock master.cf has many that nothing names."""
    if command not in ("virtual", "pipe", "lmtp"):
        return True
    if name == host.told("virtual_transport").partition(":")[0]:
        return bool(host.words("virtual_mailbox_domains"))
    return any(host.told(parameter).partition(":")[0] == name for parameter in TRANSPORTS if host.is_set(parameter))


def _guard(host: Parsed) -> Finding:
    lists = ("smtpd_recipient_restrictions", "smtpd_relay_restrictions")
    level = host.is_set("compatibility_level")
    places = sorted(host.where(name) for name in lists if host.is_set(name) and host.words(name))
    empty = [host.where(name) for name in lists if host.is_set(name)]
    place = (places or empty or [host.where("compatibility_level")])[-1]
    told = "" if host.is_set(lists[1]) else (
        f"; with compatibility_level {'below 1' if level else 'left out'} there is none by default"
    )  # fmt: skip
    instead = (
        "Write reject_unauth_destination behind permit_mynetworks in smtpd_relay_restrictions."
        if host.is_set(lists[1])
        else "Write compatibility_level = 3.6."
    )
    return GUARD.at(place, guards=" ".join(RELAY_GUARDS), level=told, instead=instead)


def _fatal(host: Parsed, program: str, said: str, kind: Kind = FATAL) -> Finding:
    if NO_NAME in said and (name := without_name({s.name: s.value for s in host.assignments})):
        return DOLLAR.at(host.where(name), program=program, name=name)
    said = said if len(said) <= LONGEST else f"{said[:LONGEST]} ..."
    found = LINE.search(said)
    line = entry(host.read(MASTER_CF), said)
    lacking = next((name for name in _SOCKET.findall(said) if (name, "unix") not in host.services), "")
    remedy = _remedy(said, lacking)
    names = [name for name in (_unnamed(said) if remedy else _NAME.findall(said)) if host.is_set(name)]
    services = [host.services[name, "unix"] for name in _SERVICE.findall(said) if (name, "unix") in host.services]
    if found:
        place = Location(found[1], int(found[2]))
    elif line or lacking:
        place = Location(MASTER_CF, line or 1)
    elif services:
        place = services[0].location
    elif names:
        place = host.where(names[0])
    else:
        place = _by_value(host, said)
    instead = remedy or (f"Mend the value of {names[0]}." if names else "Mend what it names.")
    related = sorted({host.where(name) for name in names} - {place})
    return kind.at(place, *related, program=program, said=said, instead=instead)


def _unnamed(said: str) -> list[str]:
    """The parameters that a message is about without a word of them."""
    return [name for sign, name in UNNAMED.items() if sign in said]


def _remedy(said: str, lacking: str) -> str:
    """What would do where a message does not tell a learner; "" where it does."""
    if lacking:
        return f"Give master.cf an entry for the service {lacking}, as a stock master.cf has one."
    return next((advice for sign, advice in REMEDIES.items() if sign in said), "")


def _by_value(host: Parsed, said: str) -> Location:
    """The setting whose value a message quotes, all of it or a part."""
    whole = [s for s in host.assignments if s.name not in MAIL_LISTS and len(s.value) > 3 and s.value in said]
    if whole:
        return Location(MAIN_CF, max(whole, key=lambda s: len(s.value)).line)
    quoted = [text for text in (*_QUOTED.findall(said), said.rpartition(": ")[2]) if len(text) > 2]
    parts = (s.line for text in quoted for s in host.assignments if _UNMARKED.sub("", text) in s.value)
    return Location(MAIN_CF, next(parts, 1))


RULES = (programs,)
