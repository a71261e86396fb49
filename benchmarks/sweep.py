"""`python -m benchmarks.sweep`: a sweep on two cores, beside two processes that do the same runs and nothing else."""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path

from simmail.batch import sweep
from simmail.batch.plan import Plan, SweepSpec
from simmail.batch.replication import run

WORLD = Path(__file__).resolve().parent.parent / "docs" / "examples" / "spam-and-a-blocklist"


def alone(said: dict[str, object], part: int, parts: int, ready: object, go: object) -> None:
    """One process's share of the runs, once all are ready."""
    tasks = [planned.task for planned in Plan(SweepSpec.model_validate(said), Path()).runs][part::parts]
    run(tasks[0])
    ready.release()  # type: ignore[attr-defined]
    go.wait()  # type: ignore[attr-defined]
    for task in tasks:
        run(task)


def main() -> None:
    """Measure, alternating, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400, help="runs of each measurement")
    parser.add_argument("--rounds", type=int, default=2, help="interleaved rounds, of which the least time counts")
    parser.add_argument("--until", default="6h", help="how long each run is, simulated")
    args = parser.parse_args()
    said = {"world": str(WORLD), "policies": ["before", "after"], "seeds": args.runs // 2, "until": args.until}
    least = {"sweep": float("inf"), "processes": float("inf")}
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as place:
        sweep({**said, "seeds": 4}, Path(place) / "warm", jobs=2)
        for number in range(args.rounds):
            ready, go = context.Semaphore(0), context.Event()
            both = [context.Process(target=alone, args=(said, part, 2, ready, go)) for part in range(2)]
            for process in both:
                process.start()
            for _ in both:
                ready.acquire()
            start = time.perf_counter()
            go.set()
            for process in both:
                process.join()
            least["processes"] = min(least["processes"], time.perf_counter() - start)
            start = time.perf_counter()
            sweep(said, Path(place) / str(number), jobs=2)
            least["sweep"] = min(least["sweep"], time.perf_counter() - start)
    for name, seconds in least.items():
        print(f"{name:<10} {args.runs / seconds:8.1f} runs/s")
    print(f"a sweep's throughput beside two processes: {least['processes'] / least['sweep']:.2f}")


if __name__ == "__main__":
    main()
