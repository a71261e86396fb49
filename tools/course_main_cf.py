"""What each line of the course's main.cf does: a table, and the page made from it.

usage: python -m tools.course_main_cf        writes docs/course-main-cf.md

Each row sets a line of the sample file to two values, does the same with both, and says in which record the two
differ.  `tests/test_course_main_cf.py` plays every row and holds the page to the table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simmail.conformance.case import Case
from simmail.conformance.player import Player

PAGE = Path(__file__).resolve().parent.parent / "docs" / "course-main-cf.md"
#: The sample file, a line each, in its order.
SAMPLE = {
    "command_directory": "/usr/sbin",
    "daemon_directory": "/usr/lib/postfix",
    "program_directory": "/usr/lib/postfix",
    "smtpd_banner": "$myhostname ESMTP $mail_name (Debian/GNU)",
    "setgid_group": "postdrop",
    "biff": "no",
    "append_dot_mydomain": "no",
    "mydomain": "domain.ork",
    "myhostname": "mail.domain.ork",
    "alias_maps": "hash:/etc/aliases",
    "myorigin": "/etc/mailname",
    "mydestination": "$myhostname, $mydomain, ,localhost",
    "relayhost": "",
    "mynetworks": "192.168.0.0/16, 127.0.0.0/8",
    "mailbox_command": None,
    "mailbox_size_limit": "0",
    "recipient_delimiter": "+",
}
#: A line that the sample lacks, and without which a Postfix of today is silent on port 25.
LEVEL = ("compatibility_level", "3.6")
ZONE = """\
domain.ork. IN MX 10 mail.domain.ork.
mail.domain.ork. IN A 192.0.2.10
elsewhere.example. IN MX 10 mx.elsewhere.example.
mx.elsewhere.example. IN A 198.51.100.5
mail.parentco.con. IN A 198.51.100.7
"""


def letter(client: str, recipient: str, sender: str = "ann@elsewhere.example") -> list[dict[str, Any]]:
    """A message from a client."""
    lines = [
        "HELO client.example",
        f"MAIL FROM:<{sender}>",
        f"RCPT TO:<{recipient}>",
        *("DATA", "Subject: one", "", "text", ".", "QUIT"),
    ]
    return [{"client": client, "send": "\n".join(lines) + "\n"}]


OUTSIDE, INSIDE = "198.51.100.5", "192.168.7.7"
FROM_OUTSIDE = letter(OUTSIDE, "bledger@domain.ork")
FROM_INSIDE = letter(INSIDE, "ann@elsewhere.example", "bledger@domain.ork")
NONE = "none, as in life"


class Row(NamedTuple):
    """A line of the sample.

    Args:
        name: the parameter.
        other: the value that the sample's is held against; None leaves the line out.
        doing: what is done with both, for people.
        steps: the same, as a conformance case has it.
        none: what is said where there is no difference.
        first, second: what only the sample, and only the other value, leaves in the record; both "" for no difference.
        remark: what else there is to know.
    """

    name: str
    other: str | None
    doing: str
    steps: list[dict[str, Any]]
    first: str = ""
    second: str = ""
    none: str = NONE
    remark: str = ""


ROWS = (
    Row("command_directory", "/sbin", "mail from outside", FROM_OUTSIDE, remark="where Postfix's commands lie"),
    Row("daemon_directory", "/usr/lib/postfix/sbin", "mail from outside", FROM_OUTSIDE,
        none="none here", remark="in life Postfix starts only where its daemons lie: on today's Debian in the second"),
    Row(
        "program_directory", "/opt/postfix", "mail from outside", FROM_OUTSIDE,
        remark="an old name that nothing reads any more; postconf warns of an unused parameter",
    ),
    Row(
        "smtpd_banner", "$myhostname ESMTP $mail_name $mail_version", "mail from outside", FROM_OUTSIDE,
        "S: 220 mail.domain.ork ESMTP Postfix (Debian/GNU)", "S: 220 mail.domain.ork ESMTP Postfix 3.7.11",
    ),
    Row(
        "setgid_group", "nosuch", "mail from outside", FROM_OUTSIDE,
        "S: 250 2.1.0 Ok", "unknown group name: nosuch", remark="Postfix does not start with a group that is not there",
    ),
    Row("biff", "yes", "mail from outside", FROM_OUTSIDE, remark="a word to a terminal where the user is logged in"),
    Row(
        "append_dot_mydomain", "yes", "mail for bledger@mail", letter(INSIDE, "bledger@mail", "bledger@domain.ork"),
        "to=<bledger@mail>", "to=<bledger@mail.domain.ork>",
        remark="completes an address; it does not tell forged mail",
    ),
    Row(
        "mydomain", "other.ork", "mail from outside for bledger@domain.ork", FROM_OUTSIDE,
        "to=<bledger@domain.ork>, relay=local", "454 4.7.1 <bledger@domain.ork>: Relay access denied",
    ),
    Row(
        "myhostname", "mx.domain.ork", "mail from outside", FROM_OUTSIDE,
        "S: 220 mail.domain.ork ESMTP", "S: 220 mx.domain.ork ESMTP",
    ),
    Row(
        "alias_maps", "", "mail for taxes@domain.ork", letter(OUTSIDE, "taxes@domain.ork"),
        "to=<bledger@domain.ork>, orig_to=<taxes@domain.ork>",
        "550 5.1.1 <taxes@domain.ork>: Recipient address rejected: User unknown",
    ),
    Row(
        "myorigin", "$myhostname", "sendmail bledger", [{"run": "sendmail bledger", "stdin": "Subject: one\n\ntext\n"}],
        "from=<root@domain.ork>", "from=<root@mail.domain.ork>",
        remark="the file's first line; a Debian addition",
    ),
    Row(
        "mydestination", "$myhostname, $mydomain, localhost, trinkets.bis", "mail for bledger@trinkets.bis",
        letter(OUTSIDE, "bledger@trinkets.bis"),
        "454 4.7.1 <bledger@trinkets.bis>: Relay access denied", "to=<bledger@trinkets.bis>, relay=local",
        remark="the empty item does no harm",
    ),
    Row(
        "relayhost", "mail.parentco.con", "mail from inside for ann@elsewhere.example", FROM_INSIDE,
        "relay=mx.elsewhere.example[198.51.100.5]:25", "relay=mail.parentco.con[198.51.100.7]:25",
    ),
    Row(
        "mynetworks", "127.0.0.0/8", "mail from inside for ann@elsewhere.example", FROM_INSIDE,
        "S: 250 2.1.5 Ok", "454 4.7.1 <ann@elsewhere.example>: Relay access denied",
    ),
    Row(
        "mailbox_command", 'procmail -a "$EXTENSION"', "mail for bledger+list@domain.ork",
        letter(OUTSIDE, "bledger+list@domain.ork"),
        "(delivered to mailbox)", 'procmail -a "$EXTENSION"',
        remark="commented out in the sample; $EXTENSION is the part behind the delimiter",
    ),
    Row(
        "mailbox_size_limit", "1000000", "mail from outside", FROM_OUTSIDE,
        "status=sent (delivered to mailbox)", "mailbox_size_limit is smaller than message_size_limit",
        remark="0 is no limit; one below message_size_limit keeps local from running",
    ),
    Row(
        "recipient_delimiter", "", "mail for bledger+list@domain.ork", letter(OUTSIDE, "bledger+list@domain.ork"),
        "to=<bledger+list@domain.ork>, relay=local", "550 5.1.1 <bledger+list@domain.ork>: Recipient address rejected",
        remark="it is about addresses with extensions, whoever uses them",
    ),
    Row(
        *LEVEL[:1], None, "mail from outside", FROM_OUTSIDE,
        "S: 220 mail.domain.ork ESMTP", "specify at least one working instance of: reject_unauth_destination",
        remark="not in the sample: without it smtpd does not run, and port 25 is silent",
    ),
)  # fmt: skip


class AsPrinted(Case):
    """A case whose main.cf is the sample's to the letter, with nothing added for a recorder's sake."""

    def main_cf(self) -> str:
        """The text of /etc/postfix/main.cf."""
        text: str = self.keys["main.cf"]
        return text


def case(row: Row, other: bool) -> Case:
    """A row as a conformance case, with the sample's value or with the other."""
    settings: dict[str, str | None] = {LEVEL[0]: LEVEL[1], **SAMPLE}
    if other:
        settings[row.name] = row.other
    keys = {
        "about": f"{row.name}: {row.doing}.",
        "zone": ZONE,
        "users": ["bledger"],
        "mailname": "domain.ork",
        "main.cf": "".join(f"{name} = {value}\n" for name, value in settings.items() if value is not None),
        "files": {"/etc/aliases": "taxes: bledger\n"},
        "setup": ["postalias /etc/aliases"],
        "peers": {OUTSIDE: {}, "198.51.100.7": {}},
        "steps": row.steps,
    }
    return AsPrinted(row.name, keys, steps=row.steps)


