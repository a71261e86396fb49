"""NAME
    virtual - the virtual mailbox delivery agent

DESCRIPTION
    Delivers to mailboxes of people without an account: virtual_mailbox_maps says where below virtual_mailbox_base a
    mailbox lies, virtual_uid_maps and virtual_gid_maps whose it is.  A name that ends in a slash is a Maildir.  There
    are no aliases, commands or .forward files; so no mail can come back, and nobody looks at Delivered-To: lines.

PARAMETERS
    virtual_mailbox_base, virtual_mailbox_maps, virtual_uid_maps, virtual_gid_maps, virtual_minimum_uid,
    virtual_mailbox_limit, virtual_mailbox_lock, message_size_limit, strict_mailbox_ownership, recipient_delimiter,
    virtual_delivery_status_filter, enable_original_recipient

DIAGNOSTICS
    delivered to mailbox, delivered to maildir
    unknown user: "ADDRESS"
    recipient ADDRESS: not found in PARAMETER, ... bad uid N in PARAMETER, ... bad gid N in PARAMETER
    delivery failed to mailbox NAME: REASON
    fatal: do not specify relative pathname: virtual_mailbox_base = NAME
    service NAME requires privileged operation
    configuration error: virtual_mailbox_limit is smaller than message_size_limit, ... is limited but ... is unlimited

SEE ALSO
    virtual(8), local(8), mail_copy(3)
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from simmail.files.entries import Owner
from simmail.files.machine import Account
from simmail.files.paths import normal
from simmail.mail.errors import Fatal
from simmail.mail.message import Recipient
from simmail.mail.questions import NOW, Decision, Deposit
from simmail.postfix.address_maps import Steps, find_address
from simmail.postfix.agent import MISCONFIGURED, DeliveryAgent, failure
from simmail.postfix.delivery import Dsn, Request, Result
from simmail.postfix.mail_copy import LockFiles, append_trouble, head, mailbox_limit, mailbox_trouble, maildir
from simmail.postfix.tables import FOLDED, PARANOID, LookupFailure, Maps

if TYPE_CHECKING:
    from simmail.postfix.mastercf import Service
    from simmail.postfix.system import MailSystem

STEPS = Steps(full=True, no_extension=True, at_domain=True)


#: A number at the beginning of a text.
NUMBER = re.compile(r"\s*([+-]?\d+)", re.ASCII)


def leading_number(text: str) -> int:
    """What atol(3) makes of a text: what follows a number counts for nothing, and no number is 0."""
    found = NUMBER.match(text)
    return int(found[1]) if found else 0


class Box(NamedTuple):
    """A virtual mailbox: where it is, and whose."""

    path: str
    account: Account


class Virtual(DeliveryAgent):
    """Delivers to virtual mailboxes."""

    command = "virtual"
    privileged = True
    status_filter: ClassVar[str] = "virtual_delivery_status_filter"

    def __init__(self, system: MailSystem, service: Service) -> None:
        super().__init__(system, service)
        config = self.config
        self.machine = system.machine
        self._limit = mailbox_limit(config, "virtual_mailbox_limit")
        self._base: str = config["virtual_mailbox_base"]
        self._minimum: int = config["virtual_minimum_uid"]
        self._strict: bool = config["strict_mailbox_ownership"]
        self._locks = LockFiles(config, "virtual_mailbox_lock")
        self._shows_original: bool = config["enable_original_recipient"]
        self._delimiters: str = config["recipient_delimiter"]
        flags = FOLDED | PARANOID
        self._boxes, self._uids, self._gids = (
            Maps.open(name, config[name], self.environment, flags)
            for name in ("virtual_mailbox_maps", "virtual_uid_maps", "virtual_gid_maps")
        )
        self._found: dict[str, Box | Dsn] = {}

    def deliver(self, request: Request) -> Decision[list[Result]]:
        """Try to deliver to each recipient's mailbox.  Raises Fatal for boxes below a relative name."""
        if not self._base.startswith("/"):
            raise Fatal(f"do not specify relative pathname: virtual_mailbox_base = {self._base}")
        results: list[Result] = []
        for recipient in request.recipients:
            box = self._find(recipient.address.lower())
            if self.pending:
                yield from self.spoken()
            if isinstance(box, Dsn):
                yield from self.failed(request, recipient, box, results)
            else:
                yield from self._store(request, recipient, box, results)
        return results

    # ---- whose mailbox

    def _find(self, address: str) -> Box | Dsn:
        """The mailbox of an address, remembered; or why there is none."""
        found = self._found.get(address)
        if found is None:
            said = self.environment.unrepeatable + len(self.pending)
            try:
                found = self._look_up(address)
            except LookupFailure:
                found = MISCONFIGURED
            if said == self.environment.unrepeatable + len(self.pending):
                self.system.memo.keep(self._found, address, found)
        return found

    def _look_up(self, address: str) -> Box | Dsn:
        name = self._ask(self._boxes, address)
        if name is None:
            return failure("5.1.1", f'unknown user: "{address}"')
        ids: list[int] = []
        for maps, kind, least in ((self._uids, "uid", self._minimum), (self._gids, "gid", 1)):
            value = None
            with suppress(LookupFailure):
                value = self._ask(maps, address)
            if value is None:
                self.warn("warning", f"recipient {address}: not found in {maps.title}")
                return MISCONFIGURED
            number = leading_number(value)
            if number < least:
                self.warn("warning", f"recipient {address}: bad {kind} {value} in {maps.title}")
                return MISCONFIGURED
            ids.append(number)
        owner = next((a.name for a in self.machine.accounts.values() if a.uid == ids[0]), str(ids[0]))
        return Box(f"{self._base}/{name}", Account(Owner(owner, ids[1]), ids[0], "", "", ids[1]))

    def _ask(self, maps: Maps, address: str) -> str | None:
        found = find_address(maps, address, self._delimiters, lambda domain: False, STEPS)
        return None if found is None else found.value

    # ---- its file

    def _store(self, request: Request, recipient: Recipient, box: Box, results: list[Result]) -> Decision[bool]:
        path, account = box
        kind = "maildir" if path.endswith("/") else "mailbox"
        if request.verify:
            return (yield from self.sent(request, recipient, f"delivers to {kind}", results))
        address = recipient.address
        original = (recipient.original or address) if self._shows_original else ""
        message, files = request.message, self.machine.files
        if kind == "maildir":
            lines = head(request.sender, original, address)
            trouble = yield from maildir(self.machine, message, path, lines, account, "4.2.0", self.warn)
        else:
            name, locks, trouble = normal(path), self._locks, None
            if locks.used and files.taken(name + ".lock"):
                trouble = yield from locks.wait(files, path, name + ".lock")
            trouble = trouble or mailbox_trouble(
                files, path, name, account, account.name, self._strict, "4.2.0", self.warn, locks.used
            )
            if trouble is None:
                date = self.machine.calendar.asctime((yield NOW))
                lines = head(request.sender, original, address, date)
                error = yield Deposit(name, message, lines, account.name, self._limit)
                trouble = append_trouble(error, "4.2.0") if error else None
            if trouble is not None:
                trouble = trouble._replace(text=f"delivery failed to mailbox {path}: {trouble.text}")
        if trouble is None:
            return (yield from self.sent(request, recipient, f"delivered to {kind}", results))
        if self.pending:
            yield from self.spoken()
        return (yield from self.failed(request, recipient, failure(*trouble), results))
