"""Pictures of a world: its network and what flows through it, the way of a message, queues, delays, ends.

Each picture has a text alternative (`alt`), and the numbers behind it as a pandas table (`table`).
"""

from __future__ import annotations

from simmail.lab.flow_plots import flows
from simmail.lab.growth_plots import counted
from simmail.lab.queue_plots import qshape, queues, states
from simmail.lab.sequence import journey
from simmail.lab.topology import topology
from simmail.lab.traffic_plots import arrivals, delays, outcomes

__all__ = ["arrivals", "counted", "delays", "flows", "journey", "outcomes", "qshape", "queues", "states", "topology"]
