"""What a long deferred queue costs: each try of what waits, and an administrator's look at the queue.

python -m benchmarks.backlog --sizes 2000,8000,32000
"""

from __future__ import annotations

import argparse
import time

from benchmarks import relay_world

HOURS, HOUR_S = 6, 3600.0
RATE = 100.0
COMMANDS = (
    "mailq | tail -1",
    "qshape deferred | head -1",
    "find /var/spool/postfix/deferred -type f | wc -l",
    "grep -c status=deferred /var/log/mail.log",
    "postsuper -r ALL",
)


def report(sizes: list[int]) -> list[str]:
    """Microseconds of CPU time for each try and, for each command, for each message that waits; a line a size."""
    lines = []
    for n in sizes:
        world = relay_world.wait(n, RATE)
        host = world.hosts["mail.domain.ork"]
        assert host.master is not None
        waiting, before, start = len(host.master.spool.deferred), len(world.journal), time.process_time()
        world.run(world.now + HOURS * HOUR_S)
        seconds = time.process_time() - start
        tries = sum(record.event == "delivery" for record in world.journal.since(before))
        told = [f"{waiting:8,} messages wait: {1e6 * seconds / tries:6.1f} us a try"]
        for command in COMMANDS:
            start = time.process_time()
            host.sh(command)
            told.append(f"{command.split(' | ')[0]} {1e6 * (time.process_time() - start) / waiting:.1f}")
        lines.append(", ".join(told))
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", default="2000,8000,32000", help="how many wait, with commas")
    print("\n".join(report([int(size) for size in parser.parse_args().sizes.split(",")])))
