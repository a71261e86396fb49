"""NAME
    smtpd.client_checks - restrictions on the client and its HELO name

PARAMETERS
    mynetworks, inet_interfaces, unknown_client_reject_code, invalid_hostname_reject_code, non_fqdn_reject_code,
    unknown_hostname_reject_code, unknown_helo_hostname_tempfail_action

SEE ALSO
    postconf(5), smtpd_client_restrictions and smtpd_helo_restrictions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.hostnames import literal_address, valid_address, valid_hostname
from simmail.mail.questions import Decision
from simmail.postfix.smtpd.findings import HELO, LOOKUP_FAILURE, PERMIT, Finding, Kind, Subject
from simmail.postfix.smtpd.lookups import WHY, Found, find_any
from simmail.postfix.smtpd.state import NameStatus
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtpd.restrictions import Rule


def permit_mynetworks(rule: Rule, name: str, address: str) -> Finding | None:
    """Permit clients that mynetworks lists."""
    try:
        return PERMIT if rule.smtpd.mynetworks.matches(name, address) else None
    except LookupFailure:
        return LOOKUP_FAILURE


def permit_inet_interfaces(rule: Rule, address: str) -> Finding | None:
    """Permit this machine's own addresses."""
    return PERMIT if address in rule.smtpd.own_addresses else None


def reject_unknown_client_hostname(rule: Rule, status: NameStatus, address: str) -> Finding | None:
    """Refuse clients without a name that leads back to their address."""
    return _nameless(rule, status, "5.7.25", f"Client host rejected: cannot find your hostname, [{address}]")


def reject_unknown_reverse_client_hostname(rule: Rule, status: NameStatus, address: str) -> Finding | None:
    """Refuse clients without a PTR record."""
    return _nameless(rule, status, "5.7.1", f"Client host rejected: cannot find your reverse hostname, [{address}]")


def _nameless(rule: Rule, status: NameStatus, dsn: str, text: str) -> Finding | None:
    if status is NameStatus.OK:
        return None
    code = 450 if status is NameStatus.TEMPORARY else rule.smtpd.codes["unknown_client_reject_code"]
    return Finding(Kind.REJECT, code, dsn, text)


def whole(name: str) -> str:
    """A name without its final dot; two dots stay."""
    return name[:-1] if name.endswith(".") and not name.endswith("..") and len(name) > 1 else name


def reject_invalid_helo_hostname(rule: Rule, helo: str | None) -> Finding | None:
    """Refuse HELO names that are neither a host name nor an address."""
    if helo is None:
        return None
    if helo.startswith("["):
        return _invalid_address(rule, helo)
    name = whole(helo)
    if name.isascii() and (valid_hostname(name) or valid_address(name)):
        return None
    return Subject(helo, HELO).reject(rule.smtpd.codes["invalid_hostname_reject_code"], "5.5.2", "Invalid name")


def reject_non_fqdn_helo_hostname(rule: Rule, helo: str | None) -> Finding | None:
    """Refuse HELO names without a dot."""
    if helo is None:
        return None
    if helo.startswith("["):
        return _invalid_address(rule, helo)
    name = whole(helo)
    if name.isascii() and valid_hostname(name) and "." in name:
        return None
    code = rule.smtpd.codes["non_fqdn_reject_code"]
    return Subject(helo, HELO).reject(code, "5.5.2", "need fully-qualified hostname")


def reject_unknown_helo_hostname(rule: Rule, helo: str | None) -> Decision[Finding | None]:
    """Refuse HELO names that have neither an address nor an MX record."""
    if helo is None:
        return None
    if helo.startswith("["):
        return _invalid_address(rule, helo)
    found = (yield from find_any(rule.smtpd, helo, ("A", "AAAA", "MX"))) if helo.isascii() else Found.NO
    if found in (Found.YES, Found.NULL_MX):
        return None
    subject = Subject(helo, HELO)
    if found is Found.TEMPORARY:
        return rule.smtpd.temporary(
            "unknown_helo_hostname_tempfail_action", subject.reject(450, "4.7.1", "Host not found")
        )
    return subject.reject(rule.smtpd.codes["unknown_hostname_reject_code"], "4.7.1", WHY.get(found, "Host not found"))


def permit_naked_ip_address(rule: Rule, helo: str | None) -> Finding | None:
    """Permit clients whose HELO name is an address without brackets (obsolete)."""
    rule.smtpd.warn(
        "warning",
        "restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead",
    )
    if helo is None or not frozenset("0123456789.:").issuperset(helo):
        return None
    return _invalid_address(rule, helo) or PERMIT


def _invalid_address(rule: Rule, helo: str) -> Finding | None:
    inner = helo[1:-1] if len(helo) > 2 and helo[0] == "[" and helo[-1] == "]" else helo
    if literal_address(inner) is not None:
        return None
    code = rule.smtpd.codes["invalid_hostname_reject_code"]
    return Subject(helo, HELO).reject(code, "5.5.2", "invalid ip address")
