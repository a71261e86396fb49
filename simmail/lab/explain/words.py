"""Verdicts and rules in words."""

from __future__ import annotations

from simmail.lab.explain.mistakes import restriction_meant
from simmail.lab.explain.trace import RuleHeard, refusal
from simmail.postfix.smtpd.check import Verdict
from simmail.postfix.smtpd.findings import Finding, Kind
from simmail.postfix.smtpd.restrictions import Rule, current_name

_DESTINATIONS = (
    "mydestination",
    "relay_domains",
    "virtual_alias_domains",
    "virtual_mailbox_domains",
    "inet_interfaces",
)
#: A restriction -> the parameters that it decides by.
READS: dict[str, tuple[str, ...]] = {
    "permit_mynetworks": ("mynetworks",),
    "permit_inet_interfaces": ("inet_interfaces",),
    "permit_auth_destination": _DESTINATIONS,
    "reject_unauth_destination": _DESTINATIONS,
    "defer_unauth_destination": _DESTINATIONS,
    "check_relay_domains": _DESTINATIONS,
    "permit_mx_backup": ("permit_mx_backup_networks",),
    "reject_unlisted_recipient": ("local_recipient_maps", "relay_recipient_maps", "virtual_mailbox_maps"),
    "reject_unlisted_sender": ("local_recipient_maps", "relay_recipient_maps", "virtual_mailbox_maps"),
}
_ACTIONS = {
    Kind.FILTER: "sends it to the filter",
    Kind.HOLD: "has it put on hold",
    Kind.REDIRECT: "redirects it to",
    Kind.BCC: "adds the recipient",
    Kind.PREPEND: "adds the header",
    Kind.SLEEP: "lets the client wait for so many seconds:",
}


def reads(rule: Rule) -> tuple[str, ...]:
    """The parameters that a rule decides by, apart from its own words."""
    return READS.get(current_name(rule.name), ())


def _refuses(finding: Finding) -> str:
    return "refuses for now" if finding.code < 500 else "refuses"


def verdict(heard: RuleHeard) -> str:
    """What a rule came to, in words."""
    finding, rule = heard.finding, heard.rule
    if finding is None:
        return "undecided"
    kind = finding.kind
    if kind in (Kind.REJECT, Kind.TROUBLE):
        if heard.verdict is Verdict.UNDECIDED:
            return f"would refuse, but warn_if_reject only logs it: {refusal(finding)}"
        meant = restriction_meant(rule.name) if rule.restriction.reads == () and kind is Kind.TROUBLE else ""
        return f"{_refuses(finding)}: {refusal(finding)}" + (
            f" (was {meant} meant?)" if meant and meant != rule.name else ""
        )
    if kind is Kind.PERMIT:
        if heard.verdict is Verdict.REJECT:
            return "may not permit: refuses"
        return "permits: the rest of this list is not asked"
    if kind is Kind.DEFER_IF_PERMIT:
        return f"puts it off unless a later rule refuses: {refusal(finding)}"
    if kind is Kind.DEFER_IF_REJECT:
        return f"makes a later refusal a temporary one: {refusal(finding)}"
    if kind is Kind.NESTED:
        what = f"the restrictions {finding.value}"
        ends = {Verdict.UNDECIDED: "undecided", Verdict.PERMIT: "permit", Verdict.REJECT: "refuse"}
        return f"asks {what}, which {ends.get(heard.verdict or Verdict.UNDECIDED, 'hang up')}".replace(
            "which undecided", "which are undecided"
        )
    if kind is Kind.WARN:
        return f"logs a warning: {finding.text}"
    if kind is Kind.DISCARD:
        return "takes the message and throws it away"
    if kind is Kind.HANGUP:
        return "hangs up"
    return f"{_ACTIONS.get(kind, kind.name.lower())} {finding.value}".rstrip()
