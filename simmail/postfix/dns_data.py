"""NAME
    dns_data - DNS answers as mail programs take them

DESCRIPTION
    What an MX or NS record names has to be a host's name.  An address in its place is used, and told; anything else is
    told, and the record dropped.  One MX record that names nothing means that the domain takes no mail, whatever stands
    beside it.  A DNS reply filter, a table, drops further records; the program opens it as it starts.

    What comes of it is told by the answer's status: besides those of the resolver it is `malformed` where no record
    can be used, `dropped` where the filter leaves none, `unfiltered` where that failed.

PARAMETERS
    smtp_dns_reply_filter, lmtp_dns_reply_filter, smtpd_dns_reply_filter

DIAGNOSTICS
    numeric domain name in resource data of MX record for DOMAIN: ADDRESS
    malformed domain name in resource data of MX record for DOMAIN: NAME
    dns_lookup: Name server loop for NAME
    ignoring DNS RR: DOMAIN. 300 IN MX 10 NAME.
    smtp_dns_reply_filter: unknown DNS filter action: "ACTION"

SEE ALSO
    dns_lookup(3), dns_rr_filter(3), valid_hostname(3), RFC 7505
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from simmail.mail.answers import DnsAnswer, DnsRecord
from simmail.mail.hostnames import ascii_name, hostname_fault, valid_address, valid_hostname
from simmail.postfix.tables import LookupFailure, Maps

if TYPE_CHECKING:
    from simmail.postfix.program import Program

#: The types of records that hold a host's name.
NAMING = frozenset({"MX", "NS"})
#: The types of records that hold no name.
_NO_NAMES = frozenset({"A", "AAAA", "TXT"})
#: What an answer says where there is no such record, now and later.
NO_HOST = frozenset({"nxdomain", "nodata", "loop"})
#: The programs whose answers a DNS reply filter may change.
FILTERED = frozenset({"smtp", "lmtp", "smtpd"})
_ERROR = "Name service error for name={name} type={type}: "
_NO_HOST = "Host or domain name not found. " + _ERROR
_FILTER = "Error looking up name={name} type={type}: "
_AGAIN = _NO_HOST + "Host not found, try again"
#: How each status but `ok` is told.
_WORDS: Mapping[str, str] = {
    "nxdomain": _NO_HOST + "Host not found",
    "nodata": _NO_HOST + "Host found but no data record of requested type",
    "loop": "Name server loop for {name}",
    "malformed": _ERROR + "Malformed or unexpected name server reply",
    "dropped": _FILTER + "DNS reply filter drops all results",
    "unfiltered": _FILTER + "Invalid DNS reply filter syntax",
}


def taken(program: Program, name: str, type: str, answer: DnsAnswer) -> DnsAnswer:
    """An answer with the records that can be used; the program's log hears of the others.

    Args:
        program: who asked.
        name, type: what was asked for.
        answer: the resolver's; of a null MX among its records only that one is taken.
    """
    if answer.status != "ok":
        if answer.status == "loop":
            program.warn("warning", f"dns_lookup: Name server loop for {answer.name}")
        return answer
    if type in NAMING:
        kept: list[DnsRecord] = []
        for record in answer.records:
            if not record.data and type == "MX":
                return answer._replace(records=(record,))
            if not record.data or usable(record.data, name, type, program.warn):
                kept.append(record)
        if len(kept) < len(answer.records):
            answer = answer._replace(status="ok" if kept else "malformed", records=tuple(kept))
    if program.dns_filter is None or not answer.records:
        return answer
    return _filtered(program, program.dns_filter, answer)


def _filtered(program: Program, filter: Maps, answer: DnsAnswer) -> DnsAnswer:
    """What a DNS reply filter leaves of an answer."""
    kept: list[DnsRecord] = []
    for record in answer.records:
        text = _shown(record)
        try:
            action = filter.find(text)
        except LookupFailure:
            return answer._replace(status="unfiltered", records=())
        if action is None:
            kept.append(record)
        elif action.replace("\t", " ").partition(" ")[0].upper() == "IGNORE":
            program.warn("text", f"ignoring DNS RR: {text}")
        else:
            program.warn("warning", f'{filter.title}: unknown DNS filter action: "{action}"')
            return answer._replace(status="unfiltered", records=())
    return answer._replace(status="ok" if kept else "dropped", records=tuple(kept))


def _shown(record: DnsRecord) -> str:
    """A record as a DNS reply filter sees it."""
    data = record.data if record.type in _NO_NAMES else f"{record.data}."
    rank = f"{record.preference} " if record.type == "MX" else ""
    return f"{record.name}. {record.ttl} IN {record.type} {rank}{data}"


def trouble(answer: DnsAnswer, name: str, type: str) -> str:
    """Why an answer is of no use, in the words of the log; where a chain of aliases ends nowhere its end is told."""
    if answer.status in NO_HOST:
        name = answer.name or name
    return _WORDS.get(answer.status, _AGAIN).format(name=ascii_name(name), type=type)


def usable(name: str, owner: str, type: str, warn: Callable[[str, str], None]) -> bool:
    """Whether a name that a record gives can be used; the log hears of strange ones.

    Args:
        name: what the record holds.
        owner, type: whose record it is: the name that was asked for, and `MX` or `NS`.
        warn: hears (level, text).
    """
    if valid_address(name):
        gripe = "numeric"
    elif not valid_hostname(name) and (fault := hostname_fault(name, wildcard=True)):
        gripe = "malformed"
        warn("warning", f"valid_hostname: {fault}")
    else:
        return True
    warn("warning", f"{gripe} domain name in resource data of {type} record for {owner}: {name}")
    return gripe == "numeric"
