"""What two configurations mention: networks, names, addresses, domains, lists, lines, sizes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from simmail.lab.diff.samples import sample
from simmail.lab.lint.parsed import Parsed
from simmail.lab.lint.sources import TableLine
from simmail.postfix.smtpd.dnsbl import DnsList
from simmail.postfix.smtpd.restrictions import Argument

#: How many keys of one table are tried.
KEYS = 12
#: The parameters that list domains whose mail comes here.
DOMAINS = ("mydestination", "virtual_mailbox_domains", "virtual_alias_domains", "relay_domains")
#: Tables whose keys are recipients, and senders.
RECIPIENT_TABLES = (
    "virtual_alias_maps", "virtual_mailbox_maps", "relay_recipient_maps", "canonical_maps", "recipient_canonical_maps",
    "transport_maps", "relocated_maps", "local_recipient_maps",
)  # fmt: skip
SENDER_TABLES = ("sender_canonical_maps", "canonical_maps", "sender_dependent_relayhost_maps")
CHECKS = ("header_checks", "mime_header_checks", "nested_header_checks", "body_checks")
#: Aliases that every host has.
USUAL = ("postmaster", "root", "mailer-daemon", "nobody", "hostmaster", "webmaster", "abuse", "www-data")
#: The largest message that is composed to find out where a limit is, octets.
LARGEST = 12_000_000


class Mentions:
    """What some configurations mention.

    Args:
        sides: they.
    """

    def __init__(self, sides: Iterable[Parsed]) -> None:
        self.sides = tuple(sides)

    # ---- clients

    def networks(self) -> list[tuple[str, str]]:
        """Networks that mynetworks or a client table names, and an address in each."""
        words = [word for side in self.sides for word in side.words("mynetworks")]
        words += [line.key for line in self._access("check_client_access", "check_reverse_client_hostname_access")]
        found: dict[str, str] = {}
        for word in words:
            address = _address_in(word)
            if address:
                found.setdefault(word, address)
        return list(found.items())

    def client_names(self) -> list[str]:
        """Names of clients, or domains, that a table or mynetworks knows."""
        words = [word for side in self.sides for word in side.words("mynetworks")]
        words += [line.key for line in self._access("check_client_access", "check_reverse_client_hostname_access")]
        return _unique(word.lstrip(".") for word in words if _is_name(word))

    def lists(self) -> list[tuple[str, DnsList]]:
        """The blocklists that are asked: the restriction, and the list."""
        found: dict[tuple[str, DnsList], None] = {}
        for side in self.sides:
            for item in side.all_items():
                if item.kind is not None and item.kind.argument is Argument.DNS_LIST and "." in item.argument:
                    found[item.name, DnsList.parse(item.argument)] = None
        return list(found)

    # ---- names and addresses

    def helos(self) -> list[str]:
        """HELO names that tables know."""
        keys = (line.key.lstrip(".") for line in self._access("check_helo_access"))
        return _unique([*(k for k in keys if _is_word(k)), *self._samples("check_helo_access")])

    def senders(self) -> list[str]:
        """Sender addresses that tables know."""
        keys = [line.key for line in self._access("check_sender_access")]
        keys += [line.key for line in self._entries(SENDER_TABLES)]
        return _unique([*filter(None, map(_address, keys)), *self._samples("check_sender_access")])

    def recipients(self) -> list[str]:
        """Recipient addresses that tables know."""
        keys = [line.key for line in self._access("check_recipient_access")]
        keys += [line.key for line in self._entries(RECIPIENT_TABLES)]
        return _unique([*filter(None, map(_address, keys)), *self._samples("check_recipient_access")])

    def domains(self) -> list[str]:
        """Domains that a parameter lists, and this host's own names."""
        words = [word for side in self.sides for name in DOMAINS for word in side.words(name)]
        words += [side.told(name) for side in self.sides for name in ("mydomain", "myhostname")]
        words += [line.key for line in self._entries(DOMAINS) if "@" not in line.key]
        return _unique(word.lower().lstrip(".") for word in words if _is_name(word))

    def users(self) -> list[str]:
        """Aliases and accounts."""
        aliases = [line.key for side in self.sides for line in self._of(side, ("alias_maps",), alias=True)]
        people = [name for side in self.sides for name in _people(side)]
        return _unique([*people[:KEYS], *sorted(aliases, key=lambda name: name in USUAL)[:KEYS]])

    # ---- content

    def lines(self) -> list[tuple[str, str]]:
        """Lines that header_checks and their kin are about: the parameter, and the line."""
        found: dict[tuple[str, str], None] = {}
        for side in self.sides:
            for parameter in CHECKS:
                for ref in side.tables_of(parameter) if side.is_set(parameter) else ():
                    for line in side.entries(ref.spec)[:KEYS]:
                        text = sample(line.key, ref.type)
                        if text is not None and "\n" not in text:
                            found[parameter, text] = None
        return list(found)

    def sizes(self) -> list[int]:
        """Sizes just above each message_size_limit, octets; none where there is one limit, which all keep."""
        limits = {side.number("message_size_limit") for side in self.sides}
        if len(limits) == 1:
            return []
        return sorted(int(limit) + 2000 for limit in limits if limit and limit < LARGEST)

    # ---- inside

    def _access(self, *restrictions: str) -> Iterator[TableLine]:
        for side in self.sides:
            for item in side.all_items():
                spec = item.argument.removeprefix("proxy:")
                if item.name in restrictions and spec.partition(":")[0] not in ("pcre", "regexp"):
                    yield from side.entries(spec)[:KEYS]

    def _samples(self, restriction: str) -> Iterator[str]:
        """Texts for the patterns of a restriction's tables."""
        for side in self.sides:
            for item in side.all_items():
                type, _, _ = item.argument.removeprefix("proxy:").partition(":")
                if item.name == restriction and type in ("pcre", "regexp"):
                    for line in side.entries(item.argument.removeprefix("proxy:"))[:KEYS]:
                        text = sample(line.key, type)
                        if text and text.isprintable():
                            yield text

    def _entries(self, parameters: tuple[str, ...]) -> Iterator[TableLine]:
        for side in self.sides:
            yield from self._of(side, parameters)

    @staticmethod
    def _of(side: Parsed, parameters: tuple[str, ...], alias: bool = False) -> Iterator[TableLine]:
        for ref in side.tables_of(*parameters):
            if ref.type not in ("pcre", "regexp") and (alias or "aliases" not in ref.name):
                yield from side.entries(ref.spec, alias)[:KEYS]


