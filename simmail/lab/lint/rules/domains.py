"""Which domains this host takes mail for, and who exists in them."""

from __future__ import annotations

from collections.abc import Iterator

from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Parsed, TableRef
from simmail.mail.errors import Location
from simmail.mail.hostnames import valid_hostname

#: The parameters that put a domain into an address class, first the one that wins.
CLASSES = ("mydestination", "virtual_alias_domains", "virtual_mailbox_domains", "relay_domains")
#: What tells who exists in a class.
RECIPIENTS = ("virtual_alias_maps", "virtual_mailbox_maps", "relay_recipient_maps")

#: What stands in words of such lists that are tables, files, addresses, or a comment (which another rule tells of).
_NO_NAME = frozenset(":/[]#")

TWO = Kind(
    "error", "two-classes",
    "{domain} is in {first} and in {second}: the first one counts{unknown}.",
    "A domain belongs to one address class; Postfix only warns: do not list domain {domain} in BOTH.",
    "Take it out of one of the two.",
    "ADDRESS_CLASS_README",
)  # fmt: skip
OWN = Kind(
    "warning", "relay-own-domains",
    "Mail for any name below your domains is accepted, x@sub.{domain} too, and then returned to a forged sender.",
    "relay_domains = $mydestination was the default until Postfix 3.0; relay_domains stands for all subdomains, too.",
    "Write relay_domains = (nothing), or list what you relay for.",
    "postconf(5)",
)  # fmt: skip
NOBODY = Kind(
    "warning", "domain-of-nobody",
    "No address is in {word}, and the log keeps silent about it.",
    "{parameter}: a name is compared letter by letter, and no domain is called that.",
    "{advice}",
    "postconf(5)",
)  # fmt: skip
SUBDOMAINS = Kind(
    "note", "relay-subdomains",
    "Mail for every subdomain is accepted, too: a@any.sub.{domain}.",
    "relay_domains is one of parent_domain_matches_subdomains.",
    "Take relay_domains out of parent_domain_matches_subdomains, or list recipients in relay_recipient_maps.",
    "postconf(5)",
)  # fmt: skip
NO_RECIPIENTS = Kind(
    "warning", "no-relay-recipients",
    "Mail for nobody is accepted for {domain}; the primary server refuses it, and this host bounces it to a stranger.",
    "Without relay_recipient_maps every address of a relay domain is taken to exist.",
    "List the addresses: relay_recipient_maps = hash:/etc/postfix/relay_recipients.",
    "ADDRESS_CLASS_README",
)  # fmt: skip
BACKSCATTER = Kind(
    "error", "backscatter",
    "Mail for users that do not exist is accepted and returned to its sender, who is mostly forged.",
    "{because}",
    "Delete the line: unknown users are then refused in the session, 550 5.1.1.",
    "LOCAL_RECIPIENT_README",
)  # fmt: skip
LUSER = Kind(
    "note", "luser-relay-unused",
    "luser_relay never gets mail from outside: smtpd refuses unknown users before.",
    "local_recipient_maps still tells smtpd who exists.",
    "Write local_recipient_maps = (nothing), if you want all that mail, or delete luser_relay.",
    "local(8)",
)  # fmt: skip
SOFT_CODE = Kind(
    "warning", "unknown-user-put-off",
    "Mail for users that do not exist is put off ({code}), and senders try again for days.",
    "{name} = {code} was meant for the time of a change.",
    "Delete the line (550).",
    "postconf(5)",
)  # fmt: skip
CATCH_ALL = Kind(
    "warning", "catch-all",
    "Every address at {domain} exists: whatever spammers guess is accepted.",
    "The entry {key} answers for all addresses that no other entry has.",
    "List the addresses that exist.",
    "virtual(5)",
)  # fmt: skip
CODES = {
    "unknown_local_recipient_reject_code": "mydestination", "unknown_virtual_alias_reject_code": "",
    "unknown_virtual_mailbox_reject_code": "", "unknown_relay_recipient_reject_code": "",
}  # fmt: skip


def _domains(host: Parsed, parameter: str) -> Iterator[tuple[str, Location]]:
    """The domains that a parameter lists, in tables too."""
    if not host.is_set(parameter):
        if parameter != "virtual_alias_domains":
            return
        words = [(ref.spec, ref.location) for ref in host.tables_of("virtual_alias_maps")]
    else:
        words = list(host.placed(parameter))
    for word, location in words:
        if ":" not in word:
            yield word.lower(), location
            continue
        for line in host.entries(word.removeprefix("proxy:")):
            if "@" not in line.key:
                yield line.key.lower(), line.location if line.location.line else location


