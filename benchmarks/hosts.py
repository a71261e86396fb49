"""How time and memory grow with the number of sites: random worlds, each in a process of its own.

python -m benchmarks.hosts --sites 1000 --messages 200000    one world: its figures, and whether mail is conserved

Each site is a mail server with three people who write all over the network (`simmail build`).  The worlds have the
same number of messages a site, so that time grows as the number of hosts does where a message costs the same.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.growth import exponent
from simmail.world.builder import build
from simmail.world.loader import load

PEOPLE = 3
#: Messages to a message that somebody begins to write: answers come, and answers to them (mail.replied_share).
WITH_REPLIES = 1.2
LENGTH = "1d"


class Measured(NamedTuple):
    """What one world took.

    Args:
        sites, hosts, messages: how many there were; messages as written.
        loading, running: seconds of CPU time.
        before, octets: memory in octets of the world as loaded, and what running added at most.
        delivered: recipients' copies that are in mailboxes.
        conserved: whether all mail is somewhere.
    """

    sites: int
    hosts: int
    messages: int
    loading: float
    running: float
    before: float
    octets: float
    delivered: int
    conserved: bool

    @property
    def each(self) -> float:
        """Milliseconds of CPU time a message."""
        return 1000 * self.running / self.messages

    def told(self) -> str:
        """A line for people."""
        return (
            f"{self.sites:6,} sites {self.hosts:7,} hosts {self.messages:9,} messages {self.loading:7.2f} s to load "
            f"{self.running:8.2f} s to run, {self.each:.2f} ms a message, "
            f"{(self.before + self.octets) / 1e6:6,.0f} MB, {self.octets / self.messages:7,.0f} octets a message, "
            f"{self.delivered:,} delivered, mail {'conserved' if self.conserved else 'NOT CONSERVED'}"
        )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def here(sites: int, messages: int) -> Measured:
    """Build, load and run one world in this process.

    Args:
        sites: places with mail.
        messages: about how many are written in a day, answers among them.
    """
    per_day = messages / sites / PEOPLE / WITH_REPLIES
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "small", 3)
        load(Path(folder) / "small").run("9h")  # what is loaded, made and compiled once
        start_memory = _peak()
        path = build(Path(folder) / "world", sites, people=PEOPLE, per_day=per_day)
        start = time.process_time()
        world = load(path)
        loading, before = time.process_time() - start, _peak() - start_memory
        start = time.process_time()
        world.run(LENGTH)
        running, octets = time.process_time() - start, _peak() - start_memory - before
        written = sum(1 for record in world.journal if record.event == "composed")
        conservation = world.conservation()
        delivered = sum(
            1 for r in world.journal if r.event == "delivery" and r.program == "local" and r.get("status") == "sent"
        )
        return Measured(
            sites, len(world.hosts), written, loading, running, before, octets, delivered, conservation.holds
        )  # fmt: skip


def apart(sites: int, messages: int) -> Measured:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.hosts", "--sites", str(sites), "--messages", str(messages), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Measured(*json.loads(done.stdout))


def report(sizes: list[int], each: int) -> list[str]:
    """Time and memory of worlds of these numbers of sites, with `each` messages a site, and how they grow."""
    found = [apart(sites, sites * each) for sites in sizes]
    lines = [measured.told() for measured in found]
    if len(found) > 1:
        time_ = exponent(sizes, [measured.running for measured in found])
        memory = exponent(sizes, [measured.before + measured.octets for measured in found])
        lines.append(f"with {each} messages a site: time ~ sites^{time_:.3f}, memory ~ sites^{memory:.3f}")
    return lines


def main() -> None:
    """One world."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=200_000, help="about how many are written in its day")
    parser.add_argument("--json", action="store_true", help="the figures alone")
    given = parser.parse_args()
    measured = here(given.sites, given.messages)
    print(json.dumps(measured) if given.json else measured.told())


if __name__ == "__main__":
    main()
