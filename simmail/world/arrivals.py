"""The table of arrivals: each message that came into a host's mail system."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simmail.mail.records import Record

#: `source`: how it came in: `smtp`, `local` (the sendmail command); "" for what the mail system wrote or forwards.
#: `size` and `recipients` are 0 where it has not got into the active queue: held, discarded, given up half-way.
ARRIVAL_COLUMNS = {
    "time": float, "host": str, "queue_id": str, "source": str, "client": str, "sender": str, "size": int,
    "recipients": int, "message_id": str,
}  # fmt: skip


def arrival_rows(records: Iterable[Record]) -> list[tuple[Any, ...]]:
    """The rows, ARRIVAL_COLUMNS, in order of time; `records` are those of a run in that order."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for record in records:
        event = record.event
        if event not in ("client", "pickup", "message-id", "active") or record.queue_id == "NOQUEUE":
            continue  # nothing, or what is passed on to a before-queue filter, which queues it
        key = (record.host, record.queue_id)
        row = rows.get(key)
        if row is None:
            row = rows[key] = {
                "time": record.time, "host": record.host, "queue_id": record.queue_id, "source": "", "client": "",
                "sender": "", "size": 0, "recipients": 0, "message_id": "",
            }  # fmt: skip
        if event == "client":
            name, address, _, sender = record.fields[:4]
            row.update(source="smtp", client=f"{name}[{address}]", sender=sender)
        elif event == "pickup":
            row.update(source="local", sender=record.get("sender"))
        elif event == "message-id":
            row["message_id"] = record.get("id")
        elif not row["recipients"]:
            row.update(zip(("sender", "size", "recipients"), record.fields, strict=True))
    return [tuple(row.values()) for row in rows.values()]
