"""NAME
    smtpd.access - access tables

DESCRIPTION
    A table is asked for a client, a host name or an address, and for its parent networks and domains; the value it
    gives is an action (access(5)): a refusal, a permit, something to be done with the message, or more restrictions.

PARAMETERS
    access_map_reject_code, access_map_defer_code, parent_domain_matches_subdomains, recipient_delimiter,
    smtpd_null_access_lookup_key, allow_untrusted_routing

DIAGNOSTICS
    access table TABLE entry "KEY" requires transport:destination
        and its kin: the entry is ignored.

SEE ALSO
    access(5), SMTPD_ACCESS_README
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from simmail.mail.errors import Location
from simmail.mail.hostnames import valid_address
from simmail.postfix.address_maps import Steps, keys
from simmail.postfix.dsn_text import dsn_split
from simmail.postfix.headers import field_name
from simmail.postfix.resolved import ResolveFlag
from simmail.postfix.smtpd.findings import (
    CLIENT,
    ETRN,
    HELO,
    RECIPIENT,
    REVERSE_CLIENT,
    SENDER,
    SERVER_ERROR,
    Finding,
    Kind,
    Subject,
    lookup_failure,
)
from simmail.postfix.tables import LookupFailure, Maps

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.restrictions import Rule

_DIGITS = frozenset("0123456789")
UNAVAILABLE = "451 4.3.5 Server configuration error"


class Entry:
    """The value a table gave, and all that its action may need.

    Args:
        smtpd: the program.
        table: the table's name as in the restriction.
        key: what it was asked for first.
        subject: what the restriction is about.
        value: the right-hand side.
        place: the line that decided; "" where it is not known.
        behind: what lies in memory behind the value (see value_buffer).
    """

    __slots__ = ("behind", "key", "place", "smtpd", "subject", "table", "text", "value")

    def __init__(
        self, smtpd: Smtpd, table: str, key: str, subject: Subject, value: str, place: str = "", behind: str = ""
    ) -> None:
        self.smtpd, self.table, self.key, self.subject, self.value = smtpd, table, key, subject, value
        self.place, self.behind = place, behind
        self.text = value

    def finding(self) -> Finding | None:
        """What the action brings about."""
        words = self.value.split(None, 1)
        word = words[0] if words and self.value[0] not in " \t" else ""
        self.text = words[1].lstrip() if len(words) > 1 else ""
        action = ACTIONS.get(word.upper())
        if action is not None:
            return action(self)
        if self.value and _DIGITS.issuperset(self.value):
            return self._permit()
        if len(word) == 3 and word[0] in "45" and word.isdigit() and self.text:
            return self._refuse(int(word), f"{word[0]}.7.1", "Access denied")
        return self._nested()

    def _refuse(self, code: int, dsn: str, default: str, kind: Kind = Kind.REJECT) -> Finding:
        status, text = dsn_split(self.text, dsn)
        if status == self.text:
            text = self.behind
        name, title = self.subject
        return Finding(
            kind, code, self.smtpd.fitted(status, title), f"<{name}>: {title} rejected: {text or default}",
            entry=self.place,
        )  # fmt: skip

    def _reject(self) -> Finding:
        return self._refuse(self.smtpd.codes["access_map_reject_code"], "5.7.1", "Access denied")

    def _defer(self) -> Finding:
        return self._refuse(self.smtpd.codes["access_map_defer_code"], "4.7.1", "Access denied")

    def _defer_if_permit(self) -> Finding:
        code = self.smtpd.codes["access_map_defer_code"]
        return self._refuse(code, "4.7.1", "Service unavailable", Kind.DEFER_IF_PERMIT)

    def _defer_if_reject(self) -> Finding:
        code = self.smtpd.codes["access_map_defer_code"]
        return self._refuse(code, "4.7.1", "Service unavailable", Kind.DEFER_IF_REJECT)

    def _permit(self) -> Finding:
        action = self.value.split(None, 1)[0] if self.value.strip() else ""
        return Finding(Kind.PERMIT, value=action, subject=self.subject, entry=self.place)

    def _undecided(self) -> None:
        return None

    def _warn(self) -> Finding:
        return Finding(Kind.WARN, text=self.text, entry=self.place)

    def _info(self) -> Finding:
        return Finding(Kind.INFO, text=self.text, entry=self.place)

    def _hangup(self) -> Finding:
        return Finding(Kind.HANGUP, text=self.text, entry=self.place)

    def _told(self, kind: Kind, text: str, mistake: str = "") -> Finding | None:
        if self.smtpd.filter is not None and kind is not Kind.PREPEND:
            without = f"with smtpd_proxy_filter specified, action {kind.name} is unavailable"
            self.smtpd.warn("warning", f"access table {self.table}: {without}")
            return None
        if mistake:
            return Finding(kind, entry=self.place, mistake=f' entry "{self.key}" {mistake}')
        name, title = self.subject
        return Finding(kind, text=f"<{name}>: {title} {text}", value=self.text, subject=self.subject, entry=self.place)

    def _hold(self) -> Finding | None:
        return self._told(Kind.HOLD, self.text or "triggers HOLD action")

    def _discard(self) -> Finding | None:
        found = self._told(Kind.DISCARD, self.text or "triggers DISCARD action")
        return found and found._replace(value=self.value.split()[0])

    def _filter(self) -> Finding | None:
        mistake = "" if ":" in self.text else "requires transport:destination"
        return self._told(
            Kind.FILTER, f"triggers FILTER {self.text}", mistake if self.text else "has FILTER entry without value"
        )

    def _redirect(self) -> Finding | None:
        return self._address(Kind.REDIRECT)

    def _bcc(self) -> Finding | None:
        return self._address(Kind.BCC)

    def _address(self, kind: Kind) -> Finding | None:
        return self._told(
            kind, f"triggers {kind.name} {self.text}", "" if "@" in self.text else "requires user@domain target"
        )

    def _prepend(self) -> Finding | None:
        return self._told(Kind.PREPEND, "", "requires header: text" if field_name(self.text) is None else "")

    def _nested(self) -> Finding:
        if ":" in self.value:
            warn = self.smtpd.warn
            warn("warning", f"access table {self.table} has entry with lookup table: {self.value}")
            warn("warning", "do not specify lookup tables inside SMTPD access maps")
            warn("warning", "define a restriction class and specify its name instead.")
            return SERVER_ERROR
        if not self.value.replace(",", " ").split():
            self.smtpd.warn("warning", f"access table {self.table} entry {self.value} has empty value")
            return self._permit()
        return Finding(Kind.NESTED, value=self.value, subject=self.subject, entry=self.place)


ACTIONS: dict[str, Callable[[Entry], Finding | None]] = {
    "OK": Entry._permit,
    "RELAY": Entry._permit,
    "DUNNO": Entry._undecided,
    "REJECT": Entry._reject,
    "DEFER": Entry._defer,
    "DEFER_IF_PERMIT": Entry._defer_if_permit,
    "DEFER_IF_REJECT": Entry._defer_if_reject,
    "WARN": Entry._warn,
    "INFO": Entry._info,
    "HANGUP": Entry._hangup,
    "HOLD": Entry._hold,
    "DISCARD": Entry._discard,
    "FILTER": Entry._filter,
    "REDIRECT": Entry._redirect,
    "BCC": Entry._bcc,
    "PREPEND": Entry._prepend,
}


# ---- the keys under which things are looked up

#: A key, and whether tables of patterns are left out.
Key = tuple[str, bool]


def domain_keys(domain: str, parents: bool) -> Iterator[Key]:
    """A host name and those above it; `.example.com` instead of `example.com` without `parents`."""
    if not domain:
        return
    yield domain, False
    if valid_address(domain):
        return
    dot = domain.find(".", 1)
    while dot >= 0:
        name = domain[dot + 1 :] if parents else domain[dot:]
        if not name:
            return
        yield name, True
        domain = name
        dot = domain.find(".", 1)


def network_keys(address: str) -> Iterator[Key]:
    """An IP address and the networks it is in, octet by octet: `192.0.2.1`, `192.0.2`, `192.0`, `192`."""
    yield address, False
    delimiter = ":" if ":" in address else "."
    while True:
        address, found, _ = address.rpartition(delimiter)
        if not found:
            return
        yield address, True


def look_up(rule: Rule, wanted: Iterable[Key], subject: Subject, datum: str) -> Finding | bool | None:
    """Ask a rule's table for keys in turn.

    Args:
        rule: its argument is the table.
        wanted: the keys.
        subject: what the answer is about.
        datum: what the keys were made of, which warnings call the entry whatever key was found.

    Returns:
        What the first answer brings about; False where there was none.
    """
    maps: Maps = rule.argument
    for key, exact in wanted:
        try:
            found = maps.find_with_source(key, exact=exact)
        except LookupFailure:
            found = UNAVAILABLE, Location("")
        if found is not None:
            value, place = found
            behind = "" if rule.buffer is None else rule.buffer.hold(value)
            return Entry(rule.smtpd, rule.table, datum, subject, value, str(place), behind).finding()
    return False


def decided(found: Finding | bool | None) -> Finding | None:
    """A look-up's outcome as a restriction's."""
    return None if found is False or found is True else found


def check_client_access(rule: Rule, name: str, address: str) -> Finding | None:
    """The client's name and the domains above it, then its address and the networks it is in."""
    return _name_and_address(rule, name, address, Subject(f"{name}[{address}]", CLIENT))


