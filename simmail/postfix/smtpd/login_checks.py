"""NAME
    smtpd.login_checks - restrictions on who may use which sender address

DESCRIPTION
    smtpd_sender_login_maps gives addresses to users, and XCLIENT alone logs users in.  Where logins are not enabled the
    restrictions are ignored, with a warning.

PARAMETERS
    smtpd_sasl_auth_enable, smtpd_sender_login_maps

SEE ALSO
    smtpd.sasl, smtpd.xclient, postconf(5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.postfix.address_maps import find_address
from simmail.postfix.sasl_mechanisms import identifies
from simmail.postfix.smtpd.access import decided, look_up
from simmail.postfix.smtpd.findings import PERMIT, SENDER, Finding, Subject, untold
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtpd.restrictions import Rule


LOGIN = "SASL login name"


def permit_sasl_authenticated(rule: Rule, method: str) -> Finding | None:
    """Permit clients that are logged in as somebody."""
    return PERMIT if identifies(method) and rule.smtpd.sasl.active else None


def check_sasl_access(rule: Rule, user: str) -> Finding | None:
    """The name of who is logged in."""
    if not _enabled(rule, rule.name) or not user:
        return None
    return decided(look_up(rule, ((user, False),), Subject(user, LOGIN), user))


def reject_authenticated_sender_login_mismatch(rule: Rule, sender: str | None, user: str) -> Finding | None:
    """Refuse clients that are logged in the addresses of others."""
    return _owned(rule, sender, user) if _enabled(rule, rule.name) and user else None


def reject_unauthenticated_sender_login_mismatch(rule: Rule, sender: str | None, user: str) -> Finding | None:
    """Refuse clients that are not logged in the addresses of those who could be."""
    return _owned(rule, sender, user) if _enabled(rule, rule.name) and not user else None


def reject_known_sender_login_mismatch(rule: Rule, sender: str | None, user: str) -> Finding | None:
    """Refuse clients the addresses of others, whether they are logged in or not."""
    return _owned(rule, sender, user, known=True) if _enabled(rule, rule.name) else None


def reject_sender_login_mismatch(rule: Rule, sender: str | None, user: str) -> Finding | None:
    """The same, and those who are logged in what is nobody's: two restrictions in one."""
    both = (f"reject_{whom}_sender_login_mismatch" for whom in ("authenticated", "unauthenticated"))
    return _owned(rule, sender, user) if _enabled(rule, *both) else None


def _enabled(rule: Rule, *names: str) -> bool:
    """Whether anybody can be logged in; if not, the log hears that restrictions of these names are ignored."""
    enabled = rule.smtpd.sasl.enabled
    for name in () if enabled else names:
        rule.smtpd.warn("warning", f"restriction `{name}' ignored: no SASL support")
    return enabled


def _owned(rule: Rule, sender: str | None, user: str, known: bool = False) -> Finding | None:
    """What smtpd_sender_login_maps has against a sender.

    Args:
        rule: the restriction.
        sender: the address.
        user: who is logged in; "" for nobody.
        known: whether an address that has no owner is anybody's who is logged in.
    """
    smtpd = rule.smtpd
    if not sender:
        return None
    address = smtpd.resolve("", sender).recipient
    try:
        owners = find_address(smtpd.login_maps, address, smtpd.delimiters, smtpd.owns)
    except LookupFailure as failure:
        return untold(sender, failure)
    if not user:
        return None if owners is None else Subject(sender, SENDER).reject(553, "5.7.1", "not logged in")
    if owners is None and known:
        return None
    if owners is not None and user.lower() in owners.value.lower().replace(",", " ").split():
        return None
    return Subject(sender, SENDER).reject(553, "5.7.1", f"not owned by user {user}")
