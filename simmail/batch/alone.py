"""Runs one task, in a process of its own that may have little time and memory.

It reads the task as JSON from standard input and writes its row as JSON to standard output.
"""

from __future__ import annotations

import json
import math
import sys

from simmail.batch.replication import run
from simmail.batch.runner import untold
from simmail.lab.grading_process import limit


def main() -> None:
    """Read, run, write."""
    said = json.load(sys.stdin)
    if said["limits"]:
        limit(said["limits"])
    row = run(untold(said))
    found = {name: None if math.isnan(value) else value for name, value in row.figures.items()}
    print(json.dumps([row.key, row.failed, found]))


if __name__ == "__main__":
    main()
