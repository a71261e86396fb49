"""How long it takes until `simmail --help` has answered."""

from __future__ import annotations

import subprocess
import sys
import time


def _least(command: list[str], tries: int) -> float:
    """The least of several times, seconds."""
    least = float("inf")
    for _ in range(tries):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        least = min(least, time.perf_counter() - start)
    return least


def report(tries: int = 7) -> str:
    """Seconds for the command, and for Python alone."""
    told = _least([sys.executable, "-m", "simmail", "--help"], tries)
    bare = _least([sys.executable, "-c", "pass"], tries)
    return f"simmail --help {told:.3f} s, of which Python {bare:.3f} s"
