"""A tournament: many main.cf files, each on the same host of the same world, ranked by what they let in and lose.

The files are untrusted: each is run in a process of its own, with limits of time and memory.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simmail.batch.bundle import MAIN_CF, NONE, Bundle
from simmail.batch.intervals import Interval, interval, paired
from simmail.batch.replication import Row, Task
from simmail.batch.runner import alone, progress
from simmail.lab.exercise import handed_in
from simmail.mail.errors import InputError
from simmail.world.folder import FILE_LIMIT

if TYPE_CHECKING:
    import pandas as pd

#: Of one file's process: CPU seconds, octets of memory, octets of one file, open files.
LIMITS = {"cpu": 300, "memory": 4_000_000_000, "file": 100_000_000, "files": 256}
#: As many messages of spam let in weigh as much as one of wanted mail lost.
LOSS = 5.0


class Entry(NamedTuple):
    """One file's place.

    Args:
        rank: from 1; entries that cannot be told apart share one, 0 for an entry that failed.
        name: the file's.
        cost: spam let in, and wanted mail lost by its weight, a run.
        spam, lost: copies a run of each; what is still on its way at the end counts as lost, or who puts everybody
            off would lose nothing.
        failed: why it has no place; "" where it has.
        remarks: what a user should be told of its runs.
    """

    rank: int
    name: str
    cost: Interval
    spam: Interval
    lost: Interval
    failed: str = ""
    remarks: str = ""


class Ranking:
    """Who came where.

    Args:
        entries: the best first, those that failed last.
        replications: how many seeds each had.
    """

    def __init__(self, entries: Sequence[Entry], replications: int) -> None:
        self.entries, self.replications = list(entries), replications

    @property
    def table(self) -> pd.DataFrame:
        """A line an entry."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "rank": e.rank or None, "name": e.name, "cost": e.cost.mean, "cost_low": e.cost.low,
                    "cost_high": e.cost.high, "spam_let_in": e.spam.mean, "wanted_lost": e.lost.mean,
                    "failed": e.failed, "remarks": e.remarks,
                }
                for e in self.entries
            ]
        )  # fmt: skip

    def told(self) -> str:
        """The table for people; entries that share a rank cannot be told apart."""
        width = max((len(entry.name) for entry in self.entries), default=4)
        lines = [f"{'':>4}  {'':<{width}}  {'cost':>16}  {'spam let in':>16}  {'wanted lost':>16}"]
        for e in self.entries:
            if e.failed:
                lines.append(f"{'-':>4}  {e.name:<{width}}  failed: {e.failed}")
            else:
                lines.append(f"{e.rank:>4}  {e.name:<{width}}  {e.cost!s:>16}  {e.spam!s:>16}  {e.lost!s:>16}")
        lines += [f"      {e.name}: {e.remarks}" for e in self.entries if e.remarks]
        many = f"{self.replications} replication{'s' if self.replications > 1 else ''}"
        lines.append(f"{many}, 95 % intervals; who shares a rank cannot be told apart")
        return "\n".join(lines) + "\n"

    def __repr__(self) -> str:
        return self.told()


def tournament(
    folder: str | Path,
    world: str | Path,
    replications: int = 10,
    *,
    host: str = "",
    seed: int = 1,
    until: str = "",
    loss: float = LOSS,
    jobs: int = 0,
) -> Ranking:
    """Rank the main.cf files of a folder.

    Args:
        folder: holds NAME.cf, or NAME/main.cf; or learners' copies, NAME/hosts/HOST/etc/postfix/main.cf with the
            tables beside it.
        world: where they compete: a folder, or the beginning of a lab's name.
        replications: how many seeds, the same for each.
        host: whose main.cf they are; the world's host under study by default.
        seed: the first of them.
        until: how long each run takes; the world's length by default.
        loss: so many messages of spam let in weigh as much as one of wanted mail lost.
        jobs: how many processes at a time; 0 for one a core.

    Raises:
        InputError: for a folder without such files, a world or host that is not there, and for no replications.
    """
    if replications < 1:
        raise InputError("replications", f"{replications} are too few", "an interval takes two at least")
    bundle = Bundle.read(world)
    host = host or _study(bundle)
    place = f"hosts/{host}/{MAIN_CF}"
    if place not in bundle.files:
        raise InputError(f"host {host!r}", f"has no {MAIN_CF} in {world}")
    found = entries(Path(folder), host)
    competing = [bundle.with_files(files) for files in found.values() if not isinstance(files, InputError)]
    seeds = range(seed, seed + replications)
    work = [[Task(own, NONE, number, until, host) for number in seeds] for own in competing]
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        done = list(progress(pool.map(lambda tasks: alone(tasks, LIMITS), work), len(work), str(folder)))
    ran = iter(done)
    rows = {
        name: [Row("", str(files), {})] if isinstance(files, InputError) else next(ran) for name, files in found.items()
    }
    return Ranking(ranked(rows, loss), replications)


