"""Arguments that several commands have."""

from __future__ import annotations

import argparse
from collections.abc import Callable

#: The numbers that a TCP port can have.
PORTS = (1, 65535)


def world_arguments(command: argparse.ArgumentParser) -> None:
    """Which world, which policy, which seed."""
    command.add_argument("world", metavar="WORLD", help="a world's folder, or the beginning of a lab's name: 01")
    command.add_argument("--policy", default="", help="a folder below the world's policies/, laid over its hosts")
    command.add_argument("--seed", type=int, default=1, help="from which all chance is drawn (default 1)")


def student_arguments(command: argparse.ArgumentParser) -> None:
    """Whose variant of an exercise."""
    command.add_argument("--student", default="", metavar="ID", help="whose variant of the exercises")
    command.add_argument("--secret-file", metavar="FILE", help="the course's secret (or SIMMAIL_COURSE_SECRET)")


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """What reads a whole number of a range, and says which range where it is none."""
    span = f"{least} or more" if most is None else f"{least} to {most}"

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"{text!r}: write a whole number, {span}")
        return value

    return number
