"""The order of restrictions: what is never reached, what hits the wrong people, what can be walked round."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Item, Parsed
from simmail.lab.lint.rules.networks import inside
from simmail.postfix.smtpd.restrictions import RELAY_GUARDS

#: Checks of the client and of its HELO, which hit a PC in the office as they hit a stranger.
HITS_OFFICE = frozenset(
    """
    reject_unknown_client_hostname reject_unknown_reverse_client_hostname reject_rbl_client reject_rhsbl_client
    reject_rhsbl_reverse_client reject_invalid_helo_hostname reject_non_fqdn_helo_hostname reject_unknown_helo_hostname
    reject_rhsbl_helo reject_maps_rbl
    """.split()
)
HELO_CHECKS = frozenset(
    """
    reject_invalid_helo_hostname reject_non_fqdn_helo_hostname reject_unknown_helo_hostname reject_rhsbl_helo
    check_helo_access check_helo_a_access check_helo_mx_access check_helo_ns_access
    """.split()
)
#: What lets the office pass.
OFFICE = frozenset({"permit_mynetworks", "permit_inet_interfaces", "permit"})
#: Rules behind permit_auth_destination that are about the rest of the world's mail.
FOR_OTHERS = frozenset({*RELAY_GUARDS, "permit", "permit_mx_backup"})

DEAD = Kind(
    "warning", "dead-rule",
    "{rule} in {parameter} is never reached{more}.",
    "`{final}` before it decides about all mail.",
    "Move `{final}` to the end of the list.",
    "SMTPD_ACCESS_README",
)  # fmt: skip
BEHIND = DEAD._replace(
    code="behind-auth-destination",
    happens="{rule} in {parameter} is never asked about mail for your own users{more}.",
    why="`{final}` before it permits all mail for your domains, and nobody warns of it.",
    instead="Move `{final}` behind the checks, or write reject_unauth_destination.",
)
OFFICE_LATE = Kind(
    "warning", "office-checked",
    "Your own PCs and printers are refused like strangers by {rule} in {parameter}.",
    "permit_mynetworks does not stand before it{late}.",
    "Begin {parameter} with permit_mynetworks.",
    "SMTPD_ACCESS_README",
)  # fmt: skip
HELO = Kind(
    "warning", "helo-not-required",
    "A client that leaves HELO out is not checked by {rule}.",
    "smtpd_helo_required is no.",
    "Write smtpd_helo_required = yes.",
    "postconf(5)",
)  # fmt: skip
STRICT_CLIENT = Kind(
    "warning", "strict-client-name",
    "Honest servers whose name and address do not agree are put off: 450 4.7.25 cannot find your hostname.",
    "reject_unknown_client_hostname wants a name for the address that leads back to it; many have none.",
    "Write reject_unknown_reverse_client_hostname, or warn_if_reject before it for a while.",
    "postconf(5)",
)  # fmt: skip
POLICY = Kind(
    "note", "policy-without-default",
    "While the policy server {server} is down, all mail is put off: 451 4.3.5 Server configuration problem.",
    "smtpd_policy_service_default_action is a temporary refusal.",
    "Write check_policy_service {{ {server}, default_action=DUNNO }}, if mail may pass then.",
    "SMTPD_POLICY_README",
)  # fmt: skip
WIDE_WHITELIST = Kind(
    "warning", "wide-whitelist",
    "Whoever is in {key} skips {rule}, also when it is listed.",
    "The entry {key} says {value}, which ends the list.",
    "Name single addresses, or move the table behind {rule}.",
    "access(5)",
)  # fmt: skip


def dead_rules(host: Parsed) -> Iterator[Finding]:
    """Rules behind one that decides about everything."""
    for items in host.lists.values():
        for number, item in enumerate(items):
            rest = items[number + 1 :]
            if not rest or item.trial or not item.location.line:
                continue
            if item.kind is not None and item.kind.final and item.name != "check_relay_domains":
                yield DEAD.at(rest[0].location, item.location, **_words(rest, item))
                break
            asked = [other for other in rest if other.name not in FOR_OTHERS]
            if item.name == "permit_auth_destination" and asked:
                yield BEHIND.at(asked[0].location, item.location, **_words(asked, item))
                break


def _words(rest: Sequence[Item], item: Item) -> dict[str, str]:
    more = f", nor {len(rest) - 1} behind it" if len(rest) > 1 else ""
    return {"rule": _shown(rest[0]), "parameter": rest[0].parameter, "more": more, "final": item.written}


def _shown(item: Item) -> str:
    return f"`{item.written} {item.argument}`" if item.argument else f"`{item.written}`"


def office(host: Parsed) -> Iterator[Finding]:
    """Checks that the office's own PCs have to go through."""
    for items in host.lists.values():
        permitted = False
        for number, item in enumerate(items):
            permitted = permitted or item.name in OFFICE
            if permitted or item.trial or item.name not in HITS_OFFICE or not item.location.line:
                continue
            late = next((other for other in items[number:] if other.name in OFFICE), None)
            told = f", but behind it (line {late.location.line})" if late is not None else ""
            yield OFFICE_LATE.at(item.location, rule=_shown(item), parameter=item.parameter, late=told)
            break


def helo(host: Parsed) -> Iterator[Finding]:
    """Checks of HELO that a client gets round by not saying it."""
    if host.on("smtpd_helo_required"):
        return
    for item in host.all_items():
        if item.name in HELO_CHECKS:
            related = (host.where("smtpd_helo_required"),) if host.is_set("smtpd_helo_required") else ()
            yield HELO.at(item.location, *related, rule=_shown(item))
            return


def clients(host: Parsed) -> Iterator[Finding]:
    """A check that many honest servers do not pass."""
    for item in host.all_items():
        if item.name == "reject_unknown_client_hostname" and not item.trial:
            yield STRICT_CLIENT.at(item.location)


def policy_servers(host: Parsed) -> Iterator[Finding]:
    """Policy servers whose absence stops all mail."""
    if host.is_set("smtpd_policy_service_default_action"):
        return
    for item in host.all_items():
        if item.name == "check_policy_service" and "default_action" not in item.argument and item.argument:
            server, *_ = item.argument.strip("{} ").replace(",", " ").split() or ("",)
            if server:
                yield POLICY.at(item.location, server=server)


def whitelists(host: Parsed) -> Iterator[Finding]:
    """Networks that skip a blocklist."""
    for items in host.lists.values():
        for number, item in enumerate(items):
            skipped = next((i for i in items[number:] if i.name in ("reject_rbl_client", "reject_rhsbl_client")), None)
            if item.name != "check_client_access" or skipped is None:
                continue
            for line in host.entries(item.argument.removeprefix("proxy:")):
                if line.value.split(" ")[0].upper() in ("OK", "RELAY", "PERMIT") and _wide(line.key):
                    place = line.location if line.location.line else item.location
                    words = {"key": line.key, "value": line.value, "rule": _shown(skipped)}
                    yield WIDE_WHITELIST.at(place, item.location, **words)


def _wide(key: str) -> bool:
    """Whether a key of a client table holds a whole network."""
    octets = key.rstrip(".").split(".")
    if 1 <= len(octets) <= 3 and all(octet.isdigit() for octet in octets):
        key = f"{'.'.join(octets)}{'.0' * (4 - len(octets))}/{8 * len(octets)}"
    try:
        network = ipaddress.ip_network(key, strict=False)
    except ValueError:
        return False
    return network.num_addresses > 1 and not inside(network)


RULES = (dead_rules, office, helo, clients, policy_servers, whitelists)
