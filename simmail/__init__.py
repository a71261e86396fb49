"""A mail world in a box: hosts that run Postfix's own configuration files in simulated time.

import simmail
world = simmail.load("01", seed=1)
world.run(until="2h")
print(world.host("mail.domain.ork").sh("postqueue -p"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from simmail.lab import plot as plot
    from simmail.lab.animation import animation as animation
    from simmail.lab.diff import diff as diff
    from simmail.lab.explain import explain as explain
    from simmail.lab.hand_in import check as check
    from simmail.lab.journey import journey as journey
    from simmail.lab.lint import lint as lint
    from simmail.lab.load import load as load
    from simmail.lab.panel import panel as panel

#: Where each public name lives; imported when it is first used, so that `import simmail` costs next to nothing.
_PUBLIC = {
    "animation": ("simmail.lab.animation", "animation"),
    "batch": ("simmail.batch", None),
    "panel": ("simmail.lab.panel", "panel"),
    "check": ("simmail.lab.hand_in", "check"),
    "diff": ("simmail.lab.diff", "diff"),
    "explain": ("simmail.lab.explain", "explain"),
    "lint": ("simmail.lab.lint", "lint"),
    "load": ("simmail.lab.load", "load"),
    "journey": ("simmail.lab.journey", "journey"),
    "plot": ("simmail.lab.plot", None),
}


def __getattr__(name: str) -> Any:
    try:
        module, attribute = _PUBLIC[name]
    except KeyError:
        raise AttributeError(f"simmail has no {name!r}; it has {', '.join(sorted(_PUBLIC))}") from None
    found = import_module(module)
    return found if attribute is None else getattr(found, attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
