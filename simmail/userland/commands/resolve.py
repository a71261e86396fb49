"""host and dig: ask the domain name system, as an administrator does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simmail.mail.answers import DnsAnswer, DnsRecord
from simmail.mail.hostnames import reverse_name
from simmail.mail.questions import Decision, Dns
from simmail.userland.commands.options import options
from simmail.userland.process import CommandError, Process, Tool

TYPES = frozenset({"A", "AAAA", "MX", "PTR", "TXT", "NS", "CNAME"})
#: Types that the real programs know, and of which no world keeps records.
UNKEPT = frozenset("ANY AXFR CAA DNAME DNSKEY DS HINFO HTTPS LOC NAPTR RP SOA SPF SRV SSHFP SVCB TLSA URI".split())
#: What a host asks: its own resolver, by its address and its name.
SERVER = "127.0.0.1"
OWN = frozenset({SERVER, "localhost", "::1"})
#: The parts of what dig prints, each of which can be left out.
PARTS = frozenset({"cmd", "comments", "question", "answer"})
#: What host(1) asks for where no type is named.
USUAL = ("A", "AAAA", "MX")
#: How host(1) tells a record.
SENTENCES = {
    "A": "has address",
    "AAAA": "has IPv6 address",
    "MX": "mail is handled by",
    "PTR": "domain name pointer",
    "TXT": "descriptive text",
    "NS": "name server",
    "CNAME": "is an alias for",
}
#: The answer's status -> RCODE's number and name (RFC 1035 section 4.1.1).
CODES = {
    "ok": (0, "NOERROR"),
    "nodata": (0, "NOERROR"),
    "loop": (0, "NOERROR"),
    "servfail": (2, "SERVFAIL"),
    "nxdomain": (3, "NXDOMAIN"),
    "refused": (5, "REFUSED"),
}
NOBODY = ";; connection timed out; no servers could be reached"
CHAIN_LIMIT = 8


def pointer_of(text: str) -> str:
    """The name below which an address has its PTR record; "" for what is no address."""
    try:
        return reverse_name(text)
    except ValueError:
        return ""


def data(record: DnsRecord) -> str:
    """A record's data as a master file has it."""
    if record.type == "MX":
        return f"{record.preference} {record.data}."
    if record.type == "TXT":
        return f'"{record.data}"'
    return record.data if record.type in ("A", "AAAA") else f"{record.data}."


def aliases(name: str, answer: DnsAnswer) -> Decision[list[DnsRecord]]:
    """The CNAME records on the way from a name to where its answer was found."""
    found: list[DnsRecord] = []
    while answer.name and name.lower() != answer.name.lower() and len(found) < CHAIN_LIMIT:
        step: DnsAnswer = yield Dns(name, "CNAME")
        if not step.records:
            break
        found.append(step.records[0])
        name = step.records[0].data
    return found


def known_type(text: str) -> str:
    """A record type as we write it.  Raises CommandError."""
    type = text.upper()
    if type in UNKEPT:
        raise CommandError(f"{type} is not asked for here; a world's zones have {', '.join(sorted(TYPES))}")
    if type not in TYPES:
        raise CommandError(f"invalid type: {text}")
    return type


def ask_only_own(server: str) -> None:
    """Let a server be named whom to ask, if it is this host's own.  Raises CommandError."""
    if server not in OWN:
        raise CommandError(f"{server} cannot be asked: a host asks its own resolver here, {SERVER}")


def host(process: Process) -> Decision[int]:
    """Look a name up, or an address's name."""
    given = options(process, "at:")
    if not given.operands:
        raise CommandError("which name?  usage: host [-t type] name")
    for server in given.operands[1:2]:
        ask_only_own(server)
    asked = given.operands[0]
    name = pointer_of(asked) or asked.rstrip(".")
    types = (known_type(given.value("t")),) if "t" in given else ("PTR",) if pointer_of(asked) else USUAL
    for number, type in enumerate(types):
        answer: DnsAnswer = yield Dns(name, type)
        if answer.status == "timeout":
            process.print(NOBODY)
            return 1
        code, word = CODES[answer.status]
        if code:
            process.print(f"Host {name}{'.' if pointer_of(asked) else ''} not found: {code}({word})")
            return 1
        if type != "CNAME" and number == 0:
            for record in (yield from aliases(name, answer)):
                process.print(f"{record.name} {SENTENCES['CNAME']} {data(record)}")
        for record in answer.records:
            process.print(f"{record.name} {SENTENCES[type]} {data(record)}")
        if not answer.records and types != USUAL:
            process.print(f"{name} has no {type} record")
    return 0


def dig(process: Process) -> Decision[int]:
    """Look a name up; the answer as a master file would have it."""
    name, type = _question(process)
    answer: DnsAnswer = yield Dns(name, type)
    if answer.status == "timeout":
        process.print(NOBODY)
        return 9
    records = [*(yield from aliases(name, answer)), *answer.records] if type != "CNAME" else list(answer.records)
    if "+short" in process.argv:
        for record in records:
            process.print(data(record))
        return 0
    left_out = PARTS - _parts(process.argv[1:])
    for parts, line in _message(process, name, type, answer, records):
        if not parts & left_out:
            process.print(line)
    return 0


def _parts(words: Iterable[str]) -> set[str]:
    """The parts that dig is to print, after all its `+part` and `+nopart`."""
    parts = set(PARTS)
    for word in words:
        if word.startswith("+"):
            name = word[1:].removeprefix("no")
            named = PARTS if name == "all" else PARTS & {name}
            parts = parts - named if word.startswith("+no") else parts | named
    return parts


def _question(process: Process) -> tuple[str, str]:
    """The name and the type that dig's words ask for."""
    name, type = "", "A"
    words = iter(process.argv[1:])
    for word in words:
        if word == "-x":
            address = next(words, "")
            name, type = reverse_name(address), "PTR"
            if not name:
                raise CommandError(f"Invalid IP address {address}")
        elif word == "-t":
            type = known_type(next(words, ""))
        elif word.startswith("@"):
            ask_only_own(word[1:])
        elif word.startswith(("+", "-")):
            continue
        elif word.upper() in TYPES | UNKEPT:
            type = known_type(word)
        elif word.upper() != "IN":
            name = word.rstrip(".")
    if not name:
        raise CommandError("which name?  usage: dig [+short] name [type]")
    return name, type


def _message(
    process: Process, name: str, type: str, answer: DnsAnswer, records: list[DnsRecord]
) -> Iterator[tuple[set[str], str]]:
    """The lines of dig's message, each with the parts it belongs to."""
    said = {"comments"}
    yield {"cmd"}, ""
    yield {"cmd"}, f"; <<>> DiG <<>> {' '.join(process.argv[1:])}"
    yield said, ";; Got answer:"
    yield said, f";; ->>HEADER<<- opcode: QUERY, status: {CODES[answer.status][1]}"
    yield said, f";; flags: qr rd ra; QUERY: 1, ANSWER: {len(records)}, AUTHORITY: 0, ADDITIONAL: 0"
    yield said, ""
    yield said | {"question"}, ";; QUESTION SECTION:"
    yield {"question"}, f";{name}.\t\tIN\t{type}"
    yield said | {"question"}, ""
    if records:
        yield said | {"answer"}, ";; ANSWER SECTION:"
        for record in records:
            yield {"answer"}, f"{record.name}.\t{record.ttl}\tIN\t{record.type}\t{data(record)}"
        yield said | {"answer"}, ""


TOOLS = {"host": Tool(host), "dig": Tool(dig)}
