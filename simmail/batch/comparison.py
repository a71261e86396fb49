"""Policies side by side: the same mail under each, and the differences pair by pair."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simmail.batch.bundle import Bundle
from simmail.batch.figures import COMPARED, FIGURES
from simmail.batch.intervals import Interval, interval, needed, paired
from simmail.batch.replication import Row, Task
from simmail.batch.runner import progress, rows
from simmail.lab.picture import COLOURS, MARKS, Picture, figure
from simmail.mail.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: Replications with which a run to a wanted precision begins, and beyond which it gives up.
PILOT, MOST = 10, 2000
#: Remarks told of a policy at most.
TOLD = 3


class Comparison:
    """What a comparison came to.

    Args:
        world: its name.
        policies: in their order; the first is what the others are compared with.
        seeds: of the replications.
        rows: policy -> a row for each seed, in the seeds' order.
        wanted: figure -> the half-width of the difference's interval that is wanted.
    """

    def __init__(
        self,
        world: str,
        policies: Sequence[str],
        seeds: Sequence[int],
        rows: Mapping[str, Sequence[Row]],
        wanted: Mapping[str, float] | None = None,
    ) -> None:
        self.world, self.policies, self.seeds = world, list(policies), list(seeds)
        self.rows, self.wanted = {policy: list(found) for policy, found in rows.items()}, dict(wanted or {})

    def values(self, policy: str, name: str) -> list[float]:
        """A figure of each replication under a policy; not-a-number where it failed.  Raises InputError."""
        if policy not in self.rows:
            raise InputError(f"policy {policy!r}", "is not compared here", f"there are: {', '.join(self.rows)}")
        if name not in FIGURES:
            raise InputError(f"figure {name!r}", "is not there", f"there are: {', '.join(FIGURES)}")
        return [row.figures[name] for row in self.rows[policy]]

    def mean(self, policy: str, name: str) -> Interval:
        """A figure's mean under a policy."""
        return interval(self.values(policy, name))

    def difference(self, policy: str, name: str) -> Interval:
        """How much larger a figure is under a policy than under the first, seed by seed."""
        return paired(self.values(policy, name), self.values(self.policies[0], name))

    @property
    def others(self) -> list[str]:
        """The policies that are compared with the first."""
        return self.policies[1:]

    @property
    def failures(self) -> list[tuple[str, int, str]]:
        """(policy, seed, reason) of each run that failed."""
        return [
            (policy, seed, row.failed)
            for policy in dict.fromkeys(self.policies)
            for seed, row in zip(self.seeds, self.rows[policy], strict=True)
            if row.failed
        ]

    @property
    def remarks(self) -> dict[str, list[str]]:
        """What a user should be told of each policy's runs, each once."""
        own = {policy: list(dict.fromkeys(r.remarks for r in self.rows[policy] if r.remarks)) for policy in self.rows}
        return {policy: said for policy, said in own.items() if said}

    def needed(self, wanted: Mapping[str, float] | None = None) -> dict[str, int]:
        """How many replications it takes until each figure is as precise as wanted, under every policy.

        Args:
            wanted: figure -> half-width; by default what the comparison was asked for.

        Raises:
            InputError: for a figure that is not there, and a half-width that is not above 0.
        """
        _check_precision(wanted or {})
        return {
            name: max(needed(found, half_width) for found in self._estimates(name))
            for name, half_width in (wanted or self.wanted).items()
        }

    def reached(self) -> bool:
        """Whether every figure is as precise as wanted."""
        return all(
            found.half_width <= half_width
            for name, half_width in self.wanted.items()
            for found in self._estimates(name)
        )

    def _estimates(self, name: str) -> list[Interval]:
        """What a wanted precision is about: the differences, or the one policy's mean."""
        return [self.difference(p, name) for p in self.others] or [self.mean(self.policies[0], name)]

    @property
    def runs(self) -> pd.DataFrame:
        """A line a run: policy, seed, why it failed, and its figures."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"policy": policy, "seed": seed, "failed": row.failed, **row.figures}
                for policy in dict.fromkeys(self.policies)
                for seed, row in zip(self.seeds, self.rows[policy], strict=True)
            ]
        )

    @property
    def table(self) -> pd.DataFrame:
        """A line a figure and policy: mean, difference from the first policy, and the 95 % interval of each."""
        import pandas as pd

        return pd.DataFrame(self._lines())

    def _lines(self) -> Iterator[dict[str, Any]]:
        for name in COMPARED:
            for number, policy in enumerate(self.policies):
                mean = self.mean(policy, name)
                line = {
                    "figure": name, "policy": policy, "mean": mean.mean, "low": mean.low, "high": mean.high,
                    "count": mean.size,
                    "difference": math.nan, "difference_low": math.nan, "difference_high": math.nan,
                }  # fmt: skip
                if number:
                    found = self.difference(policy, name)
                    line |= {"difference": found.mean, "difference_low": found.low, "difference_high": found.high}
                yield line

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values; what is not a number is null."""
        lines = [{key: _plain(value) for key, value in line.items()} for line in self._lines()]
        failed = [{"policy": p, "seed": s, "reason": reason} for p, s, reason in self.failures]
        return {
            "world": self.world, "policies": self.policies, "replications": len(self.seeds), "seeds": self.seeds,
            "figures": dict(FIGURES), "table": lines, "failed": failed, "remarks": self.remarks,
            "precision": {
                name: {"half_width": self.wanted[name], "replications_needed": count}
                for name, count in self.needed().items()
            },
        }  # fmt: skip

    def told(self) -> str:
        """The comparison for people."""
        count = len(self.seeds)
        lines = [f"{self.world}: {count} replication{'s' if count > 1 else ''}, 95 % intervals", ""]
        heads = ["", *self.policies, *(f"{policy} - {self.policies[0]}" for policy in self.others)]
        table = [
            [
                name,
                *(str(self.mean(policy, name)) for policy in self.policies),
                *(_signed(self.difference(policy, name)) for policy in self.others),
            ]
            for name in COMPARED
        ]
        widths = [max(len(row[column]) for row in [heads, *table]) for column in range(len(heads))]
        for row in (heads, *table):
            first, *rest = (f"{cell:{'<' if n == 0 else '>'}{widths[n]}}" for n, cell in enumerate(row))
            lines.append("   ".join([first, *rest]).rstrip())
        lines += ["", "* the interval does not hold 0"] if self.others and count > 1 else []
        for name, many in self.needed().items():
            goal = f"{name} to ± {self.wanted[name]:g}"
            state = "reached" if self.reached() else f"not reached with {count}"
            lines.append(f"{goal}: {state}; going by the spread seen it takes about {many} replications")
        lines += [f"failed: policy {policy}, seed {seed}: {reason}" for policy, seed, reason in self.failures]
        lines += [f"policy {policy}: {text}" for policy, said in self.remarks.items() for text in said[:TOLD]]
        return "\n".join(lines) + "\n"

    @property
    def picture(self) -> Picture:
        """Each figure's difference from the first policy, with its interval; means for a single policy."""
        return _drawn(self)

    def __repr__(self) -> str:
        return self.told()


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _signed(found: Interval) -> str:
    mark = " *" if math.isfinite(found.half_width) and not found.covers(0.0) else "  "
    return (f"+{found}" if found.mean > 0 else str(found)) + mark


