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
    from simmail.world.trails import Trails, Try

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
#: How a copy ends that no try has ended: what is said of that, and in which words; "" for those of its last try.
_ENDS = {
    "expired": ("bounced", ""), "discarded": ("discarded", "discarded"),
    "deleted": ("deleted", "deleted by an administrator"),
}  # fmt: skip


def agent(delivery: Record | Try) -> str:
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

    def __repr__(self) -> str:
        found = "; ".join(f"{kind} {self.figures[kind]}" for kind in ("wanted", "unwanted"))
        return f"<what became of {len(self.fates)} copies: {found}; has fates, figures, notices>"

    @cached_property
    def fates(self) -> list[Fate]:
        """What became of each message for each of its recipients, in the order of writing."""
        trails = self.results.trails
        fates = []
        for record in trails.composed:
            identity, sender, recipients, _, _, kind, author = record.fields
            for recipient in recipients:
                state = self._state(trails, identity, recipient)
                fates.append(Fate(identity, kind, author, sender, recipient, record.time, *state))
        return fates

    def _state(self, trails: Trails, identity: str, recipient: str) -> tuple[str, float | None, str, str]:
        """State, moment, host and reason of one recipient's copy."""
        known = {recipient}
        last: tuple[str, float | None, str, str] = ("waiting", None, "", "")
        for copy in trails.copies.get(identity, ()):
            for tried in trails.tries.get(copy, ()):
                if tried.to not in known and tried.original not in known:
                    continue
                if tried.status == "sent" and agent(tried) in FINAL:
                    return "delivered", tried.time, copy[0], tried.text
                if tried.status == "sent":
                    known.add(tried.to)
                    state = "discarded" if agent(tried) == "discard" else "waiting"
                    last = (state, tried.time if state == "discarded" else None, copy[0], tried.text)
                elif tried.status in ("bounced", "expired"):
                    last = ("bounced", tried.time, copy[0], tried.text)
                else:
                    last = ("waiting", None, copy[0], tried.text)
            for end, (state, reason) in _ENDS.items():
                if last[0] == "waiting" and copy in trails.ends[end]:
                    last = (state, trails.ends[end][copy], copy[0], reason or last[3])
        for name in sorted(known):
            if (identity, name) in trails.arrived:
                return *trails.arrived[identity, name], "taken"
        said = trails.said.get((identity, recipient))
        if said is not None:
            outcome = "discarded" if said.outcome == "accepted" and said.task in trails.discards else said.outcome
            if outcome in ("refused", "given up", "discarded"):
                return outcome, said.time, said.server, said.reply
        return last

    @cached_property
    def notices(self) -> list[tuple[float, str, str]]:
        """Notices about mail that their receivers never sent: (time, the address that got it, the host that made it).

        A forged sender's address gets the notice of what was sent in its name (backscatter).
        """
        forged = {identity for identity, kind in self.results.world.truth.kinds.items() if kind in ("spam", "virus")}
        trails = self.results.trails
        copy_of = {copy: identity for identity, copies in trails.copies.items() for copy in copies}
        culprits = {(about[0], notice) for about, notice in trails.notices if copy_of.get(about) in forged}
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
