"""A comparison as text, as a table for a notebook, and as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from simmail.lab.diff.mail import KindOfMail
from simmail.lab.diff.played import End

if TYPE_CHECKING:
    from simmail.lab.diff.comparison import Comparison, Group

COLUMNS = ("kinds", "witness", "before", "after")
_LEFT = "style='text-align:left;white-space:pre-wrap;vertical-align:top'"
#: How many of a group's kinds of mail are told.
TOLD = 6


def text(told: Comparison) -> str:
    """For people."""
    lines = [f"A: {told.a.name}", f"B: {told.b.name}", ""]
    for number, group in enumerate(told.groups, 1):
        lines += [
            f"{number}. {_title(group)}",
            f"   witness: {group.witness}",
            f"            {_session(group.witness)}",
        ]
        for name, end in (("A", group.before), ("B", group.after)):
            first, *rest = str(end).split("\n")
            lines += [f"   {name}: {first}", *(f"      {line}" for line in rest)]
        lines += [f"   also:    {also}" for also in _others(group)]
        lines.append("")
    return "\n".join([*lines, told.summary])


def _title(group: Group) -> str:
    count = len(group.kinds)
    return f"{group.before.verdict} -> {group.after.verdict} ({count} kind{'s' if count != 1 else ''} of mail)"


def _session(kind: KindOfMail) -> str:
    mail = kind.mail
    return f"{mail.address} HELO {mail.helo or '(none)'}, from <{mail.sender}> to <{mail.recipient}>"


def _others(group: Group) -> Iterator[str]:
    for kind in group.kinds[1:TOLD]:
        yield str(kind)
    if len(group.kinds) > TOLD:
        yield f"and {len(group.kinds) - TOLD} more"


def page(told: Comparison) -> str:
    """For a notebook."""
    head = "".join(f"<th scope='col'>{name}</th>" for name in COLUMNS)
    rows = []
    for group in told.groups:
        cells = (_title(group), f"{group.witness}\n{_session(group.witness)}", str(group.before), str(group.after))
        rows.append("<tr>" + "".join(f"<td {_LEFT}>{escape(cell)}</td>" for cell in cells) + "</tr>")
    caption = escape(f"{told.a.name} (before) and {told.b.name} (after): {told.summary}")
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def values(told: Comparison) -> dict[str, Any]:
    """For programs."""
    return {
        "a": told.a.name, "b": told.b.name, "summary": told.summary, "tried": told.tried, "from": told.sizes,
        "differing": told.differing,
        "differences": [
            {
                "witness": _witness(group.witness), "a": _end(group.before), "b": _end(group.after),
                "kinds": [kind.labels for kind in group.kinds],
            }
            for group in told.groups
        ],
    }  # fmt: skip


def _witness(kind: KindOfMail) -> dict[str, Any]:
    mail = kind.mail
    return {
        "client": mail.address, "helo": mail.helo, "sender": mail.sender, "recipient": mail.recipient,
        "content": kind.content.label, "is": kind.labels,
    }  # fmt: skip


def _end(end: End) -> dict[str, Any]:
    return {"verdict": end.verdict, "reply": end.reply, "decided_by": end.rule, "then": list(end.fate)}