def _study(bundle: Bundle) -> str:
    from simmail.batch.load_limit import scenario_of

    study = scenario_of(bundle).study
    if not study:
        raise InputError(bundle.name, "names no host under study", "name one: --host HOST")
    return study


def entries(folder: Path, host: str) -> dict[str, dict[str, str] | InputError]:
    """Name -> files of each entry that a folder holds, or why they cannot be used; links are left where they are.

    Args:
        folder: as for `tournament`.
        host: whose files they are.

    Raises:
        InputError: where there is none.
    """
    own = f"hosts/{host}/{MAIN_CF}"
    found: dict[str, dict[str, str] | InputError] = {}
    for path in sorted([*folder.glob("*.cf"), *folder.glob("*/main.cf"), *folder.glob(f"*/{own}")]):
        top = folder / path.relative_to(folder).parts[0]
        if path.is_symlink() or top.is_symlink() or not path.is_file():
            continue
        try:
            if path == top / own:
                found[top.name] = dict(handed_in(top, [f"hosts/{host}/etc"]))
            else:
                found[top.stem if path == top else top.name] = {own: _text(path)}
        except InputError as error:
            found[top.name] = error
    if not found:
        raise InputError(str(folder), "holds no main.cf", "put NAME.cf or NAME/main.cf there, one for each entry")
    return found


def _text(path: Path) -> str:
    if path.stat().st_size > FILE_LIMIT:
        raise InputError(str(path), "is too large", f"a file of a host may have {FILE_LIMIT:,} octets")
    return path.read_bytes().decode("utf-8", "surrogateescape")


def ranked(rows: dict[str, list[Row]], loss: float = LOSS) -> list[Entry]:
    """The entries, the best first.

    An entry shares the rank of the one before it where the interval of its difference from the first of that rank,
    seed by seed, holds 0.

    Args:
        rows: name -> a row for each seed, in the same order of seeds.
        loss: the weight of wanted mail lost.
    """
    ran = {name: own for name, own in rows.items() if not any(row.failed for row in own)}
    spam = {name: [row.figures["spam_let_in"] for row in own] for name, own in ran.items()}
    lost = {
        name: [row.figures["wanted_lost"] + row.figures["wanted_waiting"] for row in own] for name, own in ran.items()
    }
    costs = {name: [s + loss * w for s, w in zip(spam[name], lost[name], strict=True)] for name in ran}
    failed = {name: next((row.failed for row in own if row.failed), "") for name, own in rows.items()}
    order = sorted(ran, key=lambda name: (interval(costs[name]).mean, name))
    found: list[Entry] = []
    first = ""
    for number, name in enumerate(order, 1):
        tie = bool(first) and paired(costs[name], costs[first]).covers(0.0)
        first = first if tie else name
        found.append(
            Entry(
                found[-1].rank if tie else number,
                name,
                interval(costs[name]),
                interval(spam[name]),
                interval(lost[name]),
                remarks=next((row.remarks for row in rows[name] if row.remarks), ""),
            )
        )
    nothing = interval([])
    return found + [Entry(0, name, nothing, nothing, nothing, failed[name]) for name in sorted(rows) if failed[name]]
