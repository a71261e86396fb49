"""Many runs: policies compared, parameters swept, limits found, on one machine or a cluster."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simmail.batch.comparison import compare as compare
    from simmail.batch.load_limit import capacity as capacity
    from simmail.batch.page import report as report
    from simmail.batch.ranking import tournament as tournament
    from simmail.batch.sweeping import sweep as sweep

#: Where each public name lives; imported when it is first used.
_PUBLIC = {
    "capacity": "simmail.batch.load_limit",
    "compare": "simmail.batch.comparison",
    "report": "simmail.batch.page",
    "sweep": "simmail.batch.sweeping",
    "tournament": "simmail.batch.ranking",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"simmail.batch has no {name!r}; it has {', '.join(sorted(_PUBLIC))}")
    return getattr(import_module(_PUBLIC[name]), name)
