"""`python -m tests.experiments`: every claim over ten seeds, its control, and each assumed figure halved and doubled.

Prints `docs/experiments.md`; with names of worlds, what was found of these.  Some 20 minutes of one processor; `--jobs`
takes several, and `--keep FILE` lets a run that was broken off go on where it was, with the same code.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

from simmail.world.actors.figures import known
from tests.experiments.claims import CLAIMS, Claim, play
from tests.experiments.page import SEEDS, Found, render


class Trial(NamedTuple):
    """One run of a claim's world: with a seed, perhaps the control's, perhaps with another value of a figure."""

    world: str
    seed: int
    control: bool = False
    figure: str = ""
    value: float = 0.0


class Outcome(NamedTuple):
    """Whether the claim held, and the assumed figures that were asked for; no other could make a difference."""

    held: bool
    asked: tuple[str, ...]


def assumed(asked: set[str]) -> tuple[str, ...]:
    """Those of the figures that are assumed, and one number."""
    scalar = (f for f in known().values() if f.grade == "assumed" and f.value and not set(" :") & set(f.value))
    return tuple(figure.name for figure in scalar if figure.name in asked)


def outcome(trial: Trial) -> Outcome:
    """Run it and look."""
    claim = next(claim for claim in CLAIMS if claim.world == trial.world)
    figures = {trial.figure: trial.value} if trial.figure else None
    with tempfile.TemporaryDirectory() as folder:
        world = play(claim, Path(folder), trial.seed, trial.control, figures)
        held = claim.holds(world)
        return Outcome(held, assumed(world.figures.asked))


def seeds(claim: Claim, control: bool = False) -> list[Trial]:
    """A claim's world, or its control, with each seed."""
    return [Trial(claim.world, seed, control) for seed in SEEDS]


def changes(claim: Claim, figures: Iterable[str]) -> list[Trial]:
    """The first seed with each of the figures halved and doubled."""
    return [
        Trial(claim.world, SEEDS[0], False, name, float(known()[name].value) * factor)
        for name in figures
        for factor in (0.5, 2.0)
    ]


class Trials:
    """Outcomes, kept in a file as they come.

    Args:
        jobs: processes.
        keep: the file; None for none.
    """

    def __init__(self, jobs: int, keep: Path | None = None) -> None:
        self.jobs, self.keep = jobs, keep
        self.known: dict[Trial, Outcome] = {}
        if keep is not None and keep.exists():
            for trial, (held, asked) in map(json.loads, keep.read_text(encoding="utf-8").splitlines()):
                self.known[Trial(*trial)] = Outcome(held, tuple(asked))

    def run(self, trials: Iterable[Trial]) -> None:
        """Run those that are not known yet."""
        missing = [trial for trial in trials if trial not in self.known]
        with ProcessPoolExecutor(self.jobs) as pool:
            running = {pool.submit(outcome, trial): trial for trial in missing}
            for done in as_completed(running):
                trial = running[done]
                self.known[trial] = done.result()
                print(f"{trial} {self.known[trial].held}", file=sys.stderr, flush=True)
                if self.keep is not None:
                    with self.keep.open("a", encoding="utf-8") as out:
                        out.write(json.dumps([trial, self.known[trial]]) + "\n")

    def held(self, trials: Iterable[Trial]) -> Iterator[Trial]:
        """Those of them in which the claim held."""
        return (trial for trial in trials if self.known[trial].held)

    def figures(self, claim: Claim) -> tuple[str, ...]:
        """The assumed figures that a claim's world asks for."""
        return self.known[Trial(claim.world, SEEDS[0])].asked

    def found(self, claim: Claim) -> Found:
        """What came of a claim's runs."""
        figures = self.figures(claim)
        changed = changes(claim, figures)
        good = set(self.held(changed))
        return Found(
            len(list(self.held(seeds(claim)))),
            len(list(self.held(seeds(claim, True)))),
            figures,
            tuple(f"{trial.figure} = {trial.value:g}" for trial in changed if trial not in good),
        )


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("worlds", nargs="*", help="only these worlds")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--keep", type=Path, help="a file that keeps what was found, and is read at the next start")
    args = parser.parse_args()
    claims = [claim for claim in CLAIMS if not args.worlds or claim.world in args.worlds]
    trials = Trials(args.jobs, args.keep)
    trials.run(trial for control in (False, True) for claim in claims for trial in seeds(claim, control))
    trials.run(trial for claim in claims for trial in changes(claim, trials.figures(claim)))
    found = {claim.world: trials.found(claim) for claim in claims}
    if args.worlds:
        print("\n".join(f"{world}: {of}" for world, of in found.items()))
    else:
        print(render(found), end="")


if __name__ == "__main__":
    main()
