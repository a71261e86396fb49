"""master.cf, and what else decides without being seen in main.cf: overrides, transports, soft_bounce, filters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simmail.lab.explain.mistakes import meant
from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Parsed
from simmail.mail.errors import Fatal, Location
from simmail.postfix.mastercf import Service
from simmail.postfix.programs import OTHERS, PROGRAMS_BY_NAME
from simmail.postfix.smtp.destination import parse

#: Parameters that name a service of master.cf before a colon.
TRANSPORTS = (
    "default_transport", "local_transport", "virtual_transport", "relay_transport", "mailbox_transport",
    "fallback_transport", "content_filter", "best_mx_transport", "error_transport",
)  # fmt: skip
#: Those of the address classes: each address needs one.
OF_CLASSES = frozenset({"default_transport", "local_transport", "virtual_transport", "relay_transport"})
#: The programs that deliver mail.
AGENTS = frozenset({"smtp", "lmtp", "local", "virtual", "pipe", "error", "discard"})
#: What a public server's master.cf may override without a word.
HARMLESS = frozenset({"syslog_name", "smtpd_banner", "content_filter", "receive_override_options", "stress"})

OVERRIDE = Kind(
    "warning", "master-override",
    "For port {port} {name} is `{value}`, whatever main.cf says{main}.",
    "master.cf overrides it with -o, which `postconf -n` does not show; `postconf -P` does.",
    "Delete the -o, and set it in main.cf.",
    "master(5)",
)  # fmt: skip
NO_SERVICE = Kind(
    "error", "no-such-service",
    "Mail for it waits in the queue: mail transport unavailable.",
    "{parameter} names {service}, and master.cf has no such service.",
    "Add the service to master.cf, or name one that delivers: {services}.",
    "master(5)",
)  # fmt: skip
NO_PROGRAM = Kind(
    "error", "no-such-program",
    "Whatever needs the service {service} hangs or waits, and the log may keep silent about it.",
    "Its program is called {program}, and Postfix has none of that name.",
    "{instead}",
    "master(5)",
)  # fmt: skip
NO_POLICY = Kind(
    "error", "no-such-service",
    "Whatever comes as far as this is put off: 451 4.3.5 Server configuration problem.",
    "check_policy_service names {socket}, and master.cf has no service {service}.",
    "Add the service to master.cf, or take check_policy_service out.",
    "SMTPD_POLICY_README",
)  # fmt: skip
NEXTHOP = Kind(
    "error", "nexthop-unreadable",
    "Mail for it waits: {service}(8) dies as soon as it comes to `{word}`.",
    "It ends with `fatal: {said}`.",
    "Write a domain, HOST:PORT or [HOST]:PORT behind the first colon, as in {service}:[mail.example.org]:587.",
    "transport(5)",
)  # fmt: skip
#: How check_policy_service calls a service of master.cf.
SOCKET = re.compile(r"unix:((?:private|public)/([\w.-]+))")
NULL_TRANSPORT = Kind(
    "error", "null-transport",
    "The queue manager stands still at the first such address, and so does each smtpd that hears of one.",
    "{parameter} names no transport: there is nothing before the colon.",
    "Name one that delivers before the colon: {services}.",
    "postconf(5)",
)  # fmt: skip
SOFT_BOUNCE = Kind(
    "warning", "soft-bounce",
    "Nothing is refused for good: unknown users hear 450, senders try again for days, and the queue fills.",
    "soft_bounce = yes turns each 5xx into 4xx; it is for the hour of a change.",
    "Delete the line.",
    "postconf(5)",
)  # fmt: skip
MILTER = Kind(
    "note", "milter-without-default",
    "While a milter is down all mail is put off: 451 4.7.1 Service unavailable - try again later.",
    "milter_default_action is tempfail.",
    "Decide: milter_default_action = accept lets mail pass without the milter.",
    "MILTER_README",
)  # fmt: skip


def overrides(host: Parsed) -> Iterator[Finding]:
    """Options of the public server that contradict main.cf."""
    for service in host.services.values():
        if service.type != "inet" or service.port != 25 or service.command != "smtpd":
            continue
        if service.address.startswith("127."):
            continue
        for name, value in service.overrides.items():
            if name in HARMLESS or (name.startswith("smtpd_client_") and name.endswith("_limit")):
                continue
            if value == (host.config.raw(name) or ""):
                continue
            main = f" (line {host.where(name).line}: `{host.config.raw(name)}`)" if host.is_set(name) else ""
            yield OVERRIDE.at(_line(host, service, name), name=name, value=value, port=service.port, main=main)


def _line(host: Parsed, service: Service, name: str) -> Location:
    """The line of master.cf that an option stands on."""
    lines = host.machine.files.read(service.location.file).split("\n")
    for number in range(service.location.line, len(lines) + 1):
        if name in lines[number - 1]:
            return Location(service.location.file, number)
    return service.location


def programs(host: Parsed) -> Iterator[Finding]:
    """Programs that do not exist; of files alone, where one of Postfix's may have been meant."""
    known = sorted((*PROGRAMS_BY_NAME, *OTHERS))
    for service in host.services.values():
        program = service.command
        like = meant(program, known)
        if program in known or "/" in program or not (like or not host.place.alone):
            continue
        instead = f"Write {like}." if like else "Write the name of one of Postfix's programs."
        yield NO_PROGRAM.at(service.location, service=service.name, program=program, instead=instead)


