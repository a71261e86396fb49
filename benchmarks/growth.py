"""How time and memory grow with the number of messages, each size in a process of its own.

python -m benchmarks.growth --model simmail --n 10000       one measurement: CPU seconds, octets above the start
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks import hand_written, relay_world
from simmail.world.export import export


class Measured(NamedTuple):
    """CPU time in seconds, and octets of memory above those before the first message."""

    seconds: float
    octets: float


def _peak() -> float:
    """The most memory this process has had, octets."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def _exported(n: int, rate: float) -> Any:
    """A run whose tables, logs and mailboxes are written."""
    world = relay_world.run(n, rate)
    with TemporaryDirectory() as out:
        export(world, Path(out))
    return world


MODELS: dict[str, Callable[[int, float], Any]] = {
    "hand-written": hand_written.run,
    "simmail": relay_world.run,
    "exported": _exported,
    "waiting": relay_world.wait,
}


def here(model: str, n: int, rate: float) -> Measured:
    """Measure one model in this process."""
    run = MODELS[model]
    run(200, rate)  # what is loaded, made and compiled once
    gc.collect()
    before, start = _peak(), time.process_time()
    kept = run(n, rate)
    measured = Measured(time.process_time() - start, _peak() - before)
    assert kept is not None
    return measured


def apart(model: str, n: int, rate: float) -> Measured:
    """Measure one model in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.growth", "--model", model, "--n", str(n), "--rate", str(rate)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Measured(*json.loads(done.stdout))


def exponent(sizes: list[int], values: list[float]) -> float:
    """The k of `value ~ size ** k`, by least squares of the logarithms."""
    xs, ys = [math.log(size) for size in sizes], [math.log(max(value, 1e-9)) for value in values]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def report(sizes: list[int], rate: float) -> list[str]:
    """Time and memory of both models at each size, and how they grow."""
    lines = []
    for model in ("hand-written", "simmail"):
        found = [apart(model, n, rate) for n in sizes]
        for n, measured in zip(sizes, found, strict=True):
            each = measured.octets / n
            lines.append(
                f"{model:14}{n:>10,} messages {measured.seconds:9.2f} s {measured.octets / 1e6:8.0f} MB"
                f" ({each:,.0f} octets a message)"
            )
        if len(sizes) > 1:
            time_, memory = ([m[i] for m in found] for i in (0, 1))
            step = (memory[-1] - memory[0]) / (sizes[-1] - sizes[0])
            lines.append(
                f"{model:14}time ~ n^{exponent(sizes, time_):.3f}; a million more messages would take {step:,.0f} MB"
            )
    return lines


def waiting(n: int, rate: float) -> str:
    """What one message more takes that waits in the deferred queue, beside `n` that do."""
    few, many = (apart("waiting", size, rate) for size in (n, 2 * n))
    return f"a waiting message takes {(many.octets - few.octets) / n:,.0f} octets, beside {n:,} others"


def tables(n: int, rate: float) -> str:
    """What a run's tables, logs and mailboxes take of memory, a message, and of time, beside the run."""
    few, many, run = apart("exported", n, rate), apart("exported", 2 * n, rate), apart("simmail", 2 * n, rate)
    each, share = (many.octets - few.octets) / n, many.seconds / run.seconds
    return f"tables of {2 * n:,} messages: {each:,.0f} octets a message more, and {share:.2f} times the run's time"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", choices=sorted(MODELS), required=True)
    parser.add_argument("--n", type=int, required=True)
    parser.add_argument("--rate", type=float, default=100.0)
    given = parser.parse_args()
    print(json.dumps(here(given.model, given.n, given.rate)))
