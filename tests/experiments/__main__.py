"""`python -m tests.experiments`: every claim over ten seeds, its control, and each assumed figure halved and doubled.

Prints `docs/experiments.md`; with names of worlds, a line for each of them.  Some 20 minutes of one processor; `--jobs`
takes several.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

from simmail.world.actors.figures import known
from tests.experiments.claims import CLAIMS, Claim, play, run
from tests.experiments.page import SEEDS, Found, render


def assumed(asked: set[str]) -> tuple[str, ...]:
    """Those of the figures that are assumed, and one number."""
    scalar = (f for f in known().values() if f.grade == "assumed" and f.value and not set(" :") & set(f.value))
    return tuple(figure.name for figure in scalar if figure.name in asked)


def changed(figures: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """Each of them halved and doubled."""
    for name in figures:
        for factor in (0.5, 2.0):
            yield name, float(known()[name].value) * factor


def asks_for(claim: Claim) -> tuple[str, ...]:
    """The assumed figures that a claim's world asks for; no other can make a difference to its run."""
    with tempfile.TemporaryDirectory() as folder:
        world = play(claim, Path(folder), 1)
        claim.holds(world)
        return assumed(world.figures.asked)


def holds(world: str, seed: int, control: bool = False, figure: tuple[str, float] | None = None) -> bool:
    """Whether a world's claim holds in one run."""
    claim = next(claim for claim in CLAIMS if claim.world == world)
    with tempfile.TemporaryDirectory() as folder:
        return run(claim, Path(folder), seed, control, dict([figure]) if figure else None)


def found(claim: Claim, pool: Executor) -> Found:
    """What comes of all runs of one claim."""
    figures = asks_for(claim)
    changes = list(changed(figures))
    held = [pool.submit(holds, claim.world, seed) for seed in SEEDS]
    control = [pool.submit(holds, claim.world, seed, True) for seed in SEEDS]
    sensitive = [pool.submit(holds, claim.world, 1, False, change) for change in changes]
    fails = [f"{name} = {value:g}" for (name, value), run in zip(changes, sensitive, strict=True) if not run.result()]
    return Found(
        sum(run.result() for run in held), sum(run.result() for run in control), figures, tuple(fails)
    )  # fmt: skip


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("worlds", nargs="*", help="only these worlds")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args()
    all_found = {}
    with ProcessPoolExecutor(args.jobs) as pool:
        for claim in CLAIMS:
            if not args.worlds or claim.world in args.worlds:
                all_found[claim.world] = found(claim, pool)
                print(f"{claim.world}: {all_found[claim.world]}", file=sys.stderr, flush=True)
    if not args.worlds:
        print(render(all_found), end="")


if __name__ == "__main__":
    main()
