"""What mail is in truth, whoever may take it for what: known to the world, never to a mail server.

Each message that somebody writes has a kind (KINDS) from its beginning.  With the records it
tells, for each recipient of each message, what became of it, and what that means to people: spam let in, wanted mail
lost or late, notices to innocents.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.world.actors.complaints import Complaint, complaints

if TYPE_CHECKING:
    from simmail.mail.records import Record
    from simmail.world.results import Results

#: What mail can be, and whether its recipients would miss it.
KINDS: Mapping[str, bool] = {
    "wanted": True,
    "reply": True,
    "newsletter": True,
    "spam": False,
    "virus": False,
    "probe": False,
}
#: Agents that put mail where its reader finds it; all others pass it on.
FINAL = frozenset({"local", "virtual"})
DELETED = "deleted by an administrator"


def agent(delivery: Record) -> str:
    """The program that tried a delivery, whatever main.cf lets the log call it."""
    return delivery.program.rpartition("/")[2]


class Truth:
    """The kinds of all messages of a world, as far as they have been written.

    Attributes:
        kinds: Message-ID -> a key of KINDS.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}

    def kind(self, identity: str) -> str:
        """A message's kind; "" for one that nobody wrote (a notice)."""
        return self.kinds.get(identity, "")


class Fate(NamedTuple):
    """What became of a message for one recipient.

    Args:
        identity: its Message-ID.
        kind: a key of KINDS.
        author: who wrote it, an actor's name or a person's.
        sender, recipient: of the envelope.
        written: when, seconds since the start.
        state: `delivered`, `refused`, `bounced`, `given up`, `discarded`, `deleted`, `waiting`; `trapped` where a
            blocklist took it and nobody reads.
        ended: when that came to be; None while it waits.
        host: where it came to be.
        reason: the words for it.
    """

    identity: str
    kind: str
    author: str
    sender: str
    recipient: str
    written: float
    state: str
    ended: float | None
    host: str
    reason: str

    @property
    def wanted(self) -> bool:
        """Whether its recipient would miss it."""
        return KINDS[self.kind]

    @property
    def delay(self) -> float | None:
        """Seconds from writing to mailbox; None where it did not get there."""
        return self.ended - self.written if self.state == "delivered" and self.ended is not None else None


