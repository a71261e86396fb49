"""NAME
    postscreen.dnsbl - the score of a client in DNS lists

DESCRIPTION
    postscreen_dnsbl_sites names lists, each with a filter of the answers that count and a weight: `bl.example`,
    `bl.example=127.0.0.[2..11]*3`, `welcome.example*-2`.  All lists are asked at once; the weights of those that have
    the client add up to its score.  A client that comes twice at a time is asked for once.

PARAMETERS
    postscreen_dnsbl_sites, postscreen_dnsbl_reply_map, postscreen_dnsbl_min_ttl, postscreen_dnsbl_max_ttl

DIAGNOSTICS
    `Fatal`: bad DNSBL weight factor "x" in "bl.example*x"; bad DNSBL filter syntax: ... at "127.0.0.>x<";
    bad DNSBL domain name "bl.example/24" in "bl.example/24"

BUGS
    A negative answer's time to live is never known here: it counts for postscreen_dnsbl_min_ttl.

SEE ALSO
    postconf(5): postscreen_dnsbl_sites
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.answers import DnsAnswer
from simmail.mail.digits import whole
from simmail.mail.errors import Fatal
from simmail.mail.hostnames import hostname_fault
from simmail.postfix.byte_pattern import BadPattern, BytePattern

if TYPE_CHECKING:
    from simmail.postfix.dnsblog import ListReply

_WEIGHT = re.compile(r"[ \t]*[+-]?\d+", re.ASCII)


def _factor(text: str) -> int:
    """A weight as scanf(3) reads it: as many bits as fit of a long, and of these the last 32.

    >>> _factor("+2"), _factor("99999999999")
    (2, 1215752191)
    """
    long = max(-(2**63), min(2**63 - 1, whole(text)))
    return (long + 2**31) % 2**32 - 2**31


class Site(NamedTuple):
    """A list as postscreen_dnsbl_sites names it.

    Args:
        domain: where it lives.
        filter: the answers that count; None for all.
        weight: what a hit adds to the score.
    """

    domain: str
    filter: BytePattern | None
    weight: int

    @classmethod
    def parse(cls, text: str, warn: Callable[[str, str], None]) -> Site:
        """Read one item of the parameter.

        Args:
            text: the item.
            warn: hears what is wrong with the domain.

        Raises:
            Fatal: for an item that cannot be read.
        """
        rest, star, factor = text.partition("*")
        weight = 1
        if star:
            if not _WEIGHT.fullmatch(factor):
                raise Fatal(f'bad DNSBL weight factor "{factor}" in "{text}"')
            weight = _factor(factor)
        domain, equals, pattern = rest.partition("=")
        try:
            filter = BytePattern.parse(pattern) if equals else None
        except BadPattern as bad:
            raise Fatal(f"bad DNSBL filter syntax: {bad.text}") from None
        if fault := hostname_fault(domain):
            warn("warning", f"valid_hostname: {fault}")
            raise Fatal(f'bad DNSBL domain name "{domain}" in "{text}"')
        return cls(domain, filter, weight)

    def has(self, addresses: Iterable[str]) -> bool:
        """Whether the list's answer says that the client is on it."""
        return any(self.filter is None or self.filter.matches(address) for address in addresses)


class Score(NamedTuple):
    """What the lists say of a client.

    Args:
        value: the sum of weights.
        domain: the list that counts most; "" for none.
        ttl: how long the answers hold, seconds; None where nobody knows.
    """

    value: int = 0
    domain: str = ""
    ttl: int | None = None


class Asking:
    """The lists are asked for one address.

    Args:
        since: when that began, seconds.

    Attributes:
        replies: what they say.
        sessions: how many still need it.
    """

    __slots__ = ("replies", "sessions", "since")

    def __init__(self, since: float) -> None:
        self.since, self.sessions = since, 0
        self.replies: tuple[ListReply, ...] = ()


def domains(sites: Iterable[Site]) -> tuple[str, ...]:
    """The lists to ask, each once."""
    return tuple(dict.fromkeys(site.domain for site in sites))


def score(sites: Iterable[Site], answers: dict[str, DnsAnswer]) -> Score:
    """Add up.

    Args:
        sites: the lists.
        answers: list -> its answer, of those that have answered.
    """
    value = top = 0
    domain = ""
    for site in sites:
        answer = answers.get(site.domain)
        if answer is not None and answer.status == "ok" and site.has(record.data for record in answer.records):
            value += site.weight
            if site.weight > top:
                top, domain = site.weight, site.domain
    ttls = [record.ttl for answer in answers.values() if answer.status == "ok" for record in answer.records]
    return Score(value, domain, min(ttls, default=None))
