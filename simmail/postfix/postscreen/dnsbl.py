"""NAME
    postscreen.dnsbl - the score of a client in DNS lists

DESCRIPTION
    postscreen_dnsbl_sites names lists, each with a filter of the answers that count and a weight: `bl.example`,
    `bl.example=127.0.0.[2..11]*3`, `welcome.example*-2`.  All lists are asked at once; the weights of those that have
    the client add up to its score.

PARAMETERS
    postscreen_dnsbl_sites, postscreen_dnsbl_reply_map, postscreen_dnsbl_min_ttl, postscreen_dnsbl_max_ttl

DIAGNOSTICS
    `Fatal`: bad DNSBL weight factor "x" in "bl.example*x"; bad DNSBL filter syntax: ... at "127.0.0.>x<"

BUGS
    A negative answer's time to live is never known here: it counts for postscreen_dnsbl_min_ttl.

SEE ALSO
    postconf(5): postscreen_dnsbl_sites
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from simmail.mail.answers import DnsAnswer
from simmail.mail.errors import Fatal
from simmail.postfix.byte_pattern import BadPattern, BytePattern

_WEIGHT = re.compile(r"[ \t]*[+-]?\d+", re.ASCII)


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
    def parse(cls, text: str) -> Site:
        """Read one item of the parameter.  Raises Fatal."""
        rest, star, factor = text.partition("*")
        weight = 1
        if star:
            if not _WEIGHT.fullmatch(factor):
                raise Fatal(f'bad DNSBL weight factor "{factor}" in "{text}"')
            weight = int(factor)
        domain, equals, pattern = rest.partition("=")
        try:
            return cls(domain, BytePattern.parse(pattern) if equals else None, weight)
        except BadPattern as bad:
            raise Fatal(f"bad DNSBL filter syntax: {bad.text}") from None

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
