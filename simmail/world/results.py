"""What a run came to: tables and figures, all read from the records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from math import fsum
from statistics import median
from typing import TYPE_CHECKING, Any

from simmail.mail.records import Record
from simmail.world.arrivals import ARRIVAL_COLUMNS, arrival_rows
from simmail.world.blame import blamed, told_with_place
from simmail.world.clock import rare_collections
from simmail.world.story import tell
from simmail.world.tables import Table
from simmail.world.truth import KINDS, Account, Fate
from simmail.world.units import told
from simmail.world.without_effect import without_effect

if TYPE_CHECKING:
    import pandas as pd

    from simmail.world.world import World

#: What is told of a message with several recipients: the first of these that any of them has, as people call it.
_STATES = {
    "given up": "refused", "refused": "refused", "bounced": "bounced", "discarded": "discarded",
    "deleted": "deleted", "waiting": "on its way", "trapped": "trapped",
}  # fmt: skip
#: What programs died of: so many different texts are told.
CRIES = 5
#: What they complained of: so many, errors first and then the most frequent, and none that begins so: that is about
#: others than the host.
COMPLAINTS = 2
OF_CLIENTS = ("hostname ", "dict_nis_init: ")
MESSAGE_COLUMNS = {
    "time": float, "message_id": str, "sender": str, "recipients": str, "subject": str, "size": int, "kind": str,
    "wanted": bool, "state": str, "accepted": float, "delivered": float, "delay": float,
}  # fmt: skip
DELIVERY_COLUMNS = {
    "time": float, "host": str, "program": str, "queue_id": str, "to": str, "orig_to": str, "relay": str,
    "delay": float, "before_queue": float, "in_queue": float, "connecting": float, "sending": float, "dsn": str,
    "status": str, "text": str, "conn_use": int,
}  # fmt: skip
DECISION_COLUMNS = {
    "time": float, "host": str, "queue_id": str, "action": str, "stage": str, "client": str, "reply": str,
    "sender": str, "recipient": str, "protocol": str, "helo": str, "parameter": str, "rule": str, "file": str,
    "line": int, "entry": str,
}  # fmt: skip
QUEUE_COLUMNS = {"time": float, "host": str, "messages": int}
COMPLAINT_COLUMNS = {"time": float, "person": str, "identity": str, "what": str}


def decision(record: Record) -> tuple[Any, ...] | None:
    """A row of the table of decisions, DECISION_COLUMNS; None for a record that tells of none."""
    if record.event in ("refusal", "screened"):
        *told, rule = record.fields
        queue_id = "" if record.queue_id == "NOQUEUE" else record.queue_id
    elif record.event == "client":
        name, address, _, sender, recipient, protocol, helo, rule = record.fields
        told = ["accept", "RCPT", f"{name}[{address}]", "", sender, recipient, protocol, helo]
        queue_id = "" if record.queue_id == "NOQUEUE" else record.queue_id
    elif record.event == "content":
        action, context, _, client, sender, recipient, protocol, helo, reply, table, answer = record.fields
        told = [action, context, client, reply, sender, recipient or "", protocol, helo]
        return (record.time, record.host, record.queue_id, *told, table, answer, "", 0, "")
    else:
        return None
    reason = (rule.parameter, rule.restriction, rule.file, rule.line, rule.entry) if rule else ("", "", "", 0, "")
    return (record.time, record.host, queue_id, *told, *reason)


class Results:
    """The records of a world up to one moment, as tables.

    Args:
        world: the world; what it does later does not change these results.
    """

    def __init__(self, world: World) -> None:
        self.world, self.now = world, world.now
        with rare_collections():
            self.records: list[Record] = world.journal.until(world.now)

    def table(self, name: str) -> Table:
        """One of TABLES.  Raises KeyError."""
        columns, rows = TABLES[name]
        return Table(columns, rows(self))

    def _of(self, event: str) -> Iterable[Record]:
        return (record for record in self.records if record.event == event)

    # ---- tables

    @property
    def messages(self) -> pd.DataFrame:
        """Each message that somebody wrote, with what became of it: MESSAGE_COLUMNS; times in seconds."""
        return self.table("messages").frame()

    @property
    def arrivals(self) -> pd.DataFrame:
        """Each message that came into each host's mail system: ARRIVAL_COLUMNS."""
        return self.table("arrivals").frame()

    @property
    def deliveries(self) -> pd.DataFrame:
        """Each try to deliver to each recipient: DELIVERY_COLUMNS; times and delays in seconds."""
        return self.table("deliveries").frame()

    @property
    def decisions(self) -> pd.DataFrame:
        """What each server decided, the rule that made it and its place: DECISION_COLUMNS, see `decision_rows`."""
        return self.table("decisions").frame()

    @property
    def queues(self) -> pd.DataFrame:
        """The number of messages in each host's queue after each change: QUEUE_COLUMNS."""
        return self.table("queues").frame()

    @property
    def complaints(self) -> pd.DataFrame:
        """Who complains of mail that is late, missing, or came back, and when: COMPLAINT_COLUMNS."""
        return self.table("complaints").frame()

    # ---- their rows

    @cached_property
    def delivery_rows(self) -> list[tuple[Any, ...]]:
        """Each try of each recipient: DELIVERY_COLUMNS."""
        rows = []
        for record in self._of("delivery"):
            to, orig_to, relay, delays, dsn, status, text, conn_use = record.fields
            rows.append(
                (
                    record.time,
                    record.host,
                    record.program,
                    record.queue_id,
                    to,
                    orig_to,
                    relay,
                    fsum(delays),
                    *delays,
                    dsn,
                    status,
                    text,
                    conn_use,
                )
            )
        return rows

    @cached_property
    def copies(self) -> dict[str, list[tuple[str, str]]]:
        """Message-ID -> the (host, queue id) of each queue file that carried it, in order of time."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for record in self.records:
            if record.event == "message-id":
                identity, copy = record.fields[0], (record.host, record.queue_id)
            elif (
                record.event == "handed-over"
            ):  # a header that was discarded before the Message-ID: leaves no other trace
                identity, copy = record.fields[0], (record.fields[2], record.fields[1])
            else:
                continue
            if copy not in found[identity]:
                found[identity].append(copy)
        return dict(found)

    @cached_property
    def tries(self) -> dict[tuple[str, str], list[Record]]:
        """(host, queue id) -> the tries to deliver it, in order of time."""
        found: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in self._of("delivery"):
            found[record.host, record.queue_id].append(record)
        return dict(found)

    @cached_property
    def discarded(self) -> dict[tuple[str, str], float]:
        """(host, queue id) -> when it was thrown away by a rule, in silence."""
        return {(record.host, record.queue_id): record.time for record in self._of("discarded")}

    @cached_property
    def deleted(self) -> dict[tuple[str, str], float]:
        """(host, queue id) -> when an administrator deleted it."""
        return {(record.host, record.queue_id): record.time for record in self._of("deleted")}

    @cached_property
    def expired(self) -> dict[tuple[str, str], float]:
        """(host, queue id) -> when it was returned because it was too old."""
        return {(record.host, record.queue_id): record.time for record in self._of("expired")}

    @cached_property
    def discards(self) -> dict[int, float]:
        """The sessions (by their tasks) in which a message was thrown away by a rule, and when."""
        return {record.task: record.time for record in self._of("discarded")}

    @cached_property
    def account(self) -> Account:
        """What became of all mail, in truth."""
        return Account(self)

    @cached_property
    def message_rows(self) -> list[dict[str, Any]]:
        """Each message that somebody wrote, with what became of it."""
        handed = {record.fields[0]: record for record in self._of("handed-over")}
        fates: dict[tuple[str, str], list[Fate]] = defaultdict(list)
        for fate in self.account.fates:  # a mailing list sends the same message on, in its own name
            fates[fate.identity, fate.sender].append(fate)
        rows = []
        for record in self._of("composed"):
            identity, sender, recipients, subject, size, kind, _ = record.fields
            own = fates[identity, sender]
            state = next((s for s in _STATES if any(f.state == s for f in own)), "delivered")
            arrived = [f.ended for f in own if f.state == "delivered" and f.ended is not None]
            rows.append(
                {
                    "time": record.time, "message_id": identity, "sender": sender, "recipients": ", ".join(recipients),
                    "subject": subject, "size": size, "kind": kind, "wanted": KINDS[kind],
                    "state": _STATES.get(state, state),
                    "accepted": handed[identity].time if identity in handed else None,
                    "delivered": max(arrived) if arrived else None,
                    "delay": max(arrived) - record.time if arrived else None,
                }
            )  # fmt: skip
        return rows

    @property
    def decision_rows(self) -> list[tuple[Any, ...]]:
        """What each smtpd, postscreen and cleanup decided: DECISION_COLUMNS.

        A row is a refusal (`reject`), something else that was logged of a rule (`reject_warning`, `warn`, `hold`, ...),
        or a message taken on (`accept`) for its first recipient.  The rule's columns are empty where no rule spoke.
        What cleanup made of a line has `header` or `body` for its stage, the table for its parameter, and the table's
        answer for its rule.
        """
        return [row for record in self.records if (row := decision(record)) is not None]

    @cached_property
    def queue_rows(self) -> list[tuple[float, str, int]]:
        """The number of messages in each host's queue after each change: (time, host, messages)."""
        size: Counter[str] = Counter()
        present: set[tuple[str, str]] = set()
        stayed = {(r.host, r.queue_id) for r in self.records if r.event in ("active", "removed", "deleted")}
        rows = []
        for record in self.records:
            key = (record.host, record.queue_id)
            if record.event == "message-id" and key not in present and (key in stayed or self._waits(*key)):
                present.add(key)
                size[record.host] += 1
            elif record.event in ("removed", "deleted") and key in present:
                present.discard(key)
                size[record.host] -= 1
            else:
                continue
            rows.append((record.time, record.host, size[record.host]))
        return rows

    def _waits(self, host: str, queue_id: str) -> bool:
        """Whether a message that the queue manager has not seen is in the queue; what was refused after DATA is not."""
        master = self.world.hosts[host].master
        return master is not None and master.spool.holds(queue_id)

    # ---- figures

    def summary(self) -> dict[str, Any]:
        """The run in figures: plain values, fit for JSON."""
        states = Counter(row["state"] for row in self.message_rows)
        delays = [row["delay"] for row in self.message_rows if row["delay"] is not None]
        tries = Counter((row[1], row[13]) for row in self.delivery_rows)
        accepted = Counter(record.host for record in self._of("active"))
        refused = Counter(
            record.host
            for event in ("refusal", "screened")
            for record in self._of(event)
            if record.get("action") == "reject"
        )
        hosts: dict[str, dict[str, int]] = {}
        for name, host in self.world.hosts.items():
            if host.master is None:
                continue
            queues = (host.master.spool.queue(queue) for queue in ("incoming", "active", "deferred", "hold"))
            hosts[name] = {
                "accepted": accepted[name],
                "refused": refused[name],
                "sent": tries[name, "sent"], "deferred": tries[name, "deferred"],
                "bounced": tries[name, "bounced"] + tries[name, "expired"],
                "in queue": sum(map(len, queues)),
            }  # fmt: skip
        return {
            "title": self.world.title, "seed": self.world.seed, "policy": self.world.policy, "simulated_s": self.now,
            "messages": dict(sorted(states.items())),
            "delay_s": {"median": median(delays), "longest": max(delays)} if delays else {},
            "hosts": hosts,
            "notices": list(self.world.notices),
            "without_effect": without_effect(self.world),
        }  # fmt: skip

    def told(self) -> str:
        """The run for people: what became of a few messages, then the figures."""
        summary = self.summary()
        start = self.world.calendar.start
        policy = f", policy {summary['policy']}" if summary["policy"] else ""
        span = f"{told(self.now)} from {start:%a} {start.day} {start:%b %Y, %H:%M}"
        lines = [f"{summary['title']}: {span}, seed {summary['seed']}{policy}", ""]
        lines += [*story, ""] if (story := tell(self)) else []
        lines += _figures(summary)
        for title, found in (
            ("Notices", summary["notices"]),
            ("From the logs", self.cries()),
            ("Set, and without effect here", summary["without_effect"]),
        ):
            if found:
                lines += ["", f"{title}:", *(f"  {text}" for text in found)]
        return "\n".join(lines) + "\n"

    def cries(self) -> list[str]:
        """What programs died of, and what they complained of most; each once, and not what a notice says already."""
        deaths, complaints = (
            Counter((r.host, r.program, r.event, r.fields[0]) for r in self.records if r.event in events)
            for events in (("fatal", "panic"), ("error", "warning"))
        )
        found = list(deaths.items())[:CRIES]
        own = [item for item in complaints.most_common() if not item[0][-1].startswith(OF_CLIENTS)]
        found += sorted(own, key=lambda item: item[0][2] != "error")[:COMPLAINTS]
        told_once = []
        for (name, program, event, text), times in found:
            if any(text in notice for notice in self.world.notices):
                continue
            host = self.world.hosts[name]
            often = f" ({times} times)" if times > 1 else ""
            told_once.append(told_with_place(host, f"postfix/{program}: {event}: {text}{often}", blamed(host, text)))
        return told_once


