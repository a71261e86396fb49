"""NAME
    resubmit - send a message on to other addresses

DESCRIPTION
    Addresses that an expansion leads to, and that local(8) does not deliver to itself, get a new message by way of
    cleanup(8): one for each Delivered-To: address and envelope sender.  The new message begins with a Received: line of
    its own and that Delivered-To: line, by which a loop is known when the message comes back.

PARAMETERS
    prepend_delivered_header, smtputf8_autodetect_classes, smtputf8_enable, myhostname, mail_name, cleanup_service_name

DIAGNOSTICS
    forwarded as ID
    unable to forward message

BUGS
    The real program gives addresses to cleanup(8) while it still expands, so that a new message has its queue file, and
    its queue id, a little earlier.

SEE ALSO
    cleanup(8), local(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.message import Message, Recipient
from simmail.mail.questions import Decision
from simmail.postfix.cleanup_status import INTERNAL, CleanupFlag
from simmail.postfix.delivery import Dsn, Result, Status
from simmail.postfix.local.state import Run, State, without_success
from simmail.postfix.post_mail import utf8_flags

if TYPE_CHECKING:
    from simmail.postfix.cleanup import Cleanup
    from simmail.postfix.cleanup_transaction import Transaction
    from simmail.postfix.local.agent import Local


def finish_forwarding(agent: Local, run: Run, waits: bool) -> Decision[bool]:
    """Send the message on to the addresses that were put aside.

    Args:
        agent: the delivery agent.
        run: the recipient's expansion.
        waits: whether it is to be tried again: then nothing is sent.

    Returns:
        Whether the recipient must be tried again.

    Raises:
        Fatal: over a class of mail that there is not.
    """
    if waits or not run.forwarded:
        return waits
    if agent.system.starting:
        yield from agent.system.until_started("local")
    flags = INTERNAL | CleanupFlag.BOUNCE | utf8_flags(agent.config, "forward")
    cleanup: Cleanup = yield from agent.system.summon(agent.config["cleanup_service_name"])
    for (delivered, sender), states in run.forwarded.items():
        transaction = _open(cleanup, flags, run, sender)
        queue_id = yield from transaction.begin()
        for state in states:
            one = state.recipient
            transaction.recipient(Recipient(one.address, one.original, one.orcpt, one.notify))
        received: tuple[str, ...] = (
            f"Received: by {agent.hostname} ({agent.mail_name})",
            f"\tid {queue_id}; {agent.machine.calendar.header(transaction.message.arrival)}",
        )
        if "forward" in agent.delivered_header:
            received += (f"Delivered-To: {delivered.lower()}",)
        outcome = yield from transaction.finish(run.request.message.content, received)
        old = run.queued
        told = Recipient(old.address, old.original, old.orcpt, without_success(old.notify))
        whole = State(told, run.request.sender)
        if outcome.status:
            run.results.append(Result(old, Status.DEFERRED, Dsn("4.3.0", "delayed", "")))
            waits = True
        else:
            yield from agent.deliver_sent(run, whole, f"forwarded as {queue_id}")
            run.results[-1] = run.results[-1].relayed()
    return waits


def _open(cleanup: Cleanup, flags: CleanupFlag, run: Run, sender: str) -> Transaction:
    message = run.request.message
    copy = Message(
        sender=sender,
        origin="forward",
        client_name=message.client_name,
        client_address=message.client_address,
        helo=message.helo,
        protocol=message.protocol,
        envid=message.envid,
        ret=message.ret,
        smtputf8=message.smtputf8,
        identity=message.identity,
        authentication=message.authentication,
        ident=message.ident or message.queue_id,
    )
    return cleanup.open(copy, "remote" if message.client_address else "local", flags)
