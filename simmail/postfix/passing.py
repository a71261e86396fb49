"""NAME
    passing - hand a recipient of a delivery request to another delivery agent

DESCRIPTION
    Who hands a recipient on waits for its end.  Agents that hand it on in a circle take one process after the other;
    when none is left the last of them waits for ipc_timeout.

PARAMETERS
    ipc_timeout

DIAGNOSTICS
    QUEUE_ID: passing <ADDRESS> to transport=TRANSPORT
    connect #N to subsystem private/TRANSPORT: No such file or directory

BUGS
    The processes of a circle are not missing elsewhere, and it has a hundred of them at most.

SEE ALSO
    deliver_pass(3)
"""

from __future__ import annotations

from simmail.mail.errors import Fatal
from simmail.mail.message import Recipient
from simmail.mail.questions import NOW, Decision, Sleep
from simmail.postfix.delivery import Dsn, Request, Result, Status
from simmail.postfix.program import Program

#: How many agents may wait for each other.
MOST = 100
UNAVAILABLE = Dsn("4.3.0", "delayed", "mail transport unavailable")


def pass_on(
    program: Program, request: Request, recipient: Recipient, sender: str, destination: str
) -> Decision[list[Result]]:
    """Hand a recipient on; what became of it.

    Args:
        program: the agent that does not deliver itself.
        request: what it was asked to do.
        recipient: one of the request's, or an address found by expanding one.
        sender: the envelope sender to use.
        destination: `transport` or `transport:nexthop`; the request's nexthop where there is none.

    Raises:
        Fatal: where there is no such transport, after some tries.
    """
    transport, _, nexthop = destination.partition(":")
    text = f"passing <{recipient.address}> to transport={transport}"
    yield program.note("text", request.message.queue_id, text)
    if program.system.service(transport) is None:
        raise Fatal((yield from program.system.sought(transport, program.name)))
    other = yield from program.system.summon(transport)
    handed = request.handed + 1
    if handed >= min(other.most_processes or MOST, MOST):
        yield Sleep(program.config["ipc_timeout"])
        return [Result(recipient, Status.DEFERRED, UNAVAILABLE)]
    now = yield NOW
    passed = Request(
        request.message, [recipient], transport, nexthop or request.nexthop, sender, request.queued, now,
        verify=request.verify, handed=handed,
    )  # fmt: skip
    results: list[Result] = yield from other.deliver(passed)
    return results
