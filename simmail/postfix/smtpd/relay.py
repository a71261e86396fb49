"""NAME
    smtpd.relay - who may send where

DESCRIPTION
    A destination is ours to accept where its class is local, virtual alias or virtual mailbox, or where relay_domains
    lists it; an address that the next host may route on is not.

PARAMETERS
    relay_domains_reject_code, allow_untrusted_routing, permit_mx_backup_networks

DIAGNOSTICS
    using backwards-compatible default setting relay_domains=$mydestination to accept mail for domain "DOMAIN"

SEE ALSO
    SMTPD_ACCESS_README
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.questions import Decision
from simmail.postfix.host_lookup import host_addresses
from simmail.postfix.resolved import AddressClass, ResolveFlag
from simmail.postfix.smtpd.findings import PERMIT, RECIPIENT, Finding, Kind, Subject, lookup_failure
from simmail.postfix.smtpd.general import ignoring
from simmail.postfix.smtpd.lookups import folded_name, records
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.restrictions import Rule
    from simmail.postfix.smtpd.state import SmtpdState

LOOK_UP = "Unable to look up mail exchanger"

#: Classes whose mail ends here.
FINAL = frozenset({AddressClass.LOCAL, AddressClass.VIRTUAL_ALIAS, AddressClass.VIRTUAL_MAILBOX})


def authorized(smtpd: Smtpd, recipient: str, sender: str) -> Finding | None:
    """PERMIT for a destination that is ours, None for another, or what a failing table brings about."""
    resolved = smtpd.resolve(sender, recipient)
    if ResolveFlag.FAIL in resolved.flags:
        return lookup_failure(recipient)
    _, at, domain = resolved.recipient.rpartition("@")
    if not at:
        return PERMIT
    if ResolveFlag.ROUTED in resolved.flags and not smtpd.untrusted_routing:
        return None
    if resolved.address_class in FINAL:
        return PERMIT
    if resolved.address_class is AddressClass.RELAY:
        if smtpd.old_relay_domains:
            smtpd.warn(
                "text",
                "using backwards-compatible default setting relay_domains=$mydestination "
                f'to accept mail for domain "{domain}"',
            )
        return PERMIT
    return None


def permit_auth_destination(rule: Rule, recipient: str | None, sender: str) -> Finding | None:
    """Permit mail to our own destinations."""
    return None if recipient is None else authorized(rule.smtpd, recipient, sender)


def reject_unauth_destination(rule: Rule, recipient: str | None, sender: str) -> Finding | None:
    """Refuse mail to other destinations than ours."""
    return _unauthorized(rule, recipient, sender, rule.smtpd.codes["relay_domains_reject_code"], "5.7.1")


def defer_unauth_destination(rule: Rule, recipient: str | None, sender: str) -> Finding | None:
    """Put off mail to other destinations than ours."""
    return _unauthorized(rule, recipient, sender, rule.smtpd.codes["relay_domains_reject_code"] - 100, "4.7.1")


def _unauthorized(rule: Rule, recipient: str | None, sender: str, code: int, dsn: str) -> Finding | None:
    if recipient is None:
        return None
    found = authorized(rule.smtpd, recipient, sender)
    if found is None:
        return Finding(Kind.REJECT, code, dsn, "Relay access denied", about="recipient")
    return None if found.kind is Kind.PERMIT else found


def permit_mx_backup(rule: Rule, recipient: str | None, sender: str) -> Decision[Finding | None]:
    """Permit mail to domains that name this machine among their lesser mail servers."""
    if recipient is None:
        return None
    smtpd = rule.smtpd
    found = authorized(smtpd, recipient, sender)
    domain = smtpd.resolve(sender, recipient).recipient.rpartition("@")[2]
    yield from smtpd.heard()
    routed = ResolveFlag.ROUTED in smtpd.resolve(sender, recipient).flags and not smtpd.untrusted_routing
    if found is not None or routed or (domain.startswith("[") and domain.endswith("]")):
        return found
    answer = yield from records(smtpd, folded_name(smtpd, domain), "MX")
    if answer.status != "ok" or not answer.records:
        if not answer.temporary:
            return None
        return _unknown(recipient, f"{LOOK_UP} information: Host not found, try again")
    best = min(record.preference for record in answer.records)
    first = [record.data for record in answer.records if record.preference == best]
    strangers: list[str] = []
    if (yield from _mine(smtpd, first, strangers)):
        return None
    if (yield from _mine(smtpd, [record.data for record in answer.records], strangers)) and (
        not smtpd.mx_backup_networks or (yield from _all_listed(smtpd, first, strangers))
    ):
        return PERMIT
    return _unknown(recipient, strangers[0]) if strangers else None


def _unknown(recipient: str, text: str) -> Finding:
    """Mail servers cannot be looked up: what would be refused is deferred."""
    finding = Subject(recipient, RECIPIENT).reject(450, "4.4.4", text)
    return finding._replace(kind=Kind.DEFER_IF_REJECT)


def _mine(smtpd: Smtpd, hosts: list[str], strangers: list[str]) -> Decision[bool]:
    """Whether one of the hosts is this machine; `strangers` learns what to say of those that cannot be looked up."""
    if any(map(smtpd.local_domains.matches, hosts)):
        return True
    for host in hosts:
        addresses, reason = yield from host_addresses(smtpd.system.machine, host, smtpd.families)
        if not addresses and host:
            strangers.append(f"{LOOK_UP} host {host}: {reason}")
        if smtpd.own_addresses.intersection(addresses):
            return True
    return False


def _all_listed(smtpd: Smtpd, hosts: list[str], strangers: list[str]) -> Decision[bool]:
    """Whether all addresses of the hosts are in permit_mx_backup_networks; `strangers` learns of one it cannot tell."""
    networks = smtpd.mx_backup_networks
    for host in hosts:
        addresses, _ = yield from host_addresses(smtpd.system.machine, host, smtpd.families)
        if not addresses:
            return False
        for address in addresses:
            try:
                listed = networks.matches("", address)
            except LookupFailure:
                listed = False
                where = f"{networks.parameter} lookup error for address {address} for {host}"
                yield from smtpd.heard()
                yield smtpd.note("warning", "", f"all_auth_mx_addr: {where}")
                strangers.append(f"Unable to verify host {host} as mail exchanger")
            if not listed:
                return False
    return True


def check_relay_domains(rule: Rule, recipient: str | None, state: SmtpdState) -> Decision[Finding | None]:
    """Permit clients of relay_domains and our own destinations, refuse the rest (obsolete).

    Where there is no recipient it decides nothing, and says of what follows that it is ignored all the same.
    """
    smtpd, client = rule.smtpd, state.client.name
    if recipient is None:
        if rule.following and not rule.trial:
            yield smtpd.note("warning", "", ignoring(rule))
        return None
    for text in state.process.obsolete("check_relay_domains", "reject_unauth_destination"):
        yield smtpd.note("warning", "", text)
    if smtpd.relay_domains.matches(client):
        if smtpd.old_relay_domains:
            yield smtpd.note(
                "text", "",
                "using backwards-compatible default setting relay_domains=$mydestination "
                f'to permit request from client "{client}"',
            )  # fmt: skip
        return PERMIT
    found = authorized(smtpd, recipient, state.route_sender)
    yield from smtpd.heard()
    if found is not None:
        return found
    return Subject(recipient, RECIPIENT).reject(
        smtpd.codes["relay_domains_reject_code"], "5.7.1", "Relay access denied"
    )
