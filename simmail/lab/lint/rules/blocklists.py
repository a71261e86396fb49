"""Blocklists: dead ones, misspelt ones, ones whose every answer counts, ones that are asked the wrong question."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from simmail.lab.explain.mistakes import meant
from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Item, Parsed
from simmail.postfix.smtpd.dnsbl import DnsList
from simmail.postfix.smtpd.restrictions import Argument

#: Restrictions that ask a list for the client's address; the others ask it for a name.
BY_ADDRESS = frozenset({"reject_rbl_client", "permit_dnswl_client"})

DEAD = Kind(
    "error", "dead-blocklist",
    "{domain} ended ({ended}): {fate}. Mail is refused by chance, or for everybody, or each look-up is in vain.",
    "A list that is given up can answer every question with yes; relays.ordb.org did in 2008. Told by {source}",
    "Delete the line; ask a list that lives, with a filter, and for a while behind warn_if_reject.",
    "postconf(5)",
)  # fmt: skip
MISSPELT = Kind(
    "error", "misspelt-blocklist",
    "{domain} lists nobody, or everybody: it is not the list that was meant.",
    "A list's name that does not exist is answered `no such name`, which means `not listed`, and nobody complains.",
    "Write {meant}.",
    "postconf(5)",
)  # fmt: skip
UNFILTERED = Kind(
    "warning", "blocklist-without-filter",
    "Any answer of {domain} refuses the mail, also one that says `you may not ask` (127.255.255.254).",
    "Without =127.0.0... after its name every address that a list answers counts as listed.",
    "Write {name} {domain}=127.0.{third}.[2..{last}], and permit_mynetworks before it.",
    "postconf(5)",
)  # fmt: skip
WRONG_VERB = Kind(
    "error", "blocklist-wrong-verb",
    "Nobody is ever found on {domain}, and nothing is logged.",
    "{name} asks the list for {asks}, and {domain} is a list of {kind}.",
    "Write {better} {domain}.",
    "postconf(5)",
)  # fmt: skip
MAYBE_VERB = WRONG_VERB._replace(
    severity="note",
    happens="{domain} is asked for the client's name only; a list of addresses never finds it.",
    why="{name} looks up {asks} below {domain}; reject_rbl_client looks up its address.",
    instead="If {domain} lists addresses write {better} {domain}.",
)


class Blocklist(NamedTuple):
    """A blocklist that is known; what is below its domain counts as the list, too.

    Args:
        domain: where it lives.
        kind: `ip` or `domain`: what it lists.
        ended: when it ended; "" for one that lives.
        fate: what became of it.
        source: where that is told.
    """

    domain: str
    kind: str
    ended: str
    fate: str
    source: str


@lru_cache(1)
def blocklists() -> dict[str, Blocklist]:
    """The lists that are known, by domain."""
    text = files("simmail.lab.lint").joinpath("blocklists.tsv").read_text(encoding="utf-8")
    rows = (Blocklist(*line.split("\t")) for line in text.splitlines() if not line.startswith("#"))
    return {row.domain: row for row in rows}


def known(domain: str) -> Blocklist | None:
    """What is known of a list, by its domain or one above it."""
    while domain:
        found = blocklists().get(domain)
        if found is not None:
            return found
        domain = domain.partition(".")[2]
    return None


def lists(host: Parsed) -> Iterator[Finding]:
    """What is wrong with each blocklist."""
    for item in host.all_items():
        if item.kind is None or item.kind.argument is not Argument.DNS_LIST or not item.argument:
            continue
        asked = DnsList.parse(item.argument)
        domain = asked.domain.lower().rstrip(".")
        if "." not in domain:
            continue
        row = known(domain)
        if row is not None and row.ended:
            yield DEAD.at(item.location, domain=domain, ended=row.ended, fate=row.fate, source=row.source)
            continue
        guess = meant(domain, sorted(blocklists())) if row is None else ""
        if guess:
            yield MISSPELT.at(item.location, domain=domain, meant=guess)
            continue
        yield from _verb(item, domain, row)
        if asked.filter is None and not asked.mistake and item.name.startswith("reject_"):
            third, last = ("1", "99") if item.name not in BY_ADDRESS else ("0", "11")
            yield UNFILTERED.at(item.location, domain=domain, name=item.written, third=third, last=last)


def _verb(item: Item, domain: str, row: Blocklist | None) -> Iterator[Finding]:
    by_address = item.name in BY_ADDRESS
    if row is not None and by_address == (row.kind == "ip"):
        return
    asks = "the client's address" if by_address else "a name"
    better = "reject_rhsbl_sender" if by_address else "reject_rbl_client"
    kind = "names" if by_address else "addresses"
    if row is not None:
        yield WRONG_VERB.at(item.location, name=item.written, domain=domain, asks=asks, kind=kind, better=better)
    elif item.name in ("reject_rhsbl_client", "reject_rhsbl_reverse_client"):
        yield MAYBE_VERB.at(item.location, name=item.written, domain=domain, asks=asks, better=better)


RULES = (lists,)
