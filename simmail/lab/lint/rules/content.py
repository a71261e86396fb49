"""header_checks and their kin: rules in the wrong file, rules that hit good mail, rules that make mail vanish."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simmail.lab.lint.finding import Finding, Kind
from simmail.lab.lint.parsed import Parsed, TableRef
from simmail.mail.errors import Fatal, Location
from simmail.postfix.cleanup_status import CleanupStatus
from simmail.postfix.content_checks import ACTIONS, BODY, HEADER, Match, act
from simmail.postfix.tables import LookupFailure
from simmail.postfix.tables.registry import open_table

CHECKS = ("header_checks", "mime_header_checks", "nested_header_checks", "body_checks")
#: What a check may do to mail that it does not like.
AGAINST = ("REJECT", "HOLD", "DISCARD")
#: Lines that name an attachment, and a harmless one whose name happens to end in .com.
ATTACHMENTS = tuple(
    f'Content-Type: application/octet-stream; name="game.{ending}"'
    for ending in ("exe", "vbs", "pif", "scr", "com", "lnk", "dot", "zip", "bat", "js", "cmd", "docm")
)
HARMLESS = 'Content-Type: application/pdf; name="prices from acme.com"'
#: How actions that need something are written.
FORMS = {
    "FILTER": "FILTER smtp:[127.0.0.1]:10025", "REDIRECT": "REDIRECT user@domain", "BCC": "BCC user@domain",
    "PREPEND": "PREPEND Name: value", "REPLACE": "REPLACE Name: value",
}  # fmt: skip
_SUBJECT = re.compile(r"^/\^Subject:[\s\\sA-Za-z0-9!,'-]*\$?/[a-zA-Z]*$")

ATTACHMENT = Kind(
    "error", "body-checks-attachments",
    "Attachments pass: {rule} never sees their names; but it does {action} a line of prose that looks like one.",
    "An attachment's name stands in a MIME header, which mime_header_checks reads; body_checks reads what follows.",
    "Write mime_header_checks = {table}.",
    "header_checks(5)",
)  # fmt: skip
COM = Kind(
    "warning", "com-attachments",
    "Good mail is caught, too: an attachment called `prices from acme.com`.",
    "The rule takes every name that ends in .com for a program.",
    "Leave com out, or ask for names without blanks.",
    "header_checks(5)",
)  # fmt: skip
DISCARD = Kind(
    "note", "discard-rule",
    "Mail that matches vanishes: its sender hears 250 Ok, nobody gets it, and only the log tells.",
    "DISCARD tells neither sender nor recipient, and rules like this one also match good mail.",
    "Try it with WARN or HOLD first; REJECT tells the sender.",
    "header_checks(5)",
)  # fmt: skip
HOLD = Kind(
    "note", "hold-rule",
    "Mail that matches waits in the hold queue until somebody looks; it never expires.",
    "HOLD asks a person to decide, and nobody is told.",
    "Look at `postqueue -p` (ID!) each day, and release with postsuper -H.",
    "header_checks(5)",
)  # fmt: skip
SUBJECT = Kind(
    "note", "literal-subject",
    "The rule stops this subject alone: with `Re:` before it, or another word, it passes.",
    "Spammers change a subject faster than anybody edits a table.",
    "Leave content to a filter that weighs many signs.",
    "header_checks(5)",
)  # fmt: skip
HELPLESS = Kind(
    "warning", "action-without-effect",
    "The rule changes nothing: the log tells of each message `{said}`.",
    "{action} cannot use what stands behind it.",
    "Write {form}.",
    "header_checks(5)",
)  # fmt: skip
UNKNOWN = Kind(
    "warning", "unknown-action",
    "The rule does nothing: `unknown command in {table} map`.",
    "{word} is no action.",
    "Write one of {actions}.",
    "header_checks(5)",
)  # fmt: skip


def _reads(host: Parsed, parameter: str) -> Iterator[TableRef]:
    """The tables of a parameter that it reads by itself, not by the default that is header_checks."""
    if host.is_set(parameter):
        yield from host.tables_of(parameter)


def _hit(host: Parsed, table: TableRef, line: str) -> tuple[str, Location] | None:
    """What a table does about a line, and which line of it says so."""
    try:
        opened = open_table(table.spec, host.environment)
        found = opened.find(line)
        return None if found is None else (found, opened.where(line))
    except (Fatal, LookupFailure):
        return None


class _Trial:
    """A message on which an action is tried, that keeps what is complained of."""

    def __init__(self) -> None:
        self.queue_id = self.reason = self.filter = self.redirect = ""
        self.copies: list[str] = []
        self.checked, self.held = True, False
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def fail(self, status: CleanupStatus) -> None: ...
    def discard(self) -> None: ...
    def prepend(self, line: str) -> None: ...
    def decided(self, action: str, match: Match, reply: str) -> None: ...


def _complaint(parameter: str, answer: str) -> str:
    """What cleanup(8) complains of whenever it has this answer; "" for nothing, or where that depends on the line."""
    if "$" in answer:
        return ""
    trial = _Trial()
    act(trial, BODY if parameter == "body_checks" else HEADER, "X-Line: x", answer, parameter)
    return trial.warnings[0] if trial.warnings else ""


def attachments(host: Parsed) -> Iterator[Finding]:
    """Rules about attachments' names that stand in body_checks."""
    for table in _reads(host, "body_checks"):
        hits = [hit for line in ATTACHMENTS if (hit := _hit(host, table, line)) is not None]
        places = sorted({place for value, place in hits if value.split(" ")[0].upper() in AGAINST})
        if places:
            rule = f"the rule in {table.name}" if len(places) == 1 else f"none of {len(places)} rules in {table.name}"
            rule = rule.replace("none of", "each of the")
            action = hits[0][0].split(" ")[0].upper()
            yield ATTACHMENT.at(table.location, *places, rule=rule, action=action, table=table.spec)


def com_names(host: Parsed) -> Iterator[Finding]:
    """Rules about attachments that take any name in .com for a program."""
    for parameter in CHECKS[:2]:
        for table in _reads(host, parameter):
            hit = _hit(host, table, HARMLESS)
            if hit is not None and hit[0].split(" ")[0].upper() in AGAINST:
                yield COM.at(hit[1], table.location)


def actions(host: Parsed) -> Iterator[Finding]:
    """Rules that make mail vanish or wait, rules that do nothing, rules that are easily got round."""
    seen: set[str] = set()
    for parameter in CHECKS:
        for table in _reads(host, parameter):
            if table.spec in seen:
                continue
            seen.add(table.spec)
            for line in host.entries(table.spec):
                place = line.location if line.location.line else table.location
                word = line.value.split(" ")[0].upper() if line.value else ""
                if word and word not in ACTIONS:
                    yield UNKNOWN.at(place, table=parameter, word=word, actions=", ".join(ACTIONS))
                elif word in FORMS and (said := _complaint(parameter, line.value)):
                    yield HELPLESS.at(place, said=said, action=word, form=FORMS[word])
                elif word in ("DISCARD", "HOLD"):
                    yield (DISCARD if word == "DISCARD" else HOLD).at(place)
                elif word == "REJECT" and _SUBJECT.match(line.key):
                    yield SUBJECT.at(place)


RULES = (attachments, com_names, actions)
