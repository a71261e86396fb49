"""mynetworks: who may relay."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Parsed
from simmail.mail.hostnames import valid_address
from simmail.postfix.match_lists import NETWORK_CHARACTERS, V4_CHARACTERS, wants_parsing
from simmail.postfix.tables.networks import BadNetwork, Network

AnyNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
#: The lists of clients in which networks stand.
CLIENT_LISTS = (
    "mynetworks", "smtpd_client_event_limit_exceptions", "smtpd_authorized_xclient_hosts",
    "smtpd_authorized_xforward_hosts", "permit_mx_backup_networks", "smtpd_authorized_verp_clients",
)  # fmt: skip
#: Networks of more addresses than these are nobody's own, if they are public.
WIDEST = {4: 12, 6: 24}
#: Networks that are not for the public (RFC 1918, 6598, 3927, 4193, 4291).
INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10",
                 "fc00::/7", "fe80::/10", "::1/128", "::ffff:127.0.0.0/104")
)  # fmt: skip

BAD = Kind(
    "error", "bad-network",
    "Everybody's mail is put off, inside and outside: 451 4.3.0.",
    "{parameter}: {mistake}.",
    "{advice}",
    "postconf(5)",
)  # fmt: skip
BITS = BAD._replace(code="host-bits")
NOBODY = Kind(
    "warning", "network-of-nobody",
    "No client is meant by {word}, and the log keeps silent about it.",
    "{parameter}: a pattern with neither a colon nor a mask is one address, compared letter by letter.",
    "Write ADDRESS/LENGTH, as in 192.168.1.0/24; a range is written as several of these.",
    "postconf(5)",
)  # fmt: skip
WIDE = Kind(
    "error", "wide-mynetworks",
    "Whoever calls from {network} may relay through this host: {share}.",
    "permit_mynetworks trusts every address that mynetworks lists.",
    "List your own networks only, as in mynetworks = 127.0.0.0/8, 192.168.1.0/24; "
    "let people outside log in on port 587.",
    "postconf(5)",
)  # fmt: skip
CLASS = Kind(
    "error", "class-style",
    "mynetworks becomes {networks}: all neighbours in that network may relay.",
    "mynetworks_style = class trusts the whole network of class A, B or C that this host is in.",
    "Write mynetworks_style = host, or list mynetworks.",
    "postconf(5)",
)  # fmt: skip
UNUSED_STYLE = Kind(
    "note", "style-ignored",
    "mynetworks_style has no effect.",
    "mynetworks is set, in {line}.",
    "Delete one of the two.",
    "postconf(5)",
)  # fmt: skip


def bad_networks(host: Parsed) -> Iterator[Finding]:
    """Patterns that look like networks and are none."""
    for parameter in CLIENT_LISTS:
        for word, location in host.placed(parameter):
            text = word.lstrip("!").lower()
            if not location.line or not set(text) <= NETWORK_CHARACTERS:
                continue
            if set(text) <= V4_CHARACTERS:
                if not valid_address(text):
                    yield NOBODY.at(location, parameter=parameter, word=word)
                continue
            if ":" in text and not text.startswith("["):
                continue
            if not wants_parsing(text):
                bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
                if "[" in bare or "]" in bare:
                    yield NOBODY.at(location, parameter=parameter, word=word)
                continue
            try:
                Network.parse(text)
            except BadNetwork as mistake:
                said = str(mistake)
                kind = BITS if "host address bits" in said else BAD
                better = said.rpartition('use "')[2].partition('"')[0] if kind is BITS else ""
                advice = f"Write {better}." if better else "Write ADDRESS/LENGTH, as in 192.168.1.0/24."
                yield kind.at(location, parameter=parameter, mistake=said.partition(", perhaps")[0], advice=advice)


def too_wide(host: Parsed) -> Iterator[Finding]:
    """Networks that hold half the world."""
    for word, location in host.placed("mynetworks"):
        network = _network(word)
        if network is None or word.startswith("!") or not location.line:
            continue
        if network.prefixlen < WIDEST[network.version] and not inside(network):
            share = f"1/{2**network.prefixlen} of all addresses" if network.prefixlen else "the whole world"
            yield WIDE.at(location, network=word, share=share)


def inside(network: AnyNetwork) -> bool:
    """Whether a network lies in those that are not for the public."""
    return any(own.version == network.version and network.subnet_of(own) for own in INSIDE)  # type: ignore[arg-type]


def _network(word: str) -> AnyNetwork | None:
    try:
        return ipaddress.ip_network(word.lstrip("!").replace("[", "").replace("]", ""))
    except ValueError:
        return None


def style(host: Parsed) -> Iterator[Finding]:
    """mynetworks_style where it trusts neighbours, or does nothing."""
    if not host.is_set("mynetworks_style"):
        return
    where = host.where("mynetworks_style")
    if host.is_set("mynetworks"):
        yield UNUSED_STYLE.at(where, line=f"line {host.where('mynetworks').line}")
    elif host.told("mynetworks_style") == "class":
        yield CLASS.at(where, networks=host.told("mynetworks"))


RULES = (bad_networks, too_wide, style)