def two_classes(host: Parsed) -> Iterator[Finding]:
    """Domains that are in two address classes."""
    seen: dict[str, tuple[str, Location]] = {}
    told = "$mydestination" in (host.config.raw("relay_domains") or "")
    for parameter in CLASSES:
        for domain, location in _domains(host, parameter):
            known = seen.setdefault(domain, (parameter, location))
            if known[0] == parameter or (told and parameter == "relay_domains"):
                continue
            places = sorted({known[1], location}, key=lambda place: (place.file.endswith("main.cf"), place.line))
            # virtual_alias_maps hold for every class
            alias = parameter == "virtual_alias_domains"
            unknown = "" if alias else ", and who exists only by the second is unknown (550)"
            yield TWO.at(places[-1], *places[:-1], domain=domain, first=known[0], second=parameter, unknown=unknown)


def nobodys(host: Parsed) -> Iterator[Finding]:
    """Words in lists of domains that are no name, no table and no address."""
    for parameter in CLASSES:
        for word, location in host.placed(parameter):
            name = word.lstrip("!").removeprefix(".")
            if location.line and name.isascii() and not set(name) & _NO_NAME and not valid_hostname(name):
                yield NOBODY.at(location, parameter=parameter, word=word, advice=_instead(host, parameter, name))


def _instead(host: Parsed, parameter: str, name: str) -> str:
    """What to write for a word that no domain is called."""
    below = name.removeprefix("*.")
    if below == name or not valid_hostname(below):
        return "Write the name as it stands behind the @ of addresses."
    if parameter in host.words("parent_domain_matches_subdomains"):
        return f"Write {below}: {parameter} stands for all names below a domain, too."
    pattern = below.replace(".", r"\.")
    return f"List each name, or write pcre:/etc/postfix/domains, with /\\.{pattern}$/ yes in that file."


def relay(host: Parsed) -> Iterator[Finding]:
    """relay_domains that take more mail than was meant."""
    if not host.is_set("relay_domains") or not host.words("relay_domains"):
        return
    where = host.where("relay_domains")
    domain = host.words("relay_domains")[0]
    if "mydestination" in (host.config.raw("relay_domains") or ""):
        yield OWN.at(where, domain=host.told("mydomain"))
        return
    if not host.words("relay_recipient_maps"):
        yield NO_RECIPIENTS.at(where, domain=domain)
        if "relay_domains" in host.words("parent_domain_matches_subdomains"):
            yield SUBDOMAINS.at(where, domain=domain if ":" not in domain else "example.org")


def backscatter(host: Parsed) -> Iterator[Finding]:
    """Servers that accept what they will bounce."""
    maps, luser = "local_recipient_maps", host.told("luser_relay")
    catches = luser or host.told("fallback_transport") or host.told("fallback_transport_maps")
    if host.is_set(maps) and not host.words(maps) and not catches and host.words("mydestination"):
        yield BACKSCATTER.at(host.where(maps), because="An empty local_recipient_maps takes every name for a user's.")
    if luser and host.words(maps):
        yield LUSER.at(host.where("luser_relay"))
    checks = [item for item in host.all_items() if item.name == "reject_unlisted_recipient"]
    if host.is_set("smtpd_reject_unlisted_recipient") and not host.on("smtpd_reject_unlisted_recipient") and not checks:
        yield BACKSCATTER.at(
            host.where("smtpd_reject_unlisted_recipient"), because="Nobody asks whether a recipient exists."
        )
    for name in CODES:
        if host.is_set(name) and host.told(name).startswith("4"):
            yield SOFT_CODE.at(host.where(name), name=name, code=host.told(name))


def catch_alls(host: Parsed) -> Iterator[Finding]:
    """Entries that answer for a whole domain."""
    for ref in host.tables_of(*RECIPIENTS):
        for line in host.entries(ref.spec):
            if line.key.startswith("@") and len(line.key) > 1 and not _moves_domain(line.value):
                yield CATCH_ALL.at(_place(line.location, ref), domain=line.key[1:], key=line.key)


def _moves_domain(value: str) -> bool:
    """Whether an entry leads each address to the same one in another domain, where it may be unknown."""
    return value.startswith("@") and "," not in value


def _place(location: Location, ref: TableRef) -> Location:
    return location if location.line else ref.location


RULES = (two_classes, nobodys, relay, backscatter, catch_alls)
