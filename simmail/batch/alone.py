"""Runs a world's seeds, in a process of its own that may have little time and memory.

It reads what to run as JSON from standard input and writes the rows as JSON to standard output.
"""

from __future__ import annotations

import json
import math
import sys

from simmail.batch.bundle import Bundle
from simmail.batch.replication import Task, run
from simmail.lab.grading_process import limit


def main() -> None:
    """Read, run, write."""
    said = json.load(sys.stdin)
    if said["limits"]:
        limit(said["limits"])
    world = Bundle(*said["world"])
    rows = [run(Task(world, said["policy"], seed, said["until"], said["host"])) for seed in said["seeds"]]
    told = [
        (*row._replace(figures={}), {name: None if math.isnan(value) else value for name, value in row.figures.items()})
        for row in rows
    ]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
