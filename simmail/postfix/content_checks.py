"""NAME
    content_checks - header_checks and body_checks, and what their actions do

DESCRIPTION
    A table is asked for each header (its lines joined by newlines) and each body line; its answer is an action with
    an optional text.  REJECT, DISCARD, REDIRECT and PASS end all checks of the message.

PARAMETERS
    header_checks, mime_header_checks, nested_header_checks, body_checks, body_checks_size_limit

DIAGNOSTICS
    QUEUE_ID: reject: header TEXT from CLIENT; from=<> to=<> proto= helo=<>: TEXT
    unknown command in header_checks map: ACTION

SEE ALSO
    header_checks(5)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from simmail.postfix.cleanup_status import DETAILS, CleanupStatus
from simmail.postfix.dsn_text import dsn_prepend
from simmail.postfix.headers import field_name
from simmail.postfix.tables import LookupFailure, Maps

HEADER, BODY, ANY = "header", "body", "content"
MAX_SHOWN = 200


class Subject(Protocol):
    """The message that is checked: what actions may change (a cleanup transaction)."""

    reason: str
    filter: str
    redirect: str
    copies: list[str]
    #: Whether lines are checked, and whether the message goes on hold.
    checked: bool
    held: bool

    @property
    def queue_id(self) -> str:
        """The queue file's name."""

    def fail(self, status: CleanupStatus) -> None:
        """Something is wrong with the message."""

    def discard(self) -> None:
        """Throw the message away."""

    def warn(self, text: str) -> None:
        """Log a warning."""

    def prepend(self, line: str) -> None:
        """Put a line before the one that is looked at."""

    def decided(self, action: str, match: Match, reply: str) -> None:
        """Record what is done because of a line."""


class Match(NamedTuple):
    """A line that a table has an answer for.

    Args:
        context: HEADER, BODY or ANY.
        text: the line.
        argument: the answer's text behind the action's name.
        table: the parameter's name.
        answer: the whole answer.
    """

    context: str
    text: str
    argument: str
    table: str
    answer: str


#: What an action makes of the line: another text, or None where it goes.
Action = Callable[[Subject, Match], str | None]


def _log(subject: Subject, word: str, match: Match, text: str = "") -> None:
    subject.decided(word, match, text)


def _logs(word: str) -> Action:
    def act(subject: Subject, match: Match) -> str | None:
        _log(subject, word, match, match.argument)
        return match.text

    return act


def _reject(subject: Subject, match: Match) -> str | None:
    if match.argument:
        reason = dsn_prepend("5.7.1", match.argument)
        if reason[0] not in "45":
            subject.warn(f"bad DSN action in {match.argument} -- need 4.x.x or 5.x.x")
            reason = "4" + reason[1:]
    else:
        detail = DETAILS[CleanupStatus.CONTENT]
        reason = f"{detail.dsn} {detail.text}"
    subject.reason = reason
    subject.fail(CleanupStatus.DEFER if reason[0] == "4" else CleanupStatus.CONTENT)
    subject.checked = False
    _log(subject, "reject", match, reason)
    return match.text


def _discard(subject: Subject, match: Match) -> str | None:
    _log(subject, "discard", match, match.argument)
    subject.discard()
    subject.checked = False
    return match.text


def _hold(subject: Subject, match: Match) -> str | None:
    if not subject.held:
        _log(subject, "hold", match, match.argument)
        subject.held = True
    return match.text


def _pass(subject: Subject, match: Match) -> str | None:
    _log(subject, "pass", match, match.argument)
    subject.checked = False
    return match.text


def _filter(subject: Subject, match: Match) -> str | None:
    if not match.argument:
        subject.warn(f"missing FILTER command argument in {match.table} map")
    elif ":" not in match.argument:
        subject.warn(f"bad FILTER command {match.argument} in {match.table} -- need transport:destination")
    else:
        subject.filter = match.argument
        _log(subject, "filter", match, match.argument)
    return match.text


def _redirect(subject: Subject, match: Match) -> str | None:
    if "@" not in match.argument:
        subject.warn(f'bad REDIRECT target "{match.argument}" in {match.table} map -- need user@domain')
    else:
        subject.redirect = match.argument
        _log(subject, "redirect", match, match.argument)
        subject.checked = False
    return match.text


def _bcc(subject: Subject, match: Match) -> str | None:
    if "@" not in match.argument:
        subject.warn(f'bad BCC address "{match.argument}" in {match.table} map -- need user@domain')
    else:
        subject.copies.append(match.argument)
        _log(subject, "bcc", match, match.argument)
    return match.text


def _usable(subject: Subject, match: Match, action: str) -> bool:
    """Whether the argument can stand as a line of its own."""
    if not match.argument:
        subject.warn(f"{action} action without text in {match.table} map")
    elif match.context == HEADER and field_name(match.argument) is None:
        subject.warn(
            f'bad {action} header text "{match.argument}" in {match.table} map -- need "headername: headervalue"'
        )
    else:
        return True
    return False


def _prepend(subject: Subject, match: Match) -> str | None:
    if _usable(subject, match, "PREPEND"):
        _log(subject, "prepend", match, match.argument)
        subject.prepend(match.argument)
    return match.text


def _replace(subject: Subject, match: Match) -> str | None:
    if not _usable(subject, match, "REPLACE"):
        return match.text
    _log(subject, "replace", match, match.argument)
    return match.argument


def _strip(subject: Subject, match: Match) -> str | None:
    _log(subject, "strip", match, match.argument)
    return None


def _ignore(subject: Subject, match: Match) -> str | None:
    return None


def _dunno(subject: Subject, match: Match) -> str | None:
    return match.text


ACTIONS: dict[str, Action] = {
    "REJECT": _reject,
    "WARN": _logs("warning"),
    "INFO": _logs("info"),
    "FILTER": _filter,
    "PASS": _pass,
    "DISCARD": _discard,
    "HOLD": _hold,
    "PREPEND": _prepend,
    "REPLACE": _replace,
    "REDIRECT": _redirect,
    "BCC": _bcc,
    "STRIP": _strip,
    "IGNORE": _ignore,
    "DUNNO": _dunno,
    "OK": _dunno,
}


def act(subject: Subject, context: str, text: str, answer: str, table: str) -> str | None:
    """Do what a table answered for a line; returns the line as it is to be, None where it goes."""
    end = min((index for index in (answer.find(" "), answer.find("\t")) if index >= 0), default=len(answer))
    match = Match(context, text, answer[end:].lstrip(), table, answer)
    action = ACTIONS.get(answer[:end].upper())
    if action is None:
        subject.warn(f"unknown command in {table} map: {answer}")
        return text
    return action(subject, match)


def check(subject: Subject, context: str, text: str, maps: Maps) -> str | None:
    """Ask a table about a line and do what it says; returns the line as it is to be, None where it goes."""
    if not text:
        return text
    try:
        answer = maps.find(text)
    except LookupFailure:
        subject.warn(f"{subject.queue_id}: {maps.title} map lookup problem -- message not accepted, try again later")
        subject.fail(CleanupStatus.WRITE)
        return text
    return text if answer is None else act(subject, context, text, answer, maps.title)
