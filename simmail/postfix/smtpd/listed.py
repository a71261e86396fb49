"""NAME
    smtpd.listed - does this address exist here?

DESCRIPTION
    An address is known where one of the canonical or virtual alias tables knows it, or the recipient tables of its
    class; an empty recipient table knows everybody.  A recipient is checked at the end of all recipient restrictions
    unless reject_unlisted_recipient stood among them.

    Nobody is looked up twice: a sender not before the sender restrictions are heard again - at MAIL, or with
    smtpd_delay_reject at each RCPT - and a recipient not before the next RCPT.  So with smtpd_delay_reject = no
    reject_unlisted_sender among the recipient restrictions stops the first recipient only.

PARAMETERS
    local_recipient_maps, virtual_alias_maps, virtual_mailbox_maps, relay_recipient_maps, canonical_maps,
    sender_canonical_maps, recipient_canonical_maps, double_bounce_sender, unknown_virtual_alias_reject_code,
    unknown_local_recipient_reject_code and its kin, smtpd_reject_unlisted_recipient, smtpd_reject_unlisted_sender,
    show_user_unknown_table_name, receive_override_options (no_unknown_recipient_checks: everybody is known)

SEE ALSO
    LOCAL_RECIPIENT_README, ADDRESS_CLASS_README
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from simmail.postfix.address_maps import find_address
from simmail.postfix.dsn_text import dsn_split
from simmail.postfix.resolved import AddressClass, Resolved, ResolveFlag
from simmail.postfix.smtpd.findings import RECIPIENT, SENDER, Finding, Subject, lookup_failure, untold
from simmail.postfix.tables import LookupFailure, Maps
from simmail.postfix.value_buffer import ValueBuffer

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.restrictions import Rule

#: How much the buffer of a nexthop holds at first, octets.
NEXTHOP_ROOM = 100
#: Local parts that every machine has.
ALWAYS = ("postmaster", "mailer-daemon")
#: The tables, in the order in which smtpd(8) opens them: the first that cannot be read ends it.
TABLES = (
    "local_recipient_maps", "sender_canonical_maps", "recipient_canonical_maps", "canonical_maps", "virtual_alias_maps",
    "virtual_mailbox_maps", "relay_recipient_maps",
)  # fmt: skip
#: Those that know addresses of all classes, in the order in which they are asked.
REWRITING = ("recipient_canonical_maps", "canonical_maps", "virtual_alias_maps")
#: Address class, what the names of its parameters hold, and its name in replies.
CLASSES = (
    (AddressClass.LOCAL, "local_recipient", "local recipient"),
    (AddressClass.VIRTUAL_MAILBOX, "virtual_mailbox", "virtual mailbox"),
    (AddressClass.RELAY, "relay_recipient", "relay recipient"),
)


class ClassTable(NamedTuple):
    """The recipient table of an address class: its maps, the reply code for strangers, and its name in the reply."""

    #: None where the parameter is empty; one that is not may still list no table, and then nobody exists.
    maps: Maps | None
    code: int
    title: str


class RecipientTables:
    """The tables that know who exists, as one smtpd opened them."""

    __slots__ = ("always", "canonical", "classes", "rewritten", "sender_canonical", "show")

    def __init__(self, smtpd: Smtpd) -> None:
        config = smtpd.config
        opened = {parameter: smtpd.maps(parameter) for parameter in TABLES}
        self.sender_canonical = opened["sender_canonical_maps"]
        self.rewritten = tuple(filter(None, map(opened.get, REWRITING)))
        self.show: bool = config["show_user_unknown_table_name"]
        self.always = (str(config["double_bounce_sender"]).lower(), *ALWAYS)
        self.classes = {
            kind: ClassTable(
                opened[f"{name}_maps"] if config[f"{name}_maps"] else None, config[f"unknown_{name}_reject_code"], title
            )
            for kind, name, title in CLASSES
        }

    def asked(self, address_class: AddressClass, title: str) -> bool:
        """Whether any table is asked for an address of a class."""
        table = self.classes.get(address_class)
        known = table is not None and table.maps is not None
        return bool(known or self.rewritten or (title == SENDER and self.sender_canonical))


def reject_unlisted_recipient(rule: Rule, recipient: str | None, sender: str) -> Finding | None:
    """Refuse recipients that no table knows."""
    return unlisted(rule.smtpd, recipient, sender, RECIPIENT) if recipient else None


def reject_unlisted_sender(rule: Rule, sender: str | None, recipient: str) -> Finding | None:
    """Refuse senders of our own domains that no table knows."""
    return unlisted(rule.smtpd, sender, recipient, SENDER) if sender else None


def unlisted(smtpd: Smtpd, address: str, other: str, title: str, domain: str = "") -> Finding | None:
    """A refusal of an address that does not exist here, or None.

    Args:
        smtpd: the program.
        address: the address.
        other: the one at the other end of the envelope, where that matters.
        title: whether it is the sender or the recipient.
        domain: its domain where it is a plain one.
    """
    if smtpd.parameters.unknown_recipients:
        return None
    tables = smtpd.tables
    resolved = smtpd.resolve(other, address, domain)
    if resolved.flags is not ResolveFlag.NONE and ResolveFlag.FAIL in resolved.flags:
        return lookup_failure(address)
    try:
        for maps in tables.rewritten:
            if _knows(smtpd, maps, resolved.recipient):
                return None
        if title == SENDER and tables.sender_canonical and _knows(smtpd, tables.sender_canonical, resolved.recipient):
            return None
        if resolved.transport in ("error", "retry"):
            return _undeliverable(smtpd, resolved, Subject(address, title))
        return _in_class(smtpd, tables, resolved, address, title)
    except LookupFailure as failure:
        return untold(address, failure)


def _knows(smtpd: Smtpd, maps: Maps, recipient: str) -> bool:
    return find_address(maps, recipient, smtpd.delimiters, smtpd.owns, owner_request=smtpd.owner_request) is not None


def _undeliverable(smtpd: Smtpd, resolved: Resolved, subject: Subject) -> Finding:
    """The error and retry transports: their nexthop says why."""
    digit, why = "5" if resolved.transport == "error" else "4", resolved.nexthop
    status, text = dsn_split(why, f"{digit}.1.{0 if subject.title == SENDER else 1}")
    if status == why:
        text = ValueBuffer(NEXTHOP_ROOM).hold(why)
    if digit == "4":
        code = 450
    elif resolved.address_class is AddressClass.VIRTUAL_ALIAS:
        code = smtpd.codes["unknown_virtual_alias_reject_code"]
    else:
        code = 550
    return subject.reject(code, smtpd.fitted(status, subject.title), text)._replace(error="bounce")


def _in_class(smtpd: Smtpd, tables: RecipientTables, resolved: Resolved, address: str, title: str) -> Finding | None:
    table = tables.classes.get(resolved.address_class)
    if table is None:
        return None
    recipient = resolved.recipient
    if resolved.address_class is AddressClass.LOCAL and recipient.rpartition("@")[0].lower() in tables.always:
        return None
    if table.maps is not None and not _knows(smtpd, table.maps, recipient):
        where = f" in {table.title} table" if tables.show else ""
        status = "5.1.0" if title == SENDER else "5.1.1"
        return Subject(address, title).reject(table.code, status, f"User unknown{where}")._replace(error="bounce")
    if resolved.address_class is AddressClass.RELAY and smtpd.old_relay_domains:
        smtpd.warn(
            "text",
            "using backwards-compatible default setting relay_domains=$mydestination "
            f'to accept mail for address "{address}"',
        )
    return None
