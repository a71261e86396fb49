"""NAME
    resolve_client - a program's way to trivial-rewrite(8), where that knows of no transport

DESCRIPTION
    A parameter may name no transport (`default_transport = :mail.example.com`).  Whoever asks where an address leads
    gets no answer that he could use then, and asks again each second, for as long as it takes: he does nothing else.

DIAGNOSTICS
    resolve_clnt: null transport result for: <ADDRESS>

SEE ALSO
    trivial_rewrite, trivial-rewrite(8)
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from simmail.mail.questions import Decision, Level, Sleep
from simmail.postfix.program import Program
from simmail.postfix.resolved import Resolved, ResolveFlag

if TYPE_CHECKING:
    from simmail.postfix.system import MailSystem

#: How long it is until the same is asked again, seconds.
PAUSE_S = 1.0


def _newest(system: MailSystem) -> MailSystem:
    """The last to follow a system, by reloads and starts."""
    while system.successor is not None:
        system = system.successor
    return system


def stand_still(program: Program, address: str) -> Decision[float]:
    """Complain of an answer without a transport, and wait; what time it is then, seconds.

    Args:
        program: who has asked.
        address: what for, in internal form.
    """
    rewriter = _newest(program.system).rewriting
    if rewriter is not None:
        yield from rewriter.spoken()
    yield program.note("warning", "", f"resolve_clnt: null transport result for: <{address}>")
    yield Sleep(PAUSE_S)
    now: float = yield Level()
    if _newest(program.system).stopped:
        yield Sleep(inf)
    return now


def until_known(program: Program, sender: str, address: str, found: Resolved) -> Decision[Resolved]:
    """Where an address leads, as soon as it leads anywhere.

    Args:
        program: who has asked.
        sender, address: what for, complete, in internal form.
        found: the first answer.
    """
    while ResolveFlag.NOWHERE in found.flags:
        yield from stand_still(program, address)
        found = _newest(program.system).rewriter.resolve(sender, address)
    return found
