"""NAME
    control - what an administrator's commands may do to a mail system

DESCRIPTION
    Commands run whether Postfix runs or not: they find the queue directory, the running mail system if there is one,
    and whoever starts and stops it.  What they ask of running programs happens a moment later, as with the real
    triggers of master(8).

SEE ALSO
    master(8), trigger(3), postfix(1)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from simmail.mail.questions import Decision

if TYPE_CHECKING:
    from simmail.postfix.qmgr.entry import Entry
    from simmail.postfix.spool import Spool
    from simmail.postfix.system import MailSystem

#: Something for the queue manager to do: given it and the time (s), the tries to start now.
Act = Callable[[Any, float], "Decision[list[Entry]]"]


class Listener(NamedTuple):
    """A TCP port that takes connections.

    Args:
        address: of the host; `*` for all its addresses.
        port: its number.
        program: whose it is, as ps(1) has its name.
    """

    address: str
    port: int
    program: str = "master"


class Control(Protocol):
    """A host's Postfix, running or not; found as `Invocation.control`.

    Attributes:
        spool: the queue directory.
        system: the running mail system; None while it is stopped.
    """

    spool: Spool
    system: MailSystem | None

    def start(self) -> None:
        """Start Postfix.  Raises Fatal where it will not start."""

    def stop(self) -> None:
        """Stop Postfix; the queue stays."""

    def reload(self) -> None:
        """Read the configuration again.  Raises Fatal."""

    def manage(self, act: Act) -> None:
        """Let the queue manager do something, if it runs."""

    def listening(self) -> list[Listener]:
        """The TCP ports of the host that take connections now."""

    def wake_pickup(self) -> None:
        """Tell pickup(8), if it runs, that there is something in the maildrop queue."""
