"""Arguments that several commands have."""

from __future__ import annotations

import argparse


def world_arguments(command: argparse.ArgumentParser) -> None:
    """Which world, which policy, which seed."""
    command.add_argument("world", metavar="WORLD", help="a world's folder, or the beginning of a lab's name: 01")
    command.add_argument("--policy", default="", help="a folder below the world's policies/, laid over its hosts")
    command.add_argument("--seed", type=int, default=1, help="from which all chance is drawn (default 1)")


def student_arguments(command: argparse.ArgumentParser) -> None:
    """Whose variant of an exercise."""
    command.add_argument("--student", default="", metavar="ID", help="whose variant of the exercises")
    command.add_argument("--secret-file", metavar="FILE", help="the course's secret (or SIMMAIL_COURSE_SECRET)")
