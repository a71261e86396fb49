"""NAME
    smtpd.commands - the commands of SMTP

DESCRIPTION
    For each command what it demands, does and answers.  A command's function gets the session and what stands behind
    the verb; it returns the reply, and whether the client did well.

PARAMETERS
    see parameters

DIAGNOSTICS
    discarding EHLO keywords: KEYWORDS

SEE ALSO
    RFC 5321 section 4.1, RFC 1870, RFC 3461, RFC 6531
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.mail.questions import Decision, Sleep
from simmail.postfix.ehlo_keywords import QUIET, UNSURE, shown_keywords
from simmail.postfix.smtpd import bdat, envelope, etrn, message, milter, sasl, xclient
from simmail.postfix.smtpd.answering import (
    NEUTERED,
    Answer,
    no,
    offers,
    over_recipient_rate,
    parsed_address,
    refused,
    undeclared,
    unsure,
)
from simmail.postfix.smtpd.check import ENDED
from simmail.postfix.smtpd.token import words
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.parameters import SessionParameters
    from simmail.postfix.smtpd.session import SmtpdSession

Run = Callable[..., Answer | Decision[Answer]]

OK, BYE = Reply(250, ("2.0.0 Ok",)), Reply(221, ("2.0.0 Bye",), closes=True)
XCLIENT_ATTRIBUTES, XFORWARD_ATTRIBUTES = " ".join(xclient.XCLIENT), " ".join(xclient.XFORWARD)
#: The log's counts of so many commands and more are not remembered.
LONG = 32


class SmtpCommand(NamedTuple):
    """A command.

    Args:
        name: its verb.
        run: what it does.
        last: whether a client that pipelines has to wait for its reply.
        idle: whether it gets nowhere, so that too many of it count as mistakes.
        plain: whether it may be given where TLS is required, and not used yet.
    """

    name: str
    run: Run
    last: bool = False
    idle: bool = False
    plain: bool = False


# ---- HELO and EHLO


def hello(session: SmtpdSession, argument: str, sent: Any) -> Answer | Decision[Answer]:
    """HELO and EHLO."""
    name, shown = _introduced(argument)
    if not shown.isascii():
        shown = session.smtpd.masked(shown)
    state = session.state
    if not name:
        return no(session, 501, f"Syntax: {state.stage} hostname")
    parameters = session.parameters
    if (
        len(session.total) > 1
        or not parameters.hello_asks_nothing
        or session.filtered
        or state.discard_mask
        or state.errors >= parameters.soft_errors
    ):
        return _hello_asked(session, name, shown)
    state.helo = shown
    return state.transcript.told(_hello_reply(session)), True


def _hello_asked(session: SmtpdSession, name: str, shown: str) -> Decision[Answer]:
    """HELO and EHLO where there is something to ask, to forget or to tell."""
    state, verb, parameters = session.state, session.state.stage, session.parameters
    if not session.smtpd.delay_reject:
        verdict = yield from session.smtpd.checker.helo(state, name)
        if verdict in ENDED:
            return (yield from refused(session, verdict))
    yield from session.forget()
    state.helo = shown
    yield from milter.told(session, verb)
    hidden = state.discard_mask if verb == "EHLO" else frozenset()
    if hidden is UNSURE:
        return (yield from unsure(session, "what EHLO features to announce to"))
    if hidden and not hidden & QUIET:
        yield session.smtpd.note("text", "", f"discarding EHLO keywords: {shown_keywords(hidden)}")
    if verb == "EHLO" and session.filtered.startswith("5"):
        state.protocol = "ESMTP"
        return (yield from session.say(250, parameters.hostname, "ENHANCEDSTATUSCODES")), True
    verp: bool | None = False
    if verb == "EHLO":
        verp = "VERP" not in hidden and (yield from session.listed(parameters.verp_clients))
        for keyword, offered in ("XVERP", verp), ("XCLIENT", session.xclient), ("XFORWARD", session.xforward):
            if offered is None and keyword not in hidden:
                return (yield from unsure(session, f"if EHLO feature {keyword} should be announced to"))
    reply = _hello_reply(session, bool(verp))
    if verb == "EHLO" and state.errors >= parameters.soft_errors:
        yield Sleep(parameters.error_sleep * (len(reply.lines) - 1))
    return (yield from session.say(250, *reply.lines)), True


def _hello_reply(session: SmtpdSession, verp: bool = False) -> Reply:
    """The reply to HELO or EHLO, which say what the client speaks; `verp`: whether it may ask for XVERP."""
    state, parameters = session.state, session.parameters
    if state.stage == "HELO":
        if state.protocol not in ("ESMTP", "SMTP"):
            state.protocol = "SMTP"
        return parameters.helo_reply
    state.protocol = "ESMTP"
    logins = session.smtpd.sasl
    key = (state.discard_mask, verp, session.xclient, session.xforward, logins.active and logins.offers(session))
    found = parameters.offers.get(key)
    if found is None:
        found = parameters.offers[key] = Reply(250, _offered(parameters, logins, *key))
    return found


@lru_cache(maxsize=4096)
def _introduced(argument: str) -> tuple[str, str]:
    """A HELO name as it was given, "" for none; and as it is shown."""
    name = " ".join(word.text for word in words(argument))
    return name, name if name.isalnum() else name.translate(NEUTERED)


def _offered(
    parameters: SessionParameters,
    logins: sasl.Sasl,
    hidden: frozenset[str],
    verp: bool,
    xclient_too: bool | None,
    xforward_too: bool | None,
    logins_too: bool,
) -> tuple[str, ...]:
    """What is offered to a client, but for keywords that are hidden from it."""
    limit = parameters.size_limit
    offered: tuple[tuple[str, str, bool | None], ...] = (
        ("PIPELINING", "PIPELINING", True),
        ("SIZE", f"SIZE {limit}" if limit > 0 else "SIZE", True),
        ("VRFY", "VRFY", parameters.vrfy),
        ("ETRN", "ETRN", True),
        ("VERP", "XVERP", verp),
        ("STARTTLS", "STARTTLS", parameters.tls),
        ("AUTH", f"AUTH {logins.text}", logins_too),
        ("AUTH", f"AUTH={logins.text}", logins_too and logins.old_clients),
        ("XCLIENT", f"XCLIENT {XCLIENT_ATTRIBUTES}", xclient_too),
        ("XFORWARD", f"XFORWARD {XFORWARD_ATTRIBUTES}", xforward_too),
        ("ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES", True),
        ("8BITMIME", "8BITMIME", True),
        ("DSN", "DSN", True),
        ("SMTPUTF8", "SMTPUTF8", parameters.smtputf8),
        ("CHUNKING", "CHUNKING", True),
    )
    return (parameters.hostname, *(text for name, text, so in offered if so and name not in hidden))


# ---- the rest


def rset(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """RSET."""
    if words(argument):
        return (yield from no(session, 501, "5.5.4 Syntax: RSET"))
    yield from session.forget()
    answer = session.answer(OK)
    return answer if isinstance(answer, tuple) else (yield from answer)


def noop(session: SmtpdSession, argument: str, sent: Any) -> Answer | Decision[Answer]:
    """NOOP."""
    return session.answer(OK)


def vrfy(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """VRFY: the recipient restrictions are heard."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    yield from session.summon("rewrite")
    if not parameters.vrfy:
        return (yield from no(session, 502, "5.5.1 VRFY command is disabled", "policy"))
    found = words(argument)
    utf8 = False
    if len(found) > 1 and found[-1].text.upper() == "SMTPUTF8" and offers(session, "SMTPUTF8"):
        found, utf8 = found[:-1], True
    if not found:
        usage = " [SMTPUTF8]" if parameters.smtputf8 else ""
        return (yield from no(session, 501, f"5.5.4 Syntax: VRFY address{usage}"))
    excess = yield from over_recipient_rate(session)
    if excess is not None:
        return excess
    refusal = yield from milter.refused(session)
    if refusal is not None:
        return refusal, False
    text = " ".join(word.text for word in found)
    saved, state.smtputf8 = state.smtputf8, utf8
    target = yield from parsed_address(session, text, "", False, False)
    state.smtputf8 = saved
    if target is None:
        return (yield from no(session, 501, "5.1.3 Bad recipient address syntax"))
    if parameters.strict_smtputf8 and not (utf8 or target.address.isascii()):
        return (yield from undeclared(session))
    first = state.recipient, state.recipient_domain
    verdict = yield from smtpd.checker.rcpt(state, target.address, "")
    state.recipient, state.recipient_domain = first
    if verdict in ENDED:
        return (yield from refused(session, verdict))
    return (yield from session.say(252, f"2.0.0 {text}")), True


