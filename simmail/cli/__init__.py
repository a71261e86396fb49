"""The command line: `simmail COMMAND ...`.  Each command imports what it needs when it runs."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import Any

from simmail import __version__
from simmail.cli import batch, course, hosts, judge, system_errors, worlds
from simmail.mail.errors import SimmailError

#: What adds commands, in the order of the help.
FAMILIES = (worlds, hosts, batch, course, judge)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="simmail", description="A mail world in a box: real Postfix configuration, simulated time."
    )
    top.add_argument("--version", action="version", version=f"simmail {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for family in FAMILIES:
        family.register(commands)
    return top


def _terminated(number: int, _: Any) -> None:
    """Whoever ends a run for good (a cluster, `timeout`) leaves no temporary files behind either."""
    raise SystemExit(128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    args = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _terminated)
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
    except OSError as error:
        print(f"simmail: {system_errors.told(error, vars(args).get('out') or vars(args).get('dir'))}", file=sys.stderr)
        return 1
    return status
