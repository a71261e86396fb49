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
from simmail.postfix.ehlo_keywords import QUIET, shown_keywords
from simmail.postfix.smtpd import bdat, envelope, etrn, message, milter, xclient
from simmail.postfix.smtpd.answering import Answer, acceptable, no, offers, refused, yes
from simmail.postfix.smtpd.check import Verdict
from simmail.postfix.smtpd.token import path, words
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.parameters import SessionParameters
    from simmail.postfix.smtpd.session import SmtpdSession

Run = Callable[..., Decision[Any]]

#: What makes a HELO name unsafe to show; each becomes a question mark.
NEUTERED = str.maketrans(dict.fromkeys([*' <>()\\";@', *map(chr, (*range(32), 127))], "?"))
OK, BYE = Reply(250, ("2.0.0 Ok",)), Reply(221, ("2.0.0 Bye",), closes=True)
XCLIENT_ATTRIBUTES = "NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT"
#: The log's counts of so many commands and more are not remembered.
LONG = 32
XFORWARD_ATTRIBUTES = "NAME ADDR PROTO HELO SOURCE PORT IDENT"


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


def helo(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """HELO."""
    refusal = yield from _greeted(session, argument, "HELO")
    if refusal is not None:
        return refusal
    state = session.state
    if state.protocol not in ("ESMTP", "SMTP"):
        state.protocol = "SMTP"
    return (yield from session.say(250, session.parameters.hostname)), True


def ehlo(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """EHLO."""
    refusal = yield from _greeted(session, argument, "EHLO")
    if refusal is not None:
        return refusal
    state = session.state
    state.protocol = "ESMTP"
    hidden = state.discard_mask
    if hidden and not hidden & QUIET:
        shown = shown_keywords(hidden)
        yield session.smtpd.note("text", "", f"discarding EHLO keywords: {shown}")
    if session.filtered.startswith("5"):
        return (yield from session.say(250, session.parameters.hostname, "ENHANCEDSTATUSCODES")), True
    verp, parameters = False, session.parameters
    if parameters.verp_clients:
        verp = yield from session.listed(parameters.verp_clients)
    key = (hidden, verp, session.xclient, session.xforward)
    offer = parameters.offers.get(key)
    if offer is None:
        offer = parameters.offers[key] = Reply(250, _offered(parameters, *key))
    if state.errors >= parameters.soft_errors:
        yield Sleep(parameters.error_sleep * (len(offer.lines) - 1))
    return (yield from session.tell(offer)), True


def _greeted(session: SmtpdSession, argument: str, verb: str) -> Decision[Answer | None]:
    """What HELO and EHLO share; an answer where it ends there."""
    name, shown = _introduced(argument)
    if not name:
        return (yield from no(session, 501, f"Syntax: {verb} hostname"))
    if not session.smtpd.delay_reject:
        verdict = yield from session.smtpd.checker.helo(session.state, name)
        if verdict in (Verdict.REJECT, Verdict.HANGUP):
            return (yield from refused(session, verdict))
    yield from session.forget()
    session.state.helo = shown
    if session.filtered:
        yield from milter.told(session, verb)
    return None


@lru_cache(maxsize=4096)
def _introduced(argument: str) -> tuple[str, str]:
    """A HELO name as it was given, "" for none; and as it is shown."""
    name = " ".join(word.text for word in words(argument))
    return name, name if name.isalnum() else name.translate(NEUTERED)


def _offered(
    parameters: SessionParameters, hidden: frozenset[str], verp: bool, xclient_too: bool, xforward_too: bool
) -> tuple[str, ...]:
    """What is offered to a client, but for keywords that are hidden from it."""
    limit = parameters.size_limit
    offered = (
        ("PIPELINING", "PIPELINING", True),
        ("SIZE", f"SIZE {limit}" if limit else "SIZE", True),
        ("VRFY", "VRFY", parameters.vrfy),
        ("ETRN", "ETRN", True),
        ("VERP", "VERP", verp),
        ("STARTTLS", "STARTTLS", parameters.tls),
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
    return (yield from yes(session, OK))


def noop(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """NOOP."""
    return (yield from yes(session, OK))


def vrfy(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """VRFY: the recipient restrictions are heard."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    yield from session.summon("rewrite")
    if not parameters.vrfy:
        return (yield from no(session, 502, "5.5.1 VRFY command is disabled", "policy"))
    found = words(argument)
    state_utf8 = state.smtputf8
    if len(found) > 1 and found[-1].text.upper() == "SMTPUTF8" and offers(session, "SMTPUTF8"):
        found, state_utf8 = found[:-1], True
    if not found:
        usage = " [SMTPUTF8]" if parameters.smtputf8 else ""
        return (yield from no(session, 501, f"5.5.4 Syntax: VRFY address{usage}"))
    refusal = yield from milter.refused(session)
    if refusal is not None:
        return refusal, False
    target = path(" ".join(word.text for word in found))
    saved, state.smtputf8 = state.smtputf8, state_utf8
    good = yield from acceptable(session, target, False, False)
    state.smtputf8 = saved
    if not good:
        return (yield from no(session, 501, "5.1.3 Bad recipient address syntax"))
    first = state.recipient, state.recipient_domain
    verdict = yield from smtpd.checker.rcpt(state, target.address, "")
    state.recipient, state.recipient_domain = first
    if verdict is Verdict.REJECT or verdict is Verdict.HANGUP:
        return (yield from refused(session, verdict))
    return (yield from session.say(252, f"2.0.0 {target.text}")), True


def quit(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """QUIT."""
    return (yield from session.tell(BYE)), True


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


def auth(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """AUTH: not offered."""
    return (yield from no(session, 503, "5.5.1 Error: authentication not enabled"))


#: Every command, in the order in which the log counts them.
COMMANDS: dict[str, SmtpCommand] = {
    command.name: command
    for command in (
        SmtpCommand("HELO", helo, last=True, idle=True),
        SmtpCommand("EHLO", ehlo, last=True, idle=True, plain=True),
        SmtpCommand("XCLIENT", xclient.xclient),
        SmtpCommand("XFORWARD", xclient.xforward),
        SmtpCommand("STARTTLS", starttls, plain=True),
        SmtpCommand("AUTH", auth),
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


def counts(heard: list[str], done: list[str]) -> str:
    """Commands and how many of each were good, as the log tells them when a session is over.

    Args:
        heard: the verb of each.
        done: the verbs of the good ones.
    """
    return (_counted if len(heard) < LONG else _count)(tuple(heard), tuple(done))


def _count(heard: tuple[str, ...], done: tuple[str, ...]) -> str:
    totals, goods = Counter(heard), Counter(done)
    parts: list[str] = []
    for name in (*COMMANDS, "UNKNOWN"):
        total, good = totals[name], goods[name]
        if total:
            parts.append(f"{name.lower()}={good}" if good == total else f"{name.lower()}={good}/{total}")
    both = f"commands={len(done)}" if heard and len(done) == len(heard) else f"commands={len(done)}/{len(heard)}"
    return " ".join([*parts, both])


_counted = lru_cache(maxsize=1024)(_count)