def check_reverse_client_hostname_access(rule: Rule, name: str, address: str) -> Finding | None:
    """The client's unverified name, and its address."""
    return _name_and_address(rule, name, address, Subject(name, REVERSE_CLIENT))


def _name_and_address(rule: Rule, name: str, address: str, subject: Subject) -> Finding | None:
    found = look_up(rule, domain_keys(name, rule.smtpd.access_parents), subject, name)
    if found is False:
        found = look_up(rule, network_keys(address), subject, address)
    return decided(found)


def check_helo_access(rule: Rule, helo: str | None) -> Finding | None:
    """The HELO name and the domains above it."""
    if helo is None:
        return None
    return decided(look_up(rule, domain_keys(helo, rule.smtpd.access_parents), Subject(helo, HELO), helo))


def check_etrn_access(rule: Rule, domain: str | None) -> Finding | None:
    """The domain named in ETRN, and those above it."""
    if domain is None:
        return None
    subject = Subject(domain, ETRN)
    return decided(look_up(rule, domain_keys(domain, rule.smtpd.access_parents), subject, domain))


def check_sender_access(rule: Rule, sender: str | None, recipient: str) -> Finding | None:
    """The sender: address, domain, parent domains, `localpart@`; `<>` for the null sender."""
    if sender is None:
        return None
    return _address(rule, sender, recipient, SENDER)


