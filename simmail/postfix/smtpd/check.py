"""NAME
    smtpd.check - how a list of restrictions is heard

DESCRIPTION
    The rules of a list are asked in order until one decides.  Refusals are logged; `warn_if_reject` makes a refusal a
    line in the log; `defer_if_permit` and `defer_if_reject` change what the end of it all is.

    What a rule finds is remembered by the facts that it reads; where it has to ask, the memo asks in its place.

PARAMETERS
    smtpd_log_access_permit_actions, soft_bounce

DIAGNOSTICS
    QUEUEID: reject: RCPT from HOST: REPLY; from=<...> to=<...> proto=SMTP helo=<...>

SEE ALSO
    smtpd.stages, SMTPD_ACCESS_README
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from simmail.mail.errors import Fatal
from simmail.mail.questions import Decision, Note, Sleep
from simmail.postfix.smtpd.compiler import CLASS
from simmail.postfix.smtpd.findings import CLIENT, HELO, SERVER_ERROR, Deferral, Finding, Kind, Reason
from simmail.postfix.smtpd.general import ignoring
from simmail.postfix.smtpd.listening import NOBODY
from simmail.postfix.smtpd.restrictions import RESTRICTIONS, Facts, Rule

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.state import SmtpdState

_PERMIT = RESTRICTIONS["permit"]
#: How deep an access table may lead; and how deep classes lead that name each other, without a table in between.
DEEPEST, OVERFLOW = 100, 110


class Verdict(Enum):
    """What a list of restrictions came to."""

    UNDECIDED = auto()
    PERMIT = auto()
    REJECT = auto()
    HANGUP = auto()


Rules = tuple[Rule, ...]
#: What a finding brings about: called with the session, the rule, the finding, whether that is on trial, the depth.
Take = Callable[["SmtpdState", Rule, Finding, bool, int], Verdict | Decision[Verdict]]
#: Verdicts that end it all.
ENDED = (Verdict.REJECT, Verdict.HANGUP)
#: What has not been found out yet; None is a finding too.
UNKNOWN: Any = object()


def _reason(rule: Rule, finding: Finding) -> Reason:
    """Why something was found: the rule, and the line of its table."""
    return rule.reason._replace(entry=finding.entry) if finding.entry else rule.reason


class Hearing:
    """Hears lists of restrictions for one smtpd.

    Args:
        smtpd: the program.

    Attributes:
        listener: who is told how lists are heard.
    """

    def __init__(self, smtpd: Smtpd) -> None:
        self.smtpd = smtpd
        self.listener = NOBODY
        self._take: dict[Kind, Take] = {
            Kind.PERMIT: self._told_permit if smtpd.permit_log else self._permit,
            Kind.REJECT: self._reject,
            Kind.TROUBLE: self._reject,
            Kind.DEFER_IF_PERMIT: self._defer_if_permit,
            Kind.DEFER_IF_REJECT: self._defer_if_reject,
            Kind.WARN: self._warn,
            Kind.INFO: self._info,
            Kind.HOLD: self._upon_mail(self._hold),
            Kind.DISCARD: self._upon_mail(self._discard),
            Kind.FILTER: self._upon_mail(self._filter),
            Kind.REDIRECT: self._upon_mail(self._redirect),
            Kind.BCC: self._upon_mail(self._bcc),
            Kind.PREPEND: self._upon_mail(self._prepend),
            Kind.HANGUP: self._hangup,
            Kind.SLEEP: self._sleep,
            Kind.NESTED: self._nested,
        }

    # ---- one list

    def hear(
        self, state: SmtpdState, rules: Rules, about: tuple[str, str], trial: bool = False, depth: int = 1
    ) -> Decision[Verdict]:
        """Hear a list of restrictions.

        Args:
            state: the session.
            rules: the list.
            about: what it is about: a name, and what it is.
            trial: whether refusals are only logged.
            depth: how many lists this one is inside of.
        """
        smtpd, listener = self.smtpd, self.listener
        watched = listener is not NOBODY
        state.about = about
        if watched:
            listener.enter(rules, state.subject, depth)
        for rule in () if state.actions.discard else rules:
            if watched:
                listener.ask(rule)
            facts = rule.facts(state)
            finding: Finding | None = rule.known.get(facts, UNKNOWN)
            if finding is UNKNOWN:
                asks, remember, decide = rule.restriction.asks, rule.restriction.remember, rule.restriction.decide
                if asks:
                    finding = yield from (self._remembered(rule, facts) if remember else decide(rule, *facts))
                else:
                    finding = smtpd.once(rule.known, facts, decide, rule, *facts)
                if smtpd.unsaid:
                    yield from smtpd.heard()
            if finding is None or self._looked_up_before(state, rule.restriction.unlisted, trial or rule.trial):
                if watched:
                    listener.found(rule, None, Verdict.UNDECIDED)
                continue
            if finding.about:
                finding = finding.named(state)
            taken = self._take[finding.kind](state, rule, finding, trial or rule.trial, depth)
            verdict = taken if isinstance(taken, Verdict) else (yield from taken)
            if verdict is Verdict.PERMIT and rule.restriction.never_permits and not state.actions.discard:
                verdict = yield from self._not_permitted(state, rule)
            if watched:
                listener.found(rule, finding, verdict)
            if verdict is not Verdict.UNDECIDED:
                return verdict
            if state.actions.discard or (state.defer_if_permit is not None and state.defer_if_reject is not None):
                break
        return Verdict.UNDECIDED

    def _remembered(self, rule: Rule, facts: Facts) -> Decision[Finding | None]:
        """What a rule finds that may ask: from memory where the answers are those of an earlier time."""
        smtpd, key = self.smtpd, (rule, *facts)
        finding: Finding | None = yield from smtpd.memo.decide(key, rule.restriction.decide, *key)
        if smtpd.memo.settled(key):
            smtpd.memo.keep(rule.known, facts, finding)
        return finding

    @staticmethod
    def _looked_up_before(state: SmtpdState, title: str, trial: bool) -> bool:
        """Whether it was asked already if an address exists, which is done once; a trial does not count.

        Args:
            state: the session.
            title: which address, the sender or the recipient; "" for none.
            trial: whether the refusal is only logged.
        """
        if title in state.looked_up:
            return True
        if title and not trial:
            state.looked_up.add(title)
        return False

    def _not_permitted(self, state: SmtpdState, rule: Rule) -> Decision[Verdict]:
        """A table of what clients say of themselves said OK."""
        target: Any = state
        for name in rule.restriction.never_permits.split("."):
            target = getattr(target, name)
        note = self.smtpd.note
        yield note("warning", "", f"restriction {rule.name} returns OK for {target}")
        yield note("warning", "", "this is not allowed for security reasons")
        yield note("warning", "", "use DUNNO instead of OK if you want to make an exception")
        return (yield from self._reject(state, rule, SERVER_ERROR, False, 0))

    # ---- what findings bring about

    def _permit(
        self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int
    ) -> Verdict | Decision[Verdict]:
        state.permitted = _reason(rule, finding)
        if rule.following and not (trial and rule.restriction is not _PERMIT):
            return self._ignoring(rule, Verdict.PERMIT)
        return Verdict.PERMIT

    def _told_permit(
        self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int
    ) -> Decision[Verdict]:
        """The same where the log is to hear of it."""
        yield from self._log_permit(state, rule, finding)
        taken = self._permit(state, rule, finding, trial, depth)
        return taken if isinstance(taken, Verdict) else (yield from taken)

    def _log_permit(self, state: SmtpdState, rule: Rule, finding: Finding) -> Decision[None]:
        """Say who is let in, unless that is overruled already."""
        if state.defer_if_permit is not None:
            return
        text = self.smtpd.permit_log.text(state, rule, finding)
        yield from self.smtpd.heard()
        if text:
            yield self.record(state, "permit", text, _reason(rule, finding))

    def _ignoring(self, rule: Rule, verdict: Verdict) -> Decision[Verdict]:
        """A verdict behind which something stands that is never heard."""
        yield self.smtpd.note("warning", "", ignoring(rule))
        return verdict

    def _reject(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        verdict = yield from self.refuse(state, finding, _reason(rule, finding), trial)
        if rule.following and not trial:
            return (yield from self._ignoring(rule, verdict))
        return verdict

    def refuse(self, state: SmtpdState, finding: Finding, reason: Reason, trial: bool = False) -> Decision[Verdict]:
        """Log a refusal; with `trial` that is all."""
        smtpd = self.smtpd
        trial = trial and finding.kind is not Kind.TROUBLE
        state.transcript.errors.add(finding.error)
        text = f"{finding.code} {finding.dsn} {finding.text}"
        if not 400 <= finding.code <= 599:
            yield smtpd.note("warning", "", f"SMTP reply code configuration error: {text}")
            text = "450 4.7.1 Service unavailable"
        text = smtpd.printable(text)
        earlier = state.defer_if_reject
        if not trial and earlier is not None and text[0] == "5":
            state.defer_if_reject = None
            return (yield from self.refuse(state, *earlier))
        digit = "4" if smtpd.soft_bounce else text[0]
        text = f"{digit}{text[1:4]}{digit}{text[5:]}"
        yield self.record(state, "reject_warning" if trial else "reject", text, reason)
        if trial:
            return Verdict.UNDECIDED
        state.refusal = text
        return Verdict.REJECT

    def record(self, state: SmtpdState, action: str, text: str, reason: Reason | str = "") -> Note:
        """A line in the log about the session's present state."""
        sender, recipient = state.sender, state.recipient
        smtpd = self.smtpd
        masked, shown = smtpd.masked, smtpd.shown
        return smtpd.note(
            "refusal", state.queue_id or "NOQUEUE", action, state.stage, state.namaddr, text,
            masked(shown(sender)) if sender else sender,
            masked(shown(recipient)) if recipient else recipient,
            state.protocol, state.helo or "", reason,
        )  # fmt: skip

    def _told(self, state: SmtpdState, rule: Rule, action: str, finding: Finding) -> Note:
        return self.record(state, action, finding.text, rule.reason._replace(entry=finding.entry))

    def _defer_if_permit(
        self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int
    ) -> Verdict | Decision[Verdict]:
        if trial:
            return self._reject(state, rule, finding, trial, depth)
        if state.defer_if_permit is None:
            state.defer_if_permit = Deferral(finding, _reason(rule, finding))
        return Verdict.UNDECIDED

    def _defer_if_reject(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Verdict:
        if state.defer_if_reject is None:
            state.defer_if_reject = Deferral(finding, _reason(rule, finding))
        return Verdict.UNDECIDED

    def _warn(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield self._told(state, rule, "warn", finding)
        return Verdict.UNDECIDED

    def _info(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield self._told(state, rule, "info", finding)
        return Verdict.UNDECIDED

    def _upon_mail(self, take: Take) -> Take:
        """The same for what is done to a message: left out, with a warning, where it cannot be done."""

        def taken(
            state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int
        ) -> Verdict | Decision[Verdict]:
            hindrance = self._hindrance(state, finding.kind) or finding.mistake
            if hindrance:
                return self._skipped(rule, hindrance)
            return take(state, rule, finding, trial, depth)

        return taken

    @staticmethod
    def _hindrance(state: SmtpdState, kind: Kind) -> str:
        """Why nothing can be done to a message now: there is none yet, or never, or its header is written."""
        prepends = kind is Kind.PREPEND
        if state.sender is not None:
            late = prepends and state.stage == "END-OF-MESSAGE"
            return ": action PREPEND must be used before smtpd_end_of_data_restrictions" if late else ""
        if state.etrn is not None and not prepends:
            return f": action {kind.name} is unavailable in smtpd_etrn_restrictions"
        what = f"action {kind.name} is always skipped in {CLIENT} or {HELO} restrictions"
        return f": with smtpd_delay_reject=no, {what}"

    def _skipped(self, rule: Rule, hindrance: str) -> Decision[Verdict]:
        yield self.smtpd.note("warning", "", f"access table {rule.table}{hindrance}")
        return Verdict.UNDECIDED

    def _hold(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        if not state.actions.hold:
            yield self._told(state, rule, "hold", finding)
            state.actions.hold = True
        return Verdict.UNDECIDED

    def _discard(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield self._told(state, rule, "discard", finding)
        if self.smtpd.permit_log:
            yield from self._log_permit(state, rule, finding)
        state.actions.discard = True
        return Verdict.PERMIT

    def _filter(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield self._told(state, rule, "filter", finding)
        state.actions.filter = finding.value
        return Verdict.UNDECIDED

    def _redirect(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield self._told(state, rule, "redirect", finding)
        state.actions.redirect = finding.value
        return Verdict.UNDECIDED

    def _bcc(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield self._told(state, rule, "bcc", finding)
        state.actions.bcc += (finding.value,)
        return Verdict.UNDECIDED

    def _prepend(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Verdict:
        state.actions.prepend += (finding.value,)
        return Verdict.UNDECIDED

    def _hangup(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield self._told(state, rule, "hangup", finding)
        return Verdict.HANGUP

    def _sleep(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield Sleep(float(finding.value))
        return Verdict.UNDECIDED

    def _nested(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        smtpd = self.smtpd
        if rule.restriction is CLASS:
            rules = smtpd.class_rules(rule.argument)
            if depth > OVERFLOW:
                raise Fatal("")  # nobody counts: the process runs out of stack, and says nothing
        else:
            rules = smtpd.rules(finding.value, rule)
        if depth > DEEPEST and rule.restriction is not CLASS:
            yield smtpd.note(
                "warning", "", f"access table {rule.table} entry {finding.value} causes unreasonable recursion"
            )
            return (yield from self._reject(state, rule, SERVER_ERROR, False, depth))
        outer = state.about
        verdict = yield from self.hear(state, rules, finding.subject or outer, trial, depth + 1)
        state.about = outer
        return verdict
