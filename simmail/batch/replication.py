"""One replication: a world's files, a policy and a seed in, a small row out.

What runs it, a process of this machine or a worker far away, needs nothing but simmail: the files come with the task,
are written to a temporary folder, and nothing that others see is ever written.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simmail import __version__
from simmail.batch.bundle import NONE, Bundle
from simmail.batch.figures import FIGURES, figures
from simmail.mail.errors import InputError, SimmailError
from simmail.world.loader import load
from simmail.world.world import World

#: What is said by Python, by C code that leaves with no error set, and by the dynamic loader, that got no memory.
NO_MEMORY = ("MemoryError", "without exception set", "failed to map segment", "Cannot allocate memory")
OUT_OF_MEMORY = "used up the memory that a run has"
#: Remarks of a run at most.
REMARKS = 3
#: Worlds whose files a worker keeps on its disk at a time.
KEPT = 4


class Task(NamedTuple):
    """What is to be run.

    Args:
        world: its files.
        policy: one of its policies, or `none`.
        seed: from which all chance is drawn.
        until: how long; "" for the world's length.
        host: the host under study; "" for the one that the world names.
    """

    world: Bundle
    policy: str
    seed: int
    until: str = ""
    host: str = ""

    @property
    def key(self) -> str:
        """By what the run is known: the same for the same files, policy, seed and length."""
        said = json.dumps([self.world.hash, self.policy, self.seed, self.until, self.host])
        return hashlib.sha256(said.encode()).hexdigest()[:20]


class Row(NamedTuple):
    """What came of a run.

    Args:
        key: the task's.
        failed: why there are no figures; "" where there are.
        figures: FIGURES by name, not-a-number for what the run cannot tell.
        remarks: what a user should be told of the world and of what died in it, with semicolons between.
    """

    key: str
    failed: str
    figures: dict[str, float]
    remarks: str = ""


def failure(task: Task, reason: str) -> Row:
    """The row of a run that came to nothing."""
    return Row(task.key, reason or "for no known reason", {name: float("nan") for name in FIGURES})


def run(task: Task) -> Row:
    """Run one task; a run that fails is a row too, with the reason."""
    try:
        world = lived(task)
        remarks = [*world.notices, *world.results.cries()]
        return Row(task.key, "", figures(world, task.host), _as_known(task, "; ".join(remarks[:REMARKS])))
    except SimmailError as error:
        return failure(task, _as_known(task, str(error)))
    except Exception as error:  # whatever it is, the other runs go on, and the row says what it was
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        return failure(task, OUT_OF_MEMORY if any(sign in said for sign in NO_MEMORY) else said)


def _as_known(task: Task, text: str) -> str:
    """What is said of the files of a task's world, as its user knows them."""
    return task.world.as_known(text, _folder(task.world.hash, task.world))


def lived(task: Task) -> World:
    """The task's world at the end of its run.

    Raises:
        SimmailError: for a world that cannot be loaded.
    """
    world = load(_folder(task.world.hash, task.world), task.seed, "" if task.policy == NONE else task.policy)
    world.run(task.until or None)
    return world


def run_all(tasks: Sequence[Task], version: str) -> list[Row]:
    """Run some tasks, one after the other.

    Raises:
        InputError: where this worker has another simmail than who asks.
    """
    if version != __version__:
        raise InputError("a worker", f"has simmail {__version__}", f"install {version} there")
    return [run(task) for task in tasks]


class _Written:
    """A world's files in a temporary folder, for as long as this is kept."""

    def __init__(self, world: Bundle) -> None:
        self.place = tempfile.TemporaryDirectory(prefix="simmail-", ignore_cleanup_errors=True)
        world.write(Path(self.place.name))


_places: dict[str, _Written] = {}


def _folder(digest: str, world: Bundle) -> Path:
    """Where the world's files lie; written when it is first asked for, and the oldest folder given up."""
    if digest not in _places:
        while len(_places) >= KEPT:
            _places.pop(next(iter(_places))).place.cleanup()
        _places[digest] = _Written(world)
    return Path(_places[digest].place.name)
