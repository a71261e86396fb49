"""NAME
    showq - list the mail queue

DESCRIPTION
    What `postqueue` lists: each message with its queue, size, time of arrival, sender, and those recipients who have
    not got it yet, with the reason where they were tried.

    What lies in maildrop comes first, as large as its file.

    A recipient that was expanded into others is listed after those of them that wait, without a reason of its own.
    The null sender is listed as empty_address_recipient.  Without smtputf8_enable an octet beyond ASCII is
    a question mark.  Options of showq's entry in master.cf count.

PARAMETERS
    empty_address_recipient, smtputf8_enable

SEE ALSO
    showq(8), postqueue(1)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simmail.files.machine import Machine
from simmail.mail.message import Message
from simmail.postfix.config import Config
from simmail.postfix.mastercf import Service
from simmail.postfix.printable import printable
from simmail.postfix.queue_file import stored_size
from simmail.postfix.spool import Spool

#: The queues in the order in which they are listed.
LISTED = ("maildrop", "active", "incoming", "deferred", "hold")


class Waiting(NamedTuple):
    """A recipient who waits: address, and why ("" where it was not tried)."""

    address: str
    reason: str


class Entry(NamedTuple):
    """One message of a listing.

    Args:
        queue: the queue it is in.
        message: the queue file.
        sender: as it is listed, but for quotes.
        size: as it is listed, octets.
        recipients: those who wait.
    """

    queue: str
    message: Message
    sender: str
    size: int
    recipients: tuple[Waiting, ...]


def entries(spool: Spool, machine: Machine, config: Config, service: Service | None = None) -> Iterator[Entry]:
    """All messages, queue by queue, as their folders are listed.

    Args:
        spool: the queues.
        machine: whose they are.
        config: the parameters of who asks.
        service: showq's entry in master.cf; None where the queues are read without it.
    """
    if service is not None and service.overrides and not service.fault:
        config = config.for_service(service, lambda level, text: None)
    nobody: str = config["empty_address_recipient"]
    utf8: bool = config["smtputf8_enable"]
    for queue in LISTED:
        for queue_id in spool.listed(queue):
            message = spool.shown(queue_id, queue)
            size = stored_size(message, queue, machine)
            recipients = tuple(Waiting(*(printable(text, utf8) for text in one)) for one in waiting(message))
            yield Entry(queue, message, printable(message.sender or nobody, utf8), size, recipients)


def waiting(message: Message) -> Iterator[Waiting]:
    """The recipients of a message that wait: those with a reason in the order they were tried, then the others."""
    told: set[str] = set()
    for address, reason in message.deferrals:
        told.add(address)
        yield Waiting(address, reason)
    for recipient in message.recipients:
        if recipient.address not in told and recipient.reported is None:
            yield Waiting(recipient.address, "")
