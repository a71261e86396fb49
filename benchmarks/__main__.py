"""`make bench`: simmail beside the hand-written model, in one run, and what else it costs.

python -m benchmarks --only ratio                       the ratio alone
python -m benchmarks --sizes 10000,100000,1000000       growth over more than a few minutes
python -m benchmarks --only floor                       what a message costs before anything is decided
python -m benchmarks --only day --n 8640000             a day at 100 messages a second
python -m benchmarks --only hosts --sites 10,100,1000   from a small network to a large one
python -m benchmarks --only backlog --waiting 2000,32000    what a long deferred queue costs
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable
from typing import Any

from benchmarks import backlog, day, floor, growth, hand_written, hosts, real, relay_world, startup

PARTS = ("startup", "real", "growth", "hosts", "waiting", "backlog", "records", "tables", "floor", "day", "ratio")


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of CPU time, and the outcome."""
    gc.collect()
    start = time.process_time()
    outcome = act()
    return time.process_time() - start, outcome


def ratio(n: int, rate: float, rounds: int) -> list[str]:
    """Messages/s of both models, interleaved; the last line is the ratio."""
    least = {"hand": float("inf"), "memo": float("inf"), "fresh": float("inf")}
    world: Any = None
    for _ in range(rounds):
        seconds, _ = timed(lambda: hand_written.run(n, rate))
        least["hand"] = min(least["hand"], seconds)
        seconds, world = timed(lambda: relay_world.run(n, rate))
        least["memo"] = min(least["memo"], seconds)
    memos = [host.master.system.memo for host in world.hosts.values() if host.master]
    hits, misses = sum(m.hits for m in memos), sum(m.misses for m in memos)
    sent = sum(1 for row in world.results.delivery_rows if row[2] == "local" and row[13] == "sent")
    refused = len({r.task for r in world.journal if r.event == "refusal"})
    deferred = len({row[3] for row in world.results.delivery_rows if row[13] == "deferred"})
    records, hit_rate = len(world.journal), hits / max(1, hits + misses)
    world = None
    least["fresh"], _ = timed(lambda: relay_world.run(n, rate, remember=False))
    speed = {name: n / seconds for name, seconds in least.items()}
    return [
        f"{n} messages at {rate:g}/s, least CPU time of {rounds} rounds",
        f"hand-written model          {speed['hand']:10,.0f} messages/s",
        f"simmail                     {speed['memo']:10,.0f} messages/s, memo hit rate {hit_rate:.1%}",
        f"simmail, memo off           {speed['fresh']:10,.0f} messages/s",
        f"delivered {sent}, refused {refused / n:.1%}, deferred at least once {deferred / n:.1%}",
        f"records {records}, {records / n:.1f} a message",
        f"ratio to hand-written, memo off: {speed['fresh'] / speed['hand']:.3f}",
        f"ratio to hand-written: {speed['memo'] / speed['hand']:.3f}",
    ]


def records(n: int, rate: float, rounds: int) -> str:
    """What keeping all records costs, beside keeping none of them."""
    every = none = float("inf")
    for _ in range(rounds):
        every = min(every, timed(lambda: relay_world.run(n, rate))[0])
        none = min(none, timed(lambda: relay_world.run(n, rate, recorded=False))[0])
    return f"with all records a run takes {every / none:.2f} times as long as with none"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000, help="messages")
    parser.add_argument("--rate", type=float, default=100.0, help="messages a second")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds, of which the least time counts")
    parser.add_argument("--sizes", default="10000,30000", help="numbers of messages for growth, with commas")
    parser.add_argument("--sites", default="10,100", help="numbers of sites for hosts, with commas")
    parser.add_argument("--each", type=int, default=50, help="messages a site for hosts")
    parser.add_argument("--waiting", default="2000,8000", help="numbers of messages for backlog, with commas")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part alone; may be given several times")
    args = parser.parse_args()
    parts: dict[str, Callable[[], list[str]]] = {
        "startup": lambda: [startup.report()],
        "real": lambda: [real.report(3000)],
        "growth": lambda: growth.report([int(size) for size in args.sizes.split(",")], args.rate),
        "hosts": lambda: hosts.report([int(sites) for sites in args.sites.split(",")], args.each),
        "waiting": lambda: [growth.waiting(args.n, args.rate)],
        "backlog": lambda: backlog.report([int(size) for size in args.waiting.split(",")]),
        "records": lambda: [records(args.n, args.rate, args.rounds)],
        "tables": lambda: [growth.tables(args.n, args.rate)],
        "floor": lambda: floor.report(args.n, args.rate),
        "day": lambda: [day.report(args.n)],
        "ratio": lambda: ratio(args.n, args.rate, args.rounds),
    }
    for name in PARTS:
        if not args.only or name in args.only:
            print("\n".join(parts[name]()), flush=True)


if __name__ == "__main__":
    main()
