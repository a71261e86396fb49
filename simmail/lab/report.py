"""What a learner is told of a hand-in: each check in words, what was wrong with its witness, a hint, a manual page."""

from __future__ import annotations

import html
from collections.abc import Sequence

from simmail.lab.checks import Outcome

#: Of what keeps Postfix from running, so many are told.
TOLD = 6
#: What stands above them.
FIRST = "Mend this first, since it keeps Postfix, or a program of it, from running:"


class Report:
    """The outcomes of an exercise's checks; printed, or shown in a notebook.

    Args:
        title: the exercise's.
        outcomes: one for each check.
    """

    def __init__(self, title: str, outcomes: Sequence[Outcome]) -> None:
        self.title, self.outcomes = title, list(outcomes)

    @property
    def points(self) -> float:
        """What could be earned."""
        return sum(outcome.points for outcome in self.outcomes)

    @property
    def earned(self) -> float:
        """What was earned."""
        return sum(outcome.earned for outcome in self.outcomes)

    @property
    def passed(self) -> bool:
        """Whether all holds."""
        return all(outcome.earned == outcome.points for outcome in self.outcomes)

    @property
    def troubles(self) -> list[str]:
        """What kept Postfix from running where a check failed, each once."""
        return list(dict.fromkeys(told for outcome in self.outcomes for told in outcome.troubles))[:TOLD]

    def _head(self) -> str:
        return f"{self.title}: {self.earned:g} of {self.points:g} points"

    def __str__(self) -> str:
        lines = [self._head()]
        lines += ["", FIRST, *(f"    {told}" for told in self.troubles)] if self.troubles else []
        for outcome in self.outcomes:
            lines += ["", f"{verdict(outcome)}  {outcome.says} ({outcome.earned:g} of {outcome.points:g})"]
            if outcome.text:
                lines += [f"    {outcome.text}"]
                lines += [f"    | {line}" for line in outcome.witness]
                lines += [f"    Hint: {outcome.hint}"] if outcome.hint else []
                lines += [f"    Read: {outcome.manual}"] if outcome.manual else []
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = []
        for outcome in self.outcomes:
            told = html.escape(outcome.text)
            if outcome.text:
                if outcome.witness:
                    told += f"<pre>{html.escape(chr(10).join(outcome.witness))}</pre>"
                told += f"<p>Hint: {html.escape(outcome.hint)}</p>" if outcome.hint else ""
                told += f"<p>Read on: {html.escape(outcome.manual)}</p>" if outcome.manual else ""
            rows.append(
                f"<tr><td>{verdict(outcome)}</td><td style='text-align:left'>{html.escape(outcome.says)}</td>"
                f"<td>{outcome.earned:g} of {outcome.points:g}</td><td style='text-align:left'>{told}</td></tr>"
            )
        first = "".join(f"<li>{html.escape(told)}</li>" for told in self.troubles)
        return (
            (f"<p>{FIRST}</p><ul>{first}</ul>" if first else "")
            + f"<table><caption>{html.escape(self._head())}</caption><thead><tr><th scope='col'>verdict</th>"
            "<th scope='col'>what was checked</th><th scope='col'>points</th><th scope='col'>what happened</th></tr>"
            f"</thead><tbody>{''.join(rows)}</tbody></table>"
        )


def verdict(outcome: Outcome) -> str:
    """A check's outcome in a word."""
    if outcome.broken:
        return "cannot tell"
    return "holds" if outcome.earned == outcome.points else "does not hold"
