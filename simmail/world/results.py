"""What a run came to: tables and figures, all read from the records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property
from math import fsum
from statistics import median
from typing import TYPE_CHECKING, Any

from simmail.mail.records import Record
from simmail.world.actors.complaints import Complaint
from simmail.world.arrivals import ARRIVAL_COLUMNS, arrival_rows
from simmail.world.blame import blamed, told_with_place
from simmail.world.story import tell
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
DELIVERY_COLUMNS = (
    "time", "host", "program", "queue_id", "to", "orig_to", "relay", "delay", "before_queue", "in_queue", "connecting",
    "sending", "dsn", "status", "text", "conn_use",
)  # fmt: skip
DECISION_COLUMNS = (
    "time", "host", "queue_id", "action", "stage", "client", "reply", "sender", "recipient", "protocol", "helo",
    "parameter", "rule", "file", "line", "entry",
)  # fmt: skip


def decision(record: Record) -> tuple[Any, ...] | None:
    """A row of the table of decisions, DECISION_COLUMNS; None for a record that tells of none."""
    if record.event in ("refusal", "screened"):
        *told, rule = record.fields
        queue_id = "" if record.queue_id == "NOQUEUE" else record.queue_id
    elif record.event == "client":
        name, address, _, sender, recipient, protocol, helo, rule = record.fields
        told = ["accept", "RCPT", f"{name}[{address}]", "", sender, recipient, protocol, helo]
        queue_id = record.queue_id
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
        self.records: list[Record] = world.journal.until(world.now)

    def _of(self, event: str) -> Iterable[Record]:
        return (record for record in self.records if record.event == event)

    # ---- tables

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

    @property
    def deliveries(self) -> pd.DataFrame:
        """Each try to deliver to each recipient, as a pandas table; times and delays in seconds."""
        import pandas as pd

        return pd.DataFrame(self.delivery_rows, columns=list(DELIVERY_COLUMNS))

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
    def messages(self) -> pd.DataFrame:
        """Each message that somebody wrote, as a pandas table; times in seconds."""
        import pandas as pd

        columns = [
            "time",
            "message_id",
            "sender",
            "recipients",
            "subject",
            "size",
            "kind",
            "wanted",
            "state",
            "accepted",
            "delivered",
            "delay",
        ]
        return pd.DataFrame(self.message_rows, columns=columns)

    @property
    def arrivals(self) -> pd.DataFrame:
        """Each message that came into each host's mail system, as a pandas table: ARRIVAL_COLUMNS."""
        import pandas as pd

        return pd.DataFrame(arrival_rows(self.records), columns=list(ARRIVAL_COLUMNS))

    @property
    def decisions(self) -> pd.DataFrame:
        """What each smtpd and postscreen decided, the rule that made it and its place, as a pandas table.

        A row is a refusal (`reject`), something else that was logged of a rule (`reject_warning`, `warn`, `hold`, ...),
        or a message taken on (`accept`) for its first recipient.  The rule's columns are empty where no rule spoke.
        What cleanup made of a line has `header` or `body` for its stage, the table for its parameter, and the table's
        answer for its rule.
        """
        import pandas as pd

        rows = [row for record in self.records if (row := decision(record)) is not None]
        return pd.DataFrame(rows, columns=list(DECISION_COLUMNS)).astype({"line": "int64"})

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

    @property
    def queues(self) -> pd.DataFrame:
        """The number of messages in each host's queue after each change, as a pandas table."""
        import pandas as pd

        return pd.DataFrame(self.queue_rows, columns=["time", "host", "messages"])

    @property
    def complaints(self) -> pd.DataFrame:
        """Who complains of mail that is late, missing, or came back, and when, as a pandas table."""
        import pandas as pd

        return pd.DataFrame(self.account.complaints, columns=list(Complaint._fields))

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
