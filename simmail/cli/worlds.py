"""Commands that run worlds: run, sh."""

from __future__ import annotations

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from simmail.cli.arguments import world_arguments
from simmail.mail.errors import InputError


def _run(args: argparse.Namespace) -> int:
    from simmail.world.export import export, make_room
    from simmail.world.loader import load

    world = load(args.world, args.seed, args.policy)
    if args.out:
        make_room(world, Path(args.out))
    world.run(args.until)
    world.conservation().demand()
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


def _sh(args: argparse.Namespace) -> int:
    from simmail.world.loader import load

    if len(args.at) != len(args.command):
        print("simmail sh: give one -c COMMAND for each --at TIME", file=sys.stderr)
        return 2
    world = load(args.world, args.seed, args.policy)
    host = world.host(args.host)
    for earlier, moment in pairwise(args.at):
        if world.moment(moment) < world.moment(earlier):
            raise InputError(f"--at {moment}", f"is before {earlier}, which stands in front of it", "mind the order")
    status = 0
    for moment, command in zip(args.at, args.command, strict=True):
        world.run(moment)
        done = host.sh(command)
        print(done.stdout, end="")
        print(done.stderr, end="", file=sys.stderr)
        status = done.status
    return status


def _build(args: argparse.Namespace) -> int:
    from simmail.world.builder import build

    folder = build(Path(args.dir), args.sites, args.seed, args.people, args.per_day)
    print(f"{folder} is a world of {args.sites} sites; simmail run {folder}")
    return 0


def register(commands: Any) -> None:
    """Add them to the command line."""
    run = commands.add_parser("run", help="run a world, print its summary, write its results")
    world_arguments(run)
    run.add_argument("--until", help="how long: 2h, 5d, 10:30 (default: the world's length)")
    run.add_argument("--out", metavar="DIR", help="where to write summary, tables, logs and mailboxes")
    run.add_argument("--json", action="store_true", help="print the summary as JSON")
    run.set_defaults(act=_run)

    sh = commands.add_parser("sh", help="an administrator's commands on a simulated host, at moments of one run")
    world_arguments(sh)
    sh.add_argument("host", metavar="HOST", help="the host's name")
    sh.add_argument("--at", action="append", required=True, metavar="TIME", help="when: 2h, 10:30; once for each -c")
    sh.add_argument(
        "-c", dest="command", action="append", required=True, metavar="COMMAND", help="what to type; once for each --at"
    )
    sh.set_defaults(act=_sh)

    build = commands.add_parser("build", help="write a random world of many sites into a folder")
    build.add_argument("dir", metavar="DIR", help="the folder to make")
    build.add_argument("--sites", type=int, default=10, help="places with mail, 1 to 4000 (default 10)")
    build.add_argument("--seed", type=int, default=1, help="from which all is drawn (default 1)")
    build.add_argument("--people", type=int, default=3, help="at each site (default 3)")
    build.add_argument("--per-day", type=float, default=20.0, help="messages a weekday that each writes (default 20)")
    build.set_defaults(act=_build)