def lines(record: dict[str, Any]) -> Counter[str]:
    """All that a record shows, line by line."""

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for inner in value.values():
                yield from texts(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from texts(inner)
        else:
            yield from str(value).splitlines()

    return Counter(texts({key: value for key, value in record.items() if key != "dns"}))


def differences(first: dict[str, Any], second: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The lines that only the first, and only the second of two records has."""
    a, b = lines(first), lines(second)
    return list(a - b), list(b - a)


def played(row: Row) -> tuple[list[str], list[str]]:
    """The differences that a row's two values make in a world."""
    records = [json.loads(json.dumps(Player(case(row, other)).play(), default=str)) for other in (False, True)]
    return differences(records[0], records[1])


def page() -> str:
    """The text of the reference page."""
    out = [
        "# The course's main.cf, line by line",
        "",
        "Generated by `python -m tools.course_main_cf` from its table, which `tests/test_course_main_cf.py` plays.",
        "",
        "Each line is given two values, the sample's and another, and the same is done with both. What then differs in",
        "what people, logs and other servers see is in the last two columns.",
        "",
        "| line of the sample | other value | done with both | only with the sample's | only with the other |",
        "|---|---|---|---|---|",
    ]
    for row in ROWS:
        value = LEVEL[1] if row.name == LEVEL[0] else SAMPLE[row.name]
        told = [_line(row.name, value), _line(row.name, row.other), row.doing]
        told += [_code(row.first), _code(row.second)] if row.first else [row.none, row.none]
        out.append("| " + " | ".join(told) + " |")
    out += ["", *(f"- `{row.name}`: {row.remark}." for row in ROWS if row.remark), ""]
    return "\n".join(out)


def _line(name: str, value: str | None) -> str:
    return "no such line" if value is None else _code(f"{name} = {value}".rstrip())


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
