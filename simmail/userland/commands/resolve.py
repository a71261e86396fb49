"""host and dig: ask the domain name system, as an administrator does."""

from __future__ import annotations

from collections.abc import Iterator

from simmail.mail.answers import DnsAnswer, DnsRecord
from simmail.mail.hostnames import reverse_name
from simmail.mail.questions import Decision, Dns
from simmail.userland.commands.options import options
from simmail.userland.process import CommandError, Process, Tool

TYPES = frozenset({"A", "AAAA", "MX", "PTR", "TXT", "NS", "CNAME"})
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
    if text.upper() not in TYPES:
        raise CommandError(f"invalid type: {text}")
    return text.upper()


def host(process: Process) -> Decision[int]:
    """Look a name up, or an address's name."""
    given = options(process, "at:")
    if not given.operands:
        raise CommandError("which name?  usage: host [-t type] name")
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
    for line in _message(process, name, type, answer, records):
        process.print(line)
    return 0


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
        elif word.startswith(("+", "@", "-")):
            continue
        elif word.upper() in TYPES:
            type = word.upper()
        elif word.upper() != "IN":
            name = word.rstrip(".")
    if not name:
        raise CommandError("which name?  usage: dig [+short] name [type]")
    return name, type


def _message(process: Process, name: str, type: str, answer: DnsAnswer, records: list[DnsRecord]) -> Iterator[str]:
    yield ""
    yield f"; <<>> DiG <<>> {' '.join(process.argv[1:])}"
    yield ";; Got answer:"
    yield f";; ->>HEADER<<- opcode: QUERY, status: {CODES[answer.status][1]}"
    yield f";; flags: qr rd ra; QUERY: 1, ANSWER: {len(records)}, AUTHORITY: 0, ADDITIONAL: 0"
    yield ""
    yield ";; QUESTION SECTION:"
    yield f";{name}.\t\tIN\t{type}"
    yield ""
    if records:
        yield ";; ANSWER SECTION:"
        for record in records:
            yield f"{record.name}.\t{record.ttl}\tIN\t{record.type}\t{data(record)}"
        yield ""


TOOLS = {"host": Tool(host), "dig": Tool(dig)}
