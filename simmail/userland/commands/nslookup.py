"""nslookup: ask the domain name system, in the older words."""

from __future__ import annotations

from simmail.mail.answers import DnsAnswer, DnsRecord
from simmail.mail.questions import Decision, Dns
from simmail.userland.commands.resolve import CODES, NOBODY, SERVER, aliases, ask_only_own, known_type, pointer_of
from simmail.userland.process import CommandError, Process, Tool

#: How each type of record is told; {0} is the preference, {1} the data.
LINES = {
    "A": "Address: {1}",
    "AAAA": "Address: {1}",
    "MX": "mail exchanger = {0} {1}.",
    "PTR": "name = {1}.",
    "TXT": 'text = "{1}"',
    "NS": "nameserver = {1}.",
    "CNAME": "canonical name = {1}.",
}


def _told(record: DnsRecord) -> str:
    text = LINES[record.type].format(record.preference, record.data)
    return f"Name:\t{record.name}\n{text}" if record.type in ("A", "AAAA") else f"{record.name}\t{text}"


def nslookup(process: Process) -> Decision[int]:
    """Look a name up, or an address's name."""
    words = [word for word in process.argv[1:] if not word.startswith("-")]
    settings = [word[1:].partition("=") for word in process.argv[1:] if word.startswith("-")]
    if not words:
        raise CommandError("which name?  usage: nslookup [-type=TYPE] NAME")
    for server in words[1:2]:
        ask_only_own(server)
    reverse = pointer_of(words[0])
    name = reverse or words[0].rstrip(".")
    chosen = [known_type(value) for key, equals, value in settings if equals and key in ("type", "query", "q", "ty")]
    types = chosen[-1:] or (["PTR"] if reverse else ["A", "AAAA"])
    answers: list[DnsAnswer] = []
    for type in types:
        answers += [(yield Dns(name, type))]
    if any(answer.status == "timeout" for answer in answers):
        process.print(NOBODY)
        return 1
    if not reverse or chosen:
        process.print(f"Server:\t\t{SERVER}\nAddress:\t{SERVER}#53\n")
    code, word = CODES[answers[0].status]
    if code:
        process.print(f"** server can't find {name}: {word}\n")
        return 1
    found = [record for answer in answers for record in answer.records]
    on_the_way = [] if types == ["CNAME"] else (yield from aliases(name, answers[0]))
    if not found:
        process.print(f"*** Can't find {name}: No answer\n")
        return 0
    if not reverse or chosen:
        process.print("Non-authoritative answer:")
    for record in (*on_the_way, *found):
        process.print(_told(record))
    process.print("")
    return 0


TOOLS = {"nslookup": Tool(nslookup)}
