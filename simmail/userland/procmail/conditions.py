"""Decides whether the conditions of a recipe hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from simmail.mail.questions import Decision
from simmail.userland.procmail import scoring
from simmail.userland.procmail.expression import Expression, compiled
from simmail.userland.procmail.mail import ended
from simmail.userland.procmail.programs import run
from simmail.userland.procmail.rcfile import Recipe
from simmail.userland.procmail.state import Session
from simmail.userland.procmail.words import Overflow, in_quotes
from simmail.userland.regex import PatternError

_OF_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[ \t]*\?\?[ \t]*")
_SIZE = re.compile(r"[ \t]*([0-9]{1,18})")
AREAS = frozenset({"H", "B", "HB", "BH"})
BLANKS = " \t"
#: How many steps of a job a millisecond of searching counts for.
SEARCH_STEPS = 20


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, read as far as its kind.

    Args:
        text: what is left: an expression, a program, a size with its sign.
        negated: `!`.
        weight: `w^x`, if any.
        variable: whose value is searched instead of the message; "" for none.
        area: which part of the message is searched.
        fold: whether letters of either case are the same.
    """

    text: str
    negated: bool = False
    weight: scoring.Weight | None = None
    variable: str = ""
    area: str = "H"
    fold: bool = True

    @property
    def sign(self) -> str:
        """How the log shows that it is inverted."""
        return "! " if self.negated else ""


def hold(session: Session, recipe: Recipe) -> Decision[bool]:
    """Whether all conditions of a recipe hold, and its score, if it has any, is positive."""
    state = session.state
    state.score = 0.0
    scored = False
    start = Condition("", area="".join(sorted(recipe.flags & {"H", "B"})) or "H", fold="D" not in recipe.flags)
    for text in recipe.conditions:
        session.process.job.step()
        try:
            condition = yield from _read(session, replace(start, text=text))
            outcome = yield from _check(session, condition)
        except Overflow:
            session.assign("PROCMAIL_OVERFLOW", "yes")
            session.log.complain("Exceeded LINEBUF")
            return False
        if condition.weight is None:
            if not outcome:
                return False
            continue
        scored = True
        state.score = scoring.clamped(state.score + float(outcome))
        shown = f"{int(float(outcome)):7d} {'+0' if 0 < state.score < 1 else int(state.score):>7}"
        session.log.tell(f'Score: {shown} {condition.sign}"{condition.text.removeprefix("?")}"')
        if abs(state.score) >= scoring.HIGHEST:
            break
    return not scored or state.score > 0


def _read(session: Session, condition: Condition) -> Decision[Condition]:
    """Take away what stands before the expression, the program or the size."""
    for _ in range(session.line_limit):
        text = condition.text
        weighted = scoring.read_weight(text)
        variable = _OF_VARIABLE.match(text)
        if weighted is not None:
            condition = replace(condition, weight=weighted[0], text=weighted[1])
        elif text.startswith("!"):
            condition = replace(condition, negated=not condition.negated, text=text[1:].lstrip(BLANKS))
        elif text.startswith("$"):
            expanded = yield from in_quotes(session, text[1:].lstrip(BLANKS))
            condition = replace(condition, text=expanded.lstrip(BLANKS))
        elif variable is not None:
            name, rest = variable[1], text[variable.end() :]
            if name in AREAS:
                condition = replace(condition, area=name, variable="", text=rest)
            else:
                condition = replace(condition, variable=name, text=rest)
        else:
            return condition
    raise Overflow


def _check(session: Session, condition: Condition) -> Decision[bool | float]:
    """Whether it holds; for one with a weight what it adds."""
    kind = condition.text[:1]
    if kind == "?":
        return (yield from _program(session, condition))
    if kind in ("<", ">") and kind:
        return _length(session, condition, kind == ">")
    return _expression(session, condition)


def _tell(session: Session, condition: Condition, outcome: bool) -> bool:
    session.log.tell(f'{"Match" if outcome else "No match"} on {condition.sign}"{condition.text}"')
    return outcome


def _program(session: Session, condition: Condition) -> Decision[bool | float]:
    ran = yield from run(session, condition.text[1:], ended(_searched(session, condition)))
    if ran.status:
        session.log.tell(f'Non-zero exitcode ({ran.status}) from "{ran.name}"')
    if condition.weight is not None:
        return scoring.of_program(condition.weight, ran.status, condition.negated)
    return _tell(session, replace(condition, text=ran.line), (ran.status == 0) is not condition.negated)


def _searched(session: Session, condition: Condition) -> str:
    return session.variable(condition.variable) if condition.variable else session.state.mail.area(condition.area)


def _length(session: Session, condition: Condition, longer: bool) -> bool | float:
    found = _SIZE.match(condition.text, 1)
    limit = int(found[1]) if found else 0
    length = len(_searched(session, condition)) if condition.variable else session.state.mail.size
    holds = (length > limit if longer else length < limit) is not condition.negated
    if condition.weight is None:
        return _tell(session, condition, holds)
    if condition.negated:
        return condition.weight.weight if holds else 0.0
    return scoring.of_length(condition.weight, length, limit, longer)


def _expression(session: Session, condition: Condition) -> bool | float:
    """Search for an expression; one that is none, or takes too long, is not found."""
    text = _searched(session, condition)
    log = session.log
    try:
        expression = compiled(condition.text.removeprefix("\\"), condition.fold)
    except PatternError:
        log.complain(f'Invalid regexp "{condition.text}"')
        return 0.0 if condition.weight is not None else _tell(session, condition, False)
    try:
        return _search(session, condition, expression, text)
    except PatternError:
        log.complain(f'Regexp takes too long, stopped: "{condition.text}"')
        return 0.0 if condition.weight is not None else False


def _search(session: Session, condition: Condition, expression: Expression, text: str) -> bool | float:
    found = expression.matches(text, lambda cost: session.process.job.step(cost * SEARCH_STEPS))
    if found and expression.captures and not condition.negated:
        matched = expression.captured(text)
        if matched is not None:
            session.assign("MATCH", matched, quiet=True)
            session.log.tell(f'Matched "{matched}"')
    if condition.weight is None:
        return _tell(session, condition, found is not condition.negated)
    if condition.negated:
        return 0.0 if found else condition.weight.weight
    if not found:
        return 0.0
    single = condition.weight.exponent == 0
    return scoring.of_matches(condition.weight, 1 if single else expression.count(text))
