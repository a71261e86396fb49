"""NAME
    smtpd.listening - hearing how lists of restrictions are heard

DESCRIPTION
    A listener is told of each list and each rule while smtpd.check hears them.  It decides nothing; an explanation is
    written down by one.

SEE ALSO
    smtpd.check
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simmail.postfix.smtpd.check import Verdict
    from simmail.postfix.smtpd.findings import Finding, Reason, Subject
    from simmail.postfix.smtpd.restrictions import Rule


class Listener:
    """One who listens to nothing; others override what they want to hear."""

    def enter(self, rules: tuple[Rule, ...], subject: Subject, depth: int) -> None:
        """A list is heard, inside of `depth - 1` others."""

    def ask(self, rule: Rule) -> None:
        """Its next rule is asked."""

    def found(self, rule: Rule, finding: Finding | None, verdict: Verdict) -> None:
        """What the rule found, and what the list has come to so far."""

    def checked(self, reason: Reason, finding: Finding | None) -> None:
        """A check that stands in no list: whether an address exists, whether a message is too big."""


NOBODY = Listener()
