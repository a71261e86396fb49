"""What happened: one compact record for each thing, and the log lines that are read from them.

A record is `(time, host, program, event, queue_id, fields)`.  `EVENTS` is the closed list of events:
what their fields are, and how syslog would show them.  Records decide nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Container, Iterable, Iterator
from itertools import accumulate, islice
from math import fsum, inf, nextafter
from operator import itemgetter
from typing import Any, NamedTuple, Protocol


class Record(NamedTuple):
    """One thing that happened.

    Args:
        time: seconds since the world's start.
        host: the host's name in the world.
        program: `smtpd`, `qmgr`; "" for an event of the world that no program logs.
        event: a key of EVENTS.
        queue_id: the message's queue id on that host; "" for none.
        fields: values in the order of the event's field names.
        task: the number of the task it happened in, by which records of one instant are put in order.
    """

    time: float
    host: str
    program: str
    event: str
    queue_id: str
    fields: tuple[Any, ...]
    task: int = 0

    def get(self, name: str) -> Any:
        """The field of that name."""
        return self.fields[EVENTS[self.event].fields.index(name)]


class Event(NamedTuple):
    """A kind of record: its fields' names, and its log line (None: syslog never hears of it)."""

    fields: tuple[str, ...]
    line: Callable[..., str] | None


def decimals(seconds: float) -> str:
    """A delay as Postfix writes it: two significant digits below ten seconds, at most two decimals, none beyond."""
    if seconds >= 10:
        return f"{seconds:.0f}"
    if seconds >= 1:
        return f"{seconds:.1f}".removesuffix(".0")
    return f"{round(seconds, 2):.2g}" if seconds >= 0.005 else "0"


def _delivery(
    to: str, orig_to: str, relay: str, delays: tuple[float, float, float, float], dsn: str, status: str, text: str,
    conn_use: int,
) -> str:  # fmt: skip
    original = f", orig_to=<{orig_to}>" if orig_to and orig_to != to else ""
    four = "/".join(map(decimals, delays))
    uses = f"conn_use={conn_use}, " if conn_use > 1 else ""
    return (
        f"to=<{to}>{original}, relay={relay}, {uses}delay={decimals(fsum(delays))}, delays={four}, "
        f"dsn={dsn}, status={status} ({text})"
    )


def _refusal(
    action: str, stage: str, client: str, reply: str, sender: str | None, recipient: str | None, protocol: str,
    helo: str, rule: str,
) -> str:  # fmt: skip
    envelope = [f"{name}=<{value}>" for name, value in (("from", sender), ("to", recipient)) if value is not None]
    tail = [f"proto={protocol}", *([f"helo=<{helo}>"] if helo else [])] if protocol else []
    return f"{action}: {stage} from {client}: {reply}; " + " ".join(envelope + tail)


def _content(
    action: str, context: str, text: str, client: str, sender: str, recipient: str | None, protocol: str, helo: str,
    reply: str, *_: str,
) -> str:  # fmt: skip
    to = "" if recipient is None else f" to=<{recipient}>"
    tail = (f" proto={protocol}" if protocol else "") + (f" helo=<{helo}>" if helo else "")
    said = f": {reply}" if reply else ""
    return f"{action}: {context} {text} from {client}; from=<{sender}>{to}{tail}{said}"


def _screened(
    action: str, stage: str, client: str, reply: str, sender: str, recipient: str, protocol: str, helo: str, rule: Any
) -> str:
    return (
        f"{action}: {stage} from {client}: {reply}; from=<{sender}>, to=<{recipient}>, proto={protocol}, helo=<{helo}>"
    )


