"""An explanation as a table for a notebook: words say what happened, never colour alone."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from simmail.lab.explain.explanation import Explanation
from simmail.lab.explain.text import asked, check_title, ending, rest, title
from simmail.lab.explain.trace import Check, ListHeard
from simmail.lab.explain.words import verdict

COLUMNS = ("where", "rule", "asked", "verdict")
_LEFT = "style='text-align:left;white-space:pre-wrap;vertical-align:top;overflow-wrap:anywhere'"


def page(told: Explanation) -> str:
    """The table, the verdict, and what else is to be said."""
    mail = told.mail
    caption = escape(f"From <{mail.sender}> to <{mail.recipient}>, client {mail.address}")
    head = "".join(f"<th scope='col' style='text-align:left'>{name}</th>" for name in COLUMNS)
    body = "".join(_rows(told))
    table = f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    more = escape("\n".join(rest(told)).strip())
    notes = "".join(f"<p>note: {escape(notice)}</p>" for notice in told.notices)
    return f"{notes}{table}<p><b>{escape(ending(told))}</b></p>" + (f"<pre>{more}</pre>" if more else "")


def _rows(told: Explanation) -> Iterator[str]:
    if told.played.trace.before:
        yield _row("", "the client connects", "\n".join(asked(told.played.trace.before)), "")
    for item in told.played.trace.heard:
        if isinstance(item, Check):
            questions = "\n".join(asked(item.asked))
            yield _row(told.placed(item.reason), check_title(item), questions, item.verdict, item.refuses)
        else:
            yield from _list(told, item, 0)
    for name in told.never_heard():
        yield _title(f"{name}: never reached")


def _list(told: Explanation, heard: ListHeard, depth: int) -> Iterator[str]:
    yield _title("– " * depth + title(heard))
    for rule in heard.rules:
        for inner in rule.nested:
            yield from _list(told, inner, depth + 1)
        questions = [*asked(rule.asked), *(f"reads {text}" for text in told.reads(rule)), *rule.warnings]
        words = ("warn_if_reject " if rule.rule.trial else "") + rule.reason.restriction
        yield _row(told.placed(rule.reason), words, "\n".join(questions), verdict(rule), rule is told.decisive)
    for unreached in heard.unreached:
        yield _row(told.placed(unreached.reason), unreached.reason.restriction, "", "never reached")


def _title(text: str) -> str:
    return f"<tr><th colspan='{len(COLUMNS)}' scope='colgroup' style='text-align:left'>{escape(text)}</th></tr>"


def _row(place: str, rule: str, questions: str, said: str, decided: bool = False) -> str:
    """A row; the one that decided says so."""
    cells = (place, rule, questions, f"{said} (this decided)" if decided else said)
    tag = "b" if decided else "span"
    return "<tr>" + "".join(f"<td {_LEFT}><{tag}>{escape(cell)}</{tag}></td>" for cell in cells) + "</tr>"
