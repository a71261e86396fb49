"""NAME
    smtpd.envelope - MAIL and RCPT

DESCRIPTION
    The two commands that make an envelope, with their parameters.  Each gets the session and what stands behind the
    verb; it returns the reply, and whether the client did well.

PARAMETERS
    see parameters

SEE ALSO
    RFC 5321 section 4.1.1, RFC 1870, RFC 3461, RFC 6531
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from simmail.mail.message import Notify, Recipient
from simmail.mail.questions import Decision
from simmail.postfix.smtpd import message, milter
from simmail.postfix.smtpd.answering import Answer, no, offers, over_rate, parsed_address, refused, undeclared_utf8, yes
from simmail.postfix.smtpd.check import ENDED, Verdict
from simmail.postfix.smtpd.rewriting import rewrite_context
from simmail.postfix.smtpd.state import Bdat
from simmail.postfix.smtpd.token import addressed
from simmail.smtp.parameters import MAX_SIZE, Asked, decode_xtext, notify_set
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.session import SmtpdSession

MAIL_OK, RCPT_OK = (Reply(250, (text,)) for text in ("2.1.0 Ok", "2.1.5 Ok"))

# ---- MAIL


def mail(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """MAIL."""
    state, parameters = session.state, session.parameters
    state.smtputf8, state.encoding, state.ret = False, "", ""
    if parameters.helo_required and state.helo is None:
        return (yield from no(session, 503, "5.5.1 Error: send HELO/EHLO first", "policy"))
    if state.sender is not None:
        return (yield from no(session, 503, "5.5.1 Error: nested MAIL command"))
    if state.bdat is not Bdat.NONE:
        return (yield from no(session, 503, "5.5.1 Error: MAIL after BDAT"))
    found = addressed(argument, "from:")
    if found is None:
        return (yield from no(session, 501, "5.5.4 Syntax: MAIL FROM:<address>"))
    if parameters.message_rate > 0:
        refusal = yield from over_rate(
            session, "mail", parameters.message_rate, "much mail", "Message delivery request"
        )
        if refusal is not None:
            return refusal
    yield from session.summon("rewrite")
    text, domain, options = found
    if options:
        state.smtputf8 = offers(session, "SMTPUTF8") and "SMTPUTF8" in map(str.upper, options)
    if domain in session.smtpd.likes:
        address = text[1:-1]
    else:
        path = (yield from parsed_address(session, text, domain, True, parameters.strict)) if text else None
        if path is None:
            return (yield from no(session, 501, "5.1.7 Bad sender address syntax"))
        address = path.address
    state.envid = ""
    if options or state.size or state.verp:  # which a MAIL before that was refused may have left
        refusal = yield from _mail_options(session, options, address)
        if refusal is not None:
            return refusal
    return (yield from _mail_from(session, address, domain))


def _mail_from(session: SmtpdSession, address: str, domain: str) -> Decision[Answer]:
    """Begin a transaction."""
    smtpd, state, client = session.smtpd, session.state, session.state.client
    if not smtpd.delay_reject:
        verdict = yield from smtpd.checker.mail(state, address, domain)
        if verdict in ENDED:
            yield from session.forget()
            return (yield from refused(session, verdict))
    session.context = smtpd.contexts.get((client.name, client.address)) or (yield from rewrite_context(session))
    if not session.context:
        yield from session.forget()
        return (yield from no(session, 451, "4.3.0 Temporary lookup error", "resource"))
    if not address.isascii():
        undeclared = yield from undeclared_utf8(session, address, "sender")
        if undeclared is not None:
            yield from session.forget()
            return undeclared
    if not smtpd.checker.has_room():
        return (yield from refused(session, (yield from smtpd.checker.no_room(state))))
    state.sender, state.sender_domain = address, domain
    state.route_sender = address if smtpd.by_sender else ""
    if session.filtered:
        refusal = yield from milter.refused(session, "MAIL")
        if refusal is not None:
            yield from session.forget()
            return refusal, False
    if not session.parameters.delay_open:
        yield from message.begin(session)
    return (yield from yes(session, MAIL_OK))


#: A refusal's code and text.
Wrong = tuple[int, str]
_UNSUPPORTED: Wrong = (555, "5.5.4 Unsupported option: {}")


def _mail_options(session: SmtpdSession, options: Sequence[str], address: str) -> Decision[Answer | None]:
    """Take in the parameters of MAIL; an answer where it ends there."""
    state, parameters = session.state, session.parameters
    for option in options:
        name, equals, value = option.partition("=")
        name = name.upper()
        if name == "XVERP":
            listed = yield from session.listed(parameters.verp_clients)
            wrong = _verp(session, value if equals else parameters.verp_delimiters) if listed else _UNSUPPORTED
        elif equals:
            take = _OPTIONS.get(name)
            wrong = _UNSUPPORTED if take is None else take(session, value)
        else:
            wrong = None if name == "SMTPUTF8" and offers(session, name) else _UNSUPPORTED
        if wrong is not None:
            code, text = wrong
            return (yield from no(session, code, text.format(option) if wrong is _UNSUPPORTED else text))
    if 0 < parameters.size_limit < state.size:
        state.sender = address
        verdict = yield from session.smtpd.checker.size(state)
        state.sender = None
        return (yield from refused(session, verdict))
    if state.verp and not address:
        return (yield from no(session, 503, "5.5.4 Error: XVERP requires non-null sender"))
    return None


def _body(session: SmtpdSession, value: str) -> Wrong | None:
    if value.upper() not in ("8BITMIME", "7BIT"):
        return _UNSUPPORTED
    session.state.encoding = "8bit" if value.upper() == "8BITMIME" else "7bit"
    return None


def _size(session: SmtpdSession, value: str) -> Wrong | None:
    if not value.isascii() or not value.isdigit():
        return 501, "5.5.4 Bad message size syntax"
    if int(value) > MAX_SIZE:
        session.state.size = -1
        return 552, "5.3.4 Message size exceeds file system imposed limit"
    session.state.size = int(value)
    return None


_NO_DSN: Wrong = (501, "5.7.1 DSN support is disabled")


def _ret(session: SmtpdSession, value: str) -> Wrong | None:
    if not offers(session, "DSN"):
        return _NO_DSN
    if session.state.ret or value.upper() not in ("FULL", "HDRS"):
        return 501, "5.5.4 Bad RET parameter syntax"
    session.state.ret = value.upper()
    return None


def _envid(session: SmtpdSession, value: str) -> Wrong | None:
    if not offers(session, "DSN"):
        return _NO_DSN
    plain = decode_xtext(value)
    if session.state.envid or not plain or not (plain.isprintable() and plain.isascii()):
        return 501, "5.5.4 Bad ENVID parameter syntax"
    session.state.envid = plain
    return None


def _auth(session: SmtpdSession, value: str) -> Wrong | None:
    return None  # nobody logs in here, so that it says nothing


def _verp(session: SmtpdSession, value: str) -> Wrong | None:
    allowed = session.parameters.verp_filter
    if len(value) != 2 or any(c not in allowed for c in value):
        return 501, f"5.5.4 Error: XVERP needs two characters from {allowed}"
    session.state.verp = value
    return None


#: The parameters of MAIL that have a value.
_OPTIONS: dict[str, Callable[[SmtpdSession, str], Wrong | None]] = {
    "BODY": _body, "SIZE": _size, "RET": _ret, "ENVID": _envid, "AUTH": _auth,
}  # fmt: skip


# ---- RCPT


def rcpt(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """RCPT."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    if state.sender is None:
        return (yield from no(session, 503, "5.5.1 Error: need MAIL command"))
    if state.bdat is not Bdat.NONE:
        return (yield from no(session, 503, "5.5.1 Error: RCPT after BDAT"))
    found = addressed(argument, "to:")
    if found is None:
        return (yield from no(session, 501, "5.5.4 Syntax: RCPT TO:<address>"))
    if parameters.recipient_rate > 0:
        refusal = yield from over_rate(
            session, "rcpt", parameters.recipient_rate, "many recipients", "Recipient address"
        )
        if refusal is not None:
            return refusal
    text, domain, options = found
    if domain in smtpd.likes:
        address = external = text[1:-1]
    else:
        path = (yield from parsed_address(session, text, domain, False, parameters.strict)) if text else None
        if path is None:
            return (yield from no(session, 501, "5.1.3 Bad recipient address syntax"))
        address, external = path.address, path.external
    recipient = Recipient(address, orcpt=f"rfc822;{external}")
    given: list[str] = []
    for option in options:
        wrong = _rcpt_option(session, option, recipient, given)
        if smtpd.pending:
            yield from smtpd.heard()
        if wrong is not None:
            return (yield from no(session, *wrong))
    return (yield from _rcpt_to(session, recipient, domain))


