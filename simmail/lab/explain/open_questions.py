"""What would come of each possible answer to the questions that nobody could answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simmail.lab.explain.play import Played
from simmail.postfix.smtpd.findings import Reason

#: How many sessions are played to find out, and how deep questions may lead to others.
SESSIONS, DEPTH = 200, 4


@dataclass(slots=True, frozen=True)
class Outcome:
    """An end.

    Args:
        reply: what the client hears.
        verdict: what that is, as `Played.verdict`.
        reason: the rule behind it; None where no rule spoke.
        more: questions that come up only on this way, each with its own ends.
    """

    reply: str
    verdict: str
    reason: Reason | None
    more: tuple[Fork, ...] = ()


@dataclass(slots=True, frozen=True)
class Fork:
    """An open question and what comes of its answers, all others answered as is likeliest.

    Args:
        question: in words.
        ends: answers that lead to the same end, and that end; the first holds the likeliest answer.
    """

    question: str
    ends: tuple[tuple[tuple[str, ...], Outcome], ...]

    @property
    def matters(self) -> bool:
        """Whether it makes a difference how it is answered."""
        return len(self.ends) > 1


class Explorer:
    """Finds out what each answer would come to.

    Args:
        play: plays the session with chosen answers.
    """

    def __init__(self, play: Callable[[Mapping[str, int]], Played]) -> None:
        self._play, self._left = play, SESSIONS

    def forks(self, first: Played) -> tuple[Fork, ...]:
        """The open questions of a session that was played with the likeliest answers."""
        return self._forks({}, first, frozenset(), DEPTH)

    def _forks(self, chosen: Mapping[str, int], played: Played, known: frozenset[str], depth: int) -> tuple[Fork, ...]:
        """Those questions of a session that are not known yet."""
        new = [question for question in played.opened if question not in known]
        if depth == 0:
            return ()
        below = known | frozenset(new)
        return tuple(self._fork(chosen, played, question, below, depth) for question in new)

    def _fork(
        self, chosen: Mapping[str, int], played: Played, question: str, known: frozenset[str], depth: int
    ) -> Fork:
        ends: dict[Outcome, list[str]] = {}
        for number, choice in enumerate(played.opened[question]):
            answers = {**chosen, question: number}
            if number and self._left <= 0:
                break
            self._left -= number > 0
            ended = self._play(answers) if number else played
            more = self._forks(answers, ended, known, depth - 1) if number else ()
            matter = tuple(fork for fork in more if fork.matters)
            end = Outcome(ended.reply, ended.verdict, ended.reason, matter)
            ends.setdefault(end, []).append(choice.label)
        return Fork(question, tuple((tuple(labels), end) for end, labels in ends.items()))