def check_recipient_access(rule: Rule, recipient: str | None, sender: str) -> Finding | None:
    """The recipient, in the same way."""
    return None if recipient is None else _address(rule, recipient, sender, RECIPIENT)


#: By whether a domain stands for those below it.
_STEPS = {
    names: Steps(full=True, no_extension=True, domain=True, parents="names" if names else "dots", local_part_at=True)
    for names in (False, True)
}


def _address(rule: Rule, address: str, other: str, title: str) -> Finding | None:
    smtpd = rule.smtpd
    subject = Subject(address, title)
    if not address:
        return decided(look_up(rule, ((smtpd.null_key, False),), subject, smtpd.null_key))
    resolved = smtpd.resolve(other, address)
    if ResolveFlag.FAIL in resolved.flags:
        return lookup_failure(address)
    target = resolved.recipient
    if "@" not in target:
        smtpd.warn("warning", f"check_mail_access: no @domain in address: {target}")
        return None
    wanted = keys(target, smtpd.delimiters, smtpd.owns, _STEPS[smtpd.access_parents], smtpd.owner_request)
    finding = decided(look_up(rule, ((key, exact) for key, exact, _ in wanted), subject, target))
    if (
        finding is not None
        and finding.kind is Kind.PERMIT
        and title == RECIPIENT
        and ResolveFlag.ROUTED in resolved.flags
        and not smtpd.untrusted_routing
    ):
        return None
    return finding
