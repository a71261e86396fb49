"""NAME
    smtpd.dnsbl - lists of addresses and names in the DNS

DESCRIPTION
    A client's address is asked for backwards below the list's domain (`2.0.0.127.bl.example`), a name as it is.
    An address record is a hit; with `list=127.0.0.[2..11]` only answers that match the filter are.  The list's TXT
    record gives the reason.

PARAMETERS
    default_rbl_reply, rbl_reply_maps, maps_rbl_reject_code, maps_rbl_domains, smtpd_expansion_filter,
    smtpd_dns_reply_filter

DIAGNOSTICS
    NAME: RBL lookup error: Host or domain name not found. Name service error for name=NAME type=A: Host not found,
    try again
    NAME: TXT lookup error: DNS reply filter drops all results

SEE ALSO
    RFC 5782, postconf(5)
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.answers import DnsAnswer, DnsRecord
from simmail.mail.errors import Fatal
from simmail.mail.hostnames import valid_hostname
from simmail.mail.questions import Decision, Dns
from simmail.postfix.byte_pattern import BadPattern, BytePattern
from simmail.postfix.dns_data import NO_HOST, taken, trouble
from simmail.postfix.dsn_text import dsn_split
from simmail.postfix.smtpd.findings import (
    CLIENT,
    HELO,
    PERMIT,
    RECIPIENT,
    REVERSE_CLIENT,
    SENDER,
    SERVER_ERROR,
    Finding,
    Kind,
    Subject,
)
from simmail.postfix.smtpd.lookups import NOT_ASKED
from simmail.postfix.smtpd.process import ListAnswer, SmtpdProcess
from simmail.postfix.smtpd.relay import authorized
from simmail.postfix.smtpd.state import UNKNOWN
from simmail.postfix.tables import LookupFailure
from simmail.postfix.value_buffer import ValueBuffer

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.restrictions import Rule
    from simmail.postfix.smtpd.state import SmtpdState

REASON_LIMIT = 500
#: How much the buffer of a refusal holds at first, octets.
REPLY_ROOM = 100
_REPLY = re.compile(r"[45]\d\d ", re.ASCII)
_NOT_PLAIN = re.compile(rb"[^ -~]")
_NOT_LISTED = ListAnswer(())


class DnsList(NamedTuple):
    """A list as a restriction names it.

    Args:
        text: as written, `bl.example=127.0.0.[2..11]`.
        domain: where it lives.
        filter: the answers that count; None for all.
        mistake: what is wrong with the filter; "" for nothing.
    """

    text: str
    domain: str
    filter: BytePattern | None = None
    mistake: str = ""

    @classmethod
    def parse(cls, text: str) -> DnsList:
        """Read the argument of a restriction."""
        domain, equals, pattern = text.partition("=")
        if not equals:
            return cls(text, text)
        try:
            return cls(text, domain, BytePattern.parse(pattern))
        except BadPattern as bad:
            return cls(text, domain, mistake=bad.text)


@lru_cache(maxsize=4096)
def reversed_address(address: str) -> str:
    """An IP address as lists are asked for it.

    >>> reversed_address("192.0.2.1")
    '1.2.0.192'
    """
    if ":" in address:
        return ".".join(reversed(ipaddress.IPv6Address(address).exploded.replace(":", "")))
    return ".".join(reversed(address.split(".")))


@lru_cache(maxsize=4096)
def _question(what: str, domain: str) -> Dns:
    """How a list is asked for something."""
    return Dns(f"{what}.{domain}", "A")


def ask(rule: Rule, wanted: DnsList, what: str, process: SmtpdProcess) -> Decision[ListAnswer | None]:
    """Ask a list for a name below its domain; None where it is not listed."""
    if wanted.mistake:
        raise Fatal(f"RBL reply error: {wanted.mistake}")
    question = _question(rule.smtpd.domain_name(what), wanted.domain)
    name = question.name
    known = process.known(name)
    if known is None:
        answer: DnsAnswer = (yield question) if valid_hostname(name) else NOT_ASKED
        known = _NOT_LISTED if answer.status == "nxdomain" else (yield from _answered(rule, name, answer))
        process.keep(name, known)
    if not known.addresses:
        return None
    if wanted.filter is not None and not any(map(wanted.filter.matches, known.addresses)):
        return None
    return known


def _plain(record: DnsRecord) -> DnsRecord:
    """A TXT record as the resolver hands it on: a blank for each octet that is no printable ASCII."""
    data = _NOT_PLAIN.sub(b" ", record.data.encode("utf-8", "surrogateescape")).decode("ascii")
    return record._replace(data=data)


def _answered(rule: Rule, name: str, answer: DnsAnswer) -> Decision[ListAnswer]:
    """What a list answers that does not just not know a name."""
    smtpd = rule.smtpd
    answer = taken(smtpd, name, "A", answer)
    if answer.status != "ok":
        temporary = answer.status not in NO_HOST
        if temporary:
            smtpd.warn("warning", f"{name}: RBL lookup error: {trouble(answer, name, 'A')}")
        yield from smtpd.heard()
        return ListAnswer((), temporary=temporary)
    texts: DnsAnswer = yield Dns(name, "TXT")
    texts = taken(smtpd, name, "TXT", texts._replace(records=tuple(map(_plain, texts.records))))
    if texts.status == "dropped":
        smtpd.warn("warning", f"{name}: TXT lookup error: DNS reply filter drops all results")
    yield from smtpd.heard()
    reason = " / ".join(record.data for record in texts.records)[:REASON_LIMIT] if texts.status == "ok" else ""
    return ListAnswer(tuple(record.data for record in answer.records), reason)


# ---- restrictions


def reject_rbl_client(rule: Rule, address: str, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse clients whose address is on the list."""
    return _refuse(rule, reversed_address(address), address, CLIENT, state)


