"""The command line: `simmail COMMAND ...`.  Each command imports what it needs when it runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from simmail import __version__
from simmail.mail.errors import SimmailError


def _run(args: argparse.Namespace) -> int:
    from simmail.world.export import export
    from simmail.world.loader import load

    world = load(args.world, args.seed, args.policy)
    world.run(args.until)
    results = world.results
    if args.json:
        print(json.dumps(results.summary(), indent=1, ensure_ascii=False))
    else:
        print(results.told(), end="")
    if args.out:
        written = export(world, Path(args.out))
        if not args.json:
            print(f"\nResults are in {args.out}: {', '.join(written)}")
    return 0


def _conform(args: argparse.Namespace) -> int:
    from simmail.conformance.player import conform

    records = conform(Path(args.cases), Path(args.out), remember=not args.no_memo)
    if not records:
        print(f"simmail conform: there is no NAME.yaml below {args.cases}", file=sys.stderr)
        return 1
    for name, record in records:
        if "unplayed" in record:
            print(f"{name}: not played: {record['unplayed']}")
    print(f"{len(records)} cases played into {args.out}")
    return 0


def _sh(args: argparse.Namespace) -> int:
    from simmail.world.loader import load

    if len(args.at) != len(args.command):
        print("simmail sh: give one -c COMMAND for each --at TIME", file=sys.stderr)
        return 2
    world = load(args.world, args.seed, args.policy)
    host = world.host(args.host)
    status = 0
    for moment, command in zip(args.at, args.command, strict=True):
        world.run(moment)
        done = host.sh(command)
        print(done.stdout, end="")
        print(done.stderr, end="", file=sys.stderr)
        status = done.status
    return status


def _start(args: argparse.Namespace) -> int:
    from simmail.lab.copies import notebook_of, start

    copy = start(args.name, Path(args.dir) if args.dir else None)
    print(f"{copy} is yours: change its files, then")
    print(f"  simmail run {copy}")
    if notebook_of(copy) is not None:
        print(f"  simmail lab {copy}")
    print(f"  simmail reset {copy}      puts it back to its beginning")
    return 0


def _reset(args: argparse.Namespace) -> int:
    from simmail.lab.copies import reset

    done = reset(Path(args.dir))
    if not done.restored and not done.removed:
        print(f"{args.dir} is as it was at its beginning")
    for word, names in (("put back", done.restored), ("taken away", done.removed)):
        for name in names:
            print(f"{word:<12}{name}")
    if done.kept is not None:
        print(f"what you had there lies in {done.kept}")
    return 0


def _lab(args: argparse.Namespace) -> int:
    from simmail.lab.jupyter import lab

    options = [*(["--no-browser"] if args.no_browser else []), *([f"--port={args.port}"] if args.port else [])]
    return lab(args.name, options)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="simmail", description="A mail world in a box: real Postfix configuration, simulated time."
    )
    top.add_argument("--version", action="version", version=f"simmail {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def world_arguments(command: argparse.ArgumentParser) -> None:
        command.add_argument("world", metavar="WORLD", help="a world's folder, or the beginning of a lab's name: 01")
        command.add_argument("--policy", default="", help="a folder below the world's policies/, laid over its hosts")
        command.add_argument("--seed", type=int, default=1, help="from which all chance is drawn (default 1)")

    run = commands.add_parser("run", help="run a world, print its summary, write its results")
    world_arguments(run)
    run.add_argument("--until", help="how long: 2h, 5d, 10:30 (default: the world's length)")
    run.add_argument("--out", metavar="DIR", help="where to write summary, tables, logs and mailboxes")
    run.add_argument("--json", action="store_true", help="print the summary as JSON")
    run.set_defaults(act=_run)

    sh = commands.add_parser("sh", help="an administrator's commands on a simulated host, at moments of one run")
    world_arguments(sh)
    sh.add_argument("host", metavar="HOST", help="the host's name")
    sh.add_argument("--at", action="append", default=[], metavar="TIME", help="when: 2h, 10:30; once for each -c")
    sh.add_argument("-c", dest="command", action="append", default=[], metavar="COMMAND", help="what to type")
    sh.set_defaults(act=_sh)

    lab = commands.add_parser("lab", help="open JupyterLab on a lab's notebook")
    lab.add_argument("name", metavar="NAME", nargs="?", default="", help="a lab's name, or a copy of yours: 01, mylab")
    lab.add_argument("--no-browser", action="store_true", help="only tell the address")
    lab.add_argument("--port", type=int, help="where JupyterLab listens (default 8888, or the next free one)")
    lab.set_defaults(act=_lab)

    start = commands.add_parser("start", help="make your own copy of a lab or an exercise")
    start.add_argument("name", metavar="NAME", help="its name, or the beginning of it: 01")
    start.add_argument(
        "dir", metavar="DIR", nargs="?", help="the folder to make (default: one of the lab's name, here)"
    )
    start.set_defaults(act=_start)

    reset = commands.add_parser("reset", help="put your copy back to its beginning; your changes are kept beside it")
    reset.add_argument(
        "dir", metavar="DIR", nargs="?", default=".", help="the copy's folder (default: the present one)"
    )
    reset.set_defaults(act=_reset)

    conform = commands.add_parser("conform", help="play oracle cases; writes DIR/SUBFOLDER/NAME.sim.json")
    conform.add_argument("cases", metavar="CASES", help="a folder of cases")
    conform.add_argument("--out", required=True, metavar="DIR", help="where to write the records")
    conform.add_argument("--no-memo", action="store_true", help="decide everything afresh")
    conform.set_defaults(act=_conform)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    args = parser().parse_args(argv)
    try:
        status: int = args.act(args)
    except SimmailError as error:
        print(f"simmail: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("simmail: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    return status
