"""NAME
    smtpd.process - what one smtpd process keeps from session to session

DESCRIPTION
    A process serves one client after the other, up to max_use of them, and ends when it has been idle for max_idle.
    As long as it lives it keeps the last hundred answers of DNS lists, listed or not, whatever their time to live, and
    its connections to policy servers.

PARAMETERS
    max_use, max_idle

BUGS
    Which of several idle processes takes the next client is chance in life; here it is the one that was idle last.

SEE ALSO
    master(8)
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simmail.postfix.smtpd.policy_client import PolicyLine

#: How many answers a process keeps.
LIST_ANSWERS = 100


class ListAnswer(NamedTuple):
    """What a DNS list answered.

    Args:
        addresses: of its A records; none where the name is not listed.
        reason: its TXT records.
    """

    addresses: tuple[str, ...]
    reason: str = ""


class Process:
    """One process.

    Attributes:
        served: how many clients it has had.
        idle_since: when its last client left, seconds.
        lists: name -> answer, the one asked for last at the end.
        lines: a policy server as a restriction names it -> the connection to it.
    """

    __slots__ = ("idle_since", "lines", "lists", "served")

    def __init__(self) -> None:
        self.served = 0
        self.idle_since = 0.0
        self.lists: OrderedDict[str, ListAnswer] = OrderedDict()
        self.lines: dict[str, PolicyLine] = {}

    def known(self, name: str) -> ListAnswer | None:
        """The answer kept for a name, or None."""
        found = self.lists.get(name)
        if found is not None:
            self.lists.move_to_end(name)
        return found

    def keep(self, name: str, answer: ListAnswer) -> None:
        """Keep an answer; the one unused for longest goes."""
        self.lists[name] = answer
        if len(self.lists) > LIST_ANSWERS:
            self.lists.popitem(last=False)


class Processes:
    """The idle processes of one service.

    Args:
        max_use: how many clients a process serves.
        max_idle: how long it waits for the next, seconds.
    """

    def __init__(self, max_use: int, max_idle: float) -> None:
        self.max_use, self.max_idle = max_use, max_idle
        self._idle: list[Process] = []

    def take(self, now: float) -> Process:
        """A process for a new client."""
        while self._idle:
            process = self._idle.pop()
            if now - process.idle_since < self.max_idle:
                break
        else:
            process = Process()
        process.served += 1
        return process

    def leave(self, process: Process, now: float) -> None:
        """A client has left its process."""
        if process.served < self.max_use:
            process.idle_since = now
            self._idle.append(process)