def _refuse(rule: Rule, what: str, name: str, title: str, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse what is on the list.

    Args:
        rule: its argument is the list.
        what: what the list is asked for.
        name, title: what that is to the client.
        state: the session.
    """
    hit = yield from ask(rule, rule.argument, what, state.process)
    return None if hit is None else (yield from blocked(rule, rule.argument, hit, name, title, state))


def reject_maps_rbl(rule: Rule, address: str, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse clients on one of maps_rbl_domains (obsolete)."""
    smtpd = rule.smtpd
    for text in state.process.obsolete("reject_maps_rbl", "reject_rbl_client domain-name"):
        yield smtpd.note("warning", "", text)
    for text in smtpd.config.list("maps_rbl_domains"):
        wanted = DnsList.parse(text)
        hit = yield from ask(rule, wanted, reversed_address(address), state.process)
        if hit is not None:
            return (yield from blocked(rule, wanted, hit, address, CLIENT, state))
    return None


def _ends_in_number(domain: str) -> bool:
    """Whether a name's last label is a number: lists of names are not asked for addresses."""
    last = domain.rpartition(".")[2]
    return last.isascii() and last.isdigit()


def _named(rule: Rule, name: str, title: str, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse a domain name, or an address' domain, that is on the list."""
    domain = name.rpartition("@")[2] if "@" in name else name
    if not domain or domain[0] == "[" or _ends_in_number(domain):
        return None
    return (yield from _refuse(rule, domain, name, title, state))


def reject_rhsbl_client(rule: Rule, name: str, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse clients whose verified name is on the list."""
    return None if name == UNKNOWN else (yield from _named(rule, name, CLIENT, state))


def reject_rhsbl_reverse_client(rule: Rule, name: str, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse clients whose unverified name is on the list."""
    return None if name == UNKNOWN else (yield from _named(rule, name, REVERSE_CLIENT, state))


def reject_rhsbl_helo(rule: Rule, helo: str | None, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse HELO names that are on the list."""
    return None if not helo else (yield from _named(rule, helo, HELO, state))


def reject_rhsbl_sender(rule: Rule, sender: str | None, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse senders whose domain is on the list."""
    return None if not sender else (yield from _named(rule, sender, SENDER, state))


def reject_rhsbl_recipient(rule: Rule, recipient: str | None, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse recipients whose domain is on the list."""
    return None if not recipient else (yield from _named(rule, recipient, RECIPIENT, state))


def permit_dnswl_client(rule: Rule, address: str, state: SmtpdState) -> Decision[Finding | None]:
    """Permit clients whose address is on a list of welcome ones, unless that would make a relay."""
    return (yield from _welcome(rule, reversed_address(address), address, state))


def permit_rhswl_client(rule: Rule, name: str, state: SmtpdState) -> Decision[Finding | None]:
    """Permit clients whose verified name is on a list of welcome ones, unless that would make a relay."""
    if name == UNKNOWN or _ends_in_number(name):
        return None
    return (yield from _welcome(rule, name, name, state))


def _welcome(rule: Rule, what: str, name: str, state: SmtpdState) -> Decision[Finding | None]:
    smtpd = rule.smtpd
    if state.stage == "RCPT" and state.recipient is not None:
        ours = authorized(smtpd, state.recipient, state.route_sender)
        yield from smtpd.heard()
        if ours is None or ours.kind is not Kind.PERMIT:
            return ours
    wanted: DnsList = rule.argument
    hit = yield from ask(rule, wanted, what, state.process)
    if hit is not None:
        return PERMIT
    known = state.process.known(f"{what}.{wanted.domain}")
    if known is not None and known.temporary:
        refusal = Subject(name, CLIENT).reject(450, "4.7.1", "Service unavailable")
        return refusal._replace(kind=Kind.DEFER_IF_REJECT)
    return None


def _in_words(smtpd: Smtpd, template: str, values: dict[str, str], state: SmtpdState) -> Decision[str]:
    """A template with its names expanded, or the default one if there is a mistake in it."""
    while True:
        time = yield from smtpd.expansions.local_time(template)
        done = smtpd.expansions.expand(template, {**dict(smtpd.facts(state) + time), **values})
        yield from smtpd.heard()
        if not (done.failed or done.undefined):
            return done.text
        if template == smtpd.rbl_reply:
            raise Fatal(f"rbl_reject_reply: bad default rbl reply template: {template}")
        told = f"rbl_reject_reply: bad rbl reply template for domain {values['rbl_domain']}: {template}"
        yield smtpd.note("warning", "", told)
        template = smtpd.rbl_reply


def blocked(
    rule: Rule, wanted: DnsList, hit: ListAnswer, what: str, title: str, state: SmtpdState
) -> Decision[Finding]:
    """The refusal of something that is on a list, in the words of the template."""
    smtpd = rule.smtpd
    template = smtpd.rbl_reply
    if smtpd.rbl_reply_maps:
        try:
            template = smtpd.rbl_reply_maps.find(wanted.text) or template
        except LookupFailure:
            yield from smtpd.heard()
            return SERVER_ERROR
    values = {
        "rbl_code": str(smtpd.codes["maps_rbl_reject_code"]),
        "rbl_domain": wanted.domain,
        "rbl_reason": hit.reason,
        "rbl_txt": hit.reason,
        "rbl_what": what,
        "rbl_class": title,
    }
    text = yield from _in_words(smtpd, template, values, state)
    if not _REPLY.match(text):
        yield smtpd.note("warning", "", f"rbl response code configuration error: {text}")
        return Finding(Kind.REJECT, 450, "4.7.1", "Service unavailable")
    status, rest = dsn_split(text[4:], "4.7.1")
    if not rest and text.endswith(status):
        rest = ValueBuffer(REPLY_ROOM).hold(text)
    return Finding(Kind.REJECT, int(text[:3]), smtpd.fitted(status, title), rest or "Service unavailable")
