"""Nothing is lost: every recipient of every message that a server took on is somewhere, and only once.

A recipient of a queue file waits there, or has one end: delivered, returned, discarded, expanded into others whose
results stand for it, replaced by another, deleted or requeued by an administrator.  What a server has said it took
(`250 ... queued as ID`) is in its queue or has left it by one of these ways.  What it has not said so is still with
its sender.  Addresses that alias tables gave twice were merged before they counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from simmail.mail.errors import SimmailError
from simmail.postfix.spool import QUEUES
from simmail.world.trails import queue_id_in, relay_address

if TYPE_CHECKING:
    from simmail.mail.message import Message
    from simmail.mail.records import Record
    from simmail.postfix.spool import Spool
    from simmail.world.world import World

#: What may become of a recipient.
ENDS = ("sent", "bounced", "expired", "discarded", "expanded", "replaced", "verified", "deleted", "requeued")
#: Queues whose messages cleanup(8) has taken on.
TAKEN = tuple(queue for queue in QUEUES if queue != "maildrop")


class Balance(NamedTuple):
    """The recipients of one mail server.

    Args:
        host: its name.
        came: how many came with messages that it took on.
        ended: end -> how many.
        waiting: queue -> how many wait there.
    """

    host: str
    came: int
    ended: dict[str, int]
    waiting: dict[str, int]

    @property
    def missing(self) -> int:
        """How many are nowhere; less than nothing where some are counted twice."""
        return self.came - sum(self.ended.values()) - sum(self.waiting.values())


class Conservation:
    """Where all recipients are, at this moment.

    Args:
        world: whose they are.

    Attributes:
        balances: one for each mail server.
        problems: what is wrong, in words; none where everything is somewhere.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.balances: list[Balance] = []
        self.problems: list[str] = []
        for host in world.hosts.values():
            if host.master is not None:
                self._count(host.name, host.master.spool)
        self.problems += self._unkept_promises()

    @property
    def holds(self) -> bool:
        """Whether nothing is lost and nothing twice."""
        return not self.problems

    def demand(self) -> None:
        """Raises SimmailError where something is lost or twice, which is simmail's fault and nobody else's."""
        if self.problems:
            seed = self.world.seed
            raise SimmailError(
                f"this run (seed {seed}) has lost count of mail: a fault of simmail itself, not of your files; "
                "please report it with the world:\n" + "\n".join(self.problems)
            )

    def _count(self, host: str, spool: Spool) -> None:
        ended = Counter(spool.left)
        waiting: Counter[str] = Counter()
        seen: dict[str, str] = {}
        for queue in TAKEN:
            for queue_id, message in spool.queue(queue).items():
                if queue_id in seen:
                    self.problems.append(f"{host}: {queue_id} is in {seen[queue_id]} and in {queue}")
                    continue
                seen[queue_id] = queue
                waiting[queue] += len(message.recipients)
                ended.update(recipient.end for recipient in message.done)
                self.problems += [f"{host}: {queue_id}: {problem}" for problem in _wrong(message)]
        balance = Balance(host, spool.came, dict(sorted(ended.items())), dict(waiting))
        self.balances.append(balance)
        if balance.missing:
            self.problems.append(f"{host}: {balance.came} recipients came, {balance.missing} of them are missing")
        self.problems += [
            f"{host}: {number} recipients have the end {end!r}" for end, number in ended.items() if end not in ENDS
        ]

    def _unkept_promises(self) -> Iterator[str]:
        """What a server said it took, and does not have."""
        hosts = self.world.hosts
        promised: dict[tuple[str, str], str] = {}
        for record in self._happened():
            if _ends(record):
                promised.pop((record.host, record.queue_id), None)
            elif (promise := self._promise(record)) is not None:
                promised[promise] = record.host
        for host, queue_id in list(promised):
            master = hosts[host].master
            if master is None or master.spool.holds(queue_id) or queue_id in master.spool.withdrawn:
                del promised[host, queue_id]
        if promised:  # the end may have been written down before the promise
            for record in self._happened():
                if _ends(record):
                    promised.pop((record.host, record.queue_id), None)
        for (host, queue_id), client in promised.items():
            yield f"{host}: {queue_id}, taken from {client}, is nowhere"

    def _happened(self) -> Iterator[Record]:
        """The records one by one: all of a great world are too many to hold."""
        return (record for record in self.world.journal if record.time <= self.world.now)

    def _promise(self, record: Record) -> tuple[str, str] | None:
        """The server, and the queue id it gave, of a record that tells of a message it took; None for any other."""
        if record.event == "handed-over":
            server, queue_id = record.fields[2], record.fields[1]
        elif record.event == "delivery" and record.get("status") == "sent":
            server = self.world.network.owner(relay_address(record.get("relay")))
            queue_id = queue_id_in(record.get("text"))
        else:
            return None
        host = self.world.hosts.get(server) if server is not None else None
        host = host and (host.forwards.get(25) or host)
        return (host.name, queue_id) if queue_id and host is not None else None

    def __repr__(self) -> str:
        lines = list(self.problems)
        for host, came, ended, waiting in self.balances:
            parts = [f"{number} {end}" for end, number in ended.items()]
            parts += [f"{number} {queue}" for queue, number in waiting.items() if number]
            lines.append(f"{host}: {came} recipients: {', '.join(parts) or 'none'}")
        return "\n".join(lines)


def _ends(record: Record) -> bool:
    """Whether a message is gone with what a record tells of."""
    return record.event in ("removed", "discarded")


def _wrong(message: Message) -> Iterator[str]:
    """What is wrong with the recipients of one message."""
    for recipient in message.recipients:
        if recipient.end:
            yield f"{recipient.address} waits, and has ended ({recipient.end})"
    for recipient in message.done:
        if not recipient.end:
            yield f"{recipient.address} does not wait, and has not ended"
    if len({id(r) for r in (*message.recipients, *message.done)}) < len(message.recipients) + len(message.done):
        yield "a recipient is there twice"
