"""What a sweep's table says: its best points, and what each parameter does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from simmail.batch.intervals import interval
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


def front(table: pd.DataFrame) -> pd.DataFrame:
    """The points that no other betters in spam stopped with no more wanted mail missing, from little to much of both.

    Args:
        table: a line a point, as `Sweep.table`.
    """
    known = with_shares(table).dropna(subset=[STOPPED, LOST])
    ordered = known.sort_values([LOST, STOPPED], ascending=[True, False], kind="stable")
    best, kept = -math.inf, []
    for number, stopped in enumerate(ordered[STOPPED]):
        if stopped > best:
            best = stopped
            kept.append(number)
    return ordered.iloc[kept].reset_index(drop=True)


def front_picture(table: pd.DataFrame) -> Picture:
    """All points by policy, and the front through the best."""
    known, best = with_shares(table), front(table)
    drawing, axes = figure(8, 5)
    for number, (policy, points) in enumerate(known.groupby("policy", sort=True)):
        colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        axes.plot(points[LOST], points[STOPPED], mark, color=colour, label=str(policy), alpha=0.7)
    axes.step(best[LOST], best[STOPPED], where="post", color="0.3", linewidth=1, label="not bettered")
    axes.set_xlabel(TOLD[LOST])
    axes.set_ylabel(TOLD[STOPPED])
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=5)
    points = "; ".join(
        f"{row.policy}, cell {row.cell}: {getattr(row, STOPPED):.0%} stopped, {getattr(row, LOST):.1%} missing"
        for row in best.head(5).itertuples()
    )
    alt = f"Spam stopped against wanted mail missing, {len(known)} points, {len(best)} of them not bettered: {points}."
    columns = ("policy", "cell", STOPPED, LOST)
    return Picture(drawing, alt, columns, list(known[list(columns)].itertuples(index=False, name=None)))


def main_effects(table: pd.DataFrame, factors: list[str]) -> pd.DataFrame:
    """What the mean of each share is at each value of each factor, over all values of the others.

    Args:
        table: a line a point, as `Sweep.table`.
        factors: the columns that vary; `policy` counts too where there are several.

    Returns:
        A line a factor, value and share: mean, the ends of its 95 % interval, and how many points it is of.
    """
    import pandas as pd

    known = with_shares(table)
    lines = []
    for factor in ["policy", *factors]:
        if known[factor].nunique() < 2:
            continue
        for share in (STOPPED, LOST):
            for level, points in known.groupby(_levels(known[factor]), sort=True, observed=True):
                found = interval(points[share].tolist())
                low, high = max(found.low, 0.0), min(found.high, 1.0)  # nothing is less than none or more than all
                lines.append((factor, str(level), share, found.mean, low, high, found.size))
    return pd.DataFrame(lines, columns=["factor", "value", "share", "mean", "low", "high", "points"])


def _levels(values: pd.Series) -> pd.Series:
    import pandas as pd

    if values.nunique() <= LEVELS or not pd.api.types.is_numeric_dtype(values):
        return values
    return pd.qcut(values, LEVELS - 1, precision=3, duplicates="drop")


def effect_picture(effects: pd.DataFrame, factor: str) -> Picture:
    """Both shares over the values of one factor, with their intervals."""
    own = effects[effects["factor"] == factor]
    drawing, _ = figure(8, 3.2)
    drawing.clear()
    parts = []
    for number, (axes, share) in enumerate(zip(drawing.subplots(1, 2), (STOPPED, LOST), strict=True)):
        lines = own[own["share"] == share]
        reach = (lines["mean"] - lines["low"], lines["high"] - lines["mean"])
        axes.errorbar(lines["value"], lines["mean"], yerr=reach, color=COLOURS[number], marker=MARKS[number], capsize=4)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(TOLD[share], loc="left", fontsize=10)
        axes.tick_params(axis="x", labelrotation=30)
        values = ", ".join(f"{line.mean:.3g} at {line.value}" for line in lines.itertuples())
        parts.append(f"{TOLD[share]} {values}")
    alt = f"Effect of {factor}: {'; '.join(parts)}."
    return Picture(drawing, alt, tuple(own.columns), list(own.itertuples(index=False, name=None)))
