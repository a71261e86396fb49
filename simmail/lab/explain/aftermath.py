"""What becomes of a message that was taken on, as far as one can tell without sending it."""

from __future__ import annotations

from typing import NamedTuple

from simmail.lab.explain.place import Place
from simmail.lab.explain.play import Mail, Played
from simmail.mail.errors import Fatal
from simmail.postfix.resolved import AddressClass, Resolved
from simmail.postfix.system import MailSystem
from simmail.postfix.tables import LookupFailure
from simmail.postfix.trivial_rewrite import TrivialRewrite

#: An address class -> the parameter that puts a domain into it.
CLASS_PARAMETERS = {
    AddressClass.LOCAL: "mydestination",
    AddressClass.VIRTUAL_ALIAS: "virtual_alias_domains",
    AddressClass.VIRTUAL_MAILBOX: "virtual_mailbox_domains",
    AddressClass.RELAY: "relay_domains",
}


class Destination(NamedTuple):
    """Where one recipient's mail goes.

    Args:
        address: the recipient, after all rewriting.
        original: as the client gave it; "" where it is the same.
        address_class: `local`, `relay`, `default`, ...
        because: the parameter that makes it so, with its place; "" for the default class.
        transport, nexthop: who takes it, and where to.
        note: what else can be told; may be empty.
    """

    address: str
    original: str
    address_class: str
    because: str
    transport: str
    nexthop: str
    note: str = ""

    def __str__(self) -> str:
        was = f" (was {self.original})" if self.original else ""
        why = f", by {self.because}" if self.because else ""
        note = f"; {self.note}" if self.note else ""
        return f"{self.address}{was}: {self.address_class} address{why}; {self.transport}:{self.nexthop}{note}"


class Aftermath(NamedTuple):
    """What becomes of a message.

    Args:
        sender: the envelope's, after all rewriting.
        queue: `incoming`, `hold`, or "" where it is thrown away at once, or passed on to a filter without being queued.
        filter: the content filter it goes to first; "" for none.
        destinations: where each recipient's mail goes.
    """

    sender: str
    queue: str
    filter: str
    destinations: tuple[Destination, ...]


def aftermath(place: Place, mail: Mail, played: Played) -> Aftermath | None:
    """What becomes of the message; None where none was taken on."""
    system, message = played.system, played.message
    if system is None or played.refused:
        return None
    if message is None:
        return Aftermath(mail.sender, "", played.proxied, ())
    try:
        rewriter: TrivialRewrite = system.program("rewrite")
    except (Fatal, KeyError):
        return Aftermath(message.sender, played.queue, message.filter, ())
    wanted = [(message.redirect, "")] if message.redirect else [(r.address, r.original) for r in message.recipients]
    found = tuple(_destination(place, system, rewriter, message.sender, *pair) for pair in wanted)
    return Aftermath(message.sender, played.queue, message.filter, found)


def _destination(
    place: Place, system: MailSystem, rewriter: TrivialRewrite, sender: str, address: str, original: str
) -> Destination:
    resolved = rewriter.resolve(sender, address)
    parameter = CLASS_PARAMETERS.get(resolved.address_class, "")
    where = system.config.where(parameter) if parameter else None
    because = parameter + (f" ({place.name(where.file)}:{where.line})" if where is not None else "")
    return Destination(
        resolved.recipient, "" if original == resolved.recipient else original, resolved.address_class.value, because,
        resolved.transport, resolved.nexthop, _note(place, system, resolved),
    )  # fmt: skip


def _note(place: Place, system: MailSystem, resolved: Resolved) -> str:
    """What of the delivery can be told at once."""
    if resolved.transport in ("error", "retry", "discard"):
        return {"error": "it is returned", "retry": "it stays in the queue"}.get(
            resolved.transport, "it is thrown away"
        )
    if resolved.transport != "local" or resolved.address_class is not AddressClass.LOCAL:
        return ""
    user = resolved.recipient.rpartition("@")[0].lower()
    try:
        maps = system.program("local").maps("alias_maps")
        found = maps.find_with_source(user)
    except (Fatal, KeyError, LookupFailure):
        return "alias_maps cannot be looked up now: it waits in the queue"
    if found is not None:
        value, where = found
        return f"an alias for {value}" + (f" ({place.name(where.file)}:{where.line})" if where.line else "")
    if user in place.host.machine.accounts:
        return f"an account's mailbox, {user}"
    return "no alias and no account: it is returned"