def _rcpt_to(session: SmtpdSession, recipient: Recipient, domain: str) -> Decision[Answer]:
    """Take a recipient, or not."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    address = recipient.address
    if state.accepted >= parameters.recipient_limit > 0:
        state.overshoot += 1
        if state.overshoot <= parameters.overshoot_limit:
            return (yield from session.say(452, "4.5.3 Error: too many recipients")), True
        return (yield from no(session, 452, "4.5.3 Error: too many recipients", "policy"))
    if not address.isascii():
        undeclared = yield from undeclared_utf8(session, address, "recipient")
        if undeclared is not None:
            return undeclared
    first = state.recipient, state.recipient_domain
    verdict = yield from smtpd.checker.rcpt(state, address, domain)
    state.recipient, state.recipient_domain = first
    if verdict is Verdict.REJECT or verdict is Verdict.HANGUP:
        return (yield from refused(session, verdict))
    if session.filtered:
        state.recipient = address
        yield from milter.told(session, "RCPT")
        state.recipient = first[0]
    if session.transaction is None:
        yield from message.begin(session, address)
    state.accepted += 1
    if state.recipient is None:
        state.recipient, state.recipient_domain = address, domain
    state.recipients.append(recipient)
    return (yield from yes(session, RCPT_OK))


def _rcpt_option(session: SmtpdSession, text: str, recipient: Recipient, given: list[str]) -> Wrong | None:
    """Take in one parameter of RCPT; what is wrong with it, or None."""
    name, equals, value = text.partition("=")
    name = name.upper()
    if not equals or name not in ("NOTIFY", "ORCPT"):
        return 555, _UNSUPPORTED[1].format(text)
    if not offers(session, "DSN"):
        return _NO_DSN
    twice = name in given
    given.append(name)
    if name == "NOTIFY":
        asked = Asked() if twice else notify_set(value)
        if asked.unknown:
            session.smtpd.warn("warning", asked.gripe(session.smtpd.masked(value)))
        if not asked.words:
            return 501, "5.5.4 Error: Bad NOTIFY parameter syntax"
        recipient.notify = frozenset(map(Notify, asked.words))
        return None
    type, semicolon, coded = value.partition(";")
    plain = decode_xtext(coded) if semicolon else None
    if twice or not type or plain is None:
        return 501, "5.5.4 Error: Bad ORCPT parameter syntax"
    recipient.orcpt = f"{type};{plain}"
    return None
