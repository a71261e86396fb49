"""What the records of a run tell of each message, and how often what happened: read in one go."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import NamedTuple

from simmail.mail.records import GONE, Ordered, Record

#: A message in the queue of one host: the host's name, and the message's queue id there.
Copy = tuple[str, str]
#: Words that a program died of, or complained with: host, program, event, text.
Cry = tuple[str, str, str, str]
_ADDRESS = re.compile(r"\[([^\]]+)\]")
_QUEUED_AS = re.compile(r"queued as (\w+)")


def relay_address(relay: str) -> str:
    """The address in what the log has as `relay=`, `mx.example[192.0.2.1]:25`; "" where that is no server."""
    found = _ADDRESS.search(relay)
    return found[1] if found else ""


def queue_id_in(words: str) -> str:
    """The queue id that a server tells of what it took, `250 2.0.0 Ok: queued as 4cX2`; "" where it tells none."""
    found = _QUEUED_AS.search(words)
    return found[1] if found else ""


class Try(NamedTuple):
    """A try to deliver to one recipient.

    Args:
        time: seconds since the world's start.
        program: who tried, as the log calls it.
        to, original: the recipient, and as it was before an alias or another table replaced it.
        status: `sent`, `deferred`, `bounced`, ...
        text: the words for it.
    """

    time: float
    program: str
    to: str
    original: str
    status: str
    text: str


class Said(NamedTuple):
    """What a sender that is no Postfix was told last of one recipient.

    Args:
        outcome: `accepted`, `refused`, `later`, ...; `given up` where it has given up.
        time: seconds since the world's start.
        server: who said it.
        reply: the words.
        task: the session in which it was said.
    """

    outcome: str
    time: float
    server: str
    reply: str
    task: int


class Arrived(NamedTuple):
    """What a site that is no Postfix did with a message for one recipient: what, when, and where."""

    state: str
    time: float
    host: str


class Trails:
    """All that is asked of the records for each message.

    Args:
        records: those of a run.

    Attributes:
        composed: the records of what was written.
        copies: Message-ID -> the queue files that carried it, in order of time.
        tries: the tries to deliver each copy, in order of time.
        handed: Message-ID -> when its writer's program was rid of it.
        said: (Message-ID, recipient) -> what the sender heard last.
        arrived: (Message-ID, recipient) -> what came of it first.
        ends: `discarded` (by a rule, in silence), `deleted` (by an administrator), `expired` (returned as too old) ->
            copy -> when.
        discards: the sessions (by their tasks) in which a message was thrown away.
        notices: (the copy that it was about, the notice's queue id) of each notice.
        cries: errors, warnings and last words -> how often.
        accepted, refused: host -> how many messages it took, without those that its queue manager has not yet seen, and
            how often it refused.
        present: the copies that are in a queue, and that a queue manager has seen.
        tried: (host, status) -> how many tries ended so.
    """

    def __init__(self, records: Ordered) -> None:
        self.composed: list[Record] = []
        self.copies: dict[str, list[Copy]] = defaultdict(list)
        self.tries: dict[Copy, list[Try]] = defaultdict(list)
        self.handed: dict[str, float] = {}
        self.said: dict[tuple[str, str], Said] = {}
        self.arrived: dict[tuple[str, str], Arrived] = {}
        self.ends: dict[str, dict[Copy, float]] = {"discarded": {}, "deleted": {}, "expired": {}}
        self.discards: set[int] = set()
        self.notices: list[tuple[Copy, str]] = []
        self.cries: Counter[Cry] = Counter()
        self.accepted: Counter[str] = Counter()
        self.present: set[Copy] = set()
        self.refused: Counter[str] = Counter()
        self.tried: Counter[tuple[str, str]] = Counter()
        #: Each text and each copy once, however many records name it.
        self._texts: dict[str, str] = {}
        self._known: dict[Copy, Copy] = {}
        readers: dict[str, Callable[[Record], None]] = {
            "composed": self.composed.append, "message-id": self._named, "handed-over": self._handed_over,
            "delivery": self._delivery, "attempted": self._attempted, "given-up": self._given_up,
            "arrived": self._taken, "discarded": self._ended, "expired": self._ended, "notification": self._notice,
            "active": self._active, **dict.fromkeys(GONE, self._gone),
            "refusal": self._refusal, "screened": self._refusal, "content": self._refusal,
            "fatal": self._cry, "panic": self._cry, "error": self._cry, "warning": self._cry,
        }  # fmt: skip
        for record in records.of(*readers):
            readers[record.event](record)
        del self._texts, self._known

    def _copy(self, host: str, queue_id: str) -> Copy:
        copy = (self._texts.setdefault(host, host), queue_id)
        return self._known.setdefault(copy, copy)

    def _carried(self, identity: str, copy: Copy) -> None:
        copies = self.copies[identity]
        if copy not in copies:
            copies.append(copy)

    def _named(self, record: Record) -> None:
        self._carried(record.fields[0], self._copy(record.host, record.queue_id))

    def _handed_over(self, record: Record) -> None:
        identity, queue_id, server = record.fields
        self.handed[identity] = record.time
        # of a message whose Message-ID a rule has discarded there is no other trace
        self._carried(identity, self._copy(server, queue_id))

    def _delivery(self, record: Record) -> None:
        to, original, _, _, _, status, text, _ = record.fields
        once = self._texts.setdefault
        tried = Try(
            record.time, once(record.program, record.program), once(to, to), once(original, original),
            once(status, status), text,
        )  # fmt: skip
        copy = self._copy(record.host, record.queue_id)
        self.tries[copy].append(tried)
        self.tried[copy[0], status] += 1

    def _attempted(self, record: Record) -> None:
        identity, server, recipient, outcome, reply = record.fields
        self.said[identity, recipient] = Said(outcome, record.time, server, reply, record.task)

    def _given_up(self, record: Record) -> None:
        identity, _, recipients, reply = record.fields
        for recipient in recipients.split(", "):
            said = self.said.get((identity, recipient))
            if said is None or said.outcome != "refused":
                self.said[identity, recipient] = Said("given up", record.time, record.host, reply, record.task)

    def _taken(self, record: Record) -> None:
        identity, _, recipient, _, state = record.fields
        self.arrived.setdefault((identity, recipient), Arrived(state, record.time, record.host))

    def _ended(self, record: Record) -> None:
        self.ends[record.event][self._copy(record.host, record.queue_id)] = record.time
        if record.event == "discarded":
            self.discards.add(record.task)

    def _notice(self, record: Record) -> None:
        self.notices.append((self._copy(record.host, record.queue_id), record.fields[1]))

    def _active(self, record: Record) -> None:
        copy = (record.host, record.queue_id)
        if copy not in self.present:
            self.present.add(copy)
            self.accepted[record.host] += 1

    def _gone(self, record: Record) -> None:
        copy = (record.host, record.queue_id)
        if record.event == "deleted":
            self._ended(record)
            self.accepted[record.host] += copy not in self.present
        elif record.event == "requeued":
            self.accepted[record.host] -= copy in self.present  # it comes again
        self.present.discard(copy)

    def _refusal(self, record: Record) -> None:
        if record.get("action") == "reject":
            self.refused[record.host] += 1

    def _cry(self, record: Record) -> None:
        self.cries[record.host, record.program, record.event, record.fields[0]] += 1
