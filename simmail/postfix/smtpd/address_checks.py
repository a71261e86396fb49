"""NAME
    smtpd.address_checks - restrictions on sender and recipient addresses

PARAMETERS
    non_fqdn_reject_code, unknown_address_reject_code, unknown_address_tempfail_action,
    multi_recipient_bounce_reject_code, unverified_*_reject_code, unverified_*_defer_code, unverified_*_reject_reason,
    unverified_*_tempfail_action, address_verify_poll_count, address_verify_poll_delay, address_verify_service_name

SEE ALSO
    postconf(5), smtpd_sender_restrictions and smtpd_recipient_restrictions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.hostnames import valid_hostname
from simmail.mail.questions import Decision, Sleep
from simmail.postfix.resolved import ResolveFlag
from simmail.postfix.smtpd.client_checks import whole
from simmail.postfix.smtpd.findings import RECIPIENT, SENDER, Finding, Kind, Subject, lookup_failure
from simmail.postfix.smtpd.lookups import WHY, Found, find_any, folded_name
from simmail.postfix.smtpd.relay import FINAL

if TYPE_CHECKING:
    from simmail.postfix.smtpd.restrictions import Rule
    from simmail.postfix.smtpd.state import SmtpdState

#: How much of a probe's result a reply shows.
REASON_SHOWN = 250


def reject_non_fqdn_sender(rule: Rule, sender: str | None) -> Finding | None:
    """Refuse senders without a full domain; the null sender passes."""
    return _unqualified(rule, sender, SENDER) if sender else None


def reject_non_fqdn_recipient(rule: Rule, recipient: str | None) -> Finding | None:
    """Refuse recipients without a full domain; a bare postmaster too, who is spared at RCPT but not behind it."""
    return None if recipient is None else _unqualified(rule, recipient, RECIPIENT)


def _unqualified(rule: Rule, address: str, title: str) -> Finding | None:
    _, at, domain = address.rpartition("@")
    if not at:
        domain = ""
    if domain.startswith("[") and domain.endswith("]"):
        return None
    name = whole(domain)
    if name and "." in name and valid_hostname(name):
        return None
    return _rejected(rule.smtpd.codes["non_fqdn_reject_code"], "4.5.2", title, "need fully-qualified address")


def _rejected(code: int, dsn: str, title: str, text: str) -> Finding:
    """A refusal that names the session's own address, for it may hold for others of the domain as well."""
    about = "sender" if title == SENDER else "recipient"
    return Finding(Kind.REJECT, code, dsn, f"{title} rejected: {text}", about=about)


def reject_unknown_sender_domain(rule: Rule, sender: str | None, recipient: str) -> Decision[Finding | None]:
    """Refuse senders whose domain has neither MX nor address record."""
    if not sender:
        return None
    return (yield from _unknown_domain(rule, sender, SENDER, recipient))


def reject_unknown_recipient_domain(rule: Rule, recipient: str | None, sender: str) -> Decision[Finding | None]:
    """Refuse recipients whose domain has neither MX nor address record."""
    if recipient is None:
        return None
    return (yield from _unknown_domain(rule, recipient, RECIPIENT, sender))


def _unknown_domain(rule: Rule, address: str, title: str, other: str) -> Decision[Finding | None]:
    smtpd = rule.smtpd
    resolved = smtpd.resolve(other, address)
    yield from smtpd.heard()
    if ResolveFlag.FAIL in resolved.flags:
        return lookup_failure(address)
    _, at, domain = resolved.recipient.rpartition("@")
    if not at or resolved.address_class in FINAL or (domain.startswith("[") and domain.endswith("]")):
        return None
    domain = folded_name(smtpd, domain)
    found = yield from find_any(smtpd, domain, ("MX", "A", "AAAA"))
    sent = title == SENDER
    if found is Found.YES:
        return None
    if found is Found.NULL_MX:
        text = f"Domain {domain} does not accept mail (nullMX)"
        return _rejected(550 if sent else 556, "5.7.27" if sent else "5.1.10", title, text)
    dsn = "4.1.8" if sent else "4.1.2"
    if found is Found.TEMPORARY:
        return smtpd.temporary("unknown_address_tempfail_action", _rejected(450, dsn, title, "Domain not found"))
    return _rejected(smtpd.codes["unknown_address_reject_code"], dsn, title, WHY.get(found, "Domain not found"))


def reject_unverified_sender(rule: Rule, sender: str | None, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse senders whom no mail would reach; the null sender passes."""
    return (yield from _unverified(rule, state, Subject(sender, SENDER), "sender")) if sender else None


def reject_unverified_recipient(rule: Rule, recipient: str | None, state: SmtpdState) -> Decision[Finding | None]:
    """Refuse recipients whom no mail would reach."""
    return (yield from _unverified(rule, state, Subject(recipient, RECIPIENT), "recipient")) if recipient else None


def _unverified(rule: Rule, state: SmtpdState, subject: Subject, who: str) -> Decision[Finding | None]:
    """Ask verify(8), and again while it waits for the result of a probe."""
    smtpd = rule.smtpd
    config = smtpd.config
    polls: int = config["address_verify_poll_count"]
    service: str = config["address_verify_service_name"]
    known = None
    for left in range(polls, 0, -1):
        verify = smtpd.system.at_hand(service)
        if verify is None:
            state.stuck = service
            verify = yield from smtpd.system.summon(service, client=smtpd.name)
            state.stuck = ""
        known = yield from verify.ask(subject.name, at_once=who == "recipient")  # there is more to ask behind a sender
        if known.status != "todo":
            break
        if left > 1:
            yield Sleep(config["address_verify_poll_delay"])
    if known is None or known.status == "ok":
        return None
    code: int = config[f"unverified_{who}_{'reject' if known.status == 'bounce' else 'defer'}_code"]
    what = "undeliverable" if code >= 500 else "unverified"
    reason = config[f"unverified_{who}_reject_reason"] or known.text[:REASON_SHOWN]
    finding = subject.reject(code, "4.1.7" if who == "sender" else "4.1.1", f"{what} address: {reason}")
    return finding if code >= 500 else smtpd.temporary(f"unverified_{who}_tempfail_action", finding)


def reject_multi_recipient_bounce(
    rule: Rule, sender: str | None, accepted: int, stage: str, subject: Subject
) -> Finding | None:
    """Refuse the null sender with more than one recipient."""
    if sender == "" and accepted > (stage != "RCPT"):
        code = rule.smtpd.codes["multi_recipient_bounce_reject_code"]
        return subject.reject(code, "5.5.3", "Multi-recipient bounce")
    return None
