"""Commands that run a world many times: compare, sweep, report."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def _compare(args: argparse.Namespace) -> int:
    from simmail.batch.comparison import compare

    found = compare(
        args.world, args.policies.split(","), args.replications, seed=args.seed, until=args.until,
        precision=dict(args.precision), most=args.most, jobs=args.jobs, dask=args.dask,
    )  # fmt: skip
    text = json.dumps(found.as_json(), indent=1, ensure_ascii=False)
    print(text if args.json else found.told(), end="\n" if args.json else "")
    if args.out:
        out = Path(args.out)
        out.mkdir(parents=True, exist_ok=True)
        (out / "comparison.json").write_text(text + "\n", encoding="utf-8")
        found.runs.to_parquet(out / "runs.parquet", index=False)
        found.picture.save(str(out / "comparison.png"))
    return 1 if found.failures else 0


def _sweep(args: argparse.Namespace) -> int:
    from simmail.batch.sweeping import sweep

    done = sweep(args.sweep, args.out, jobs=args.jobs, dask=args.dask)
    print(done.told(), end="")
    return 1 if len(done.failures) else 0


def _report(args: argparse.Namespace) -> int:
    from simmail.batch.page import report

    print(f"{report(args.dir, args.out or None)} can be opened in any browser")
    return 0


def _precision(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r}: write FIGURE=HALF-WIDTH, as in spam_let_in=0.5")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: {value!r} is no number") from None


def _where(command: argparse.ArgumentParser) -> None:
    """Who does the work."""
    command.add_argument("--jobs", type=int, default=0, help="processes of this machine (default: one a core)")
    command.add_argument("--dask", default="", metavar="ADDRESS", help="a dask scheduler whose workers do it instead")


def register(commands: Any) -> None:
    """Add them to the command line."""
    compare = commands.add_parser("compare", help="the same mail under several policies, with intervals")
    compare.add_argument("world", metavar="WORLD", help="a world's folder, or the beginning of a lab's name: 01")
    compare.add_argument(
        "--policies", required=True, metavar="A,B,...", help="folders below its policies/; none: the world as it is"
    )
    compare.add_argument("--replications", type=int, default=10, metavar="N", help="seeds, each under all policies")
    compare.add_argument("--seed", type=int, default=1, help="the first seed (default 1)")
    compare.add_argument("--until", default="", help="how long each run takes: 2h, 5d (default: the world's length)")
    compare.add_argument(
        "--precision", action="append", default=[], type=_precision, metavar="FIGURE=HALF-WIDTH",
        help="go on until the difference's interval is as narrow: spam_let_in=0.5; once for each figure",
    )  # fmt: skip
    compare.add_argument("--most", type=int, default=2000, help="replications at most, for --precision")
    compare.add_argument("--out", metavar="DIR", help="where to write comparison.json, runs.parquet, comparison.png")
    compare.add_argument("--json", action="store_true", help="print the comparison as JSON")
    _where(compare)
    compare.set_defaults(act=_compare)

    sweep = commands.add_parser("sweep", help="policies x parameters x seeds, as a file says; goes on where it ended")
    sweep.add_argument("sweep", metavar="SWEEP.yaml", help="what to run")
    sweep.add_argument("--out", required=True, metavar="DIR", help="where the rows go")
    _where(sweep)
    sweep.set_defaults(act=_sweep)

    report = commands.add_parser("report", help="a page with pictures and tables of a sweep")
    report.add_argument("dir", metavar="DIR", help="where the sweep lies")
    report.add_argument("--out", metavar="FILE.html", help="the page (default: report.html there)")
    report.set_defaults(act=_report)
