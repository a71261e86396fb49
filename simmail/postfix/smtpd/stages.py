"""NAME
    smtpd.stages - what is made of a client, a HELO name, a sender, a recipient

DESCRIPTION
    Each stage of a session has its lists of restrictions.  With smtpd_delay_reject the client, HELO and sender lists
    are heard at RCPT.

PARAMETERS
    smtpd_delay_reject, message_size_limit, queue_minfree, smtpd_client_restrictions and its kin,
    smtpd_relay_before_recipient_restrictions, smtpd_reject_unlisted_recipient, smtpd_reject_unlisted_sender

SEE ALSO
    smtpd.check, SMTPD_ACCESS_README
"""

from __future__ import annotations

from math import inf
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from simmail.mail.questions import Decision
from simmail.postfix.smtpd.check import ENDED, UNKNOWN, Hearing, Verdict
from simmail.postfix.smtpd.findings import (
    CLIENT,
    DATA,
    END_OF_DATA,
    ETRN,
    HELO,
    RECIPIENT,
    SENDER,
    Deferral,
    Finding,
    Kind,
    Reason,
)
from simmail.postfix.smtpd.listed import unlisted
from simmail.postfix.smtpd.listening import NOBODY

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.state import SmtpdState

#: So many times message_size_limit must be free on the disk.
DISK_SHARE = 1.5
#: Who has to be reached whatever main.cf says, and by a name without a domain.
POSTMASTER = "postmaster"


