"""`docs/experiments.md`: the claims, and what was found of them, as a page that can be read back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.experiments.claims import CLAIMS, Claim

SEEDS = range(1, 11)
HEAD = """\
# Experiments

What the living world is claimed to show. Nothing in a world says what should come of it: bots, lists, people and
servers do what they do, and each claim is looked for in the records of a run. A claim has a *control*, a world that
differs in one line of one file and in which it must not hold.

The worlds are in `tests/experiments/worlds/`; each claim is tried with one seed by the short tests, and with all of
them by the long ones. This page is written by

    python -m tests.experiments > docs/experiments.md

which runs each world and its control with ten seeds, and then, with the first seed, with each assumed figure that the
world asks for halved and doubled (`simmail/world/actors/figures.tsv` marks as `assumed` what nobody has measured). The
weights of the hours of a day are a table and stay as they are; so do measured figures.

"""
TABLE = """\
| claim | holds | in the control | assumed figures halved and doubled |
|---|---|---|---|
"""
_COUNTS = re.compile(r"\| \[(?P<world>[^]]+)\]\(\S+\) \| (?P<held>\d+) of \d+ \| (?P<control>\d+) of \d+ \|")
_FIGURES = re.compile(r"Assumed figures it asks for: (?P<figures>.*)\.")
_FAILS = re.compile(r"Fails with: (?P<fails>.*)\.")
NONE = "none"


class Found(NamedTuple):
    """What was found of one claim.

    Args:
        held, control: in how many of the seeds it held, and in how many of the control's.
        figures: the assumed figures that its world asks for.
        fails: those it failed with, halved or doubled, as `name = value`.
    """

    held: int
    control: int
    figures: tuple[str, ...]
    fails: tuple[str, ...]

    @property
    def tried(self) -> int:
        """With how many changed figures it was run."""
        return 2 * len(self.figures)

    @property
    def good(self) -> int:
        """With how many of them it held."""
        return self.tried - len(self.fails)


def render(found: Mapping[str, Found], claims: Sequence[Claim] = CLAIMS) -> str:
    """The page.

    Args:
        found: of each world.
        claims: whose they are.
    """
    rows = "".join(
        f"| [{claim.world}](#{claim.world}) | {found[claim.world].held} of {len(SEEDS)} "
        f"| {found[claim.world].control} of {len(SEEDS)} | {found[claim.world].good} of {found[claim.world].tried} |\n"
        for claim in claims
    )
    return HEAD + TABLE + rows + "".join(_section(claim, found[claim.world]) for claim in claims)


def _section(claim: Claim, found: Found) -> str:
    change = claim.control
    depends = f"\n\n{claim.depends}" if claim.depends else ""
    return (
        f"\n## {claim.world}\n\n**{claim.says}**\n\nJudged by: {claim.judged}\n\n"
        f"Control: in `{change.file}`, `{change.instead}` instead of `{change.line}`.\n\n"
        f"Assumed figures it asks for: {', '.join(found.figures) or NONE}.\n\n"
        f"Fails with: {', '.join(found.fails) or NONE}.{depends}\n"
    )


def read(page: str) -> dict[str, Found]:
    """What a page says was found, by world."""

    def names(text: str) -> tuple[str, ...]:
        return () if text == NONE else tuple(text.split(", "))

    counts = {match["world"]: (int(match["held"]), int(match["control"])) for match in _COUNTS.finditer(page)}
    sections = page.split("\n## ")[1:]
    found = {}
    for section in sections:
        world = section.partition("\n")[0]
        figures, fails = _FIGURES.search(section), _FAILS.search(section)
        assert figures is not None, world
        assert fails is not None, world
        found[world] = Found(*counts[world], names(figures["figures"]), names(fails["fails"]))
    return found
