"""NAME
    smtpd.permit_log - what permits a client, in the log

DESCRIPTION
    Refusals are always logged, permits only where main.cf names their actions: a restriction's name, or the word of an
    access table.

PARAMETERS
    smtpd_log_access_permit_actions

DIAGNOSTICS
    QUEUEID: permit: RCPT from HOST: action=ACTION for SUBJECT=NAME from TABLE; from=<...> to=<...> ...

SEE ALSO
    smtpd.check, postconf(5)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.postfix.match_lists import StringList
from simmail.postfix.smtpd.findings import CLIENT, HELO, RECIPIENT, Finding, Subject
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.restrictions import Rule
    from simmail.postfix.smtpd.state import SmtpdState

#: What a permit is about, where that is not what its list is about.
TITLES = {
    "permit_mynetworks": CLIENT,
    "permit_inet_interfaces": CLIENT,
    "permit_dnswl_client": CLIENT,
    "permit_rhswl_client": CLIENT,
    "permit_naked_ip_address": HELO,
    "permit_auth_destination": RECIPIENT,
    "permit_mx_backup": RECIPIENT,
    "check_relay_domains": RECIPIENT,
}


class PermitLog:
    """Which permits are logged, and how.

    Args:
        smtpd: the program.
    """

    def __init__(self, smtpd: Smtpd) -> None:
        name = "smtpd_log_access_permit_actions"
        self._actions = StringList.open(name, smtpd.config[name], smtpd.environment)

    def __bool__(self) -> bool:
        return bool(self._actions)

    def text(self, state: SmtpdState, rule: Rule, finding: Finding) -> str:
        """What the log says of a permit; "" for nothing.

        Args:
            state: the session.
            rule: what permitted it.
            finding: what it found: for a table's entry, `value` is its action.
        """
        action = finding.value if finding.subject else rule.name
        try:
            if not action or not self._actions.matches(action):
                return ""
        except LookupFailure:
            return ""
        name, title = finding.subject or self._subject(state, TITLES.get(rule.name.lower(), ""))
        return f"action={action} for {title}={name} {f'from {rule.table}' if finding.subject else ''}"

    @staticmethod
    def _subject(state: SmtpdState, title: str) -> Subject:
        """What a permit is about."""
        names = {CLIENT: state.namaddr, HELO: state.helo, RECIPIENT: state.recipient}
        return Subject(names[title] or "", title) if title else state.subject