class Checker(Hearing):
    """Hears the lists of one smtpd.

    Args:
        smtpd: the program.
    """

    def __init__(self, smtpd: Smtpd) -> None:
        super().__init__(smtpd)
        lists = smtpd.lists
        least, size = smtpd.parameters.minimum_free, smtpd.parameters.size_limit
        #: A size below nothing is more than any disk has.
        self._room = max(least, DISK_SHARE * size) if size >= 0 else inf
        if 0 < least < DISK_SHARE * size:
            smtpd.opens_with(
                "warning", f"queue_minfree({least}) should be at least {DISK_SHARE}*message_size_limit({size})"
            )
        #: By title, what is known of addresses (with who writes to them), and of domains (by the address that stands
        #: for one): None where nobody asks who exists there.
        self._known: dict[str, dict[Any, Finding | None]] = {title: smtpd.memory() for title in (SENDER, RECIPIENT)}
        #: The lists that are put off until RCPT: their rules, the fact that each is about, and what that is.
        self._put_off = tuple(
            (rules, attrgetter(fact), title)
            for stage, fact, title in (
                ("client", "namaddr", CLIENT),
                ("helo", "helo", HELO),
                ("sender", "sender", SENDER),
            )
            if (rules := lists[f"smtpd_{stage}_restrictions"]) and smtpd.delay_reject
        )
        #: Whether there are any, or senders are looked at after them.
        self._delayed = smtpd.delay_reject and (bool(self._put_off) or smtpd.reject_unlisted_sender)
        self._recipient_lists = tuple((name, lists[name]) for name in smtpd.recipient_lists)

    # ---- the stages

    def size(self, state: SmtpdState) -> Decision[Verdict]:
        """A message that is announced to be too big."""
        state.defer_if_reject = None
        finding = Finding(Kind.REJECT, 552, "5.3.4", "Message size exceeds fixed limit")
        where = str(self.smtpd.config.where("message_size_limit") or "")
        reason = Reason("message_size_limit", where, str(self.smtpd.parameters.size_limit))
        self.listener.checked(reason, finding)
        return (yield from self.refuse(state, finding, reason))

    def has_room(self) -> bool:
        """Whether the disk has the room that a message may need."""
        return self.smtpd.system.machine.free >= self._room

    def no_room(self, state: SmtpdState) -> Decision[Verdict]:
        """Refuse mail because of it."""
        config, free = self.smtpd.config, self.smtpd.system.machine.free
        name = "queue_minfree" if free < self.smtpd.parameters.minimum_free else "message_size_limit"
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
            verdict = yield from self.hear(state, rules, (state.namaddr, CLIENT))
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
            verdict = yield from self.hear(state, rules, (helo, HELO))
        state.defer_if_permit_helo = state.defer_if_permit
        state.helo = saved
        return verdict

    def mail(self, state: SmtpdState, sender: str | None, domain: str) -> Decision[Verdict]:
        """smtpd_sender_restrictions, for a sender that need not be the session's yet.

        Args:
            state: the session.
            sender: the address.
            domain: its domain where it is a plain one.
        """
        if sender is None:
            return Verdict.UNDECIDED
        smtpd = self.smtpd
        saved = state.sender, state.sender_domain
        state.sender, state.sender_domain = sender, domain
        state.looked_up.discard(SENDER)
        state.defer_if_reject, state.defer_if_permit = None, state.early_deferral()
        verdict = Verdict.UNDECIDED
        rules = smtpd.lists["smtpd_sender_restrictions"]
        if rules:
            verdict = yield from self.hear(state, rules, (sender, SENDER))
        state.defer_if_permit_sender = state.defer_if_permit
        if sender and smtpd.reject_unlisted_sender and verdict not in ENDED and not state.actions.discard:
            verdict = yield from self._listed(state, sender, domain, state.recipient or "", SENDER)
        state.sender, state.sender_domain = saved
        return verdict

    def _exists(self, address: str, domain: str, other: str, title: str) -> bool:
        """Whether it is known already that there is nothing to object to an address, as `_listed` would find."""
        smtpd, known = self.smtpd, self._known[title]
        if self.listener is not NOBODY:
            return False
        if known.get(smtpd.likes.get(domain), UNKNOWN) is None:
            return True
        return known.get((address, other if smtpd.by_sender else ""), UNKNOWN) is None

    def _listed(self, state: SmtpdState, address: str, domain: str, other: str, title: str) -> Decision[Verdict]:
        """The check for unknown addresses that ends a list."""
        if self._looked_up_before(state, title, False):
            return Verdict.UNDECIDED
        smtpd, known = self.smtpd, self._known[title]
        key = (address, other if smtpd.by_sender else "")
        finding = known.get(key, UNKNOWN)
        if finding is UNKNOWN:
            finding = smtpd.once(known, key, unlisted, smtpd, *key, title, domain)
            if key not in known:
                yield from smtpd.heard()
            elif (like := smtpd.likes.get(domain)) is not None and like not in known:
                asked = smtpd.tables.asked(smtpd.resolve("", like).address_class, title)
                smtpd.memo.keep(known, like, None if finding is None and not asked else UNKNOWN)
        reason = smtpd.unlisted_reasons[title]
        self.listener.checked(reason, finding)
        if finding is None:
            return Verdict.UNDECIDED
        return (yield from self.refuse(state, finding, reason))

    def rcpt(self, state: SmtpdState, recipient: str, domain: str) -> Decision[Verdict]:
        """All that is heard at RCPT (and VRFY); whoever asks puts the session's recipient back.

        A postmaster without a domain is spared it all (RFC 5321 section 4.5.1).

        Args:
            state: the session.
            recipient: the address.
            domain: its domain where it is a plain one.
        """
        if not domain and recipient.lower() == POSTMASTER:
            return Verdict.UNDECIDED
        smtpd = self.smtpd
        state.recipient, state.recipient_domain = recipient, domain
        state.permitted = None
        state.looked_up.discard(RECIPIENT)
        if smtpd.delay_reject:
            state.forget_deferrals()
        if self._delayed or (state.looked_up and smtpd.delay_reject):
            verdict = yield from self._early(state)
            if verdict in ENDED:
                return verdict
            if state.sender is not None:
                state.defer_if_permit_sender = state.defer_if_permit
        state.defer_if_permit, state.defer_if_reject = state.defer_if_permit_sender, None
        about = recipient, RECIPIENT
        for parameter, rules in self._recipient_lists:
            verdict = yield from self.hear(state, rules, about)
            if verdict in ENDED:
                if smtpd.old_order and parameter == "smtpd_recipient_restrictions":
                    yield smtpd.note(
                        "text", "",
                        "using backwards-compatible default setting smtpd_relay_before_recipient_restrictions=no to "
                        f'reject recipient "{recipient}" from client "{state.namaddr}"',
                    )  # fmt: skip
                return verdict
        if smtpd.missed_guard:
            yield from self._guard(state, about)
        if state.defer_if_permit is not None:
            return (yield from self.refuse(state, *state.defer_if_permit))
        if not smtpd.reject_unlisted_recipient or state.actions.discard:
            return Verdict.UNDECIDED
        sender = state.sender or ""
        if self._exists(recipient, domain, sender, RECIPIENT):
            return Verdict.UNDECIDED
        return (yield from self._listed(state, recipient, domain, sender, RECIPIENT))

    def _early(self, state: SmtpdState) -> Decision[Verdict]:
        """The lists that were put off; what they would defer goes on to those that follow."""
        for rules, fact, title in self._put_off:
            name = fact(state)
            if title == SENDER:
                state.looked_up.discard(SENDER)
            if name is not None:
                state.defer_if_reject = None
                verdict = yield from self.hear(state, rules, (name, title))
                if verdict in ENDED:
                    return verdict
        state.looked_up.discard(SENDER)
        if state.sender and self.smtpd.reject_unlisted_sender and not state.actions.discard:
            if not self.smtpd.lists["smtpd_sender_restrictions"]:
                state.defer_if_reject = None
            return (yield from self._listed(state, state.sender, state.sender_domain, state.recipient or "", SENDER))
        return Verdict.UNDECIDED

    def _guard(self, state: SmtpdState, about: tuple[str, str]) -> Decision[None]:
        """Say what strangers would have met, had the relay restrictions not an old, empty default."""
        verdict = yield from self.hear(state, self.smtpd.missed_guard, about)
        if verdict is Verdict.UNDECIDED:
            yield self.smtpd.note(
                "text", "",
                'using backwards-compatible default setting "smtpd_relay_restrictions = (empty)" to avoid '
                f'"Relay access denied" error for recipient "{about[0]}" from client "{state.namaddr}"',
            )  # fmt: skip

    def _last(
        self, state: SmtpdState, parameter: str, about: tuple[str, str], earlier: Deferral | None = None
    ) -> Decision[Verdict]:
        """A list that stands by itself; `earlier`: what would defer the command already."""
        rules = self.smtpd.lists[parameter]
        if not rules and earlier is None:
            return Verdict.UNDECIDED
        state.defer_if_permit, state.defer_if_reject = earlier, None
        verdict = yield from self.hear(state, rules, about)
        if verdict not in ENDED and state.defer_if_permit is not None:
            return (yield from self.refuse(state, *state.defer_if_permit))
        return verdict

    def data(self, state: SmtpdState) -> Decision[Verdict]:
        """smtpd_data_restrictions."""
        return self._of_all(state, "smtpd_data_restrictions", ("DATA", DATA))

    def end_of_data(self, state: SmtpdState) -> Decision[Verdict]:
        """smtpd_end_of_data_restrictions."""
        return self._of_all(state, "smtpd_end_of_data_restrictions", ("END-OF-MESSAGE", END_OF_DATA))

    def _of_all(self, state: SmtpdState, parameter: str, about: tuple[str, str]) -> Decision[Verdict]:
        """A list that is heard for the whole transaction; of several recipients none is named."""
        saved = state.recipient, state.recipient_domain
        if state.accepted > 1:
            state.recipient, state.recipient_domain = None, ""
        verdict = yield from self._last(state, parameter, about)
        state.recipient, state.recipient_domain = saved
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
            if verdict not in ENDED:
                verdict = yield from self.helo(state, state.helo)
            if verdict in ENDED:
                return verdict
        return (yield from self._last(state, "smtpd_etrn_restrictions", (domain, ETRN), state.early_deferral()))
