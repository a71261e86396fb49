"""The name space of a world, from RFC 1035 master files."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from simmail.mail.answers import DnsAnswer, DnsRecord
from simmail.mail.errors import InputError, Location
from simmail.mail.hostnames import valid_ipv4, valid_ipv6

#: The record types a mail system asks for; others in a zone are read and left alone.
TYPES = frozenset({"A", "AAAA", "MX", "PTR", "TXT", "NS", "CNAME"})
#: How many aliases are followed: a server follows eight at once, and is asked ten times.
CHAIN_LIMIT = 80
#: What a fault makes of every question about a name and all below it.
FAULTS = ("timeout", "servfail", "refused")
#: What stands before a zone's own lines, so that a file needs neither $TTL nor SOA.
PREAMBLE = "$TTL 300\n@ IN SOA ns. hostmaster. 1 3600 600 86400 300\n@ IN NS ns.\n"
#: The types that hold an address: of which kind it is, and whether a text is one.
ADDRESSES: dict[str, tuple[str, Callable[[str], bool]]] = {"A": ("IPv4", valid_ipv4), "AAAA": ("IPv6", valid_ipv6)}
_ADDRESS = re.compile(r"\s(AAAA|A)\s+(\S+)\s*$", re.IGNORECASE)
#: Seconds that a record may be remembered, at most (RFC 2181 section 8).
LONGEST_TTL = 2**31 - 1

if TYPE_CHECKING:
    import dns.zone

T = TypeVar("T")


class _Unreadable(ValueError):
    """A text that is no master file; its own text says why, in dnspython's words."""


class Asker(Protocol):
    """Whoever asks a zone's servers: `public` for a resolver that serves anybody."""

    public: bool


class Conduct(Protocol):
    """How the servers of one zone treat those who ask: their `latency` in seconds, and whom they refuse."""

    latency: float

    def refusal(self, asker: Asker, name: str, type: str, now: float) -> DnsAnswer | None:
        """What they answer instead of the truth; None for the truth."""
        ...


class Faults(dict[str, str]):
    """What is wrong with names and all below them: a name, without its final dot, -> one of FAULTS.

    Raises InputError for another word.
    """

    def __setitem__(self, name: str, fault: str) -> None:
        if fault not in FAULTS:
            raise InputError(f"fault of {name!r}", f"{fault!r} is none", f"write {', '.join(FAULTS)}")
        super().__setitem__(name.rstrip(".").lower(), fault)


