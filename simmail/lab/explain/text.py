"""An explanation as a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from simmail.lab.explain.explanation import Explanation
from simmail.lab.explain.open_questions import Fork, Outcome
from simmail.lab.explain.trace import Asked, Check, ListHeard
from simmail.lab.explain.words import verdict

NOTHING = "nothing"


def lines(told: Explanation) -> Iterator[str]:
    """All of it."""
    mail, played = told.mail, told.played
    client = f"{mail.name}[{mail.address}]" if mail.name else mail.address
    yield f"{told.place.host.machine.hostname}: from <{mail.sender}> to <{mail.recipient}>"
    yield f"  client {client}, HELO {mail.helo}"
    yield from (f"  note: {notice}" for notice in told.notices)
    if not played.fatal:
        yield from course(told)
        yield from ("", "The session:")
        yield from (f"  {line}" for line in session(played.transcript))
    yield from ("", ending(told))
    yield from rest(told)


def ending(told: Explanation) -> str:
    """The verdict, and the rule behind it."""
    played = told.played
    if played.unheard:
        return f"Not heard: {played.fatal}; master.cf says where its services listen"
    if played.fatal and played.system is None:
        return f"Postfix does not start: fatal: {played.fatal}\n  Clients' connections are refused."
    if played.fatal:
        return f"The server does not run: fatal: {played.fatal}\n  Clients connect and hear nothing."
    return f"{told.verdict.capitalize()}: {played.reply}\n  decided by {told.told(played.reason)}"


def rest(told: Explanation) -> Iterator[str]:
    """What stands behind the verdict: open questions, what happens then, settings that do nothing."""
    yield from _open(told)
    yield from _after(told)
    for title, found in (("Settings that do nothing:", told.unread), ("Not simulated:", told.without_effect)):
        if found:
            yield from ("", title)
            yield from (f"  {item}" for item in found)


def course(told: Explanation) -> Iterator[str]:
    """Each list and rule in order."""
    trace = told.played.trace
    if trace.before:
        yield from ("", "When the client connects:")
        yield from (f"    {line}" for line in asked(trace.before))
    for item in trace.heard:
        yield ""
        yield from _check(told, item) if isinstance(item, Check) else _list(told, item, "")
    for name in told.never_heard():
        yield from ("", f"{name}: never reached")
    yield from (f"  log: {text}" for text in trace.warnings)


def title(heard: ListHeard) -> str:
    """A list's name, and what it is about."""
    return f"{heard.parameter} (at {heard.stage}, {heard.subject.title} {heard.subject.name})"


def session(transcript: Iterable[str]) -> Iterator[str]:
    """The session's lines; of a reply of many lines the first."""
    for several, group in groupby(transcript, lambda line: line.startswith("S: 250-")):
        found = list(group)
        if several:
            yield f"{found[0]} ... ({len(found)} more lines)"
        else:
            yield from found


def asked(questions: Iterable[Asked]) -> Iterator[str]:
    """Questions and answers; the keys that a table had nothing for stand together."""

    def table(item: Asked) -> str:
        return item.question.rpartition(": ")[0] if item.answer == NOTHING else ""

    for name, group in groupby(questions, table):
        if name:
            yield f"{name}: {', '.join(item.question.rpartition(': ')[2] for item in group)} -> {NOTHING}"
            continue
        for item in group:
            place = f" ({item.place})" if item.place else ""
            yield f"{item.question} -> {item.answer}{place}" + (" (OPEN: taken for this)" if item.open else "")


def _list(told: Explanation, heard: ListHeard, indent: str) -> Iterator[str]:
    yield f"{indent}{title(heard)}"
    for rule in heard.rules:
        mark = "=>" if rule is told.decisive else "  "
        trial = "warn_if_reject " if rule.rule.trial else ""
        yield f"{indent}{mark} {told.placed(rule.reason)}  {trial}{rule.reason.restriction}"
        yield from (f"{indent}       {line}" for line in asked(rule.asked))
        yield from (f"{indent}       reads {text}" for text in told.reads(rule))
        yield from (f"{indent}       log: {text}" for text in rule.warnings)
        for inner in rule.nested:
            yield from _list(told, inner, indent + "       ")
        yield f"{indent}     {verdict(rule)}"
    for unreached in heard.unreached:
        yield f"{indent}   {told.placed(unreached.reason)}  {unreached.reason.restriction}: never reached"


def check_title(check: Check) -> str:
    """A check's parameter and value."""
    return f"{check.reason.parameter} = {check.reason.restriction}"


def _check(told: Explanation, check: Check) -> Iterator[str]:
    yield f"{check_title(check)} ({told.placed(check.reason)})"
    yield from (f"       {line}" for line in asked(check.asked))
    yield f"     {check.verdict}"


def _open(told: Explanation) -> Iterator[str]:
    if not told.forks:
        return
    yield from ("", "Open questions, and what would come of each answer (the others taken as above):")
    for fork in told.forks:
        yield from _fork(told, fork, "  ")


def _fork(told: Explanation, fork: Fork, indent: str) -> Iterator[str]:
    if not fork.matters:
        yield f"{indent}{fork.question}: makes no difference"
        return
    yield f"{indent}{fork.question}"
    for labels, end in fork.ends:
        yield f"{indent}  {' / '.join(labels)}: {_outcome(told, end)}"
        for inner in end.more:
            yield from _fork(told, inner, indent + "      ")


def _outcome(told: Explanation, end: Outcome) -> str:
    by = f"; by {told.told(end.reason)}" if end.reason is not None else ""
    return f"{end.verdict}, {end.reply}{by}"


def _after(told: Explanation) -> Iterator[str]:
    after = told.after
    if after is None:
        return
    yield from ("", "Then:")
    if not after.queue:
        yield f"  the before-queue filter {after.filter} decides" if after.filter else "  the message is thrown away"
        return
    yield f"  it goes into the {after.queue} queue, sender <{after.sender}>"
    if after.filter:
        yield f"  first to the content filter {after.filter}"
    yield from (f"  {destination}" for destination in after.destinations)
