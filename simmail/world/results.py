"""What a run came to: tables and figures, all read from the records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from math import fsum
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.mail.records import GONE, Ordered, Record
from simmail.postfix.spool import LIVE_QUEUES
from simmail.world.arrivals import ARRIVAL_COLUMNS, arrival_rows
from simmail.world.blame import blamed, told_with_place
from simmail.world.clock import rare_collections
from simmail.world.story import tell
from simmail.world.tables import Table
from simmail.world.trails import Cry, Trails
from simmail.world.truth import KINDS, Account, Fate
from simmail.world.units import told
from simmail.world.without_effect import without_effect

if TYPE_CHECKING:
    import pandas as pd

    from simmail.world.world import World

#: What is told of a message with several recipients: the first of these that any of them has, as people call it.
_STATES = {
    "given up": "given up", "refused": "refused", "bounced": "bounced", "discarded": "discarded",
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


def _ruled(record: Record) -> tuple[Any, ...]:
    *told, rule = record.fields
    return (*_where(record), *told, *_reason(rule))


def _taken(record: Record) -> tuple[Any, ...]:
    name, address, _, *told, rule = record.fields
    return (*_where(record), "accept", "RCPT", f"{name}[{address}]", "", *told, *_reason(rule))


def _of_content(record: Record) -> tuple[Any, ...]:
    action, context, _, client, sender, recipient, protocol, helo, reply, table, answer = record.fields
    told = (action, context, client, reply, sender, recipient or "", protocol, helo)
    return (*_where(record), *told, table, answer, "", 0, "")


def _where(record: Record) -> tuple[float, str, str]:
    return record.time, record.host, "" if record.queue_id == "NOQUEUE" else record.queue_id


def _reason(rule: Any) -> tuple[str, str, str, int, str]:
    return (rule.parameter, rule.restriction, rule.file, rule.line, rule.entry) if rule else ("", "", "", 0, "")


#: The records that tell of a decision, and how they read in the table, DECISION_COLUMNS.
_DECISIONS: Mapping[str, Callable[[Record], tuple[Any, ...]]] = {
    "refusal": _ruled, "screened": _ruled, "client": _taken, "content": _of_content,
}  # fmt: skip


class MessageRow(NamedTuple):
    """A message that somebody wrote, with what became of it: MESSAGE_COLUMNS; None for what has not happened."""

    time: float
    message_id: str
    sender: str
    recipients: str
    subject: str
    size: int
    kind: str
    wanted: bool
    state: str
    accepted: float | None
    delivered: float | None
    delay: float | None


class Results:
    """The records of a world up to one moment, as tables.

    Args:
        world: the world; what it does later does not change these results.

    Attributes:
        records: the records, in order; of a great run they are read anew each time that somebody goes through them.
    """

    def __init__(self, world: World) -> None:
        self.world, self.now = world, world.now
        self.records: Ordered = world.journal.until(world.now)
        #: What waits at each mail server now.
        self._waiting = {
            name: {queue_id for queue in LIVE_QUEUES for queue_id in host.master.spool.queue(queue)}
            for name, host in world.hosts.items() if host.master is not None
        }  # fmt: skip

    def table(self, name: str) -> Table:
        """One of TABLES.  Raises KeyError."""
        columns, rows = TABLES[name]
        return Table(columns, rows(self))

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
    def trails(self) -> Trails:
        """What the records tell of each message."""
        with rare_collections():
            return Trails(self.records)

    @property
    def delivery_rows(self) -> Iterator[tuple[Any, ...]]:
        """Each try of each recipient: DELIVERY_COLUMNS."""
        for record in self.records.of("delivery"):
            to, original, relay, delays, *told = record.fields
            yield (
                record.time, record.host, record.program, record.queue_id, to, original, relay, fsum(delays),
                *delays, *told,
            )  # fmt: skip

    @cached_property
    def account(self) -> Account:
        """What became of all mail, in truth."""
        return Account(self)

    @cached_property
    def message_rows(self) -> list[MessageRow]:
        """Each message that somebody wrote, with what became of it."""
        fates: dict[tuple[str, str], list[Fate]] = defaultdict(list)
        for fate in self.account.fates:  # a mailing list sends the same message on, in its own name
            fates[fate.identity, fate.sender].append(fate)
        rows = []
        for record in self.trails.composed:
            identity, sender, recipients, subject, size, kind, _ = record.fields
            own = fates[identity, sender]
            state = next((s for s in _STATES if any(f.state == s for f in own)), "delivered")
            delivered = max((f.ended for f in own if f.state == "delivered" and f.ended is not None), default=None)
            rows.append(
                MessageRow(
                    record.time, identity, sender, ", ".join(recipients), subject, size, kind, KINDS[kind],
                    _STATES.get(state, state), self.trails.handed.get(identity), delivered,
                    None if delivered is None else delivered - record.time,
                )
            )  # fmt: skip
        return rows

    @property
    def decision_rows(self) -> Iterator[tuple[Any, ...]]:
        """What each smtpd, postscreen and cleanup decided: DECISION_COLUMNS.

        A row is a refusal (`reject`), something else that was logged of a rule (`reject_warning`, `warn`, `hold`, ...),
        or a message taken on (`accept`) for its first recipient.  The rule's columns are empty where no rule spoke.
        What cleanup made of a line has `header` or `body` for its stage, the table for its parameter, and the table's
        answer for its rule.
        """
        return (_DECISIONS[record.event](record) for record in self.records.of(*_DECISIONS))

    @property
    def queue_rows(self) -> Iterator[tuple[float, str, int]]:
        """The number of messages in each host's queue after each change: (time, host, messages)."""
        size: Counter[str] = Counter()
        present: set[tuple[str, str]] = set()
        stayed = {(r.host, r.queue_id) for r in self.records.of("active", *GONE)}
        for record in self.records.of("message-id", *GONE):
            key = (record.host, record.queue_id)
            if record.event == "message-id" and key not in present and (key in stayed or self._waits(*key)):
                present.add(key)
                size[record.host] += 1
            elif record.event in GONE and key in present:
                present.discard(key)
                size[record.host] -= 1
            else:
                continue
            yield record.time, record.host, size[record.host]

    def _waits(self, host: str, queue_id: str) -> bool:
        """Whether a message that the queue manager has not seen is in the queue; what was refused after DATA is not."""
        return queue_id in self._waiting.get(host, ())

    # ---- figures

    def summary(self) -> dict[str, Any]:
        """The run in figures: plain values, fit for JSON."""
        states = Counter(row.state for row in self.message_rows)
        delays = [row.delay for row in self.message_rows if row.delay is not None]
        trails = self.trails
        hosts: dict[str, dict[str, int]] = {}
        for name, waiting in self._waiting.items():
            hosts[name] = {
                "accepted": trails.accepted[name] + sum((name, queue_id) not in trails.present for queue_id in waiting),
                "refused": trails.refused[name],
                "sent": trails.tried[name, "sent"], "deferred": trails.tried[name, "deferred"],
                "bounced": trails.tried[name, "bounced"] + trails.tried[name, "expired"],
                "in queue": len(waiting),
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

    def __repr__(self) -> str:
        return self.told()

    def cries(self) -> list[str]:
        """What programs died of, and what they complained of most; each once, and not what a notice says already."""
        complaints = Counter({cry: times for cry, times in self.trails.cries.items() if cry[2] in ("error", "warning")})
        own = [item for item in complaints.most_common() if not item[0][-1].startswith(OF_CLIENTS)]
        most = sorted(own, key=lambda item: item[0][2] != "error")[:COMPLAINTS]
        return list(self._cried(dict([*self._deaths()[:CRIES], *most])))

    def deaths(self) -> list[str]:
        """What programs died of; each once, without a word of how often, and not what a notice says already."""
        return list(self._cried({cry: 1 for cry, _ in self._deaths()[:CRIES]}))

    def _deaths(self) -> list[tuple[Cry, int]]:
        return [(cry, times) for cry, times in self.trails.cries.items() if cry[2] in ("fatal", "panic")]

    def _cried(self, cries: Mapping[Cry, int]) -> Iterator[str]:
        """Words of programs, with the place of what they are about and how often they were said."""
        for (name, program, event, text), times in cries.items():
            if any(text in notice for notice in self.world.notices):
                continue
            host = self.world.hosts[name]
            often = f" ({times} times)" if times > 1 else ""
            yield told_with_place(host, f"postfix/{program}: {event}: {text}{often}", blamed(host, text))


#: Each table's columns, and its rows of a run.
TABLES: dict[str, tuple[Mapping[str, type], Callable[[Results], Iterable[tuple[Any, ...]]]]] = {
    "messages": (MESSAGE_COLUMNS, lambda results: results.message_rows),
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