class Account:
    """What became of all mail, in truth, read from a run's records.

    Args:
        results: the run's.
    """

    def __init__(self, results: Results) -> None:
        self.results = results

    @cached_property
    def fates(self) -> list[Fate]:
        """What became of each message for each of its recipients, in the order of writing."""
        records = self.results.records
        said: dict[tuple[str, str], tuple[str, float, str, str]] = {}
        discards = self.results.discards
        arrived: dict[tuple[str, str], tuple[str, float, str]] = {}
        for record in records:
            if record.event == "attempted":
                identity, server, recipient, outcome, reply = record.fields
                if record.task in discards and outcome == "accepted":
                    outcome = "discarded"
                said[identity, recipient] = (outcome, record.time, server, reply)
            elif record.event == "given-up":
                identity, _, recipients, reply = record.fields
                for recipient in recipients.split(", "):
                    outcome = said.get((identity, recipient), ("",))[0]
                    if outcome != "refused":
                        said[identity, recipient] = ("given up", record.time, record.host, reply)
            elif record.event == "arrived":
                arrived.setdefault((record.fields[0], record.fields[2]), (record.fields[4], record.time, record.host))
        fates = []
        for record in records:
            if record.event != "composed":
                continue
            identity, sender, recipients, _, _, kind, author = record.fields
            for recipient in recipients:
                state = self._state(identity, recipient, said, arrived)
                fates.append(Fate(identity, kind, author, sender, recipient, record.time, *state))
        return fates

    def _state(
        self,
        identity: str,
        recipient: str,
        said: Mapping[tuple[str, str], tuple[str, float, str, str]],
        arrived: Mapping[tuple[str, str], tuple[str, float, str]],
    ) -> tuple[str, float | None, str, str]:
        """State, moment, host and reason of one recipient's copy."""
        known = {recipient}
        last: tuple[str, float | None, str, str] = ("waiting", None, "", "")
        for copy in self.results.copies.get(identity, ()):
            for tried in self.results.tries.get(copy, ()):
                to, original, _, _, _, status, text, _ = tried.fields
                if to not in known and original not in known:
                    continue
                if status == "sent" and agent(tried) in FINAL:
                    return "delivered", tried.time, tried.host, text
                if status == "sent":
                    known.add(to)
                    state = "discarded" if agent(tried) == "discard" else "waiting"
                    last = (state, tried.time if state == "discarded" else None, tried.host, text)
                elif status in ("bounced", "expired"):
                    last = ("bounced", tried.time, tried.host, text)
                else:
                    last = ("waiting", None, tried.host, text)
            if last[0] == "waiting" and copy in self.results.expired:
                last = ("bounced", self.results.expired[copy], copy[0], last[3])
            if last[0] == "waiting" and copy in self.results.discarded:
                last = ("discarded", self.results.discarded[copy], copy[0], "discarded")
            if last[0] == "waiting" and copy in self.results.deleted:
                last = ("deleted", self.results.deleted[copy], copy[0], DELETED)
        for name in sorted(known):
            if (identity, name) in arrived:
                return *arrived[identity, name], "taken"
        outcome = said.get((identity, recipient))
        if outcome is not None and outcome[0] in ("refused", "given up", "discarded"):
            return outcome[0], outcome[1], outcome[2], outcome[3]
        return last

    @cached_property
    def notices(self) -> list[tuple[float, str, str]]:
        """Notices about mail that their receivers never sent: (time, the address that got it, the host that made it).

        A forged sender's address gets the notice of what was sent in its name (backscatter).
        """
        forged = {identity for identity, kind in self.results.world.truth.kinds.items() if kind in ("spam", "virus")}
        culprits: set[tuple[str, str]] = set()
        copy_of = {copy: identity for identity, copies in self.results.copies.items() for copy in copies}
        for record in self.results.records:
            if record.event == "notification" and copy_of.get((record.host, record.queue_id)) in forged:
                culprits.add((record.host, record.fields[1]))
        names = {copy_of[copy]: copy[0] for copy in culprits if copy in copy_of}
        found = []
        for record in self.results.records:
            if record.event == "arrived" and record.fields[0] in names:
                found.append((record.time, record.fields[2], names[record.fields[0]]))
            elif record.event == "delivery" and agent(record) in FINAL and record.get("status") == "sent":
                identity = copy_of.get((record.host, record.queue_id), "")
                if identity in names:
                    found.append((record.time, record.fields[0], names[identity]))
        return found

    @cached_property
    def complaints(self) -> list[Complaint]:
        """What people complain of, in order of time."""
        return complaints(self.fates, self.results.world.figures, self.results.now)

    @cached_property
    def figures(self) -> dict[str, Any]:
        """What people would say of the run.

        Returns:
            For wanted and unwanted mail, how many recipients' copies came to which end; the seconds that wanted mail
            took (median, 95th percentile, longest); the notices that went to innocents; and how many complain of mail
            that is late, missing, or was returned.
        """
        ends: dict[bool, Counter[str]] = defaultdict(Counter)
        delays = []
        for fate in self.fates:
            ends[fate.wanted][fate.state] += 1
            if fate.wanted and fate.delay is not None:
                delays.append(fate.delay)
        delays.sort()
        return {
            "wanted": dict(sorted(ends[True].items())),
            "unwanted": dict(sorted(ends[False].items())),
            "delay_s": {
                "median": median(delays), "p95": delays[min(len(delays) - 1, int(0.95 * len(delays)))],
                "longest": delays[-1],
            } if delays else {},
            "notices_to_innocents": len(self.notices),
            "complaints": dict(sorted(Counter(complaint.what for complaint in self.complaints).items())),
        }  # fmt: skip
