"""A rehearsal: some letters, tried in a world made for it, and the programs of Postfix that die over them.

What main.cf says wrongly is often noticed no sooner than by the first client, the first remote server, or the first
bounce.  The host's files are copied; nothing that happens here is seen outside.
"""

from __future__ import annotations

from shlex import quote
from typing import NamedTuple

from simmail.dns.resolver import Resolver
from simmail.dns.zones import Zones
from simmail.files.machine import LOOPBACK, Machine
from simmail.lab.lint.parsed import Parsed
from simmail.mail.answers import DnsAnswer
from simmail.mail.errors import Fatal
from simmail.mail.hostnames import reverse_name, valid_hostname
from simmail.world.host import Host
from simmail.world.loader import LAID_S
from simmail.world.master import STOCK_MASTER_CF, Master
from simmail.world.telnet import Telnet
from simmail.world.world import World

#: A correspondent's server, which takes all mail, and whoever is on every blocklist; nobody else has such addresses.
DOMAIN, SERVER, ADDRESS, LISTED = "correspondent.example", "mail.correspondent.example", "100.64.0.10", "100.64.0.66"
#: The address of a host of which there are files alone.
OWN = "100.64.0.1"
CORRESPONDENT = f"""\
compatibility_level = 3.6
myhostname = {SERVER}
mydestination = {DOMAIN}
local_recipient_maps =
local_transport = discard
"""
LATENCY_S = 0.01
#: How long the letters have to get where they go, seconds.
LENGTH_S = 120.0
#: What is told of, and how much of it: what is behind that may follow from it.
GRAVE, MOST = ("fatal", "panic", "error"), 5
#: Who says so to whoever writes, and runs all the same.
COMMANDS = frozenset({"sendmail", "postdrop"})
#: What programs say that find no other programs, accounts, names or files of the machine.
SURROUNDINGS = ("No such file", "Permission denied", "refused", "not known", "unknown user", "SASL")
#: How a part of Postfix itself is called, which master.cf has or has not.
SUBSYSTEM = "subsystem "
#: The classes of domains, whose first is written to.
CLASSES = ("mydestination", "virtual_mailbox_domains", "virtual_alias_domains", "relay_domains")
#: Where those who can be written to stand.
RECIPIENTS = ("virtual_mailbox_maps", "virtual_alias_maps", "relay_recipient_maps")
#: Restrictions that look something up in a list, and what: an address backwards, or a name.
LISTS = {
    **dict.fromkeys(("reject_rbl_client", "permit_dnswl_client"), ".".join(reversed(LISTED.split(".")))),
    **dict.fromkeys(
        ("reject_rhsbl_client", "reject_rhsbl_reverse_client", "permit_rhswl_client", "reject_rhsbl_helo"), SERVER
    ),
    "reject_rhsbl_sender": DOMAIN,
}
TEXT = "Subject: a rehearsal\n\nWords.\n"


class _Names(Zones):
    """Names of its own, and for all others those of somewhere else, which stay what they are."""

    def __init__(self, others: Zones) -> None:
        super().__init__()
        self._others = others

    def lookup(self, name: str, type: str) -> DnsAnswer:
        """What the name's servers answer."""
        found = super().lookup(name, type)
        return found if found.status == "ok" else self._others.lookup(name, type)


class Complaint(NamedTuple):
    """What a program said as it died (`fatal`, `panic`), or of something that it needs (`error`)."""

    program: str
    event: str
    said: str


def complaints(parsed: Parsed) -> list[Complaint]:
    """What the programs of a host say over ordinary letters, each once; nothing where Postfix does not start at all."""
    world = World(parsed.place.host.world.calendar, zones=_zones(parsed))
    machine = parsed.machine
    copy = Machine(
        machine.hostname, (*(machine.outside or (OWN,)), *LOOPBACK), calendar=world.calendar,
        accounts=dict(machine.accounts), prefixes=dict(machine.prefixes), free=machine.free,
    )  # fmt: skip
    machine.files.give(copy.files)
    host, other = _host(world, "studied", copy), _host(world, SERVER, _correspondent(world))
    world.network.link(host.name, other.name, LATENCY_S)
    try:
        for one in (other, host):
            one.master = Master(one)
            one.master.start()
    except Fatal:
        return []
    world.run(1.0)
    recipients = _recipients(parsed)
    for source in (ADDRESS, LISTED):
        _typed(Telnet(world, other, copy.addresses[0], source=source), recipients)
    for recipient in (*recipients[:1], f"nobody-there@{DOMAIN}", "no-such-user"):
        host.sh(f"sendmail {quote(recipient)}", TEXT)
    world.run(world.now + LENGTH_S)
    found: dict[Complaint, None] = {}
    for row in world.journal.since(0):
        if row.host == host.name and row.event in GRAVE and row.program not in COMMANDS:
            found[Complaint(row.program, row.event, str(row.fields[0]))] = None
    return [one for one in found if not _expected(parsed, one)][:MOST]


def _expected(parsed: Parsed, complaint: Complaint) -> bool:
    """Whether a program lacks a table, of which other rules tell, or something that a folder of files cannot have."""
    if complaint.event == "error":
        return complaint.said.startswith("open ")
    of_postfix = SUBSYSTEM in complaint.said
    return parsed.place.alone and not of_postfix and any(sign in complaint.said for sign in SURROUNDINGS)


def _host(world: World, name: str, machine: Machine) -> Host:
    return world.add_host(name, machine, Resolver(world.zones))


def _correspondent(world: World) -> Machine:
    machine = Machine(SERVER, (ADDRESS, LISTED, *LOOPBACK), calendar=world.calendar)
    machine.files.write("/etc/postfix/main.cf", CORRESPONDENT, modified=LAID_S)
    machine.files.write("/etc/postfix/master.cf", STOCK_MASTER_CF, modified=LAID_S)
    return machine


def _zones(parsed: Parsed) -> Zones:
    """The names of the world around, and the correspondent's, whom every list lists."""
    zones = _Names(parsed.place.names or Zones())
    records = [f"{DOMAIN}. IN MX 10 {SERVER}."]
    for address in (ADDRESS, LISTED):
        records += [f"{SERVER}. IN A {address}", f"{reverse_name(address)}. IN PTR {SERVER}."]
    for item in parsed.all_items():
        domain = item.argument.partition("=")[0]
        if item.name in LISTS and valid_hostname(domain):
            records.append(f"{LISTS[item.name]}.{domain}. IN A 127.0.0.2")
    zones.read("\n".join(records) + "\n")
    return zones


def _recipients(parsed: Parsed) -> list[str]:
    """Somebody at the first domain of each class that this host has."""
    accounts = parsed.machine.accounts.values()
    user = next((account.name for account in accounts if account.home.startswith("/home/")), "postmaster")
    tables = {table.spec for table in parsed.tables_of(*RECIPIENTS)}
    known = sorted(line.key for spec in tables for line in parsed.entries(spec))
    domains = (next(filter(valid_hostname, parsed.words(name)), "") for name in CLASSES)
    return [
        next((one for one in known if one.endswith(f"@{domain}")), f"{user}@{domain}") for domain in domains if domain
    ]


def _typed(session: Telnet, recipients: list[str]) -> None:
    """Offer a letter."""
    for line in (f"EHLO {SERVER}", f"MAIL FROM:<somebody@{DOMAIN}>", *(f"RCPT TO:<{to}>" for to in recipients), "DATA"):
        reply = session.type(line)
    if reply.startswith("354"):
        session.type(f"{TEXT}.")
    session.type("QUIT")
