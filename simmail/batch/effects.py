"""What a sweep's table says: its best points, and what each parameter does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simmail.batch.intervals import Interval, interval
from simmail.lab.picture import COLOURS, MARKS, Picture, figure

if TYPE_CHECKING:
    import pandas as pd

#: The two shares between which administrators choose, and what they say.
STOPPED, LOST = "spam_stopped", "wanted_missing_share"
TOLD = {STOPPED: "share of spam stopped", LOST: "share of wanted mail lost, or not there at the end"}
#: A parameter of more values than LEVELS is shown in so many groups of values.
LEVELS = 6


def with_shares(table: pd.DataFrame) -> pd.DataFrame:
    """The table, with STOPPED and LOST; a share of nothing is not-a-number.

    Who puts everybody off loses nothing, and delivers nothing: what is on its way at the end is missing, too.
    """
    spam, wanted = table["unwanted"].replace(0, math.nan), table["wanted"].replace(0, math.nan)
    missing = table["wanted_lost"] + table["wanted_waiting"]
    return table.assign(**{STOPPED: 1 - table["spam_let_in"] / spam, LOST: missing / wanted})


def front(options: pd.DataFrame) -> pd.DataFrame:
    """The choices that no other betters in spam stopped with no more wanted mail missing, from little to much of both.

    Args:
        options: a line a choice, as `Sweep.options`.
    """
    known = with_shares(options).dropna(subset=[STOPPED, LOST])
    ordered = known.sort_values([LOST, STOPPED], ascending=[True, False], kind="stable")
    best, kept = -math.inf, []
    for number, stopped in enumerate(ordered[STOPPED]):
        if stopped > best:
            best = stopped
            kept.append(number)
    return ordered.iloc[kept].reset_index(drop=True)


def front_picture(options: pd.DataFrame, choices: list[str]) -> Picture:
    """All choices by policy, and the front through the best.

    Args:
        options: a line a choice, as `Sweep.options`.
        choices: the columns, besides the policy, by which they differ.
    """
    known, best = with_shares(options), front(options)
    drawing, axes = figure(8, 5)
    for number, (policy, points) in enumerate(known.groupby("policy", sort=True)):
        colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        axes.plot(points[LOST], points[STOPPED], mark, color=colour, label=str(policy), alpha=0.7)
    axes.step(best[LOST], best[STOPPED], where="post", color="0.3", linewidth=1, label="not bettered")
    axes.set_xlabel(TOLD[LOST])
    axes.set_ylabel(TOLD[STOPPED])
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=5)
    points = "; ".join(
        ", ".join([str(row["policy"]), *(f"{name} = {row[name]}" for name in choices)])
        + f": {row[STOPPED]:.0%} stopped, {row[LOST]:.1%} missing"
        for row in best.head(5).to_dict("records")
    )
    told = f"{len(best)} of them not bettered: {points}" if points else "and in none both spam and wanted mail"
    alt = f"Spam stopped against wanted mail missing, {len(known)} choices, {told}."
    columns = ("policy", *choices, STOPPED, LOST)
    return Picture(drawing, alt, columns, list(known[list(columns)].itertuples(index=False, name=None)))


def main_effects(runs: pd.DataFrame, factors: list[str]) -> pd.DataFrame:
    """What the mean of each share is at each value of each factor, over all values of the others.

    The same seeds are run at every point, so that a seed's mean over the points of a value is one observation.

    Args:
        runs: a line a run, as `Sweep.finished`.
        factors: the columns that vary; `policy` counts too where there are several.

    Returns:
        A line a factor, value and share: mean, the ends of its 95 % interval (not-a-number for a single seed), and of
        how many points and seeds it is.
    """
    import pandas as pd

    known = with_shares(runs)
    lines = []
    for factor in ["policy", *factors]:
        if known[factor].nunique() < 2:
            continue
        for share in (STOPPED, LOST):
            for level, own in known.groupby(_levels(known[factor]), sort=True, observed=True):
                found = interval(own.groupby("seed")[share].mean().tolist())
                points = len(own[["policy", "cell"]].drop_duplicates())
                lines.append((factor, str(level), share, found.mean, *_ends(found), points, found.size))
    return pd.DataFrame(lines, columns=["factor", "value", "share", "mean", "low", "high", "points", "seeds"])


def _ends(found: Interval) -> tuple[float, float]:
    """The ends of a share's interval: nothing is less than none or more than all."""
    return (max(found.low, 0.0), min(found.high, 1.0)) if math.isfinite(found.half_width) else (math.nan, math.nan)


def _levels(values: pd.Series) -> pd.Series:
    import pandas as pd

    if values.nunique() <= LEVELS or not pd.api.types.is_numeric_dtype(values):
        return values
    return pd.qcut(values, LEVELS - 1, precision=3, duplicates="drop")


def _is_number(level: str) -> bool:
    """Whether it is a number, or a span of numbers: what lies between two of these is something, too."""
    try:
        float(level.lstrip("([").partition(",")[0])
    except ValueError:
        return False
    return True


def effect_picture(effects: pd.DataFrame, factor: str) -> Picture:
    """Both shares over the values of one factor, with their intervals."""
    own = effects[effects["factor"] == factor]
    drawing, _ = figure(8, 3.2)
    drawing.clear()
    parts = []
    for number, (axes, share) in enumerate(zip(drawing.subplots(1, 2), (STOPPED, LOST), strict=True)):
        lines = own[own["share"] == share]
        reach = (lines["mean"] - lines["low"], lines["high"] - lines["mean"])
        axes.errorbar(
            lines["value"], lines["mean"], yerr=reach, color=COLOURS[number], marker=MARKS[number], capsize=4,
            linestyle="-" if all(map(_is_number, lines["value"])) else "none",
        )  # fmt: skip
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(TOLD[share], loc="left", fontsize=10)
        axes.tick_params(axis="x", labelrotation=30)
        values = ", ".join(
            f"{'unknown' if math.isnan(line.mean) else f'{line.mean:.3g}'} at {line.value}"
            for line in lines.itertuples()
        )
        parts.append(f"{TOLD[share]} {values}")
    drawing.supxlabel(factor, fontsize=10)
    alt = f"Effect of {factor}: {'; '.join(parts)}."
    return Picture(drawing, alt, tuple(own.columns), list(own.itertuples(index=False, name=None)))