#: Every event there is.  `text`, `warning`, `fatal`, ... carry what has no fields that anybody would count.
EVENTS: dict[str, Event] = {
    "text": Event(("text",), lambda text: text),
    "warning": Event(("text",), lambda text: f"warning: {text}"),
    "error": Event(("text",), lambda text: f"error: {text}"),
    "fatal": Event(("text",), lambda text: f"fatal: {text}"),
    "panic": Event(("text",), lambda text: f"panic: {text}"),
    # smtpd
    "connect": Event(("name", "address"), lambda name, address: f"connect from {name}[{address}]"),
    "disconnect": Event(
        ("name", "address", "counts"),
        lambda name, address, counts: f"disconnect from {name}[{address}] {counts}",
    ),
    # a message is taken on: the recipient is its first, the rule the one that permitted it ("" where none spoke)
    "client": Event(
        ("name", "address", "extra", "sender", "recipient", "protocol", "helo", "rule"),
        lambda name, address, extra, *_: f"client={name}[{address}]{extra}",
    ),
    "refusal": Event(
        ("action", "stage", "client", "reply", "sender", "recipient", "protocol", "helo", "rule"), _refusal
    ),
    # postscreen
    "screened": Event(
        ("action", "stage", "client", "reply", "sender", "recipient", "protocol", "helo", "rule"), _screened
    ),
    # cleanup, pickup, qmgr, bounce
    "pickup": Event(
        ("uid", "sender", "requeued"),
        lambda uid, sender, requeued: f"uid={uid} from=<{sender}>" + (f" orig_id={requeued}" if requeued else ""),
    ),
    # what header_checks and body_checks say of a line (context: `header`, `body`)
    "content": Event(
        ("action", "context", "text", "client", "sender", "recipient", "protocol", "helo", "reply", "table", "answer"),
        _content,
    ),
    "message-id": Event(("id",), lambda id: f"message-id={id}"),
    "resent-message-id": Event(("id",), lambda id: f"resent-message-id={id}"),
    "active": Event(
        ("sender", "size", "recipients"),
        lambda sender, size, recipients: f"from=<{sender}>, size={size}, nrcpt={recipients} (queue active)",
    ),
    "removed": Event((), lambda: "removed"),
    # cleanup throws a message away as a rule wanted it, without a word
    "discarded": Event((), None),
    # an administrator has taken it out of the queue, or lets it come in again
    "deleted": Event((), None),
    "requeued": Event((), None),
    "expired": Event(("sender",), lambda sender: f"from=<{sender}>, status=expired, returned to sender"),
    "force-expired": Event(("sender",), lambda sender: f"from=<{sender}>, status=force-expired, returned to sender"),
    "notification": Event(("kind", "id"), lambda kind, id: f"{kind}: {id}"),
    # delivery agents
    "delivery": Event(("to", "orig_to", "relay", "delays", "dsn", "status", "text", "conn_use"), _delivery),
    # the world: never in a log
    "composed": Event(("identity", "sender", "recipients", "subject", "size", "kind", "author"), None),
    "fetched": Event(("user", "mailbox", "count", "identities"), None),
    "command": Event(("user", "command", "status"), None),
    "session": Event(("client", "line"), None),
    "given-up": Event(("identity", "sender", "recipient", "reply"), None),
    "listed": Event(("zone", "network"), None),
    "delisted": Event(("zone", "network"), None),
    "found": Event(("address", "what"), None),
    "unsubscribed": Event(("list", "member"), None),
    "infected": Event(("address", "virus"), None),
    "attempted": Event(("identity", "server", "recipient", "outcome", "reply"), None),
    "arrived": Event(("identity", "sender", "recipient", "client", "state"), None),
    "handed-over": Event(("identity", "queue_id", "server"), None),
}

#: The events that take a message out of a host's queue.
GONE = ("removed", "deleted", "requeued")
#: The events whose lines begin with their names.
SEVERITIES = frozenset({"warning", "error", "fatal", "panic"})
#: How much of a line the log has, octets; and how many characters are no more than that.
LONGEST = 2000
_SURELY_SHORT = LONGEST // 4
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]|[\ud800-\udfff]")


def line(record: Record) -> str | None:
    """What follows `program[pid]: ` in the log, the queue id included; None for what no log shows."""
    render = EVENTS[record.event].line
    if render is None:
        return None
    text = render(*record.fields)
    if not text.isprintable():
        text = _UNPRINTABLE.sub("?", text)
    if record.queue_id:
        text = f"{record.queue_id}: {text}"
    return text if len(text) < _SURELY_SHORT else _cut(text, record.event)


