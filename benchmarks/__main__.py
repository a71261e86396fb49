"""`make bench`: simmail beside the hand-written model, in one run."""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable
from typing import Any

from benchmarks import hand_written, relay_world


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of CPU time, and the outcome."""
    gc.collect()
    start = time.process_time()
    outcome = act()
    return time.process_time() - start, outcome


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10_000, help="messages")
    parser.add_argument("--rate", type=float, default=100.0, help="messages a second")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds, of which the least time counts")
    args = parser.parse_args()
    least = {"hand": float("inf"), "memo": float("inf"), "fresh": float("inf")}
    world: Any = None
    for _ in range(args.rounds):
        seconds, _ = timed(lambda: hand_written.run(args.n, args.rate))
        least["hand"] = min(least["hand"], seconds)
        seconds, world = timed(lambda: relay_world.run(args.n, args.rate))
        least["memo"] = min(least["memo"], seconds)
    least["fresh"], _ = timed(lambda: relay_world.run(args.n, args.rate, remember=False))
    speed = {name: args.n / seconds for name, seconds in least.items()}
    memos = [host.master.system.memo for host in world.hosts.values() if host.master]
    hits, misses = sum(m.hits for m in memos), sum(m.misses for m in memos)
    print(f"{args.n} messages at {args.rate:g}/s, least CPU time of {args.rounds} rounds")
    print(f"hand-written model          {speed['hand']:10,.0f} messages/s")
    hit_rate = hits / max(1, hits + misses)
    print(f"simmail                     {speed['memo']:10,.0f} messages/s, memo hit rate {hit_rate:.1%}")
    print(f"simmail, memo off           {speed['fresh']:10,.0f} messages/s")
    sent = sum(1 for row in world.results.delivery_rows if row[2] == "local" and row[13] == "sent")
    refused = len({r.task for r in world.journal if r.event == "refusal"})
    deferred = len({row[3] for row in world.results.delivery_rows if row[13] == "deferred"})
    print(f"delivered {sent}, refused {refused / args.n:.1%}, deferred at least once {deferred / args.n:.1%}")
    print(f"records {len(world.journal)}")
    print(f"ratio to hand-written, memo off: {speed['fresh'] / speed['hand']:.3f}")
    print(f"ratio to hand-written: {speed['memo'] / speed['hand']:.3f}")


if __name__ == "__main__":
    main()
