"""The table of arrivals: each message that came into a host's mail system."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from simmail.mail.records import Ordered

#: `source`: how it came in: `smtp`, `local` (the sendmail command); "" for what the mail system wrote or forwards.
#: `size` and `recipients` are 0 where it has not got into the active queue: held, discarded, given up half-way.
ARRIVAL_COLUMNS = {
    "time": float, "host": str, "queue_id": str, "source": str, "client": str, "sender": str, "size": int,
    "recipients": int, "message_id": str,
}  # fmt: skip


@dataclass(slots=True)
class Arrival:
    """A message that came into a host's mail system: ARRIVAL_COLUMNS."""

    time: float
    host: str
    queue_id: str
    source: str = ""
    client: str = ""
    sender: str = ""
    size: int = 0
    recipients: int = 0
    message_id: str = ""


def arrival_rows(records: Ordered) -> Iterator[tuple[Any, ...]]:
    """The rows, ARRIVAL_COLUMNS, in order of time; `records` are those of a run."""
    found: dict[tuple[str, str], Arrival] = {}
    for record in records.of("client", "pickup", "message-id", "active"):
        if record.queue_id == "NOQUEUE":
            continue  # nothing, or what is passed on to a before-queue filter, which queues it
        key = (record.host, record.queue_id)
        row = found.get(key)
        if row is None:
            row = found[key] = Arrival(record.time, *key)
        if record.event == "client":
            name, address, _, row.sender = record.fields[:4]
            row.source, row.client = "smtp", f"{name}[{address}]"
        elif record.event == "pickup":
            row.source, row.sender = "local", record.get("sender")
        elif record.event == "message-id":
            row.message_id = record.get("id")
        elif not row.recipients:
            row.sender, row.size, row.recipients = record.fields
    return map(attrgetter(*ARRIVAL_COLUMNS), found.values())
