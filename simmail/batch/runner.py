"""Runs many tasks: on the cores of this machine, or on the workers of a dask cluster, with nothing else changed.

A worker that dies (of too little memory, say) takes no other run with it: what it had in hand is tried again, each run
in a process of its own, and what dies there too is a row with its reason.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import cache
from typing import Any, TypeVar

from simmail import __version__
from simmail.batch.replication import Row, Task, failure, run, run_all
from simmail.mail.errors import InputError

T = TypeVar("T")
Result = TypeVar("Result")
#: Runs that are handed to a worker at a time, at most.
PORTION = 8
#: Seconds after which a progress bar shows itself.
PATIENCE_S = 2.0
#: Seconds of wall time for a run in a process of its own.
ALONE_S = 600.0
#: Seconds in which a cluster's scheduler answers, and has its first worker.
ANSWER_S, WORKERS_S = 20.0, 60.0


def portions(tasks: Sequence[Task], jobs: int) -> list[list[Task]]:
    """The tasks in portions: large enough to cost little in handing out, small enough to end together."""
    size = max(1, min(PORTION, len(tasks) // (8 * max(1, jobs))))
    return [list(tasks[start : start + size]) for start in range(0, len(tasks), size)]


def progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """The items, with a bar and the time left once it takes longer; a widget in a notebook."""
    from tqdm.auto import tqdm

    with tqdm(total=total, desc=what, delay=PATIENCE_S, disable=None) as bar:
        for item in items:
            bar.update()
            yield item


def rows(tasks: Sequence[Task], jobs: int = 0, dask: str = "") -> Iterator[Row]:
    """Run all tasks; their rows as they come, in no order that means anything.

    Args:
        tasks: what to run.
        jobs: how many processes of this machine; 0 for one a core.
        dask: the address of a dask scheduler, whose workers do it instead.

    Raises:
        InputError: where no scheduler answers there.
    """
    left = {task.key: task for task in tasks}
    if dask:
        yield from _through_joblib(left, jobs, _on_dask(dask))
        return
    count = jobs or os.cpu_count() or 1
    if count == 1 or len(left) == 1:
        for task in left.values():
            yield run(task)
        return
    while left:
        yield from _through_joblib(left, count, nullcontext)
        suspects = list(left.values())[: 2 * count * PORTION]
        for task in suspects:
            del left[task.key]
            yield from alone([task])


def _through_joblib(
    left: dict[str, Task], jobs: int, backend: Callable[[], AbstractContextManager[Any]]
) -> Iterator[Row]:
    """Rows as they come, each task taken off `left`; ends early where a worker died."""
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with backend() as workers:
        many = workers or jobs
        work = portions(list(left.values()), many)
        pool = Parallel(n_jobs=-1 if workers else jobs, batch_size=1, return_as="generator_unordered")
        place = "" if workers else _shelf().name
        try:
            with _not_interrupted():
                answers = pool(delayed(_at)(place, run_all, portion, __version__) for portion in work)
            for done in answers:
                for row in done:
                    del left[row.key]
                    yield row
        except TerminatedWorkerError:
            return


@contextmanager
def _not_interrupted() -> Iterator[None]:
    """What is started here does not hear of Ctrl-C: whoever has started it does, afterwards, and makes an end of it."""
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as other_tracker

    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    for tracker in (resource_tracker, other_tracker):
        tracker.ensure_running()  # started later, it would let Ctrl-C in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@cache
def _shelf() -> tempfile.TemporaryDirectory[str]:
    """Where the workers of this process have their temporary files: it goes when this process does."""
    return tempfile.TemporaryDirectory(prefix="simmail-", ignore_cleanup_errors=True)


def _at(place: str, function: Callable[..., Result], *arguments: Any) -> Result:
    """In a worker: call a function whose temporary files lie in that folder; "" for where they always do."""
    tempfile.tempdir = place or None
    return function(*arguments)


def _on_dask(address: str) -> Callable[[], AbstractContextManager[int]]:
    """What makes joblib use a cluster: a context, whose value is the number of its threads."""

    class OnDask(ExitStack):
        def __enter__(self) -> int:  # type: ignore[override]
            super().__enter__()
            try:
                from distributed import Client
            except ImportError:
                raise InputError(
                    "--dask",
                    "dask is not installed",
                    "in simmail's folder: pip install '.[dask]', here and on each worker",
                ) from None
            from joblib import parallel_config

            try:
                client = self.enter_context(Client(address, timeout=ANSWER_S, set_as_default=True))
            except (OSError, ValueError) as error:
                raise InputError(f"--dask {address}", f"no scheduler answers there: {error}") from None
            try:
                client.wait_for_workers(1, timeout=WORKERS_S)
            except TimeoutError:
                raise InputError(f"--dask {address}", "has no workers", f"start some: dask worker {address}") from None
            threads: int = sum(client.nthreads().values())
            self.enter_context(parallel_config(backend="dask"))
            return threads

    return OnDask


def alone(tasks: Sequence[Task], limits: dict[str, int] | None = None, patience: float = ALONE_S) -> list[Row]:
    """Run some tasks in a process of their own.

    Args:
        tasks: what to run: one world's, which differ in their seeds alone; at least one.
        limits: of the process, as `simmail.lab.grading_process.limit` takes them; None for none.
        patience: seconds of wall time.
    """
    first, world = tasks[0], tasks[0].world
    said = {
        **first._asdict(), "world": [world.name, world.files, world.given], "seeds": [task.seed for task in tasks],
        "limits": limits,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="simmail-") as place:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "simmail.batch.alone"], input=json.dumps(said).encode(), capture_output=True,
                timeout=patience, check=False, cwd=place, env={**os.environ, "TMPDIR": place},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return [failure(task, f"took longer than {patience:g} s and was stopped") for task in tasks]
    try:
        told = json.loads(done.stdout)
    except ValueError:
        words = done.stderr.decode(errors="replace")
        reason = words.strip().rpartition("\n")[2]
        if done.returncode < 0 or "MemoryError" in words:
            reason = "used up the time or the memory that a run has, and was stopped"
        return [failure(task, reason) for task in tasks]
    return [
        Row(key, failed, {name: math.nan if value is None else value for name, value in found.items()}, remarks)
        for key, failed, _, remarks, found in told
    ]


def each(
    function: Callable[[T], Result], items: Sequence[T], jobs: int = 0, dask: str = ""
) -> Iterator[tuple[int, Result]]:
    """What an importable function makes of each item, as it comes, with the item's number.

    Args:
        function: called in worker processes.
        items: what it is called with.
        jobs, dask: as for `rows`.
    """
    from joblib import Parallel, delayed

    with (_on_dask(dask) if dask else nullcontext)() as workers:
        pool = Parallel(n_jobs=-1 if workers else jobs or os.cpu_count() or 1, return_as="generator_unordered")
        place = "" if workers else _shelf().name
        with _not_interrupted():
            answers = pool(delayed(_at)(place, _numbered, function, number, item) for number, item in enumerate(items))
        yield from answers


def _numbered(function: Callable[[T], Result], number: int, item: T) -> tuple[int, Result]:
    return number, function(item)
