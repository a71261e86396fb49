"""NAME
    smtpd.general - restrictions that stand in any list

PARAMETERS
    reject_code, defer_code, smtpd_tls_ask_ccert, plaintext_reject_code

SEE ALSO
    postconf(5), "Generic restrictions"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.postfix.smtpd.findings import PERMIT, Finding, Kind, Subject

if TYPE_CHECKING:
    from simmail.postfix.smtpd.restrictions import Rule


def ignoring(rule: Rule) -> str:
    """What is said of a restriction that ends its list, where something stands behind it."""
    return f"restriction `{rule.following}' after `{rule.name.lower()}' is ignored"


def permit(rule: Rule) -> Finding:
    """Permit."""
    return PERMIT


def undecided(rule: Rule) -> None:
    """What needs TLS: no client here has it."""


def check_ccert_access(rule: Rule) -> None:
    """Look for the client's certificate: none has one, and where none was asked for that is told each time."""
    if not rule.smtpd.config["smtpd_tls_ask_ccert"]:
        rule.smtpd.warn("warning", 'check_ccert_access is requested, but "smtpd_tls_ask_ccert = no"')


def reject(rule: Rule, subject: Subject) -> Finding:
    """Refuse."""
    return subject.reject(rule.smtpd.codes["reject_code"], "5.7.1", "Access denied")


def defer(rule: Rule, subject: Subject) -> Finding:
    """Put off."""
    return subject.reject(rule.smtpd.codes["defer_code"], "4.3.2", "Try again later")


def defer_if_permit(rule: Rule, subject: Subject) -> Finding:
    """Put off what would be permitted."""
    finding = subject.reject(450, "4.7.0", "defer_if_permit requested")
    return finding._replace(kind=Kind.DEFER_IF_PERMIT)


def defer_if_reject(rule: Rule, subject: Subject) -> Finding:
    """Put off what would be refused."""
    finding = subject.reject(450, "4.7.0", "defer_if_reject requested")
    return finding._replace(kind=Kind.DEFER_IF_REJECT)


def reject_unauth_pipelining(rule: Rule, pipelined: bool, subject: Subject) -> Finding | None:
    """Refuse clients that sent ahead where they may not."""
    return subject.reject(503, "5.5.0", "Improper use of SMTP command pipelining") if pipelined else None


def reject_plaintext_session(rule: Rule) -> Finding:
    """Refuse sessions without TLS: all of them."""
    return Finding(Kind.REJECT, rule.smtpd.codes["plaintext_reject_code"], "4.7.1", "Session encryption is required")


def sleep(rule: Rule) -> Finding:
    """Let the client wait."""
    return Finding(Kind.SLEEP, value=str(rule.argument))