def _cut(text: str, event: str) -> str:
    """A line as long as syslog is handed it; the word for how bad it is does not count."""
    longest = LONGEST + (len(event) + 2 if event in SEVERITIES else 0)
    return text.encode()[:longest].decode("utf-8", "replace")


#: A record as it is kept: the values of `Record`, in their order.
Row = tuple[float, str, str, str, str, tuple[Any, ...], int]
#: How many records are kept at hand; those before them go into the store, so many at a time.
LATEST, PACK = 1 << 11, 1 << 11
#: So many are held in memory once they have been put in order.
HELD = 1 << 17
#: In which order: that of time, and of their tasks.
_ORDER = itemgetter(0, 6)


class Store(Protocol):
    """Where records are kept that are no longer new, in order."""

    def append(self, rows: list[Row], /) -> None:
        """Keep some more."""

    def __iter__(self) -> Iterator[list[Row]]: ...


class Journal:
    """All records of one world, in the order in which they were written, which need not be that of time.

    Args:
        store: where records are kept that are no longer new; in memory by default.

    Attributes:
        append: keeps a row.
    """

    def __init__(self, store: Store | None = None) -> None:
        self._latest: list[Row] = []
        self._store: Store = [] if store is None else store
        #: The earliest moment in each pack of the store.
        self._begin: list[float] = []
        self.append: Callable[[Row], None] = self._latest.append

    def pack(self) -> None:
        """Put into the store what is no longer new, where that is worth the while."""
        latest = self._latest
        while len(latest) >= LATEST + PACK:
            rows = latest[:PACK]
            self._store.append(rows)
            self._begin.append(min(row[0] for row in rows))
            del latest[:PACK]

    def packs(self) -> Iterator[tuple[list[Row], float]]:
        """The rows as they were written, some at a time, and before which moment none of those behind them is."""
        latest = self._latest[:]
        last = min((row[0] for row in latest), default=inf)
        behind = list(accumulate((last, *reversed(self._begin)), min))[:-1]
        yield from zip(self._store, reversed(behind), strict=False)  # the store may grow meanwhile
        yield latest, inf

    def until(self, now: float) -> Ordered:
        """What had happened by `now`."""
        return Ordered(self, now)

    def since(self, number: int) -> Iterator[Record]:
        """All but the first `number`, as they were written."""
        return islice(self, number, None)

    def __iter__(self) -> Iterator[Record]:
        for rows in self._store:
            yield from map(Record._make, rows)
        yield from map(Record._make, self._latest)

    def __len__(self) -> int:
        return len(self._begin) * PACK + len(self._latest)


class Ordered:
    """What had happened by a moment, in order of time; of one instant, the elder task's first.

    A few records are held once they are in order; many are put in order anew for each who reads them, a pack or so at a
    time.

    Args:
        journal: where they stand.
        now: the moment.

    Attributes:
        written: how many the journal had then; what is written later is none of these.
    """

    def __init__(self, journal: Journal, now: float) -> None:
        self._journal, self._now, self.written = journal, now, len(journal)
        self._held: list[Record] | None = None

    def __iter__(self) -> Iterator[Record]:
        if self.written > HELD:
            return self._sorted(EVENTS)
        if self._held is None:
            self._held = list(self._sorted(EVENTS))
        return iter(self._held)

    def of(self, *events: str) -> Iterator[Record]:
        """Only those of some events."""
        if self.written > HELD:
            return self._sorted(frozenset(events))
        return (record for record in self if record.event in events)

    def _sorted(self, events: Container[str]) -> Iterator[Record]:
        left, end = self.written, nextafter(self._now, inf)
        waiting: list[Row] = []
        for rows, behind in self._journal.packs():
            waiting += [row for row in rows[:left] if row[3] in events]
            left -= len(rows)
            waiting.sort(key=_ORDER)
            settled = bisect_left(waiting, min(behind, end) if left > 0 else end, key=itemgetter(0))
            yield from map(Record._make, waiting[:settled])
            del waiting[:settled]
            if left <= 0:
                return


def in_order(records: Iterable[Record]) -> list[Record]:
    """Records in order of time; of one instant, the elder task's first."""
    return sorted(records, key=_ORDER)
