"""The command that holds the simulator against recorded cases: conform."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


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


def register(commands: Any) -> None:
    """Add it to the command line."""
    conform = commands.add_parser("conform", help="play oracle cases; writes DIR/SUBFOLDER/NAME.sim.json")
    conform.add_argument("cases", metavar="CASES", help="a folder of cases")
    conform.add_argument("--out", required=True, metavar="DIR", help="where to write the records")
    conform.add_argument("--no-memo", action="store_true", help="decide everything afresh")
    conform.set_defaults(act=_conform)
