"""Names that mean nothing: of parameters, restrictions, actions, types of table."""

from __future__ import annotations

from collections.abc import Iterator

from simmail.lab.explain.mistakes import meant, restriction_meant, unread_names
from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Item, Parsed
from simmail.postfix.not_simulated import TABLES
from simmail.postfix.smtpd.restrictions import IMPLIED, RESTRICTIONS, Argument, current_name
from simmail.postfix.tables.registry import TYPES
from simmail.world.saved import BYTE_ORDER_MARK

#: Restrictions that newer versions no longer know (RELEASE_NOTES-3.9) -> what stands in for them.
GONE = {
    "reject_maps_rbl": "reject_rbl_client LIST",
    "permit_naked_ip_address": "permit_mynetworks, permit_sasl_authenticated",
    "check_relay_domains": "permit_mynetworks, reject_unauth_destination",
}
#: Types of table that other systems' Postfix has.
ELSEWHERE = frozenset({"cdb", "dbm", "lmdb", "sdbm", "dirdb"}) | TABLES

PARAMETER = Kind(
    "error", "unknown-parameter",
    "{name} is set, and nobody reads it.",
    "Postfix 3.7 has no parameter of that name; it keeps silent about that, but for a warning of postconf on the "
    "terminal.",
    "{advice}",
    "postconf(1)",
)  # fmt: skip
RESTRICTION = Kind(
    "error", "unknown-restriction",
    "`{word}` in {parameter} is no restriction: mail that gets this far is answered 451 4.3.5 Server configuration "
    "error.",
    "smtpd refuses what it does not understand; `postfix check` says nothing of it.",
    "{advice}",
    "postconf(5)",
)  # fmt: skip
ARGUMENT = Kind(
    "error", "missing-argument",
    "{name} in {parameter} has no argument of its own{taken}.",
    "The next word in the list is taken for the argument.",
    "Write `{name} {example}`.",
    "postconf(5)",
)  # fmt: skip
OLD = Kind(
    "warning", "gone-restriction",
    "{name} still works here, and makes Postfix 3.9 and later answer 451 to everybody.",
    "It was removed after years of warnings.",
    "Write `{instead}`.",
    "postconf(5)",
)  # fmt: skip
TYPE = Kind(
    "error", "unknown-table-type",
    "The table `{spec}` of {parameter} cannot be opened: every look-up fails, and mail is put off.",
    "There is no table type `{type}`.",
    "{advice}",
    "postmap(1)",
)  # fmt: skip
EXAMPLES = {
    Argument.TABLE: "hash:/etc/postfix/access", Argument.DNS_LIST: "bl.example.org=127.0.0.[2..11]",
    Argument.SERVICE: "unix:private/policy", Argument.NUMBER: "1",
}  # fmt: skip


def unknown_parameters(host: Parsed) -> Iterator[Finding]:
    """Settings of names that nobody reads."""
    for location, name, like in unread_names(host.machine):
        if name.startswith(BYTE_ORDER_MARK):
            continue
        advice = f"Write {like}." if like else "Delete it, or look its name up in postconf(5)."
        yield PARAMETER.at(location, name=name, advice=advice)


def unknown_restrictions(host: Parsed) -> Iterator[Finding]:
    """Words in lists of restrictions that are none, and restrictions without their argument."""
    for item in host.all_items():
        if item.kind is None:
            if item.location.line not in host.commented:
                guess = restriction_meant(item.written)
                advice = f"Write {guess}." if guess else "Write one of the restrictions of postconf(5)."
                yield RESTRICTION.at(item.location, word=item.written, parameter=item.parameter, advice=advice)
        elif item.kind.argument is not Argument.NONE:
            yield from _argument(item)
        if item.name in GONE:
            yield OLD.at(item.location, name=item.written, instead=GONE[item.name])


def _argument(item: Item) -> Iterator[Finding]:
    assert item.kind is not None
    is_name = current_name(item.argument) in RESTRICTIONS
    is_table = item.kind.argument is Argument.TABLE
    if item.argument and not is_name and not (is_table and ":" not in item.argument):
        return
    taken = f": `{item.argument}` is taken for it" if item.argument else ""
    example = item.argument if item.argument.startswith("/") else ""
    yield ARGUMENT.at(
        item.location, name=item.written, parameter=item.parameter, taken=taken,
        example=f"hash:{example}" if example else EXAMPLES[item.kind.argument],
    )  # fmt: skip


def unknown_types(host: Parsed) -> Iterator[Finding]:
    """Tables of types that do not exist."""
    for table in host.tables:
        service = table.type == "inet" and table.parameter in IMPLIED
        if service or table.type in TYPES or table.type in ELSEWHERE or not _holds_tables(table.parameter):
            continue
        guess = meant(table.type, sorted(TYPES)) or next((t for t in TYPES if sorted(t) == sorted(table.type)), "")
        advice = f"Write {guess}:{table.name}." if guess else "`postconf -m` lists the types there are."
        yield TYPE.at(table.location, spec=table.spec, parameter=table.parameter, type=table.type, advice=advice)


def _holds_tables(parameter: str) -> bool:
    """Whether a colon in the parameter's words can only be a table's; nexthops and ports have colons, too."""
    return parameter.endswith(("_maps", "_checks", "_database")) or parameter in IMPLIED or parameter == "mynetworks"


RULES = (unknown_parameters, unknown_restrictions, unknown_types)
