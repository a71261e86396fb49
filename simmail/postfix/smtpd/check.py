"""NAME
    smtpd.check - what is made of a client, a HELO name, a sender, a recipient

DESCRIPTION
    A stage's list of restrictions is heard in order until one decides.  Refusals are logged; `warn_if_reject` makes a
    refusal a line in the log; `defer_if_permit` and `defer_if_reject` change what the end of it all is.  With
    smtpd_delay_reject the client, HELO and sender lists are heard at RCPT.

PARAMETERS
    smtpd_delay_reject, smtpd_client_restrictions and its kin, smtpd_relay_before_recipient_restrictions,
    smtpd_reject_unlisted_recipient, smtpd_reject_unlisted_sender, smtpd_log_access_permit_actions, soft_bounce

DIAGNOSTICS
    QUEUEID: reject: RCPT from HOST: REPLY; from=<...> to=<...> proto=SMTP helo=<...>

SEE ALSO
    SMTPD_ACCESS_README
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from simmail.mail.address import quote_local
from simmail.mail.questions import Decision, Note, Sleep
from simmail.postfix.smtpd.findings import (
    CLIENT,
    DATA,
    END_OF_DATA,
    ETRN,
    HELO,
    RECIPIENT,
    SENDER,
    SERVER_ERROR,
    Deferral,
    Finding,
    Kind,
    Reason,
    Subject,
)
from simmail.postfix.smtpd.listed import unlisted
from simmail.postfix.smtpd.listening import NOBODY
from simmail.postfix.smtpd.restrictions import CLASS, Rule

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.state import SmtpdState

DEEPEST = 100
REPLY_LIMIT = 510
#: So many times message_size_limit must be free on the disk.
DISK_SHARE = 1.5


class Verdict(Enum):
    """What a list of restrictions came to."""

    UNDECIDED = auto()
    PERMIT = auto()
    REJECT = auto()
    HANGUP = auto()


Rules = tuple[Rule, ...]


def _reason(rule: Rule, finding: Finding) -> Reason:
    """Why something was found: the rule, and the line of its table."""
    return rule.reason._replace(entry=finding.entry) if finding.entry else rule.reason


class Checker:
    """Hears lists of restrictions for one smtpd.

    Args:
        smtpd: the program.

    Attributes:
        listener: who is told how lists are heard.
    """

    def __init__(self, smtpd: Smtpd) -> None:
        self.smtpd = smtpd
        self.listener = NOBODY
        self._take: dict[Kind, Callable[[SmtpdState, Rule, Finding, bool, int], Decision[Verdict]]] = {
            Kind.PERMIT: self._permit,
            Kind.REJECT: self._reject,
            Kind.TROUBLE: self._reject,
            Kind.DEFER_IF_PERMIT: self._defer_if_permit,
            Kind.DEFER_IF_REJECT: self._defer_if_reject,
            Kind.WARN: self._warn,
            Kind.INFO: self._info,
            Kind.HOLD: self._hold,
            Kind.DISCARD: self._discard,
            Kind.FILTER: self._filter,
            Kind.REDIRECT: self._redirect,
            Kind.BCC: self._bcc,
            Kind.PREPEND: self._prepend,
            Kind.HANGUP: self._hangup,
            Kind.SLEEP: self._sleep,
            Kind.NESTED: self._nested,
        }

    # ---- one list

    def hear(
        self, state: SmtpdState, rules: Rules, subject: Subject, trial: bool = False, depth: int = 1
    ) -> Decision[Verdict]:
        """Hear a list of restrictions.

        Args:
            state: the session.
            rules: the list.
            subject: what it is about.
            trial: whether refusals are only logged.
            depth: how many lists this one is inside of.
        """
        smtpd, listener = self.smtpd, self.listener
        known, watched = smtpd.known, listener is not NOBODY
        state.subject = subject
        listener.enter(rules, subject, depth)
        for rule in rules:
            if state.actions.discard:
                break
            if watched:
                listener.ask(rule)
            restriction = rule.restriction
            key = rule.key(state)
            finding: Finding | None
            if key in known:
                finding = known[key]
                if finding is None and not watched:
                    continue
            elif restriction.asks:
                if restriction.remember:
                    finding = yield from smtpd.memo.decide(key, restriction.decide, *key)
                else:
                    finding = yield from restriction.decide(*key)
            else:
                finding = smtpd.once(key, restriction.decide, *key)
            if smtpd.unsaid:
                yield from smtpd.heard()
            if finding is None:
                listener.found(rule, None, Verdict.UNDECIDED)
                continue
            verdict = yield from self._take[finding.kind](state, rule, finding, trial or rule.trial, depth)
            if finding.kind is Kind.NESTED:
                state.subject = subject
            if verdict is Verdict.PERMIT and restriction.never_permits and not state.actions.discard:
                verdict = yield from self._not_permitted(state, rule)
            listener.found(rule, finding, verdict)
            if verdict is not Verdict.UNDECIDED:
                return verdict
            if state.defer_if_permit is not None and state.defer_if_reject is not None:
                break
        return Verdict.UNDECIDED

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

    def _permit(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        if rule.following:
            yield self.smtpd.note(
                "warning", "", f"restriction `{rule.following}' after `{rule.name.lower()}' is ignored"
            )
        state.permitted = _reason(rule, finding)
        return Verdict.PERMIT

    def _reject(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        verdict = yield from self.refuse(state, finding, _reason(rule, finding), trial)
        if rule.following and not trial:
            yield self.smtpd.note(
                "warning", "", f"restriction `{rule.following}' after `{rule.name.lower()}' is ignored"
            )
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
        text = smtpd.printable(text[:REPLY_LIMIT])
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
        masked = self.smtpd.masked
        return self.smtpd.note(
            "refusal", state.queue_id or "NOQUEUE", action, state.stage, state.namaddr, text,
            masked(quote_local(sender)) if sender else sender,
            masked(quote_local(recipient)) if recipient else recipient,
            state.protocol, state.helo or "", reason,
        )  # fmt: skip

    def _told(self, state: SmtpdState, rule: Rule, action: str, finding: Finding) -> Note:
        return self.record(state, action, finding.text, rule.reason._replace(entry=finding.entry))

    def _defer_if_permit(
        self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int
    ) -> Decision[Verdict]:
        if trial:
            return (yield from self._reject(state, rule, finding, trial, depth))
        if state.defer_if_permit is None:
            state.defer_if_permit = Deferral(finding, _reason(rule, finding))
        return Verdict.UNDECIDED

    def _defer_if_reject(
        self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int
    ) -> Decision[Verdict]:
        if state.defer_if_reject is None:
            state.defer_if_reject = Deferral(finding, _reason(rule, finding))
        yield from ()
        return Verdict.UNDECIDED

    def _warn(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield self._told(state, rule, "warn", finding)
        return Verdict.UNDECIDED

    def _info(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield self._told(state, rule, "info", finding)
        return Verdict.UNDECIDED

    def _hold(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        if not state.actions.hold:
            yield self._told(state, rule, "hold", finding)
            state.actions.hold = True
        return Verdict.UNDECIDED

    def _discard(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        yield self._told(state, rule, "discard", finding)
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

    def _prepend(self, state: SmtpdState, rule: Rule, finding: Finding, trial: bool, depth: int) -> Decision[Verdict]:
        if state.stage == "END-OF-MESSAGE":
            yield self.smtpd.note(
                "warning", "",
                f"access table {rule.table}: action PREPEND must be used before smtpd_end_of_data_restrictions",
            )  # fmt: skip
        else:
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
        subject = finding.subject or state.subject
        assert subject is not None
        if rule.restriction is CLASS:
            rules = smtpd.class_rules(rule.argument)
        else:
            rules = smtpd.rules(finding.value, rule)
        if depth > DEEPEST:
            yield smtpd.note(
                "warning", "", f"access table {rule.table} entry {finding.value} causes unreasonable recursion"
            )
            return (yield from self._reject(state, rule, SERVER_ERROR, False, depth))
        return (yield from self.hear(state, rules, subject, trial, depth + 1))

    # ---- the stages

    def size(self, state: SmtpdState) -> Decision[Verdict]:
        """A message that is announced to be too big."""
        state.defer_if_reject = None
        finding = Finding(Kind.REJECT, 552, "5.3.4", "Message size exceeds fixed limit")
        where = str(self.smtpd.config.where("message_size_limit") or "")
        reason = Reason("message_size_limit", where, str(self.smtpd.parameters.size_limit))
        self.listener.checked(reason, finding)
        return (yield from self.refuse(state, finding, reason))

    def room(self, state: SmtpdState) -> Decision[Verdict]:
        """A disk with less room than a message may need."""
        config, parameters, free = self.smtpd.config, self.smtpd.parameters, self.smtpd.system.machine.free
        if free >= max(parameters.minimum_free, DISK_SHARE * parameters.size_limit):
            return Verdict.UNDECIDED
        name = "queue_minfree" if free < parameters.minimum_free else "message_size_limit"
        finding = Finding(Kind.REJECT, 452, "4.3.1", "Insufficient system storage", error="resource")
        reason = Reason(name, str(config.where(name) or ""), str(config[name]))
        self.listener.checked(reason, finding)
        verdict = yield from self.refuse(state, finding, reason)
        shown = f"{free:.0f} bytes < {DISK_SHARE}*message size limit"
        yield self.smtpd.note("warning", "", f"not enough free space in mail queue: {shown}")
        return verdict

    def client(self, state: SmtpdState) -> Decision[Verdict]:
        """smtpd_client_restrictions."""
        state.forget_deferrals()
        verdict = Verdict.UNDECIDED
        rules = self.smtpd.lists["smtpd_client_restrictions"]
        if rules:
            verdict = yield from self.hear(state, rules, Subject(state.namaddr, CLIENT))
        state.defer_if_permit_client = state.defer_if_permit
        return verdict

    def helo(self, state: SmtpdState, helo: str | None) -> Decision[Verdict]:
        """smtpd_helo_restrictions, for a name that need not be the session's yet."""
        if helo is None:
            return Verdict.UNDECIDED
        saved, state.helo = state.helo, helo
        state.defer_if_reject, state.defer_if_permit = None, state.defer_if_permit_client
        verdict = Verdict.UNDECIDED
        rules = self.smtpd.lists["smtpd_helo_restrictions"]
        if rules:
            verdict = yield from self.hear(state, rules, Subject(helo, HELO))
        state.defer_if_permit_helo = state.defer_if_permit
        state.helo = saved
        return verdict

    def mail(self, state: SmtpdState, sender: str | None) -> Decision[Verdict]:
        """smtpd_sender_restrictions."""
        if sender is None:
            return Verdict.UNDECIDED
        smtpd = self.smtpd
        saved, state.sender = state.sender, sender
        earlier = state.defer_if_permit_client if state.helo is None else state.defer_if_permit_helo
        state.defer_if_reject, state.defer_if_permit = None, earlier
        verdict = Verdict.UNDECIDED
        rules = smtpd.lists["smtpd_sender_restrictions"]
        if rules:
            verdict = yield from self.hear(state, rules, Subject(sender, SENDER))
        state.defer_if_permit_sender = state.defer_if_permit
        if (
            sender
            and smtpd.reject_unlisted_sender
            and verdict not in (Verdict.REJECT, Verdict.HANGUP)
            and not state.actions.discard
        ):
            verdict = yield from self._listed(state, sender, state.recipient or "", SENDER)
        state.sender = saved
        return verdict

    def _listed(self, state: SmtpdState, address: str, other: str, title: str) -> Decision[Verdict]:
        """The check for unknown addresses that ends a list."""
        smtpd = self.smtpd
        key = (smtpd, title, address, other if smtpd.by_sender else "")
        finding = smtpd.once(key, unlisted, smtpd, address, key[3], title)
        if smtpd.unsaid:
            yield from smtpd.heard()
        reason = smtpd.unlisted_reasons[title]
        self.listener.checked(reason, finding)
        if finding is None:
            return Verdict.UNDECIDED
        return (yield from self.refuse(state, finding, reason))

    def rcpt(self, state: SmtpdState, recipient: str) -> Decision[Verdict]:
        """All that is heard at RCPT (and VRFY)."""
        smtpd = self.smtpd
        saved, state.recipient = state.recipient, recipient
        state.permitted = None
        verdict = yield from self._rcpt(state, recipient, smtpd)
        state.recipient = saved
        return verdict

    def _rcpt(self, state: SmtpdState, recipient: str, smtpd: Smtpd) -> Decision[Verdict]:
        ended = (Verdict.REJECT, Verdict.HANGUP)
        if smtpd.delay_reject:
            verdict = yield from self.client(state)
            if verdict in ended:
                return verdict
            verdict = yield from self.helo(state, state.helo)
            if verdict in ended:
                return verdict
            verdict = yield from self.mail(state, state.sender)
            if verdict in ended:
                return verdict
        subject = Subject(recipient, RECIPIENT)
        state.defer_if_permit = self._so_far(state)
        for parameter in smtpd.recipient_lists:
            state.defer_if_reject = None
            verdict = yield from self.hear(state, smtpd.lists[parameter], subject)
            if verdict in ended:
                if smtpd.old_order and parameter == "smtpd_recipient_restrictions":
                    yield smtpd.note(
                        "text", "",
                        "using backwards-compatible default setting smtpd_relay_before_recipient_restrictions=no to "
                        f'reject recipient "{recipient}" from client "{state.namaddr}"',
                    )  # fmt: skip
                return verdict
        if smtpd.missed_guard:
            verdict = yield from self.hear(state, smtpd.missed_guard, subject)
            if verdict is Verdict.UNDECIDED:
                yield smtpd.note(
                    "text", "",
                    'using backwards-compatible default setting "smtpd_relay_restrictions = (empty)" to avoid '
                    f'"Relay access denied" error for recipient "{recipient}" from client "{state.namaddr}"',
                )  # fmt: skip
        if state.defer_if_permit is not None:
            return (yield from self.refuse(state, *state.defer_if_permit))
        if smtpd.reject_unlisted_recipient and not state.actions.discard:
            return (yield from self._listed(state, recipient, state.sender or "", RECIPIENT))
        return Verdict.UNDECIDED

    def _so_far(self, state: SmtpdState) -> Deferral | None:
        """A deferral that the lists before have asked for."""
        if state.sender is not None:
            return state.defer_if_permit_sender
        return state.defer_if_permit_client if state.helo is None else state.defer_if_permit_helo

    def _last(self, state: SmtpdState, parameter: str, subject: Subject) -> Decision[Verdict]:
        """A list that stands by itself."""
        rules = self.smtpd.lists[parameter]
        if not rules:
            return Verdict.UNDECIDED
        state.forget_deferrals()
        verdict = yield from self.hear(state, rules, subject)
        if verdict not in (Verdict.REJECT, Verdict.HANGUP) and state.defer_if_permit is not None:
            return (yield from self.refuse(state, *state.defer_if_permit))
        return verdict

    def data(self, state: SmtpdState) -> Decision[Verdict]:
        """smtpd_data_restrictions; of several recipients none is named."""
        saved = state.recipient
        if state.accepted > 1:
            state.recipient = None
        verdict = yield from self._last(state, "smtpd_data_restrictions", Subject("DATA", DATA))
        state.recipient = saved
        return verdict

    def end_of_data(self, state: SmtpdState) -> Decision[Verdict]:
        """smtpd_end_of_data_restrictions."""
        saved = state.recipient
        if state.accepted > 1:
            state.recipient = None
        subject = Subject("END-OF-MESSAGE", END_OF_DATA)
        verdict = yield from self._last(state, "smtpd_end_of_data_restrictions", subject)
        state.recipient = saved
        return verdict

    def etrn(self, state: SmtpdState, domain: str) -> Decision[Verdict]:
        """smtpd_etrn_restrictions, after the client's and HELO's where those are delayed."""
        state.etrn = domain
        verdict = yield from self._etrn(state, domain)
        state.etrn = None
        return verdict

    def _etrn(self, state: SmtpdState, domain: str) -> Decision[Verdict]:
        if self.smtpd.delay_reject:
            verdict = yield from self.client(state)
            if verdict is Verdict.UNDECIDED or verdict is Verdict.PERMIT:
                verdict = yield from self.helo(state, state.helo)
            if verdict is Verdict.REJECT or verdict is Verdict.HANGUP:
                return verdict
        return (yield from self._last(state, "smtpd_etrn_restrictions", Subject(domain, ETRN)))
