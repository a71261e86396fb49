"""A day of a site whose biggest destination is down for four hours; 8,640,000 messages are 100 a second.

python -m benchmarks.day --n 8640000      with a line on stderr for each hour
python -m benchmarks.day --others a_postfix   with a Postfix at each destination, too

The destinations are sites, as worlds have them around the server that they study.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

from benchmarks import relay_world
from simmail.world.world import World

DAY_S, HOUR_S = 86400.0, 3600.0
#: When the biggest destination is down, seconds.
DOWN_FROM_S, DOWN_TO_S = 8 * HOUR_S, 12 * HOUR_S
MB = 1e6


def _memory() -> float:
    """The most memory this process has had, octets."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


OTHERS = {others.__name__: others for others in (relay_world.a_site, relay_world.a_postfix)}


def report(n: int, others: str = relay_world.a_site.__name__) -> str:
    """What a day with n messages takes; `others`: what the destinations run, one of OTHERS."""
    before, start = _memory(), time.process_time()
    most = 0
    hours = 0

    def told(world: World) -> None:
        nonlocal most, hours
        relay = world.hosts["mail.domain.ork"].master
        assert relay is not None
        most = max(most, len(relay.spool.deferred))
        if world.now >= (hours + 1) * HOUR_S:
            hours = int(world.now // HOUR_S)
            seconds, octets = time.process_time() - start, _memory() - before
            waiting = len(relay.spool.deferred)
            line = f"{hours:3} h: {seconds:8.0f} s of CPU, {octets / MB:6.0f} MB more, {waiting:7,} wait"
            print(line, file=sys.stderr, flush=True)

    weather = relay_world.BiggestDown(DOWN_FROM_S, DOWN_TO_S)
    world = relay_world.run(n, n / DAY_S, weather=weather, others=OTHERS[others], told=told)
    seconds, octets = time.process_time() - start, _memory() - before
    assert world.conservation().holds
    return (
        f"a day of {n:,} messages, {others.replace('_', ' ')} at each destination, the biggest one down for four "
        f"hours: {seconds:,.1f} s of CPU, "
        f"{n / seconds:,.0f} messages/s, {octets / MB:,.0f} MB, at most {most:,} messages deferred at a time"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=int, default=8640)
    parser.add_argument("--others", choices=OTHERS, default=relay_world.a_site.__name__)
    given = parser.parse_args()
    print(report(given.n, given.others))