class Zones:
    """All zones of a world, answered for as their servers would: CNAMEs followed, wildcards expanded, names compressed.

    `faults` maps a name to one of FAULTS, for that name and all below it; `slower` a name (lower case, no final dot) to
    how many times longer its servers take for an answer; `conducts` to how they treat those who ask.
    `changed` grows with every change, for those who remember answers.
    """

    def __init__(self) -> None:
        self._names: dict[str, dict[str, tuple[DnsRecord, ...]]] = {}
        self._exists: set[str] = {""}
        self.faults: dict[str, str] = Faults()
        self.slower: dict[str, float] = {}
        self.conducts: dict[str, Conduct] = {}
        self.changed = 0

    def __repr__(self) -> str:
        return f"<zones with {len(self._names)} names; faults: {dict(self.faults) or 'none'}>"

    def add(self, record: DnsRecord) -> None:
        """Add one resource record, behind those of its name and type; one that is there already only takes its TTL."""
        name = record.name.lower()
        record = _answering(record, record.name)
        node = self._names.setdefault(name, {})
        others = node.get(record.type, ())
        place = next((n for n, other in enumerate(others) if other._replace(ttl=record.ttl) == record), len(others))
        node[record.type] = (*others[:place], record, *others[place + 1 :])
        while name and name not in self._exists:
            self._exists.add(name)
            name = name.partition(".")[2]
        self.changed += 1

    def remove(self, name: str, type: str) -> int:
        """Take away all records of a name and type; the name goes with its last record.

        Returns: how many there were.

        Raises:
            InputError: for a type that is none.
        """
        if type.upper() not in TYPES:
            raise InputError(f"{name}: type", f"{type!r} is none", f"write {', '.join(sorted(TYPES))}")
        name = name.rstrip(".").lower()
        node = self._names.get(name, {})
        gone = node.pop(type.upper(), ())
        if not gone:
            return 0
        if not node:
            del self._names[name]
            self._exists = {""}
            for left in self._names:
                while left and left not in self._exists:
                    self._exists.add(left)
                    left = left.partition(".")[2]
        self.changed += 1
        return len(gone)

    def read(self, text: str, origin: str = ".", source: str = "zone") -> None:
        """Read a master file.

        Args:
            text: its lines; `$TTL`, SOA and NS may be left out.
            origin: what unqualified names end in, with or without its final dot.
            source: the file's name for messages.

        Raises:
            InputError: with file and line where the text is no master file.
        """
        if not isinstance(text, str):
            raise InputError(source, f"{text!r} is no text", "write the zone's lines as one text")
        for record in parse(text, origin, source):
            self.add(record)

    def lookup(self, name: str, type: str) -> DnsAnswer:
        """What the name's servers answer; `name` without final dot, in any case of letters."""
        if self.faults:
            fault = _nearest(self.faults, name, "")
            if fault:
                return DnsAnswer(fault)
        asked, owner = name, name.lower()
        for _ in range(CHAIN_LIMIT):
            node = self._names.get(owner)
            if node is None:
                node = self._names.get(self.wildcard(owner))
            if node is None:
                return DnsAnswer("nodata" if owner in self._exists else "nxdomain", (), asked)
            found = node.get(type)
            if found:
                if found[0].name != asked:
                    found = tuple(_answering(record, asked) for record in found)
                return DnsAnswer("ok", found, asked)
            alias = node.get("CNAME")
            if not alias:
                return DnsAnswer("nodata", (), asked)
            asked = _compressed(alias[0].data, asked)
            owner = asked.lower()
        return DnsAnswer("loop", (), asked)

    def wildcard(self, name: str) -> str:
        """The wildcard that speaks for a name that does not exist (RFC 4592 section 3.3.1); "" for none."""
        parent = name
        while parent not in self._exists:
            parent = parent.partition(".")[2]
        return "" if parent == name else f"*.{parent}" if parent else "*"

    def owns(self, name: str) -> bool:
        """Whether a name, in lower case, has records of its own."""
        return name in self._names

    def slowness(self, name: str) -> float:
        """How many times longer than usual an answer about a name takes."""
        return _nearest(self.slower, name, 1.0) if self.slower else 1.0

    def conduct(self, name: str) -> Conduct | None:
        """How the servers that answer for a name treat those who ask; None for nothing in particular."""
        return _nearest(self.conducts, name, None) if self.conducts else None

    def names_of_addresses(self) -> dict[str, str]:
        """The first name that an A record gives to each address."""
        names: dict[str, str] = {}
        for node in self._names.values():
            for record in node.get("A", ()):
                names.setdefault(record.data, record.name)
        return names


def _answering(record: DnsRecord, asked: str) -> DnsRecord:
    """A record as it answers a question for its name."""
    data = _compressed(record.data, asked) if record.type == "MX" else record.data
    return record._replace(name=asked, data=data)


def _compressed(name: str, asked: str) -> str:
    """A name in an answer: its end, where the question ends so, is not written again, and so is spelled as there."""
    lower, end = name.lower(), asked
    while end:
        if f".{lower}".endswith(f".{end.lower()}"):
            return name[: len(name) - len(end)] + end
        end = end.partition(".")[2]
    return name


def _nearest(table: Mapping[str, T], name: str, otherwise: T) -> T:
    """What a table says of a name, or of the nearest name above it."""
    name = name.rstrip(".").lower()
    while name:
        if name in table:
            return table[name]
        name = name.partition(".")[2]
    return table.get("", otherwise)


def parse(text: str, origin: str, source: str) -> list[DnsRecord]:
    """The resource records of a master file.  Raises InputError."""
    import dns.rdatatype

    if not origin.endswith("."):
        origin += "."
    own_start = _begins_itself(text)
    start = "" if own_start else PREAMBLE
    try:
        zone = _zone(start + text, origin)
    except _Unreadable as error:
        raise _located(str(error), text, source, lambda part: _zone(start + part, origin)) from None
    records: list[DnsRecord] = []
    for name, node in zone.nodes.items():
        owner = name.to_text(omit_final_dot=True) if len(name.labels) > 1 else ""
        for rdataset in node.rdatasets:
            type = dns.rdatatype.to_text(rdataset.rdtype)
            if type in TYPES and (own_start or type != "NS" or owner):
                records.extend(_record(owner, type, rdata, rdataset.ttl) for rdata in rdataset)
    return records


