"""How much mail a host can take: the load at which its queue no longer drains.

All rates at which the world's actors write are multiplied by one factor.  The queue drains as long as it does not grow:
as long as its mean over the second half of the run exceeds that over the first by no more than GROWTH of the mail that
came in the time between.  Each replication finds its own factor by bisection; the interval is over the replications.
Where mail comes in a daily rhythm, both halves must hold the same hours: give an even number of days.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simmail.batch.bundle import NONE, Bundle
from simmail.batch.intervals import Interval, interval
from simmail.batch.replication import Task, lived
from simmail.batch.runner import each, progress
from simmail.mail.errors import InputError, SimmailError
from simmail.world import scenario as scenarios
from simmail.world.actors.figures import Figures
from simmail.world.actors.programs import ProgramSpec
from simmail.world.folder import WORLD
from simmail.world.world import World

#: The rates that are multiplied, and the figure that stands for one that a world leaves open.
RATES = {
    "per_day": "people.sent_per_day", "visitors_per_day": "", "attempts_per_day": "form.attempts_per_day",
    "probes_per_day": "scanner.probes_per_day", "spam_per_day": "",
}  # fmt: skip
#: The share of the mail that comes in, and the messages, that a queue which drains may grow by.
GROWTH, SLACK = 0.05, 2.0
#: No factor beyond this, or below one part of it, is tried.
HIGHEST = 1024.0


class Search(NamedTuple):
    """A bisection to be made.

    Args:
        task: its world, seed and length; its host is the one whose queue is looked at.
        rates: steps into world.yaml -> the rate there as it is.
        tolerance: the factor is found to so many parts of itself.
    """

    task: Task
    rates: dict[str, float]
    tolerance: float


class Found(NamedTuple):
    """Where one replication's queue stops draining.

    Args:
        factor: by which the rates were multiplied; not-a-number where none was found.
        per_hour: messages an hour that then came into the host's queue.
        failed: why there is no factor; "" where there is one.
    """

    factor: float
    per_hour: float
    failed: str = ""


class Capacity:
    """What a host can take.

    Args:
        world, host: which.
        found: a result for each seed.
    """

    def __init__(self, world: str, host: str, found: Sequence[Found]) -> None:
        self.world, self.host, self.found = world, host, list(found)

    @property
    def logarithm(self) -> Interval:
        """Of the factor's natural logarithm, over the replications."""
        return interval([math.log(one.factor) for one in self.found])

    @property
    def per_hour(self) -> Interval:
        """Messages an hour into the host's queue, at that load."""
        return interval([one.per_hour for one in self.found])

    def told(self) -> str:
        """The result for people."""
        over, rate = self.logarithm, self.per_hour
        lines = []
        if over.size:
            reach = f", {math.exp(over.low):.3g} to {math.exp(over.high):.3g}" if over.size > 1 else ""
            lines.append(
                f"{self.host}: the queue no longer drains at {math.exp(over.mean):.3g} times"
                f" the mail of {self.world}{reach}"
            )
            lines.append(f"  that is {rate} messages an hour into its queue ({over.size} replications, 95 % intervals)")
        lines += [f"no limit found: {one.failed}" for one in self.found if one.failed]
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        return self.told()


def capacity(
    world: str | Path,
    host: str,
    replications: int = 5,
    *,
    policy: str = NONE,
    seed: int = 1,
    until: str = "",
    tolerance: float = 0.02,
    jobs: int = 0,
    dask: str = "",
) -> Capacity:
    """Find the load at which a host's queue no longer drains.

    Args:
        world: a folder, or the beginning of a lab's name.
        host: whose queue.
        replications: how many seeds.
        policy, seed, until, jobs, dask: as for `compare`.
        tolerance: each factor is found to so many parts of itself.

    Raises:
        InputError: for a host, policy or rate that is not there.
    """
    bundle = Bundle.read(world)
    bundle.check_policies([policy])
    scenario = scenario_of(bundle)
    if host not in scenario.hosts:
        raise InputError(f"host {host!r}", f"is not in {world}", f"there are: {', '.join(scenario.hosts)}")
    rates = _rates(scenario)
    if not rates:
        raise InputError(str(world), "has no actors that write at a rate", "give it some under `actors:`")
    searches = [
        Search(Task(bundle, policy, number, until, host), rates, tolerance)
        for number in range(seed, seed + replications)
    ]
    done = dict(progress(each(search, searches, jobs, dask), len(searches), str(world)))
    return Capacity(bundle.name, host, [done[number] for number in range(len(searches))])


def scenario_of(bundle: Bundle) -> scenarios.Scenario:
    """What a world's world.yaml says.  Raises InputError."""
    with tempfile.TemporaryDirectory(prefix="simmail-") as place:
        bundle.write(Path(place))
        return scenarios.read(Path(place) / WORLD)


def _rates(scenario: scenarios.Scenario) -> dict[str, float]:
    """Steps into world.yaml -> each rate above 0 there."""
    figures = Figures(scenario.figures)
    found = {}
    for name, actor in scenario.actors.items():
        for field, figure in RATES.items():
            if field not in type(actor).model_fields:
                continue
            rate = getattr(actor, field)
            found[f"actors.{name}.{field}"] = figures[figure] if rate is None else float(rate)
        if isinstance(actor, ProgramSpec):
            found |= {f"actors.{name}.per_hour.{moment}": rate for moment, rate in actor.per_hour.items()}
    return {path: rate for path, rate in found.items() if rate > 0}


def search(asked: Search) -> Found:
    """One replication's bisection, between factors that double until one drains and the next does not."""
    try:
        return _bisected(asked)
    except SimmailError as error:
        return Found(math.nan, math.nan, f"seed {asked.task.seed}: {error}")


def _bisected(asked: Search) -> Found:
    low, rate = 1.0, _tried(asked, 1.0)
    up = rate is not None
    step = 2.0 if up else 0.5
    high = low * step
    while 1 / HIGHEST <= high <= HIGHEST:
        came = _tried(asked, high)
        if (came is not None) != up:
            break
        low, rate, high = high, came, high * step
    else:
        words = "drains even" if up else "does not drain even"
        return Found(math.nan, math.nan, f"seed {asked.task.seed}: the queue {words} at {low:g} times the mail")
    if not up:
        low, high, rate = high, low, came
    while high / low > 1 + asked.tolerance:
        middle = math.sqrt(low * high)
        came = _tried(asked, middle)
        if came is None:
            high = middle
        else:
            low, rate = middle, came
    return Found(math.sqrt(low * high), rate or 0.0)


def _tried(asked: Search, factor: float) -> float | None:
    """Messages an hour into the host's queue at a factor; None where the queue does not drain."""
    world = asked.task.world
    for path, rate in asked.rates.items():
        world = world.with_world_parameter(path, rate * factor)
    return drained(lived(asked.task._replace(world=world)), asked.task.host)


def drained(world: World, host: str) -> float | None:
    """Messages an hour into a host's queue over a run; None where the queue did not drain."""
    half = world.now / 2
    means, came = [0.0, 0.0], 0
    last, size = 0.0, 0
    for time, now in [*((t, n) for t, name, n in world.results.queue_rows if name == host), (world.now, 0)]:
        means[0] += size * max(0.0, min(time, half) - min(last, half)) / half
        means[1] += size * max(0.0, max(time, half) - max(last, half)) / half
        came += now > size
        last, size = time, now
    if means[1] - means[0] > SLACK + GROWTH * came / 2:
        return None
    return came * 3600.0 / world.now
