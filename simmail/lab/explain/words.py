"""Verdicts and rules in words."""

from __future__ import annotations

from collections.abc import Callable

from simmail.lab.explain.mistakes import restriction_meant
from simmail.lab.explain.trace import RuleHeard, refusal
from simmail.postfix.parameters import parameters
from simmail.postfix.smtpd.check import Verdict
from simmail.postfix.smtpd.findings import Finding, Kind, Reason
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
#: What a list that was heard in a rule's place came to.
_ENDS = {
    Verdict.UNDECIDED: "are undecided",
    Verdict.PERMIT: "permit",
    Verdict.REJECT: "refuse",
    Verdict.HANGUP: "hang up",
}
#: What other findings than refusals and permits bring about.
_BRINGS: dict[Kind, Callable[[Finding], str]] = {
    Kind.DEFER_IF_PERMIT: lambda finding: f"puts it off unless a later rule refuses: {refusal(finding)}",
    Kind.DEFER_IF_REJECT: lambda finding: f"makes a later refusal a temporary one: {refusal(finding)}",
    Kind.WARN: lambda finding: f"logs a warning: {finding.text}",
    Kind.INFO: lambda finding: "info",
    Kind.DISCARD: lambda finding: "takes the message and throws it away",
    Kind.HANGUP: lambda finding: "hangs up",
    Kind.FILTER: lambda finding: f"sends it to the filter {finding.value}",
    Kind.HOLD: lambda finding: f"has it put on hold {finding.value}".rstrip(),
    Kind.REDIRECT: lambda finding: f"redirects it to {finding.value}",
    Kind.BCC: lambda finding: f"adds the recipient {finding.value}",
    Kind.PREPEND: lambda finding: f"adds the header {finding.value}",
    Kind.SLEEP: lambda finding: f"lets the client wait for so many seconds: {finding.value}",
}


def rule(reason: Reason) -> str:
    """A rule and the list that it stands in; or, as in main.cf, a switch or a limit."""
    known = parameters().get(reason.parameter)
    if known is not None and known.type in ("bool", "int"):
        return f"{reason.parameter} = {reason.restriction}"
    return f"{reason.restriction} in {reason.parameter}"


def reads(rule: Rule) -> tuple[str, ...]:
    """The parameters that a rule decides by, apart from its own words."""
    return READS.get(current_name(rule.name), ())


def verdict(heard: RuleHeard) -> str:
    """What a rule came to, in words."""
    finding = heard.finding
    if finding is None:
        return "undecided"
    if finding.kind in (Kind.REJECT, Kind.TROUBLE):
        return _refused(heard, finding)
    if finding.kind is Kind.PERMIT:
        if heard.verdict is Verdict.REJECT:
            return "may not permit: refuses"
        return "permits: the rest of this list is not asked"
    if finding.kind is Kind.NESTED:
        return f"asks the restrictions {finding.value}, which {_ENDS[heard.verdict or Verdict.UNDECIDED]}"
    return _BRINGS[finding.kind](finding)


def _refused(heard: RuleHeard, finding: Finding) -> str:
    """What a refusal came to, and what a name may have been meant for that is none."""
    if heard.verdict is Verdict.UNDECIDED:
        return f"would refuse, but warn_if_reject only logs it: {refusal(finding)}"
    rule, refuses = heard.rule, "refuses for now" if finding.code < 500 else "refuses"
    mistaken = rule.restriction.reads == () and finding.kind is Kind.TROUBLE
    meant = restriction_meant(rule.name) if mistaken else ""
    return f"{refuses}: {refusal(finding)}" + (f" (was {meant} meant?)" if meant and meant != rule.name else "")
