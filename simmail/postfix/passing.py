"""NAME
    passing - hand a recipient of a delivery request to another delivery agent

DESCRIPTION
    Who hands a recipient on waits for its end.  Agents that hand it on in a circle take one process after the other;
    when none is left the last of them waits for ipc_timeout.

PARAMETERS
    ipc_timeout

DIAGNOSTICS
    QUEUE_ID: passing <ADDRESS> to transport=TRANSPORT
    fatal: missing transport name in ":TEXT"
    connect #N to subsystem private/TRANSPORT: No such file or directory
    private/TRANSPORT socket: malformed response
    unknown mail transport error
        The other agent has died.

BUGS
    The processes of a circle are not missing elsewhere, and it has a hundred of them at most.

SEE ALSO
    deliver_pass(3)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from simmail.mail.errors import Fatal
from simmail.mail.message import Recipient
from simmail.mail.questions import NOW, Decision, Sleep
from simmail.postfix.deaths import LAST_BREATH_S
from simmail.postfix.delivery import Dsn, Request, Result, Status, enter
from simmail.postfix.report import delays

if TYPE_CHECKING:
    from simmail.postfix.agent import DeliveryAgent
    from simmail.postfix.smtp.client import Smtp

    Agent: TypeAlias = DeliveryAgent | Smtp


#: How many agents may wait for each other.
MOST = 100
UNAVAILABLE = Dsn("4.3.0", "delayed", "mail transport unavailable")
DIED = Dsn("4.3.0", "delayed", "unknown mail transport error")


def pass_on(
    program: Agent, request: Request, recipient: Recipient, sender: str, destination: str
) -> Decision[list[Result]]:
    """Hand a recipient on; what became of it.

    Args:
        program: the agent that does not deliver itself.
        request: what it was asked to do.
        recipient: one of the request's, or an address found by expanding one.
        sender: the envelope sender to use.
        destination: `transport` or `transport:nexthop`; the request's nexthop where there is none.

    Raises:
        Fatal: where there is no such transport, after some tries; where none is named, at once.
    """
    transport, _, nexthop = destination.partition(":")
    if not transport:
        raise Fatal(f'missing transport name in "{destination}"')
    text = f"passing <{program.shown(recipient.address)}> to transport={transport}"
    yield program.note("text", request.message.queue_id, text)
    if not program.system.delivers(transport):
        missing = yield from program.system.sought(transport, program.name)
        if missing:
            raise Fatal(missing)
    other = yield from program.system.engage(transport)
    if other is None:
        return (yield from _died(program, request, recipient, transport))
    handed = request.handed + 1
    if handed >= min(other.most_processes or MOST, MOST):
        yield Sleep(program.config["ipc_timeout"])
        return [Result(recipient, Status.DEFERRED, UNAVAILABLE)]
    now = yield NOW
    passed = Request(
        request.message, [recipient], transport, nexthop or request.nexthop, sender, request.queued, now,
        verify=request.verify, handed=handed,
    )  # fmt: skip
    try:
        results: list[Result] = yield from other.deliver(passed)
    except Fatal as fatal:
        yield from other.spoken()
        yield other.note("fatal", "", fatal.text)
        other.system.died(other, (yield NOW))
        yield Sleep(LAST_BREATH_S)
        return (yield from _died(program, request, recipient, transport))
    return results


def _died(program: Agent, request: Request, recipient: Recipient, transport: str) -> Decision[list[Result]]:
    """The other agent has died over it."""
    yield program.note("warning", "", f"private/{transport} socket: malformed response")
    note, result = program.reporter.deferred(request, recipient, DIED, "none", delays(request, (yield NOW)))
    yield note
    enter(request.message, result)
    return [result]