def quit(session: SmtpdSession, argument: str, sent: Any) -> Answer | Decision[Answer]:
    """QUIT."""
    return session.answer(BYE)


def starttls(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """STARTTLS: offered in vain, or not at all."""
    if words(argument):
        return (yield from no(session, 501, "5.5.4 Syntax: STARTTLS"))
    if session.filtered.startswith("4"):
        return (yield from no(session, 454, "4.3.0 Try again later", "policy"))
    refusal = yield from milter.refused(session)
    if refusal is not None:
        return refusal, False
    if not session.parameters.tls or "STARTTLS" in session.state.discard_mask:
        return (yield from no(session, 502, "5.5.1 Error: command not implemented"))
    return (yield from no(session, 454, "4.7.0 TLS not available due to local problem", "resource"))


#: Every command, in the order in which the log counts them.
COMMANDS: dict[str, SmtpCommand] = {
    command.name: command
    for command in (
        SmtpCommand("HELO", hello, last=True, idle=True, plain=True),
        SmtpCommand("EHLO", hello, last=True, idle=True, plain=True),
        SmtpCommand("XCLIENT", xclient.xclient, plain=True),
        SmtpCommand("XFORWARD", xclient.xforward),
        SmtpCommand("STARTTLS", starttls, plain=True),
        SmtpCommand("AUTH", sasl.auth),
        SmtpCommand("MAIL", envelope.mail),
        SmtpCommand("RCPT", envelope.rcpt),
        SmtpCommand("DATA", message.data, last=True),
        SmtpCommand("BDAT", bdat.bdat),
        SmtpCommand("RSET", rset, idle=True),
        SmtpCommand("NOOP", noop, last=True, idle=True, plain=True),
        SmtpCommand("VRFY", vrfy, last=True, idle=True),
        SmtpCommand("ETRN", etrn.etrn, idle=True),
        SmtpCommand("QUIT", quit, plain=True),
    )
}


def counts(heard: list[str], failed: list[str]) -> str:
    """Commands and how many of each were good, as the log tells them when a session is over.

    Args:
        heard: the verb of each.
        failed: the verbs of those that were not good.
    """
    return (_counted if len(heard) < LONG else _count)(tuple(heard), tuple(failed))


def _count(heard: tuple[str, ...], failed: tuple[str, ...]) -> str:
    totals, bad = Counter(heard), Counter(failed)
    parts: list[str] = []
    for name in (*COMMANDS, "UNKNOWN"):
        total = totals[name]
        if total:
            good = total - bad[name]
            parts.append(f"{name.lower()}={total}" if good == total else f"{name.lower()}={good}/{total}")
    total, good = len(heard), len(heard) - len(failed)
    both = f"commands={total}" if heard and not failed else f"commands={good}/{total}"
    return " ".join([*parts, both])


_counted = lru_cache(maxsize=1024)(_count)