def _drawn(of: Comparison) -> Picture:
    drawing, _ = figure(9, 6)
    drawing.clear()
    panels = drawing.subplots(len(COMPARED), 1)
    shown = of.others or of.policies
    for axes, name in zip(panels, COMPARED, strict=True):
        for number, policy in enumerate(shown):
            found = of.difference(policy, name) if of.others else of.mean(policy, name)
            reach = found.half_width if math.isfinite(found.half_width) else 0.0
            axes.errorbar(
                found.mean, number, xerr=reach, color=COLOURS[number % len(COLOURS)], capsize=4,
                marker=MARKS[number % len(MARKS)], linestyle="none", label=policy,
            )  # fmt: skip
        if of.others:
            axes.axvline(0.0, color="0.5", linewidth=1)
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
        axes.set_yticks([])
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.spines[["top", "right", "left"]].set_visible(False)
    what = f"difference from {of.policies[0]}" if of.others else "mean"
    panels[-1].set_xlabel(f"{what}, with its 95 % interval")
    panels[0].legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=4)
    lines = list(of._lines())
    parts = [
        f"{line['figure']} under {line['policy']} {line['difference' if of.others else 'mean']:+.3g}"
        for line in lines
        if line["policy"] in shown and not math.isnan(line["difference" if of.others else "mean"])
    ]
    alt = f"{what.capitalize()} over {len(of.seeds)} replications: {'; '.join(parts)}."
    return Picture(drawing, alt, tuple(lines[0]), [tuple(line.values()) for line in lines])


