"""`python -m tests.experiments`: every claim over ten seeds, its control, and each assumed figure halved and doubled.

Prints a table in Markdown, a row a claim.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from simmail.world.actors.figures import known
from tests.experiments.claims import CLAIMS, Claim, run

SEEDS = range(1, 11)


def assumed() -> Iterator[tuple[str, float]]:
    """Each assumed figure that is one number, halved and doubled."""
    for figure in known().values():
        if figure.grade == "assumed" and " " not in figure.value and ":" not in figure.value and figure.value:
            for factor in (0.5, 2.0):
                yield figure.name, float(figure.value) * factor


def held(claim: Claim, place: Path, control: bool = False) -> int:
    """In how many of the seeds a claim holds."""
    return sum(run(claim, place, seed, control) for seed in SEEDS)


def sensitive(claim: Claim, place: Path) -> tuple[int, int, list[str]]:
    """With how many of the changed figures a claim holds, of how many, and with which it does not."""
    changed = list(assumed())
    failed = [f"{name} = {value:g}" for name, value in changed if not run(claim, place, 1, figures={name: value})]
    return len(changed) - len(failed), len(changed), failed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("worlds", nargs="*", help="only these worlds")
    args = parser.parse_args()
    print("| world | claim | holds | control | assumed figures halved, doubled | fails with |")
    print("|---|---|---|---|---|---|")
    for claim in CLAIMS:
        if args.worlds and claim.world not in args.worlds:
            continue
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            good, all_of_them, failed = sensitive(claim, place)
            print(
                f"| `{claim.world}` | {claim.says} | {held(claim, place)} of {len(SEEDS)} "
                f"| {held(claim, place, True)} of {len(SEEDS)} | {good} of {all_of_them} "
                f"| {', '.join(failed) or 'none'} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
