"""The immediate driver: answers a decision's questions at once, from tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from simmail.mail.questions import Answered, Decision, Question

T = TypeVar("T")
Answerer = Callable[[Any], Any]


class Unanswered(Exception):
    """A question that no answerer was given for."""

    def __init__(self, question: Question) -> None:
        self.question = question
        super().__init__(repr(question))


def decide(
    decision: Decision[T], answerers: Mapping[type[Question], Answerer], trace: list[Answered] | None = None
) -> T:
    """Run a decision to its verdict.

    Args:
        decision: the generator.
        answerers: how each type of question is answered.
        trace: where to keep each question with its answer.

    Raises:
        Unanswered: for a question of a type not in `answerers`.
    """
    answer: Any = None
    while True:
        try:
            question = decision.send(answer)
        except StopIteration as stop:
            verdict: T = stop.value
            return verdict
        answerer = answerers.get(type(question))
        if answerer is None:
            raise Unanswered(question)
        answer = answerer(question)
        if trace is not None:
            trace.append(Answered(question, answer))
