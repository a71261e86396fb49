"""NAME
    smtpd.etrn - ETRN

DESCRIPTION
    A customer's server asks for its waiting mail; only domains of fast_flush_domains are served.

PARAMETERS
    smtpd_etrn_restrictions, fast_flush_domains

SEE ALSO
    ETRN_README, RFC 1985
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.mail.hostnames import valid_hostname, valid_literal
from simmail.mail.questions import Decision, FlushSite
from simmail.postfix.flush import flush_words, unasked
from simmail.postfix.smtpd import milter
from simmail.postfix.smtpd.answering import Answer, no, refused
from simmail.postfix.smtpd.check import ENDED
from simmail.postfix.smtpd.token import words
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtpd.session import SmtpdSession


def etrn(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """ETRN."""
    smtpd, state = session.smtpd, session.state
    if session.parameters.helo_required and state.helo is None:
        return (yield from no(session, 503, "Error: send HELO/EHLO first"))
    if state.sender is not None:
        return (yield from no(session, 503, "Error: MAIL transaction in progress"))
    refusal = yield from milter.refused(session)
    if refusal is not None:
        return refusal, False
    found = words(argument)
    if len(found) != 1:
        return (yield from no(session, 500, "Syntax: ETRN domain"))
    name = found[0].text
    domain = name[1:] if name[0] in "@#" else name
    if not domain.isascii() or not (valid_hostname(domain) or valid_literal(domain)):
        return (yield from no(session, 501, "Error: invalid parameter syntax"))
    if smtpd.stands_alone:
        yield smtpd.note("warning", "", 'do not use ETRN in "sendmail -bs" mode')
        return (yield from session.say(458, "Unable to queue messages")), False
    verdict = yield from smtpd.checker.etrn(state, domain)
    if verdict in ENDED:
        return (yield from refused(session, verdict))
    return (yield from _flush(session, domain))


def _flush(session: SmtpdSession, domain: str) -> Decision[Answer]:
    smtpd = session.smtpd
    try:
        listed = smtpd.fast_flush.serves(domain, "flush mail")
    except LookupFailure:
        yield from smtpd.heard()
        yield smtpd.note("warning", "", "unable to talk to fast flush service")
        return (yield from session.say(458, "Unable to queue messages")), False
    yield from smtpd.heard()
    failure = unasked(smtpd.system) if listed else ""
    if failure:
        yield smtpd.note("warning", "", failure)
        yield smtpd.note("warning", "", "unable to talk to fast flush service")
        return (yield from session.say(458, "Unable to queue messages")), False
    if listed:
        yield from flush_words(smtpd.system)
        yield FlushSite(domain)
        return (yield from session.say(250, "Queuing started")), True
    yield smtpd.note("warning", "", f"reject: ETRN {domain}... from {session.state.namaddr}")
    return (yield from session.say(459, f"<{domain}>: service unavailable")), False
