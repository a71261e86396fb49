"""An explanation as plain values."""

from __future__ import annotations

from typing import Any

from simmail.lab.explain.explanation import Explanation
from simmail.lab.explain.open_questions import Fork, Outcome
from simmail.lab.explain.trace import Asked, Check, ListHeard
from simmail.lab.explain.words import verdict
from simmail.postfix.smtpd.findings import Reason


def values(told: Explanation) -> dict[str, Any]:
    """All of it."""
    mail, played = told.mail, told.played
    return {
        "host": told.place.host.machine.hostname,
        "mail": {
            "client": mail.address, "name": mail.name, "helo": mail.helo, "sender": mail.sender,
            "recipient": mail.recipient,
        },
        "verdict": told.verdict,
        "fatal": played.fatal,
        "reply": played.reply,
        "decided_by": _reason(told, played.reason),
        "session": played.transcript,
        "before": _asked(played.trace.before),
        "heard": [_heard(told, item) for item in played.trace.heard],
        "never_reached": told.never_heard(),
        "log": played.trace.warnings,
        "open": [_fork(told, fork) for fork in told.forks],
        "then": _after(told),
        "unread": [item._asdict() for item in told.unread],
        "not_simulated": [item._asdict() for item in told.without_effect],
        "notices": told.notices,
    }  # fmt: skip


def _reason(told: Explanation, reason: Reason | None) -> dict[str, Any] | None:
    if reason is None:
        return None
    return {
        "parameter": reason.parameter, "rule": reason.restriction, "place": told.placed(reason),
        "entry": told.entry(reason),
    }  # fmt: skip


def _asked(questions: list[Asked]) -> list[dict[str, Any]]:
    return [{"question": q.question, "answer": q.answer, "place": q.place, "open": q.open} for q in questions]


def _heard(told: Explanation, item: ListHeard | Check) -> dict[str, Any]:
    if isinstance(item, Check):
        return {
            **(_reason(told, item.reason) or {}), "asked": _asked(item.asked), "verdict": item.verdict,
            "refuses": item.refuses,
        }  # fmt: skip
    return {
        "parameter": item.parameter, "stage": item.stage,
        "subject": {"title": item.subject.title, "name": item.subject.name},
        "rules": [
            {
                **(_reason(told, rule.reason) or {}), "trial": rule.rule.trial, "verdict": verdict(rule),
                "asked": _asked(rule.asked), "reads": told.reads(rule), "log": rule.warnings,
                "decided": rule is told.decisive, "lists": [_heard(told, inner) for inner in rule.nested],
            }
            for rule in item.rules
        ],
        "never_reached": [_reason(told, rule.reason) for rule in item.unreached],
    }  # fmt: skip


def _fork(told: Explanation, fork: Fork) -> dict[str, Any]:
    return {
        "question": fork.question, "matters": fork.matters,
        "ends": [{"answers": list(labels), **_end(told, end)} for labels, end in fork.ends],
    }  # fmt: skip


def _end(told: Explanation, end: Outcome) -> dict[str, Any]:
    return {
        "verdict": end.verdict, "reply": end.reply,
        "decided_by": _reason(told, end.reason), "open": [_fork(told, fork) for fork in end.more],
    }  # fmt: skip


def _after(told: Explanation) -> dict[str, Any] | None:
    if told.after is None:
        return None
    return {**told.after._asdict(), "destinations": [d._asdict() for d in told.after.destinations]}
