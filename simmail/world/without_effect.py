"""Settings of a world's hosts that have an effect in life and none here, told with the user's own file names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.errors import Location
from simmail.postfix.not_simulated import unsimulated
from simmail.world.blame import own_name

if TYPE_CHECKING:
    from simmail.world.world import World


def without_effect(world: World) -> list[str]:
    """One line for each such setting of the hosts that run Postfix: file:line, host, setting, and why.

    Args:
        world: its hosts' files are looked at as they are now.
    """
    found = []
    for host in world.hosts.values():
        if host.master is not None:
            for finding in unsimulated(host.machine):
                place = Location(own_name(host, finding.location.file), finding.location.line)
                found.append(f"{place}: {host.name}: {finding.parameter}: {finding.why}")
    return found
