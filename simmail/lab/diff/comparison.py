"""Two configurations compared: the kinds of mail that fare differently, in groups with one witness each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from simmail.lab.diff.mail import KindOfMail
from simmail.lab.diff.mentions import Mentions
from simmail.lab.diff.played import End, Side
from simmail.lab.diff.universe import Universe
from simmail.lab.lint.parsed import Parsed


@dataclass(slots=True)
class Group:
    """Kinds of mail that fare differently in the same way.

    Args:
        witness: the first of them, which is the plainest.
        before, after: how it fares under the one and the other.
        kinds: all of them.
    """

    witness: KindOfMail
    before: End
    after: End
    kinds: list[KindOfMail] = field(default_factory=list)


class Comparison:
    """What two configurations make of mail; as text it is for people, in a notebook a table.

    Args:
        a, b: the two.
        groups: the differences, those that make a difference to the verdict first.
        tried: how many kinds of mail were played on both.
        sizes: how many values of each dimension these were made from.
    """

    def __init__(self, a: Side, b: Side, groups: Iterable[Group], tried: int, sizes: dict[str, int]) -> None:
        self.a, self.b = a, b
        self.groups, self.tried, self.sizes = tuple(groups), tried, sizes

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def differing(self) -> int:
        """How many kinds of mail fare differently."""
        return sum(len(group.kinds) for group in self.groups)

    @property
    def summary(self) -> str:
        """What was found, with the size of the search."""
        sizes = ", ".join(f"{number} {name}" for name, number in self.sizes.items())
        searched = f"{self.tried} kinds of mail were tried ({sizes})"
        if not self.groups:
            return f"No difference was found: {searched}; each fared alike under both."
        ways = f"in {len(self.groups)} way{'s' if len(self.groups) != 1 else ''}"
        return f"{self.differing} of {self.tried} kinds of mail fare differently, {ways}; {searched}."

    def __str__(self) -> str:
        from simmail.lab.diff.shown import text

        return text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from simmail.lab.diff.shown import page

        return page(self)

    def json(self) -> dict[str, Any]:
        """All of it as plain values, fit for JSON."""
        from simmail.lab.diff.shown import values

        return values(self)


def compare(a: Side, b: Side) -> Comparison:
    """Play each kind of mail on both."""
    mentions = Mentions((Parsed(a.place), Parsed(b.place)))
    universe = Universe(mentions, a.place.names)
    for side in (a, b):
        side.place.names, side.place.asks = universe.names, False
    groups: dict[object, Group] = {}
    kinds = list(universe.kinds())
    for kind in kinds:
        _try(a, b, kind, groups)
    asked = {**a.opened, **b.opened}
    more = [
        kind._replace(answer=(question, number))
        for question, answers in asked.items() for kind in kinds[:3] for number in range(1, answers)
    ]  # fmt: skip
    for kind in more:
        _try(a, b, kind, groups)
    sizes = {
        "clients": len(universe.strangers) + len(universe.inside) + len(universe.special),
        "HELO names": len(universe.helos), "senders": len(universe.senders), "recipients": len(universe.recipients),
        "contents": len(universe.contents) + 1,
    }  # fmt: skip
    ordered = sorted(groups.values(), key=lambda group: group.before.verdict == group.after.verdict)
    return Comparison(a, b, ordered, len(kinds) + len(more), sizes)


def _try(a: Side, b: Side, kind: KindOfMail, groups: dict[object, Group]) -> None:
    """Play a mail on both; where the ends differ put it with those that differ in the same way."""
    before, after = a.play(kind), b.play(kind)
    if (before.verdict, before.reply, before.routes) == (after.verdict, after.reply, after.routes):
        return
    group = groups.setdefault((_way(before), _way(after)), Group(kind, before, after))
    group.kinds.append(kind)


def _way(end: End) -> tuple[str, ...]:
    """What ends of one group share: verdict, code, the rule behind a refusal, and the kind of fate."""
    rule = end.rule if end.verdict != "accepted" else ""
    fates = sorted({route.partition(" ")[0] for route in end.routes if not route.startswith("from ")})
    return (end.verdict, end.code, rule, *fates)
