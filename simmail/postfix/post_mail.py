"""NAME
    post_mail - mail that Postfix itself writes

DESCRIPTION
    Goes through cleanup(8) in the local context, without checks (unless internal_mail_filter_classes asks for them) and
    without copies.

PARAMETERS
    internal_mail_filter_classes, smtputf8_autodetect_classes, smtputf8_enable, myhostname, mail_name, myorigin,
    double_bounce_sender, address_verify_sender, cleanup_service_name

SEE ALSO
    post_mail(3), int_filt(3)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from simmail.mail.content import Content
from simmail.mail.message import Message, Recipient
from simmail.mail.questions import Decision
from simmail.postfix.cleanup_status import INTERNAL, CleanupFlag
from simmail.postfix.config import Config

if TYPE_CHECKING:
    from simmail.postfix.cleanup import Cleanup
    from simmail.postfix.program import Program


#: What the postmaster may want to be told of: the words of notify_classes.
NOTIFY_CLASSES = frozenset({"bounce", "2bounce", "data", "delay", "policy", "protocol", "resource", "software"})
#: The words of smtputf8_autodetect_classes.
_WRITERS = frozenset({"all", "bounce", "forward", "notify", "qmqpd", "sendmail", "smtpd", "verify"})


def double_bounce_address(config: Config) -> str:
    """The sender of what must not be returned."""
    return f"{config['double_bounce_sender']}@{config['myhostname']}"


def probe_sender(config: Config) -> str:
    """The sender of address probes; "" for the null sender (address_verify_sender)."""
    sender: str = config["address_verify_sender"]
    if sender in ("", "<>"):
        return ""
    return sender if "@" in sender else f"{sender}@{config['myorigin']}"


def utf8_flags(config: Config, source: str) -> CleanupFlag:
    """Whether mail of a source (`sendmail`, `bounce`, `notify`, ...) is looked at for what needs SMTPUTF8.

    Programs ask with each message.  Raises Fatal over a class that there is not.
    """
    classes = config.mask("smtputf8_autodetect_classes", _WRITERS)
    return CleanupFlag.AUTO_UTF8 if config["smtputf8_enable"] and {source, "all"} & classes else CleanupFlag(0)


def _flags(config: Config, source: str) -> CleanupFlag:
    """What cleanup(8) is to do with Postfix's own mail of a source."""
    flags = INTERNAL
    if source in config.mask("internal_mail_filter_classes", ("bounce", "notify")):
        flags |= CleanupFlag.FILTER
    return flags | utf8_flags(config, source)


class Unsent(Exception):
    """A notice that somebody must have could not be queued."""


def post_mail(
    program: Program,
    sender: str,
    recipient: str,
    lines: Iterable[str],
    *,
    source: str,
    identity: str = "",
    cancel: bool = False,
    smtputf8: bool = False,
    trace: str = "",
) -> Decision[str]:
    """Send a message.

    Args:
        program: who writes it.
        sender: the envelope sender, "" for the null sender.
        recipient: the envelope recipient, internal form.
        lines: header (Received: and Date: are put before it), empty line and body.
        source: its class in internal_mail_filter_classes, `bounce` or `notify`.
        identity: which message of the world it is.
        cancel: begin it, and throw it away.
        smtputf8: whether it is about mail that asked for SMTPUTF8.
        trace: as in `Message`.

    Returns:
        Its queue id; "" where it could not be queued.

    Raises:
        Fatal: over a class of mail that there is not.
    """
    system, config = program.system, program.config
    if system.starting and source == "bounce":
        yield from system.until_started(source)
    flags = _flags(config, source)
    cleanup: Cleanup = yield from system.summon(config["cleanup_service_name"])
    if cleanup.waits:
        yield from cleanup.beside()
    message = Message(sender=sender, origin=source, identity=identity, smtputf8=smtputf8, trace=trace)
    transaction = cleanup.open(message, "local", flags)
    queue_id = yield from transaction.begin()
    transaction.recipient(Recipient(recipient))
    date = system.machine.calendar.header(transaction.message.arrival)
    received = (
        f"Received: by {config['myhostname']} ({config['mail_name']})",
        f"\tid {queue_id}; {date}",
        f"Date: {date}",
    )
    content = Content(lines)
    if cancel:
        yield from transaction.hang_up(content, received)
        return ""
    outcome = yield from transaction.finish(content, received)
    return "" if outcome.status else queue_id