def _people(side: Parsed) -> list[str]:
    """The accounts that are people's."""
    return [name for name, account in side.machine.accounts.items() if account.home.startswith("/home/")]


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _is_word(text: str) -> bool:
    return bool(text) and not set(text) & set(" <>/:{}")


def _is_name(text: str) -> bool:
    """Whether a word is a domain name, neither a network nor a table."""
    return _is_word(text) and "@" not in text and any(c.isalpha() for c in text) and not text.startswith(("[", "!"))


def _address(key: str) -> str:
    """An address that a key of a table is found by; "" for none."""
    if key.endswith("@"):
        return f"{key}elsewhere.example" if _is_word(key) else ""
    if key.startswith("@"):
        return f"somebody{key}" if _is_word(key[1:]) else ""
    if "@" in key:
        return key if _is_word(key) else ""
    return f"somebody@{key.lstrip('.')}" if _is_name(key) and "." in key else ""


def _address_in(word: str) -> str:
    """An address in a network as mynetworks or a table writes it; "" for what is none."""
    text = word.lstrip("!").replace("[", "").replace("]", "")
    octets = text.rstrip(".").split(".")
    if 1 <= len(octets) < 4 and all(octet.isdigit() and octet for octet in octets):
        text = f"{'.'.join([*octets, *['0'] * (4 - len(octets))])}/{8 * len(octets)}"
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return ""
    if network.version == 6 and network.prefixlen < 128 and network.is_loopback:
        return ""
    inside = min(network.num_addresses - 1, 4660 if network.num_addresses > 4660 else 33)
    return str(network[inside])
