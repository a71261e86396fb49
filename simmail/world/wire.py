"""What the way between two hosts costs: latency, bandwidth, lost packets, cut links, and a peer that has rebooted.

TCP sends again what got lost, after a second at first for a connection's beginning and after a fifth of a second
later on, then twice as long each time.  So a link that is cut for a while is a pause, no end, as long as the patience
of whoever waits is longer; and a host that comes back knows nothing of its old connections and says so.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from simmail.mail.answers import Lost
from simmail.mail.questions import Decision, Level
from simmail.network.graph import HERE, Path
from simmail.world.clock import Task
from simmail.world.line import Transfer

if TYPE_CHECKING:
    from simmail.world.connection import Connection
    from simmail.world.world import World

#: Seconds until something is sent again for the first time: a connection's beginning, and anything later.
FIRST_AGAIN_S, AGAIN_S = 1.0, 0.2
#: The longest pause between two tries (RFC 6298 section 2.5 allows no less than a minute).
LONGEST_S = 120.0
PACKET = 1460
#: What takes less than this to send does not wait for others: a host's disk is slower than a link of that kind.
TRIFLE_S = 0.001
LOST, TIMEOUT = Lost("lost connection"), Lost("timeout")
#: LOST where the server's process died.
CUT_OFF = Lost("lost connection")


def route(world: World, stations: tuple[str, ...]) -> Path | None:
    """The way from the first to the last of these hosts by way of those between; None where it is cut."""
    whole: Path | None = None
    for start, end in pairwise(stations):
        part = world.network.path(start, end)
        if part is None:
            return None
        whole = part if whole is None else whole + part
    return whole or HERE


def sent_again(rng: Random, loss: float, pause: float, limit: float) -> float:
    """Seconds that it takes until one packet and its answer get through; `limit` or more where they do not."""
    waited = 0.0
    while waited < limit and rng.random() < loss:
        waited += pause
        pause = min(2 * pause, LONGEST_S)
    return waited


def carry(world: World, task: Task, connection: Connection, octets: float, patience: float) -> Decision[Lost | None]:
    """Let octets travel over a connection, whatever is in the way.

    Args:
        world: whose network it is.
        task: who sends; its time passes.
        connection: over which.
        octets: how many; 0 for a reply, which travels back.
        patience: seconds until the sender gives up.

    Returns:
        None where they arrived.
    """
    deadline = task.now + patience
    pause = AGAIN_S
    while True:
        if connection.checked != world.network.changed:
            path = route(world, connection.stations)
            if path is None:
                task.now += pause
                if task.now >= deadline:
                    task.now = deadline
                    return TIMEOUT
                pause = min(2 * pause, LONGEST_S)
                yield Level()
                continue
            connection.path, connection.checked = path, world.network.changed
        break
    path = connection.path
    task.now += path.latency
    if connection.reset:
        task.now += path.latency
        return LOST
    if path.loss:
        if connection.rng is None:
            connection.rng = world.rng("loss", *connection.stations, str(connection.number))
        task.now += sent_again(connection.rng, path.loss, AGAIN_S, deadline - task.now)
        if task.now >= deadline:
            task.now = deadline
            return TIMEOUT
        task.now += octets // PACKET * path.loss * 2 * path.latency
    if octets / path.bandwidth >= TRIFLE_S:
        yield Transfer(world.lines.of(path, connection.stations[0]), octets)
    else:
        task.now += octets / path.bandwidth
    return None
