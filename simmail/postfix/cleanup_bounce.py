"""NAME
    cleanup_bounce - a message that cleanup(8) gives back to its sender

DESCRIPTION
    Whoever brings a message by other ways than SMTP may leave it to cleanup to return what it does not take: each
    recipient is logged as bounced, and the sender gets a notice.

DIAGNOSTICS
    QUEUE_ID: bounce message failure
    incoming/QUEUE_ID: unexpected EOF in data, record type TYPE length LENGTH

    What bounce_client(3) says where bounce(8) is not there; pickup(8) leaves the message where it is.

PARAMETERS
    bounce_service_name

BUGS
    pickup(8) tries such a message again when it looks next; the real one each second.

SEE ALSO
    cleanup(8), bounce(8), cleanup_transaction, bounce_client
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.message import Message, Recipient
from simmail.mail.questions import Decision, Now
from simmail.postfix.bounce_client import bounce_services
from simmail.postfix.cleanup_status import CleanupOutcome, CleanupStatus
from simmail.postfix.delivery import Dsn
from simmail.postfix.dsn_text import dsn_split
from simmail.postfix.post_mail import Unsent
from simmail.postfix.queue_file import queue_file

if TYPE_CHECKING:
    from simmail.postfix.cleanup import Cleanup


def give_back(program: Cleanup, message: Message, status: CleanupStatus, reason: str) -> Decision[CleanupStatus]:
    """Return a message to its sender, which settles what was wrong with it; what is wrong then.

    Args:
        program: cleanup.
        message: what came of it.
        status, reason: what is wrong with it; "" for what the status says.
    """
    detail = CleanupOutcome(status).detail()
    code, text = dsn_split(reason, "5.0.0") if reason else (detail.dsn, detail.text)
    dsn = Dsn(code, "failed", text)
    if status & (CleanupStatus.CONTENT | CleanupStatus.SIZE):
        message.ret = "HDRS"
    found = bounce_services(program.system, program.config)["bounce"]
    if found.missing:
        log_name = program.system.config.log_name("bounce")
        yield from found.said(program.name, log_name, message.queue_id, connected=False)
        return CleanupStatus.WRITE
    recipients = message.recipients or [Recipient("unknown")]
    now: float = yield Now()
    delays = (now - message.arrival, 0.0, 0.0, 0.0)
    for recipient in recipients:
        yield program.note(
            "delivery", message.queue_id, recipient.address, recipient.original, "none", delays, code, "bounced",
            text, 1,
        )  # fmt: skip
    bounce = yield from program.system.summon(found.name)
    if status & CleanupStatus.SIZE:  # no more of the file is there than the limit lets through
        end, header = queue_file(message, "incoming", program.system.machine).cut_off(program.size_limit)
        told = message.sender or "2bounce" in bounce.classes
        for reader in (program, bounce) if header and told else (program,):
            yield reader.note("warning", "", f"incoming/{message.queue_id}: {end}")
    program.waits = True
    try:
        yield from bounce.notify(message, [(recipient, dsn) for recipient in recipients], now)
        yield program.note("discarded", message.queue_id)
        return CleanupStatus.OK
    except Unsent:
        yield program.note("warning", "", f"{message.queue_id}: bounce message failure")
        return CleanupStatus.WRITE
    finally:
        program.waits = False
