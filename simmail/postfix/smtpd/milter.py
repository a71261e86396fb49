"""NAME
    smtpd.milter - what Milters that cannot be reached do to a session

DESCRIPTION
    The answer that stands for a session's Milters is given at each event: at the connection and HELO it is logged
    only, unless it is for good; at MAIL, RCPT and DATA, and to commands that are none, it is the client's reply.

PARAMETERS
    smtpd_milters, smtpd_milter_maps, receive_override_options (no_milters)

DIAGNOSTICS
    milter-reject: MAIL from HOST[ADDRESS]: 451 4.7.1 Service unavailable - try again later; from=<SENDER> proto=ESMTP

    milter-hold: DATA from HOST[ADDRESS]: milter triggers HOLD action; from=<SENDER> to=<RECIPIENT> proto=ESMTP

SEE ALSO
    MILTER_README, smtpd(8)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from simmail.mail.questions import Decision, Note
from simmail.postfix import milters
from simmail.postfix.tables import LookupFailure
from simmail.postfix.tables.split import split_outside_braces
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.session import SmtpdSession

DISABLED = "DISABLE"


class MilterRules:
    """Which Milters a client's session has.

    Args:
        smtpd: the server.
    """

    def __init__(self, smtpd: Smtpd) -> None:
        self._config = config = smtpd.config
        ignored = "no_milters" in config.list("receive_override_options")
        self._usual = () if ignored else tuple(config.list("smtpd_milters"))
        self._maps = smtpd.maps("smtpd_milter_maps")
        #: Whether any client may have some.
        self.any = not ignored and bool(self._usual or self._maps)

    def of(self, address: str) -> tuple[milters.Milter, ...]:
        """The Milters of a client.  Raises Fatal where one of them cannot be read."""
        try:
            found = self._maps.find(address)
        except LookupFailure:
            found = None
        if found is None:
            return milters.parse(self._usual, self._config)
        return () if found.upper() == DISABLED else milters.parse(split_outside_braces(found), self._config)


def connected(session: SmtpdSession, stage: str) -> Decision[Reply | None]:
    """A client has connected, or is another by XCLIENT; the greeting that refuses it, or None.

    Raises Fatal for Milters that cannot be read.
    """
    session.filtered = ""
    found = session.smtpd.milters.of(session.state.client.address)
    if not found:
        return None
    session.filtered = yield from milters.ask(session.smtpd, found)
    yield from told(session, stage)
    if session.filtered.startswith("5"):
        return (yield from session.say(554, f"{session.parameters.hostname} ESMTP not accepting connections"))
    return None


def told(session: SmtpdSession, stage: str) -> Iterable[Note]:
    """Log what the Milters say at a stage of the session, and put the message on hold if that is what it is."""
    answer, state, shown = session.filtered, session.state, session.smtpd.shown
    if not answer:
        return ()
    action, text = ("hold", milters.HELD) if answer == milters.HOLD else ("reject", answer)
    if answer == milters.HOLD:
        state.actions.hold = True
    facts = [f"{name}=<{shown(value)}>" for name, value in (("from", state.sender), ("to", state.recipient))
             if value is not None]  # fmt: skip
    facts.append(f"proto={state.protocol}")
    if state.helo is not None:
        facts.append(f"helo=<{state.helo}>")
    line = f"milter-{action}: {stage} from {state.namaddr}: {text}; {' '.join(facts)}"
    line = line if state.queue_id else f"NOQUEUE: {line}"
    return (session.smtpd.note("text", state.queue_id, line),)


def refused(session: SmtpdSession, stage: str = "") -> Decision[Reply | None]:
    """The Milters' refusal of what a client asks for; None where they have none.

    Args:
        session: the session.
        stage: what is logged; "" for nothing.
    """
    answer = session.filtered
    if stage:
        yield from told(session, stage)
    if not answer or answer == milters.HOLD:
        return None
    return (yield from session.mistaken(int(answer[:3]), answer[4:], "policy"))
