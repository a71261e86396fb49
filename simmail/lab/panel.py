"""A panel for showing: settings to flip, and what they do, before and after side by side.

    simmail.panel("03", "mail.domain.ork", {"mynetworks": ["192.168.1.0/24", "0.0.0.0/0"]}, until="1d")

On the left the lab as it is, on the right with what is chosen: what became of the mail, the queue over time, and the
end of the log.  Both are the same world with the same seed, so whatever differs comes from the setting.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.lab import plot
from simmail.lab.load import load
from simmail.mail.errors import InputError, SimmailError
from simmail.world.logs import maillog

if TYPE_CHECKING:
    from simmail.world.world import World

#: What stands in a menu for leaving a setting as it is.
AS_IT_IS = "(as it is)"
#: Lines of the log that are shown: the last ones.
LINES = 8
CELL = "text-align:left;vertical-align:top;padding:0 1em 0 0"


class Side(NamedTuple):
    """One side of the panel.

    Args:
        title: what was set.
        world: as it is at the end; None where it could not be run.
        trouble: why not, or what Postfix said of what was set.
    """

    title: str
    world: World | None
    trouble: str = ""


def run(name: str | Path, host: str, settings: Mapping[str, str], until: str, seed: int = 1, policy: str = "") -> Side:
    """Run a world with some settings of one host changed before it begins.

    Args:
        name, seed, policy: as for `simmail.load`.
        host: whose main.cf.
        settings: parameter -> value.
        until: how long.
    """
    title = ", ".join(f"{parameter} = {value}" for parameter, value in settings.items()) or AS_IT_IS
    said = ""
    try:
        world = load(name, seed, policy)
        if settings:
            changed = world.host(host)
            changed.edit("main.cf", **settings)
            lines = changed.sh("postfix reload").stderr.splitlines()
            said = "\n".join(line for line in lines if ": fatal: " in line or any(name in line for name in settings))
        world.run(until)
    except SimmailError as error:
        return Side(title, None, str(error))
    return Side(title, world, said)


def shown(side: Side, host: str) -> str:
    """One side as HTML: figures, picture, log."""
    head = f"<h4>{html.escape(side.title)}</h4>"
    if side.trouble:
        head += f"<p>{html.escape(side.trouble)}</p>"
    if side.world is None:
        return head
    figures, account = side.world.results.summary()["hosts"].get(host, {}), side.world.results.account.figures
    rows = [(name, str(value)) for name, value in figures.items()]
    rows += [(f"{mail} mail", _fates(account[mail])) for mail in ("wanted", "unwanted")]
    rows += [("notices to innocents", str(account["notices_to_innocents"]))]
    rows += [("complaints", _fates(account["complaints"]))]
    table = "".join(f"<tr><th scope='row' style='{CELL}'>{n}</th><td style='{CELL}'>{v}</td></tr>" for n, v in rows)
    picture = (
        plot.queues(side.world, host)._repr_mimebundle_()["text/html"].replace("<img ", "<img style='width:100%' ")
    )
    log = "\n".join(list(maillog(side.world.host(host)))[-LINES:])
    return (
        f"{head}<table style='line-height:1.4;margin-bottom:1em'>{table}</table>{picture}"
        f"<pre style='font-size:10px;line-height:1.4;white-space:pre-wrap'>{html.escape(log)}</pre>"
    )


def _fates(counts: Mapping[str, int]) -> str:
    """What became of mail, in words: `11 bounced, 56 delivered`."""
    return ", ".join(f"{number} {state}" for state, number in counts.items()) or "none"


def _check(settings: object) -> None:
    """Raises InputError for what is no table of parameters and lists of values."""
    wanted = "write {'parameter': ['a value', 'another']}"
    if not isinstance(settings, Mapping):
        raise InputError("panel: settings", f"{settings!r} is no table", wanted)
    for parameter, values in settings.items():
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise InputError(f"panel: {parameter}", f"{values!r} is no list", wanted)


def panel(
    name: str | Path,
    host: str,
    settings: Mapping[str, Sequence[str]],
    until: str = "1d",
    seed: int = 1,
    policy: str = "",
) -> Any:
    """The panel, a widget.

    Args:
        name, seed, policy: as for `simmail.load`.
        host: whose settings are flipped, and whose queue and log are shown.
        settings: parameter -> the values to choose from.
        until: how long each run is.

    Raises:
        InputError: for settings that are no table of lists.
    """
    import ipywidgets as widgets

    _check(settings)

    menus = {
        parameter: widgets.Dropdown(
            options=[AS_IT_IS, *values], value=AS_IT_IS, description=parameter, style={"description_width": "initial"},
            layout=widgets.Layout(width="95%"),
        )
        for parameter, values in settings.items()
    }  # fmt: skip
    half = widgets.Layout(width="50%", padding="0 1em 0 0")
    before = widgets.HTML(shown(run(name, host, {}, until, seed, policy), host), layout=half)
    after = widgets.HTML("<p>Choose a setting above.</p>", layout=half)

    def flipped(_: Any) -> None:
        chosen = {parameter: menu.value for parameter, menu in menus.items() if menu.value != AS_IT_IS}
        after.value = "<p>running ...</p>"
        after.value = shown(run(name, host, chosen, until, seed, policy), host)

    for menu in menus.values():
        menu.observe(flipped, names="value")
    return widgets.VBox([*menus.values(), widgets.HBox([before, after])])
