"""NAME
    envelope - MAIL and RCPT as the client says them

DESCRIPTION
    Sender and recipients with the parameters of the extensions that the server offers: SIZE, BODY, SMTPUTF8, and what
    DSN has (RET, ENVID, NOTIFY, ORCPT).

SEE ALSO
    RFC 1870, RFC 6152, RFC 6531, RFC 3461, RFC 6533
"""

from __future__ import annotations

from collections.abc import Callable

from simmail.mail.address import quote_local
from simmail.mail.message import Notify, Recipient
from simmail.postfix.delivery import Request
from simmail.postfix.smtp.offer import Form, Offer
from simmail.smtp.commands import Command
from simmail.smtp.parameters import encode_orcpt, encode_xtext

NOTIFY_ORDER = (Notify.NEVER, Notify.SUCCESS, Notify.FAILURE, Notify.DELAY)


def mail_command(request: Request, offer: Offer, form: Form, envelope: Callable[[str], str]) -> Command:
    """The command for the sender.

    Args:
        request: what is delivered.
        offer: what the server can do.
        form: how the content travels.
        envelope: an address as it travels.
    """
    message, sender = request.message, request.sender
    size = f" SIZE={message.size}" if form.sized else ""
    text = f"FROM:<{sender and envelope(sender)}>{size}{form.body}"
    if message.envid and offer.dsn:
        text += f" ENVID={encode_xtext(message.envid)}"
    if message.ret and offer.dsn:
        text += f" RET={message.ret}"
    if message.smtputf8 and offer.smtputf8:
        text += " SMTPUTF8"
    return Command("MAIL", text + offer.author)


def rcpt_command(recipient: Recipient, request: Request, offer: Offer, envelope: Callable[[str], str]) -> Command:
    """The command for a recipient; the other arguments are those of `mail_command`."""
    address = recipient.address
    text = f"TO:<{address and envelope(address)}>"
    if not offer.dsn:
        return Command("RCPT", text)
    original = recipient.original
    if recipient.orcpt:
        kind, _, external = recipient.orcpt.partition(";")
        text += f" ORCPT={kind};{encode_orcpt(kind, external)}"
    elif original:
        kind = "rfc822" if original.isascii() or not request.message.smtputf8 else "utf-8"
        text += f" ORCPT={kind};{encode_orcpt(kind, quote_local(original))}"
    if recipient.notify:
        text += " NOTIFY=" + ",".join(n.value for n in NOTIFY_ORDER if n in recipient.notify)
    return Command("RCPT", text)
