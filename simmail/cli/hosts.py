"""Commands about a host's configuration: explain, lint, diff."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from simmail.cli.arguments import PORTS, whole
from simmail.mail.errors import InputError

HOST = "a world's hosts/NAME, or a bare /etc/postfix"


def _explain(args: argparse.Namespace) -> int:
    from simmail.lab.explain import explain

    told = explain(
        args.host, client=args.client, sender=args.sender, recipient=args.recipient, helo=args.helo,
        data=_message(args.data) if args.data else "", zones=args.zone, world=args.world, at=args.at,
        policy=args.policy, port=args.port, users=args.user,
    )  # fmt: skip
    print(json.dumps(told.json(), indent=1, ensure_ascii=False) if args.json else told)
    return 0


def _message(file: str) -> str:
    """The text of a message.  Raises InputError."""
    try:
        return Path(file).read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    except OSError as error:
        raise InputError(file, error.strerror or "cannot be read", "give a file with a message") from None


def _lint(args: argparse.Namespace) -> int:
    from simmail.lab.lint import lint

    report = lint(args.host, world=args.world, policy=args.policy, zones=tuple(args.zone))
    print(json.dumps(report.json(), indent=1, ensure_ascii=False) if args.json else report)
    return int(any(finding.severity == "error" for finding in report))


def _diff(args: argparse.Namespace) -> int:
    from simmail.lab.diff import diff

    told = diff(args.a, args.b, args.world, policies=(args.policy_a, args.policy_b))
    print(json.dumps(told.json(), indent=1, ensure_ascii=False) if args.json else told)
    return 0


def register(commands: Any) -> None:
    """Add them to the command line."""
    _register_explain(commands)
    lint = commands.add_parser("lint", help="mistakes in a configuration that Postfix keeps silent about")
    lint.add_argument("host", metavar="HOST_DIR", help=HOST)
    lint.add_argument("--world", default="", metavar="WORLD", help="the world around (default: the folder's own)")
    lint.add_argument("--policy", default="", help="a folder below the world's policies/, laid over its hosts")
    lint.add_argument("--zone", action="append", default=[], metavar="FILE", help="a master file: it answers for DNS")
    lint.add_argument("--json", action="store_true", help="print it as JSON")
    lint.set_defaults(act=_lint)

    diff = commands.add_parser("diff", help="which kinds of mail fare differently under two configurations")
    diff.add_argument("a", metavar="HOST_DIR_A", help=HOST)
    diff.add_argument("b", metavar="HOST_DIR_B", help="another, or the same with another policy")
    diff.add_argument(
        "world", metavar="WORLD", nargs="?", default="", help="the world around (default: the folders' own)"
    )
    diff.add_argument("--policy-a", default="", metavar="P", help="a folder below policies/, laid over A's hosts")
    diff.add_argument("--policy-b", default="", metavar="P", help="a folder below policies/, laid over B's hosts")
    diff.add_argument("--json", action="store_true", help="print it as JSON")
    diff.set_defaults(act=_diff)


def _register_explain(commands: Any) -> None:
    explain = commands.add_parser("explain", help="what would happen to a mail, and which line decides it")
    explain.add_argument("host", metavar="HOST_DIR", help=HOST)
    explain.add_argument("--client", required=True, metavar="IP[,NAME]", help="who calls; NAME unknown: it has none")
    explain.add_argument("--helo", default="", metavar="NAME", help="what the client calls itself")
    explain.add_argument("--from", dest="sender", required=True, metavar="ADDRESS", help="envelope sender; '' for <>")
    explain.add_argument("--to", dest="recipient", required=True, metavar="ADDRESS", help="envelope recipient")
    explain.add_argument("--data", metavar="FILE", help="the message, header and body")
    explain.add_argument(
        "--zone", action="append", default=[], metavar="FILE", help="a master file: it answers for DNS"
    )
    explain.add_argument("--world", default="", metavar="WORLD", help="the world around (default: the folder's own)")
    explain.add_argument("--at", default="", metavar="TIME", help="the moment of the world: 2d, 10:30")
    explain.add_argument("--policy", default="", help="a folder below the world's policies/, laid over its hosts")
    explain.add_argument("--port", type=whole(*PORTS), default=25, help="where the client calls (default 25)")
    explain.add_argument("--user", action="append", default=[], metavar="NAME", help="an account the host has besides")
    explain.add_argument("--json", action="store_true", help="print it as JSON")
    explain.set_defaults(act=_explain)
