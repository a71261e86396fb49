"""NAME
    smtpd.login_checks - restrictions on who may use which sender address

DESCRIPTION
    Nobody is logged in here: an address that smtpd_sender_login_maps gives to somebody is refused.  Where logins are
    not enabled the restrictions are ignored, with a warning.

PARAMETERS
    smtpd_sasl_auth_enable, smtpd_sender_login_maps

SEE ALSO
    smtpd.sasl, postconf(5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.postfix.address_maps import find_address
from simmail.postfix.smtpd.findings import SENDER, Finding, Subject, lookup_failure
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtpd.restrictions import Rule


def only_for_logins(rule: Rule) -> None:
    """What concerns clients that are logged in."""
    if not rule.smtpd.sasl.enabled:
        rule.smtpd.warn("warning", f"restriction `{rule.name}' ignored: no SASL support")


def reject_unauthenticated_sender_login_mismatch(rule: Rule, sender: str | None) -> Finding | None:
    """Refuse clients that are not logged in the addresses of those who could be."""
    if not rule.smtpd.sasl.enabled:
        only_for_logins(rule)
        return None
    return _owned(rule, sender)


def reject_sender_login_mismatch(rule: Rule, sender: str | None) -> Finding | None:
    """The same, and clients that are logged in the addresses of others: two restrictions in one."""
    if not rule.smtpd.sasl.enabled:
        for whom in ("authenticated", "unauthenticated"):
            rule.smtpd.warn("warning", f"restriction `reject_{whom}_sender_login_mismatch' ignored: no SASL support")
        return None
    return _owned(rule, sender)


def _owned(rule: Rule, sender: str | None) -> Finding | None:
    smtpd = rule.smtpd
    if not sender:
        return None
    address = smtpd.resolve("", sender).recipient
    try:
        owners = find_address(smtpd.login_maps, address, smtpd.delimiters, smtpd.owns)
    except LookupFailure:
        return lookup_failure(sender)
    return None if owners is None else Subject(sender, SENDER).reject(553, "5.7.1", "not logged in")
