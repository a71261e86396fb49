"""The way of one message through a world: where it stayed, and what was done with it, read from the records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from simmail.mail.errors import InputError
from simmail.mail.records import Record
from simmail.world.trails import queue_id_in, relay_address

if TYPE_CHECKING:
    from simmail.world.results import Results


@dataclass(slots=True)
class Hop:
    """One stay of a message on one host.

    Args:
        host: the host's name.
        queue_id: what it was called there; "" on the writer's own computer and on its reader's.
        records: what happened to it there, in order of time.
    """

    host: str
    queue_id: str
    records: list[Record]

    @property
    def arrived(self) -> float:
        """When, seconds since the start."""
        return self.records[0].time

    @property
    def left(self) -> float:
        """When the last thing happened to it here, seconds since the start."""
        return self.records[-1].time


class Deed(Enum):
    """What was done with a message."""

    WRITTEN = "written"
    NOT_TAKEN = "not taken"
    PASSED = "passed on"
    DELIVERED = "delivered"
    WAITS = "waits"
    FAILED = "failed"
    NOTICE = "notice"
    FETCHED = "fetched"


@dataclass(slots=True, frozen=True)
class Step:
    """One thing that was done with a message.

    Args:
        time: seconds since the world's start.
        deed: what.
        host: where it was.
        target: the host it went to; "" where it stayed.
        text: the words for it: the server's, the program's, the subject.
        address: the recipient it was about, or the sender of what was written; "" for none.
        original: the recipient as it was before an alias or another table replaced it; "" where it is the same.
        queue_id: its name on `host`.
    """

    time: float
    deed: Deed
    host: str
    target: str
    text: str
    address: str = ""
    original: str = ""
    queue_id: str = ""


def bracketed(identity: object) -> str:
    """A Message-ID as people give it, in its angle brackets.  Raises InputError for what is no text."""
    if not isinstance(identity, str):
        wanted = "write its .identity" if hasattr(identity, "identity") else "write it as a text: '<id@host>'"
        raise InputError(f"message {identity!r}", "is no Message-ID", wanted)
    return identity if identity.startswith("<") else f"<{identity}>"


def hops(results: Results, identity: str) -> list[Hop]:
    """The stays of a message, of its copies, and of the notices that it led to, in order of time.

    Args:
        results: of the world.
        identity: the Message-ID with its angle brackets.
    """
    stays = sorted(_queued(results, set(results.trails.copies.get(identity, ()))), key=lambda hop: hop.arrived)
    identities = {identity, *(r.fields[0] for hop in stays for r in hop.records if r.event == "message-id")}
    written: list[Record] = []
    fetched: list[Hop] = []
    for record in results.records:
        if record.program:
            continue
        if record.event == "fetched" and not identities.isdisjoint(record.get("identities")):
            fetched.append(Hop(record.host, "", [record]))
        elif record.fields and record.fields[0] == identity:
            written.append(record)
    return [*([Hop(written[0].host, "", written)] if written else []), *stays, *fetched]


def _queued(results: Results, copies: set[tuple[str, str]]) -> Iterator[Hop]:
    """The stays of queue files, and of the notices that came of them."""
    seen: set[tuple[str, str]] = set()
    while copies:
        seen |= copies
        stays: dict[tuple[str, str], list[Record]] = {copy: [] for copy in copies}
        for record in results.records:
            if (record.host, record.queue_id) in stays:
                stays[record.host, record.queue_id].append(record)
        copies = set()
        for (host, queue_id), records in stays.items():
            if records:
                yield Hop(host, queue_id, records)
            for record in records:
                if record.event == "notification":
                    copies |= _of_notice(results, (host, record.fields[1]))
        copies -= seen


def _of_notice(results: Results, notice: tuple[str, str]) -> set[tuple[str, str]]:
    """All copies of a notice, of which one is known."""
    return next((set(copies) for copies in results.trails.copies.values() if notice in copies), {notice})


def steps(results: Results, identity: str) -> list[Step]:
    """What was done with a message, in order of time.

    A host knows that it has passed a message on when it hears so; what the next host did with it may be earlier.
    Such a step is told with the moment at which the next host took the message.

    Args: as those of `hops`.
    """
    stays = hops(results, identity)
    arrivals = {(hop.host, hop.queue_id): hop.arrived for hop in stays}
    found: list[Step] = []
    for hop in stays:
        for record in hop.records:
            step = _step(results, record)
            if step is not None:
                queue_id = queue_id_in(step.text)
                taken = arrivals.get((step.target, queue_id), step.time) if queue_id else step.time
                step = replace(step, time=min(step.time, taken))
                found += [step] if step not in found[-1:] else []
    return sorted(found, key=lambda step: step.time)


def _step(results: Results, record: Record) -> Step | None:
    fields, host = record.fields, record.host
    if record.event == "composed":
        return Step(record.time, Deed.WRITTEN, host, "", fields[3], fields[1])
    if record.event == "handed-over":
        return Step(record.time, Deed.PASSED, host, fields[2], f"queued as {fields[1]}")
    if record.event == "attempted":
        return _attempted(results, record)
    if record.event == "given-up":
        return Step(record.time, Deed.NOT_TAKEN, host, "", fields[3])
    if record.event == "fetched":
        return Step(record.time, Deed.FETCHED, fields[1], host, "", fields[0])
    if record.event == "notification":
        return Step(record.time, Deed.NOTICE, host, "", f"{fields[0]}: {fields[1]}", queue_id=record.queue_id)
    if record.event == "delivery":
        return _tried(results, record)
    return None


def _attempted(results: Results, record: Record) -> Step:
    """A try of a sender that is no Postfix: what was accepted is one step for all of its recipients."""
    _, server, recipient, outcome, reply = record.fields
    if outcome == "accepted":
        return Step(record.time, Deed.PASSED, record.host, results.world.network.owner(server) or server, _told(reply))
    return Step(record.time, Deed.WAITS if outcome == "later" else Deed.FAILED, record.host, "", reply, recipient)


def _told(reply: str) -> str:
    """Of a server's words the queue id, where it names one."""
    queue_id = queue_id_in(reply)
    return f"queued as {queue_id}" if queue_id else reply


def _tried(results: Results, record: Record) -> Step:
    to, original, relay, _, _, status, text, _ = record.fields
    target = ""
    deed = {"sent": Deed.DELIVERED, "deferred": Deed.WAITS}.get(status, Deed.FAILED)
    if status == "sent" and "[" in relay:
        deed = Deed.PASSED
        target = results.world.network.owner(relay_address(relay)) or relay.partition("[")[0]
        text = _told(text)
    return Step(record.time, deed, record.host, target, text, to, "" if original == to else original, record.queue_id)