def transports(host: Parsed) -> Iterator[Finding]:
    """Transports that master.cf does not have."""
    if not host.services:
        return
    known = {name: service.command for (name, type), service in host.services.items() if type in ("unix", "fifo")}
    agents = ", ".join(sorted(name for name, command in known.items() if command in AGENTS))
    for parameter, service, nexthop, location in _named(host):
        if known.get(service) == "smtp":
            yield from _unreadable(service, nexthop, location)
        if not service and parameter in OF_CLASSES:
            yield NULL_TRANSPORT.at(location, parameter=parameter, services=agents)
        if service and service not in known and not service.startswith("#"):
            yield NO_SERVICE.at(location, parameter=parameter, service=service, services=agents)


def _unreadable(service: str, nexthop: str, location: Location) -> Iterator[Finding]:
    """The first destination of some that smtp(8) cannot read."""
    for word in nexthop.replace(",", " ").split():
        if word.startswith("#"):
            return
        try:
            parse(word, "smtp")
        except Fatal as fatal:
            yield NEXTHOP.at(location, service=service, word=word, said=fatal.text)
            return


def _named(host: Parsed) -> Iterator[tuple[str, str, str, Location]]:
    """The transports that main.cf and its tables name: the parameter or table, the service, the nexthop, the place."""
    for parameter in TRANSPORTS:
        if host.is_set(parameter):
            service, _, nexthop = host.told(parameter).partition(":")
            yield parameter, service.strip(), nexthop, host.where(parameter)
    for ref in host.tables_of("transport_maps"):
        for line in host.entries(ref.spec):
            service, _, nexthop = line.value.partition(":")
            yield ref.spec, service.strip(), nexthop, line.location if line.location.line else ref.location


def policies(host: Parsed) -> Iterator[Finding]:
    """Policy servers that are services of master.cf, and are not there."""
    for item in host.all_items():
        found = SOCKET.search(item.argument) if item.name == "check_policy_service" else None
        if found and host.services and (found[2], "unix") not in host.services:
            yield NO_POLICY.at(item.location, socket=found[0], service=found[2])


def soft_bounce(host: Parsed) -> Iterator[Finding]:
    """soft_bounce left on."""
    if host.is_set("soft_bounce") and host.on("soft_bounce"):
        yield SOFT_BOUNCE.at(host.where("soft_bounce"))


def milters(host: Parsed) -> Iterator[Finding]:
    """Milters whose absence stops all mail."""
    name = "smtpd_milters"
    if host.told(name) and not host.is_set("milter_default_action"):
        yield MILTER.at(host.where(name))


RULES = (overrides, programs, transports, policies, soft_bounce, milters)