def compare(
    world: str | Path,
    policies: Sequence[str],
    replications: int = PILOT,
    *,
    seed: int = 1,
    until: str = "",
    precision: Mapping[str, float] | None = None,
    most: int = MOST,
    jobs: int = 0,
    dask: str = "",
) -> Comparison:
    """Run a world under several policies, the same seeds under each, and compare.

    Args:
        world: a folder, or the beginning of a lab's name.
        policies: names of folders below the world's `policies/`, or `none` for the world as it is.
        replications: how many seeds; with `precision`, how many to begin with.
        seed: the first of them.
        until: how long each run takes: `2h`; the world's length by default.
        precision: figure -> the half-width that the interval of its difference shall have; runs until it is reached.
        most: replications at most, whatever is reached.
        jobs: how many processes; 0 for one a core.
        dask: the address of a dask scheduler.

    Raises:
        InputError: for a world, policy or figure that is not there.
    """
    bundle = Bundle.read(world)
    if isinstance(policies, str):
        raise InputError("policies", f"{policies!r} is no list", "write ['none', 'after']")
    bundle.check_policies(list(policies))
    wanted = _checked(precision or {}, replications, most)
    seeds: list[int] = []
    found: dict[str, list[Row]] = {policy: [] for policy in policies}
    goal = replications
    while True:
        fresh = list(range(seed + len(seeds), seed + goal))
        tasks = {(policy, s): Task(bundle, policy, s, until) for policy in found for s in fresh}
        done = {row.key: row for row in progress(rows(list(tasks.values()), jobs, dask), len(tasks), str(world))}
        seeds += fresh
        for policy in found:
            found[policy] += [done[tasks[policy, s].key] for s in fresh]
        came = Comparison(bundle.name, policies, seeds, found, wanted)
        if not wanted or came.reached() or len(seeds) >= most:
            return came
        goal = min(most, max(len(seeds) + 2, *came.needed().values()))


def _check_precision(precision: Mapping[str, float]) -> None:
    for name, half_width in precision.items():
        if name not in COMPARED:
            raise InputError(f"precision {name!r}", "there is no such figure", f"there are: {', '.join(COMPARED)}")
        if not half_width > 0:
            raise InputError(f"precision {name}={half_width:g}", "is not above 0", "give the half-width that will do")


def _checked(precision: Mapping[str, float], replications: int, most: int) -> dict[str, float]:
    _check_precision(precision)
    if not isinstance(replications, int):
        raise InputError("replications", f"{replications!r} is no number", "write 10")
    if replications < (2 if precision else 1):
        raise InputError("replications", f"{replications} are too few", "an interval takes two at least")
    if precision and most < replications:
        raise InputError("most", f"{most} are less than the {replications} to begin with", "give fewer replications")
    return dict(precision)
