"""Access tables: entries that open the server, that refuse bounces, that nobody understands."""

from __future__ import annotations

from collections.abc import Iterator

from simmail.lab.explain.mistakes import meant
from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Item, Parsed
from simmail.lab.lint.sources import TableLine
from simmail.mail.errors import Fatal
from simmail.postfix.smtpd.access import ACTIONS
from simmail.postfix.smtpd.restrictions import OLD_NAMES, RELAY_GUARDS, RESTRICTIONS
from simmail.postfix.tables import LookupFailure
from simmail.postfix.tables.registry import open_table

PERMITS = ("OK", "RELAY", "PERMIT")
PATTERNS = ("pcre", "regexp")
#: What a client says of itself, and can say of anybody.
FORGEABLE = ("check_sender_access", "check_helo_access")

OPENS = Kind(
    "error", "ok-before-relay-guard",
    "Whoever gives {key} as {what} may send to anybody through this host.",
    "{name} stands before {guard} in {parameter}, and says {value} to {key}, which anybody can claim to be.",
    "Move the table behind {guard}, or write DUNNO instead of {value}.",
    "SMTPD_ACCESS_README",
)  # fmt: skip
NULL_SENDER = Kind(
    "error", "null-sender-refused",
    "All bounces are refused: your users never learn that their mail has failed, and others list you.",
    "Bounces have the null sender <>, and {spec} says {value} to it.",
    "Delete the entry.",
    "RFC 5321, section 4.5.5",
)  # fmt: skip
UNKNOWN = Kind(
    "error", "unknown-access-action",
    "Who matches {key} hears 451 4.3.5 Server configuration error.",
    "{said} is neither an action nor a restriction.",
    "{advice}",
    "access(5)",
)  # fmt: skip
EVERYONE = Kind(
    "error", "everyone-permitted",
    "No rule behind it in {parameter} is heard about anybody.",
    "{key} says {value} to every client.",
    "Delete the entry.",
    "access(5)",
)  # fmt: skip


def _tables(host: Parsed) -> Iterator[tuple[Item, str, TableLine]]:
    """The entries of access tables: the restriction, the table, the entry with its place."""
    for item in host.all_items():
        if item.name.startswith("check_") and item.name.endswith("_access"):
            spec = item.argument.removeprefix("proxy:")
            for line in host.entries(spec):
                yield item, spec, line if line.location.line else line._replace(location=item.location)


def opens_relay(host: Parsed) -> Iterator[Finding]:
    """Entries by which anybody may relay."""
    lists = ("smtpd_relay_restrictions", "smtpd_recipient_restrictions")
    guards = {name: _guard(host.lists[name]) for name in lists}
    for name, other in zip(lists, reversed(lists), strict=True):
        if guards[other] is not None and not any(i.name in FORGEABLE for i in host.lists[other][: guards[other]]):
            continue
        at = guards[name]
        for item in host.lists[name][: at if at is not None else None]:
            if item.name not in FORGEABLE or item.trial:
                continue
            for line in host.entries(item.argument.removeprefix("proxy:")):
                action = line.value.split(" ")[0].upper()
                if action in PERMITS or action.isdigit():
                    guard = host.lists[name][at].written if at is not None else "reject_unauth_destination"
                    what = "sender" if item.name == FORGEABLE[0] else "HELO name"
                    places = (line.location,) if line.location.line else ()
                    yield OPENS.at(
                        item.location, *places, key=line.key, what=what, name=item.written, guard=guard,
                        parameter=name, value=line.value,
                    )  # fmt: skip


def _guard(items: tuple[Item, ...]) -> int | None:
    """The position of the first rule that keeps strangers from relaying; None where there is none."""
    return next((number for number, item in enumerate(items) if item.name in RELAY_GUARDS and not item.trial), None)


def null_senders(host: Parsed) -> Iterator[Finding]:
    """Sender tables that refuse bounces."""
    key = host.told("smtpd_null_access_lookup_key")
    for item in host.all_items():
        if item.name != "check_sender_access" or ":" not in item.argument or item.trial:
            continue
        spec = item.argument.removeprefix("proxy:")
        lines = [line for line in host.entries(spec) if line.key == key]
        value = lines[-1].value if lines else _asked(host, spec, key)
        word = value.split(" ")[0].upper()
        if word in ("REJECT", "DISCARD", "DEFER") or word[:1] in ("4", "5"):
            place = lines[-1].location if lines and lines[-1].location.line else item.location
            yield NULL_SENDER.at(place, item.location, spec=spec, value=word)


def _asked(host: Parsed, spec: str, key: str) -> str:
    """What a table of patterns says; "" for nothing, and for other tables, whose entries are read."""
    if spec.partition(":")[0] not in (*PATTERNS, "static"):
        return ""
    try:
        return open_table(spec, host.environment).find(key) or ""
    except (Fatal, LookupFailure):
        return ""


def unknown_actions(host: Parsed) -> Iterator[Finding]:
    """Values that are neither actions nor restrictions."""
    known = {*RESTRICTIONS, *OLD_NAMES, *(word.lower() for word in ACTIONS), "warn_if_reject"}
    for _, spec, line in _tables(host):
        word, _, text = line.value.replace(",", " ").partition(" ")
        if word.lower() in known or word in host.classes or ":" in word or _is_number(word, text):
            continue
        if not word:
            # a line of any other table that has a key and nothing else is no entry at all
            if spec.partition(":")[0] in PATTERNS:
                yield UNKNOWN.at(line.location, key=line.key, said="An empty result", advice="Write an action.")
            continue
        guess = meant(word.lower(), sorted(known))
        advice = f"Write {guess if guess in RESTRICTIONS else guess.upper()}." if guess else "Write an action."
        yield UNKNOWN.at(line.location, key=line.key, said=word, advice=advice)


def _is_number(word: str, text: str) -> bool:
    """Whether a number stands for something: a reply's code before its text, or one that permits, by itself."""
    return word.isdigit() and (not text or (len(word) == 3 and word[0] in "45"))


def everyone(host: Parsed) -> Iterator[Finding]:
    """Networks of the whole world that are permitted."""
    for item, _, line in _tables(host):
        permits = line.value.split(" ")[0].upper() in PERMITS
        if permits and item.name == "check_client_access" and line.key in ("0.0.0.0/0", "::/0"):
            words = {"parameter": item.parameter, "key": line.key, "value": line.value}
            yield EVERYONE.at(line.location, item.location, **words)


RULES = (opens_relay, null_senders, unknown_actions, everyone)