def _record(owner: str, type: str, rdata: Any, ttl: int) -> DnsRecord:
    """A record of ours; of a TXT the first character-string, which is all that mail programs look at."""

    def bare(name: Any) -> str:
        return str(name.to_text(omit_final_dot=True)) if len(name.labels) > 1 else ""

    if type == "MX":
        return DnsRecord(owner, type, bare(rdata.exchange), ttl, rdata.preference)
    if type == "TXT":
        return DnsRecord(owner, type, rdata.strings[0].decode("utf-8", "surrogateescape"), ttl)
    if type in ("A", "AAAA"):
        return DnsRecord(owner, type, rdata.address, ttl)
    return DnsRecord(owner, type, bare(rdata.target), ttl)


def _begins_itself(text: str) -> bool:
    """Whether the first record of a master file is an SOA, so that nothing has to stand before it."""
    if not re.search(r"\bSOA\b", text):
        return False
    first = next((entry for _, entry in _entries(text) if not entry.lstrip().startswith("$")), "")
    return bool(re.search(r"\bSOA\b", first.partition(";")[0]))


def _zone(text: str, origin: str) -> dns.zone.Zone:
    """A master file's records as dnspython reads them.  Raises _Unreadable."""
    import dns.exception
    import dns.zone

    try:
        return dns.zone.from_text(text, origin=origin, relativize=False, check_origin=False)
    except (dns.exception.DNSException, ValueError, KeyError) as error:
        raise _Unreadable(re.sub(r"^<string>:\d+: ?", "", str(error)).strip()) from None


def _located(said: str, text: str, source: str, read: Callable[[str], Any]) -> InputError:
    """dnspython's complaint, with the line of the user's file that it is about.

    Args:
        said: what it says of the whole file.
        text: the file.
        source: its name.
        read: reads a part of it.
    """
    entries = list(_entries(text)) or [(1, text)]
    lines = text.split("\n")
    complaints = {len(entries): said}

    def fails(number: int) -> bool:
        """Whether the file can be read no more, once it has so many entries."""
        end = entries[number][0] - 1 if number < len(entries) else len(lines)
        try:
            read("\n".join(lines[:end]) + "\n")
        except _Unreadable as error:
            complaints[number] = str(error)
            return True
        return False

    # a beginning of the file that holds the mistake cannot be read, a shorter one can
    number = bisect_left(range(1, len(entries)), True, key=fails) + 1
    first, entry = entries[number - 1]
    return InputError(
        Location(source, first),
        f"{lines[first - 1].strip()!r} is no resource record: {_complaint(entry) or complaints[number]}",
        "write NAME [TTL] IN TYPE DATA, for example 'domain.ork. IN MX 10 mail.domain.ork.'",
    )


def _complaint(entry: str) -> str:
    """What is wrong with an entry, where dnspython would say something else; "" for nothing of that kind."""
    if not entry.isascii() and any("\udc80" <= letter <= "\udcff" for letter in entry):
        return "this is no UTF-8 text"
    if entry.lstrip().startswith("#"):
        return "a comment begins with `;`"
    bare = re.sub(r'"(?:\\.|[^"\\])*"|;.*', "", entry)
    if bare.count("(") > bare.count(")"):
        return "an opening parenthesis has no closing one"
    said = _ADDRESS.search(bare)
    if said:
        kind, is_one = ADDRESSES[said[1].upper()]
        if not is_one(said[2]):
            return f"{said[2]!r} is no {kind} address"
    long = next((word for word in bare.split()[:3] if word.isdigit() and int(word) > LONGEST_TTL), "")
    return f"{long} is too long a time to live, which ends at {LONGEST_TTL} s" if long else ""


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """The entries of a master file: the line where each begins, and its text up to the next one's."""
    begins, entry, depth, quoted = 0, "", 0, False
    for number, line in enumerate(text.split("\n"), 1):
        if depth <= 0 and not quoted and line.split(";")[0].strip():
            if begins:
                yield begins, entry
            begins, entry, depth = number, "", 0
        entry += f"{line}\n"
        for found in re.finditer(r'\\.|[;"()]', line):
            mark = found[0]
            if mark == '"':
                quoted = not quoted
            elif mark == ";" and not quoted:
                break
            elif not quoted:
                depth += (mark == "(") - (mark == ")")
    if begins:
        yield begins, entry
