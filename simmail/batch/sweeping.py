"""Many runs over a design, into a folder; what is finished there is not run again."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simmail import __version__
from simmail.batch.figures import FIGURES
from simmail.batch.plan import Plan, Planned, SweepSpec, place, read
from simmail.batch.replication import Row
from simmail.batch.runner import progress, rows
from simmail.batch.store import Store, column_types
from simmail.mail.errors import InputError, Location

if TYPE_CHECKING:
    import pandas as pd

    from simmail.lab.picture import Picture

#: A part is written after so many runs, or so many seconds, or later on such a share of the time so far: what is lost
#: to whoever kills a sweep is little, and so are the files.
RUNS_A_PART, SECONDS_A_PART, SHARE_A_PART = 2000, 1.0, 0.02


class Sweep:
    """A sweep that has been run.

    Args:
        folder: where it lies.
        ran: how many runs this time took; the others were there already.
    """

    def __init__(self, folder: Path, ran: int = 0) -> None:
        self.store, self.ran = Store(folder), ran
        self.manifest = self.store.manifest()

    @property
    def runs(self) -> pd.DataFrame:
        """A line a run: policy, seed, the values of the design, why it failed, its figures (FIGURES)."""
        return self.store.rows()

    @property
    def factors(self) -> list[str]:
        """The columns that the design varies."""
        return list(self.manifest["factors"])

    @property
    def choices(self) -> list[str]:
        """Those of them that an administrator chooses: not what the world is like."""
        return [name for name in self.factors if name not in self.manifest["sweep"]["world_parameters"]]

    @property
    def finished(self) -> pd.DataFrame:
        """The runs that did not fail."""
        return self.runs.query("failed == ''")

    @property
    def table(self) -> pd.DataFrame:
        """A line a policy and point of the design: the mean of each figure over the seeds that did not fail."""
        return self._means("cell", *self.factors)

    @property
    def options(self) -> pd.DataFrame:
        """A line a policy and values of the `choices`: the mean of each figure over all that the world may be like."""
        return self._means(*self.choices)

    def _means(self, *columns: str) -> pd.DataFrame:
        return self.finished.groupby(["policy", *columns], sort=True)[list(FIGURES)].mean().reset_index()

    @property
    def failures(self) -> pd.DataFrame:
        """Policy, cell, seed and reason of each run that failed."""
        return self.runs.query("failed != ''")[["policy", "cell", "seed", "failed"]]

    @property
    def remarks(self) -> pd.DataFrame:
        """What a user should be told of the runs: policy, remarks, and how many runs each was said of."""
        said = self.runs.query("remarks != ''")
        counted = said.groupby(["policy", "remarks"], sort=False).size().rename("runs").reset_index()
        return counted.sort_values("runs", ascending=False, kind="stable").reset_index(drop=True)

    @property
    def picture(self) -> Picture:
        """Spam stopped against wanted mail missing, with the choices that no other betters."""
        from simmail.batch.effects import front_picture

        return front_picture(self.options, self.choices)

    def told(self) -> str:
        """How it went, for people."""
        number, failed = len(self.runs), len(self.failures)
        lines = [f"{number} runs in {self.store.folder}, {self.ran} of them run now, {failed} failed"]
        if failed:
            reasons = self.failures["failed"].value_counts()
            lines += [f"  {count} times: {reason}" for reason, count in reasons.head(5).items()]
        lines += [
            f"  policy {row.policy}, {row.runs} time{'s' if row.runs > 1 else ''}: {row.remarks}"
            for row in self.remarks.head(5).itertuples()
        ]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        return self.told()


def sweep(file: str | Path | Mapping[str, Any], out: str | Path, *, jobs: int = 0, dask: str = "") -> Sweep:
    """Run what a sweep's file asks for, as far as it has not been run; rows go into a folder.

    Args:
        file: its path, or what it would say as a mapping.
        out: the folder: a new one, or one in which the same sweep was interrupted.
        jobs: how many processes; 0 for one a core.
        dask: the address of a dask scheduler, whose workers do it instead.

    Raises:
        InputError: for what is wrong with the file, and for a folder that holds something else.
    """
    if isinstance(file, Mapping):
        plan = Plan(SweepSpec.model_validate(file), Path())
    else:
        spec = read(Path(file))
        try:
            plan = Plan(spec, Path(file).parent)
        except InputError as error:
            if isinstance(error.where, Location):
                raise
            where = f"{place(Path(file), spec, error.where)}: {error.where}"
            raise InputError(where, error.found, error.wanted) from None
    store = Store(Path(out))
    factors = column_types([cell.values for cell in plan.cells])
    store.begin(manifest(plan, factors))
    there = store.finished()
    waiting = {planned.task.key: planned for planned in plan.runs if planned.task.key not in there}
    tasks = [planned.task for planned in waiting.values()]
    done = progress(rows(tasks, jobs, dask), len(tasks), str(store.folder))
    _keep(store, ((waiting[row.key], row) for row in done), factors)
    store.end()
    return Sweep(store.folder, len(tasks))


def _keep(store: Store, done: Iterable[tuple[Planned, Row]], factors: Mapping[str, type]) -> None:
    """Write the rows, part by part; what is finished is kept even when the rest is not to be."""
    kept: list[tuple[Planned, Row]] = []
    begun = written = time.monotonic()
    try:
        for pair in done:
            kept.append(pair)
            now = time.monotonic()
            if len(kept) >= RUNS_A_PART or now - written >= max(SECONDS_A_PART, SHARE_A_PART * (now - begun)):
                store.add(kept, factors)
                kept, written = [], now
    finally:
        store.add(kept, factors)


def manifest(plan: Plan, factors: Mapping[str, type]) -> dict[str, Any]:
    """What was asked for and by what it was run, so that anyone can run it again."""
    return {
        "simmail": __version__,
        "python": platform.python_version(),
        "sweep": plan.spec.model_dump(by_alias=True),
        "seeds": plan.spec.all_seeds,
        "factors": {name: kind.__name__ for name, kind in factors.items()},
        "figures": dict(FIGURES),
        "files": plan.world.hashes,
        "cells": [{"cell": c.number, "values": dict(c.values), "world": c.world.hash} for c in plan.cells],
    }
