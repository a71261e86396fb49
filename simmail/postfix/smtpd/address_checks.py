"""NAME
    smtpd.address_checks - restrictions on sender and recipient addresses

PARAMETERS
    non_fqdn_reject_code, unknown_address_reject_code, unknown_address_tempfail_action,
    multi_recipient_bounce_reject_code

SEE ALSO
    postconf(5), smtpd_sender_restrictions and smtpd_recipient_restrictions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.hostnames import valid_hostname
from simmail.mail.questions import Decision
from simmail.postfix.smtpd.client_checks import whole
from simmail.postfix.smtpd.findings import RECIPIENT, SENDER, Finding, Kind, Subject, lookup_failure
from simmail.postfix.smtpd.lookups import Found, find_any
from simmail.postfix.smtpd.relay import FINAL
from simmail.postfix.trivial_rewrite import ResolveFlag

if TYPE_CHECKING:
    from simmail.postfix.smtpd.restrictions import Rule


def reject_non_fqdn_sender(rule: Rule, sender: str | None) -> Finding | None:
    """Refuse senders without a full domain; the null sender passes."""
    return _unqualified(rule, Subject(sender, SENDER)) if sender else None


def reject_non_fqdn_recipient(rule: Rule, recipient: str | None) -> Finding | None:
    """Refuse recipients without a full domain; a bare postmaster passes."""
    if recipient is None or recipient.lower() == "postmaster":
        return None
    return _unqualified(rule, Subject(recipient, RECIPIENT))


def _unqualified(rule: Rule, subject: Subject) -> Finding | None:
    _, at, domain = subject.name.rpartition("@")
    if not at:
        domain = ""
    if domain.startswith("[") and domain.endswith("]"):
        return None
    name = whole(domain)
    if name and "." in name and valid_hostname(name):
        return None
    return subject.reject(rule.smtpd.codes["non_fqdn_reject_code"], "5.5.2", "need fully-qualified address")


def reject_unknown_sender_domain(rule: Rule, sender: str | None, recipient: str) -> Decision[Finding | None]:
    """Refuse senders whose domain has neither MX nor address record."""
    if not sender:
        return None
    return (yield from _unknown_domain(rule, Subject(sender, SENDER), recipient))


def reject_unknown_recipient_domain(rule: Rule, recipient: str | None, sender: str) -> Decision[Finding | None]:
    """Refuse recipients whose domain has neither MX nor address record."""
    if recipient is None:
        return None
    return (yield from _unknown_domain(rule, Subject(recipient, RECIPIENT), sender))


def _unknown_domain(rule: Rule, subject: Subject, other: str) -> Decision[Finding | None]:
    smtpd = rule.smtpd
    resolved = smtpd.resolve(other, subject.name)
    yield from smtpd.heard()
    if ResolveFlag.FAIL in resolved.flags:
        return lookup_failure(subject.name)
    _, at, domain = resolved.recipient.rpartition("@")
    if not at or resolved.address_class in FINAL or (domain.startswith("[") and domain.endswith("]")):
        return None
    found = yield from find_any(domain, ("MX", "A", "AAAA"))
    sent = subject.title == SENDER
    if found is Found.YES:
        return None
    if found is Found.NULL_MX:
        text = f"Domain {domain} does not accept mail (nullMX)"
        return subject.reject(550 if sent else 556, "5.7.27" if sent else "5.1.10", text)
    dsn = "4.1.8" if sent else "4.1.2"
    if found is Found.TEMPORARY:
        return smtpd.temporary("unknown_address_tempfail_action", subject.reject(450, dsn, "Domain not found"))
    return subject.reject(smtpd.codes["unknown_address_reject_code"], dsn, "Domain not found")


def reject_multi_recipient_bounce(
    rule: Rule, sender: str | None, accepted: int, stage: str, subject: Subject
) -> Finding | None:
    """Refuse the null sender with more than one recipient."""
    if sender == "" and accepted > (stage != "RCPT"):
        code = rule.smtpd.codes["multi_recipient_bounce_reject_code"]
        return subject.reject(code, "5.5.3", "Multi-recipient bounce")
    return None


def soften(finding: Finding) -> Finding:
    """A temporary refusal as `defer_if_permit`: it waits for what the other restrictions say."""
    return finding._replace(kind=Kind.DEFER_IF_PERMIT)
