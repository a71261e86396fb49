"""Commands that run a world many times: compare, sweep, report, tournament, capacity."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from simmail.cli.arguments import whole


def _compare(args: argparse.Namespace) -> int:
    from simmail.batch.comparison import compare

    if args.out:
        Path(args.out).mkdir(parents=True, exist_ok=True)  # a place that cannot be is told before hours of runs
    policies = [name.strip() for name in args.policies.split(",")]
    found = compare(
        args.world, policies, args.replications, seed=args.seed, until=args.until,
        precision=dict(args.precision), most=args.most, jobs=args.jobs, dask=args.dask,
    )  # fmt: skip
    text = json.dumps(found.as_json(), indent=1, ensure_ascii=False)
    print(text if args.json else found.told(), end="\n" if args.json else "")
    if args.out:
        out = Path(args.out)
        (out / "comparison.json").write_text(text + "\n", encoding="utf-8")
        found.runs.to_parquet(out / "runs.parquet", index=False)
        found.picture.save(str(out / "comparison.png"))
    return 1 if found.failures else 0


def _sweep(args: argparse.Namespace) -> int:
    from simmail.batch.sweeping import sweep

    try:
        done = sweep(args.sweep, args.out, jobs=args.jobs, dask=args.dask)
    except KeyboardInterrupt:
        print(f"simmail: interrupted; what is finished is in {args.out}, and the same command goes on", file=sys.stderr)
        return 130
    print(done.told(), end="")
    return 1 if len(done.failures) else 0


def _report(args: argparse.Namespace) -> int:
    from simmail.batch.page import report

    print(f"{report(args.dir, args.out or None)} can be opened in any browser")
    return 0


def _tournament(args: argparse.Namespace) -> int:
    from simmail.batch.ranking import tournament

    found = tournament(
        args.dir, args.world, args.replications, host=args.host, seed=args.seed, until=args.until, loss=args.loss,
        jobs=args.jobs,
    )  # fmt: skip
    print(found.table.to_json(orient="records", indent=1) if args.json else found.told().rstrip("\n"))
    return 0


def _capacity(args: argparse.Namespace) -> int:
    from simmail.batch.load_limit import capacity

    found = capacity(
        args.world, args.host, args.replications, policy=args.policy or "none", seed=args.seed, until=args.until,
        jobs=args.jobs, dask=args.dask,
    )  # fmt: skip
    print(found.told(), end="")
    return 0 if found.logarithm.size else 1


def _precision(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r}: write FIGURE=HALF-WIDTH, as in spam_let_in=0.5")
    try:
        return name, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: {value!r} is no number") from None


def _weight(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: write a number, 0 or more")
    return value


def _where(command: argparse.ArgumentParser) -> None:
    """Who does the work."""
    command.add_argument("--jobs", type=whole(1), default=0, help="processes of this machine (default: one a core)")
    command.add_argument("--dask", default="", metavar="ADDRESS", help="a dask scheduler whose workers do it instead")


def register(commands: Any) -> None:
    """Add them to the command line."""
    compare = commands.add_parser("compare", help="the same mail under several policies, with intervals")
    compare.add_argument("world", metavar="WORLD", help="a world's folder, or the beginning of a lab's name: 01")
    compare.add_argument(
        "--policies", required=True, metavar="A,B,...", help="folders below its policies/; none: the world as it is"
    )
    _replications(compare, 10)
    compare.add_argument(
        "--precision", action="append", default=[], type=_precision, metavar="FIGURE=HALF-WIDTH",
        help="go on until the difference's interval is as narrow: spam_let_in=0.5; once for each figure",
    )  # fmt: skip
    compare.add_argument("--most", type=int, default=2000, help="replications at most, for --precision")
    compare.add_argument("--out", metavar="DIR", help="where to write comparison.json, runs.parquet, comparison.png")
    compare.add_argument("--json", action="store_true", help="print the comparison as JSON")
    _where(compare)
    compare.set_defaults(act=_compare)

    _register_sweep(commands)
    _register_limits(commands)


def _register_sweep(commands: Any) -> None:
    sweep = commands.add_parser("sweep", help="policies x parameters x seeds, as a file says; goes on where it ended")
    sweep.add_argument("sweep", metavar="SWEEP.yaml", help="what to run")
    sweep.add_argument("--out", required=True, metavar="DIR", help="where the rows go")
    _where(sweep)
    sweep.set_defaults(act=_sweep)

    report = commands.add_parser("report", help="a page with pictures and tables of a sweep")
    report.add_argument("dir", metavar="DIR", help="where the sweep lies")
    report.add_argument("--out", metavar="FILE.html", help="the page (default: report.html there)")
    report.set_defaults(act=_report)


def _register_limits(commands: Any) -> None:
    tournament = commands.add_parser("tournament", help="rank a folder of main.cf files by what they let in and lose")
    tournament.add_argument(
        "dir", metavar="DIR", help="holds NAME.cf, NAME/main.cf, or learners' copies of an exercise"
    )
    tournament.add_argument("--world", required=True, metavar="WORLD", help="where they compete")
    tournament.add_argument("--host", default="", help="whose main.cf they are (default: the host under study)")
    tournament.add_argument(
        "--loss", type=_weight, default=5.0, help="weight of one wanted message lost, in spam let in"
    )
    tournament.add_argument("--jobs", type=whole(1), default=0, help="processes at a time (default: one a core)")
    tournament.add_argument("--json", action="store_true", help="print the table as JSON")
    _replications(tournament, 10)
    tournament.set_defaults(act=_tournament)

    capacity = commands.add_parser("capacity", help="the load at which a host's queue no longer drains")
    capacity.add_argument("world", metavar="WORLD", help="a world's folder, or the beginning of a lab's name: 01")
    capacity.add_argument("host", metavar="HOST", help="whose queue")
    capacity.add_argument("--policy", default="", help="a folder below the world's policies/")
    _replications(capacity, 5)
    _where(capacity)
    capacity.set_defaults(act=_capacity)


def _replications(command: argparse.ArgumentParser, number: int) -> None:
    """How many seeds, from where on, how long."""
    command.add_argument("--replications", type=int, default=number, metavar="N", help=f"seeds (default {number})")
    command.add_argument("--seed", type=int, default=1, help="the first seed (default 1)")
    command.add_argument("--until", default="", help="how long each run takes: 2h, 5d (default: the world's length)")
