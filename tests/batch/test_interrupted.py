"""Who is stopped leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

#: How long a command may take until its workers are at work, seconds.
PATIENCE_S = 120.0


@pytest.fixture
def heard() -> Iterator[None]:
    """What is started hears of Ctrl-C, also where a shell has these tests ignore it, as jobs in its background do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    ("sent", "status", "said"), [(signal.SIGINT, 130, "simmail: interrupted\n"), (signal.SIGTERM, 143, "")]
)
def test_a_comparison_that_is_stopped(
    world: Path, tmp_path: Path, sent: signal.Signals, status: int, said: str
) -> None:
    """Ctrl-C, which a terminal sends to workers too, and a cluster's end: no traceback, no temporary files."""
    place = tmp_path / "temporary"
    place.mkdir()
    command = ["compare", str(world), "--policies", "strict,closed", "--replications", "2000", "--jobs", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "simmail", *command], env={**os.environ, "TMPDIR": str(place)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as running:  # fmt: skip
        end = time.monotonic() + PATIENCE_S
        while not any(place.rglob("world.yaml")):
            assert running.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        os.killpg(running.pid, sent)
        out, complaints = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, out, complaints) == (status, "", said)
    assert not list(place.iterdir())
