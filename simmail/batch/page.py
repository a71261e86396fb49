"""A sweep's page: one HTML file with its pictures and tables in it, which asks nobody for anything."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from simmail.batch.effects import LOST, STOPPED, effect_picture, front, front_picture, main_effects
from simmail.batch.figures import COMPARED, FIGURES
from simmail.batch.sweeping import Sweep
from simmail.lab.page import page

if TYPE_CHECKING:
    import pandas as pd

    from simmail.lab.picture import Picture

PAGE = "report.html"
#: Lines of a table at most; the rest is in the rows.
LINES = 200


def report(folder: str | Path, out: str | Path | None = None) -> Path:
    """Write a sweep's page.

    Args:
        folder: where the sweep lies.
        out: the file; `report.html` in the folder by default.

    Raises:
        InputError: where no sweep lies.
    """
    sweep = Sweep(Path(folder))
    target = Path(out) if out else Path(folder) / PAGE
    body = "\n".join(_parts(sweep))
    target.write_text(page(f"Sweep of {Path(sweep.manifest['sweep']['world']).name}", body), encoding="utf-8")
    return target


def _several(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"


def _parts(sweep: Sweep) -> Iterator[str]:
    said, runs, table = sweep.manifest, sweep.runs, sweep.table
    points, policies, seeds = len(said["cells"]), len(said["sweep"]["policies"]), len(said["seeds"])
    yield (
        f"<p>{len(runs)} of {points * policies * seeds} runs: {_several(points, 'point')} of the design"
        f" ({html.escape(said['sweep']['design'])}), {_several(policies, 'policy', 'policies')},"
        f" {_several(seeds, 'seed')};"
        f" simmail {html.escape(said['simmail'])}.</p>"
    )
    if table.empty:
        yield "<p>No run has been finished without failing.</p>"
    else:
        yield "<h2>Spam stopped against wanted mail missing</h2>"
        options = sweep.options
        yield _shown(front_picture(options, sweep.choices))
        yield _table(
            front(options)[["policy", *sweep.choices, STOPPED, LOST]],
            "Choices that no other betters, over all that the world may be like",
        )
        effects = main_effects(sweep.finished, sweep.factors)
        if not effects.empty:
            yield "<h2>What each parameter does</h2>"
            yield "<p>Means over all values of the others, with 95 % intervals over the seeds.</p>"
        for factor in dict.fromkeys(effects["factor"]):
            yield f"<h3>{html.escape(factor)}</h3>"
            yield _shown(effect_picture(effects, factor))
            yield _table(effects[effects["factor"] == factor].drop(columns="factor"), f"Effect of {factor}")
        yield "<h2>All points</h2>"
        yield _table(table[["policy", "cell", *sweep.factors, *COMPARED]], "Means over the seeds")
        words = "".join(f"<dt>{name}</dt><dd>{html.escape(text)}</dd>" for name, text in FIGURES.items())
        yield f"<dl>{words}</dl>"
    if len(sweep.failures):
        yield f"<h2>Failed runs</h2>{_table(sweep.failures, 'Why they failed')}"
    if len(sweep.remarks):
        yield f"<h2>Remarks</h2>{_table(sweep.remarks, 'What was said of the runs')}"
    files = "".join(f"<tr><td>{html.escape(n)}</td><td><code>{d}</code></td></tr>" for n, d in said["files"].items())
    yield f"<h2>Files</h2><table><tr><th>file</th><th>SHA-256</th></tr>{files}</table>"


def _shown(picture: Picture) -> str:
    return f"<p>{picture._repr_mimebundle_()['text/html']}</p>"


def _table(table: pd.DataFrame, caption: str) -> str:
    rest = f" (the first {LINES} of {len(table)})" if len(table) > LINES else ""
    lines = table.head(LINES).to_html(index=False, border=0, float_format="{:.4g}".format, na_rep="-", escape=True)
    head, tag, body = lines.partition(">")
    return f"{head}{tag}<caption>{html.escape(caption)}{rest}</caption>{body}"
