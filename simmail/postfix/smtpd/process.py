"""NAME
    smtpd.process - what one smtpd process keeps from session to session

DESCRIPTION
    As long as it lives a process keeps the last hundred answers of DNS lists, listed or not, whatever their time to
    live, and its connections to policy servers.

SEE ALSO
    master(8)
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simmail.postfix.smtpd.policy_client import PolicyLine

from simmail.postfix.processes import Process
from simmail.postfix.value_buffer import ValueBuffer

#: How many answers a process keeps.
LIST_ANSWERS = 100
#: What all policy servers answer.
ACTION = "policy action"


class ListAnswer(NamedTuple):
    """What a DNS list answered.

    Args:
        addresses: of its A records; none where the name is not listed.
        reason: its TXT records.
        temporary: whether it could not be asked.
    """

    addresses: tuple[str, ...]
    reason: str = ""
    temporary: bool = False


class SmtpdProcess(Process):
    """One process.

    Attributes:
        lists: name -> answer, the one asked for last at the end.
        lines: a policy server as a restriction names it -> the connection to it.
        warned: the restrictions that it has called obsolete.
        values: an access table as a restriction names it, or ACTION -> the buffer that its values come in.
    """

    __slots__ = ("lines", "lists", "values", "warned")

    def __init__(self) -> None:
        super().__init__()
        self.lists: OrderedDict[str, ListAnswer] = OrderedDict()
        self.lines: dict[str, PolicyLine] = {}
        self.warned: set[str] = set()
        self.values: defaultdict[str, ValueBuffer] = defaultdict(ValueBuffer)

    def obsolete(self, name: str, instead: str) -> tuple[str, ...]:
        """What is said of a restriction that is obsolete: something the first time, and then nothing."""
        if name in self.warned:
            return ()
        self.warned.add(name)
        return (f'support for restriction "{name}" will be removed from Postfix; use "{instead}" instead',)

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