#: Each table's columns, and its rows of a run.
TABLES: dict[str, tuple[Mapping[str, type], Callable[[Results], Sequence[tuple[Any, ...]]]]] = {
    "messages": (MESSAGE_COLUMNS, lambda results: [tuple(row.values()) for row in results.message_rows]),
    "arrivals": (ARRIVAL_COLUMNS, lambda results: arrival_rows(results.records)),
    "deliveries": (DELIVERY_COLUMNS, lambda results: results.delivery_rows),
    "decisions": (DECISION_COLUMNS, lambda results: results.decision_rows),
    "queues": (QUEUE_COLUMNS, lambda results: results.queue_rows),
    "complaints": (COMPLAINT_COLUMNS, lambda results: results.account.complaints),
}


def _figures(summary: dict[str, Any]) -> list[str]:
    lines = []
    states = summary["messages"]
    if states:
        number = sum(states.values())
        written = f"{number} message{'s' if number > 1 else ''} written: "
        lines.append(written + ", ".join(f"{n} {state}" for state, n in states.items()))
    if summary["delay_s"]:
        delay = summary["delay_s"]
        lines.append(f"from writing to mailbox: {told(delay['median'])} (median), {told(delay['longest'])} (longest)")
    columns = ["accepted", "refused", "sent", "deferred", "bounced", "in queue"]
    width = max((len(name) for name in summary["hosts"]), default=0)
    if summary["hosts"]:
        lines += ["", " " * width + "".join(f"{column:>10}" for column in columns)]
        lines += [
            f"{name:<{width}}" + "".join(f"{row[c]:>10}" for c in columns) for name, row in summary["hosts"].items()
        ]
    return lines
