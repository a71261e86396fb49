"""What takes minutes: honest intervals, a killed sweep, a cluster."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from simmail.batch import compare, sweep
from simmail.batch.intervals import paired
from tests.batch.test_sweep import TEXT

pytestmark = pytest.mark.long

#: Replications for the true difference; intervals, and the replications of each.
TRUE, INTERVALS, EACH = 5000, 200, 20


def test_intervals_are_honest(world: Path) -> None:
    """Of 200 intervals of 20 replications each 92 to 98 % hold the difference that 5,000 other replications show."""
    text = (world / "world.yaml").read_text(encoding="utf-8")
    (world / "world.yaml").write_text(text.replace("per_day: 30", "per_day: 60"), encoding="utf-8")
    policies = ["none", "strict"]
    found = compare(world, policies, TRUE + INTERVALS * EACH, until="2h", jobs=2)
    spam = {policy: found.values(policy, "spam_let_in") for policy in policies}
    true = paired(spam["strict"][:TRUE], spam["none"][:TRUE]).mean
    assert true < 0
    held = sum(
        paired(spam["strict"][start : start + EACH], spam["none"][start : start + EACH]).covers(true)
        for start in range(TRUE, TRUE + INTERVALS * EACH, EACH)
    )
    print(f"true difference {true:.4f}; {held} of {INTERVALS} intervals hold it")
    assert 0.92 <= held / INTERVALS <= 0.98


def test_a_killed_sweep_goes_on(world: Path, tmp_path: Path) -> None:
    """Killed by SIGKILL half-way and taken up again, a sweep of 400 runs has the rows of an undisturbed one."""
    file = world.parent / "sweep.yaml"
    file.write_text(TEXT.replace("seeds: 2", "seeds: 100").replace("3h", "6h"), encoding="utf-8")
    whole = sweep(file, tmp_path / "whole", jobs=2)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "simmail", "sweep", str(file), "--out", str(out), "--jobs", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as run:
        while run.poll() is None and not list(out.glob("runs/*/*.parquet")):
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGKILL)
    before = len(pd.read_parquet(out / "runs"))
    assert 0 < before < 400
    again = sweep(file, out, jobs=2)
    assert again.ran == 400 - before
    assert len(pd.read_parquet(out / "runs")) == 400
    pd.testing.assert_frame_equal(again.runs, whole.runs)


@contextmanager
def cluster(place: Path) -> Iterator[str]:
    """A scheduler and two workers, each a process of its own in an empty directory; the scheduler's address."""
    with subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
         "--no-dashboard"],
        cwd=place, stderr=subprocess.PIPE, text=True,
    ) as scheduler:  # fmt: skip
        assert scheduler.stderr is not None
        address = next(
            found[1] for line in scheduler.stderr if (found := re.search(r"Scheduler at:\s*(tcp://\S+)", line))
        )
        workers = []
        for name in ("one", "two"):
            (place / name).mkdir()
            workers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard",
                     "--no-nanny"],
                    cwd=place / name, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                )
            )  # fmt: skip
        try:
            yield address
        finally:
            for process in (*workers, scheduler):
                process.terminate()
                process.wait(timeout=60)


@pytest.mark.filterwarnings("default")
def test_a_cluster_gives_the_same_rows(world: Path, tmp_path: Path) -> None:
    """A LocalCluster, and two workers started by themselves in empty directories, give the rows of this machine."""
    from distributed import LocalCluster

    file = world.parent / "sweep.yaml"
    file.write_text(TEXT.replace("seeds: 2", "seeds: 10"), encoding="utf-8")
    here = sweep(file, tmp_path / "here", jobs=1)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, protocol="tcp://") as local:
        there = sweep(file, tmp_path / "local", dask=local.scheduler_address)
    pd.testing.assert_frame_equal(there.runs, here.runs)
    (tmp_path / "far").mkdir()
    with cluster(tmp_path / "far") as address:
        far = sweep(file, tmp_path / "far-rows", dask=address)
        left = [path for name in ("one", "two") for path in (tmp_path / "far" / name).rglob("world.yaml")]
    assert not left
    pd.testing.assert_frame_equal(far.runs, here.runs)
    assert far.ran == 40
