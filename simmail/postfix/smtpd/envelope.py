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
from simmail.postfix.smtpd import milter
from simmail.postfix.smtpd.answering import (
    Answer,
    no,
    offers,
    over_rate,
    over_recipient_rate,
    parsed_address,
    refused,
    undeclared_utf8,
)
from simmail.postfix.smtpd.check import ENDED
from simmail.postfix.smtpd.rewriting import rewrite_context
from simmail.postfix.smtpd.state import Bdat
from simmail.postfix.smtpd.token import addressed
from simmail.smtp.parameters import MAX_SIZE, Asked, decode_orcpt, decode_xtext, notify_set
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.session import SmtpdSession

MAIL_OK, RCPT_OK = (Reply(250, (text,)) for text in ("2.1.0 Ok", "2.1.5 Ok"))

# ---- MAIL


def mail(session: SmtpdSession, argument: str, sent: Any) -> Answer | Decision[Answer]:
    """MAIL: answered at once where there is nothing to ask."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    state.smtputf8, state.encoding, state.ret = False, "", ""
    if parameters.helo_required and state.helo is None:
        return no(session, 503, "5.5.1 Error: send HELO/EHLO first", "policy")
    if state.sender is not None:
        return no(session, 503, "5.5.1 Error: nested MAIL command")
    if state.bdat is not Bdat.NONE:
        return no(session, 503, "5.5.1 Error: MAIL after BDAT")
    found = addressed(argument, "from:")
    if found is None:
        return no(session, 501, "5.5.4 Syntax: MAIL FROM:<address>")
    text, domain, options = found
    if parameters.message_rate > 0 or smtpd.system.at_hand("rewrite") is None or domain not in smtpd.likes:
        return _mail_asked(session, text, domain, options)
    if options:
        if "XVERP" in argument.upper():
            return _mail_asked(session, text, domain, options)
        _ask_for_utf8(session, options)
    state.envid = ""
    for option in options:
        wrong = _mail_option(session, option)
        if wrong is not None:
            return no(session, *wrong)
    return _mail_from(session, text[1:-1], domain)


def _mail_asked(session: SmtpdSession, text: str, domain: str, options: Sequence[str]) -> Decision[Answer]:
    """The same where something has to be asked before it is clear what the client says."""
    state, parameters = session.state, session.parameters
    if parameters.message_rate > 0:
        refusal = yield from over_rate(
            session, "mail", parameters.message_rate, "much mail", "Message delivery request"
        )
        if refusal is not None:
            return refusal
    yield from session.summon("rewrite")
    _ask_for_utf8(session, options)
    if domain in session.smtpd.likes:
        address = text[1:-1]
    else:
        path = (yield from parsed_address(session, text, domain, True, parameters.strict)) if text else None
        if path is None:
            return (yield from no(session, 501, "5.1.7 Bad sender address syntax"))
        address = path.address
    state.envid = ""
    for option in options:
        asks = option.partition("=")[0].upper() == "XVERP"
        verp = asks and bool((yield from session.listed(parameters.verp_clients)))
        wrong = _mail_option(session, option, verp)
        if wrong is not None:
            return (yield from no(session, *wrong))
    answer = _mail_from(session, address, domain)
    return answer if isinstance(answer, tuple) else (yield from answer)


def _mail_from(session: SmtpdSession, address: str, domain: str) -> Answer | Decision[Answer]:
    """Begin a transaction."""
    smtpd, state, parameters, client = session.smtpd, session.state, session.parameters, session.state.client
    if 0 < parameters.size_limit < state.size:  # perhaps that of a MAIL before that was refused
        return _too_big(session, address)
    if state.verp and not address:
        return no(session, 503, "5.5.4 Error: XVERP requires non-null sender")
    context = smtpd.contexts.get((client.name, client.address, client.socket, state.sasl_method))
    heard = smtpd.delay_reject and parameters.delay_open and not session.filtered and address.isascii()
    if context is None or not heard or not smtpd.checker.has_room():
        return _mail_heard(session, address, domain)
    session.context = context
    state.sender, state.sender_domain = address, domain
    state.route_sender = address if smtpd.by_sender else ""
    return session.answer(MAIL_OK)


def _too_big(session: SmtpdSession, address: str) -> Decision[Answer]:
    """Refuse a message for its size."""
    session.state.sender = address
    verdict = yield from session.smtpd.checker.size(session.state)
    session.state.sender = None
    return (yield from refused(session, verdict))


def _mail_heard(session: SmtpdSession, address: str, domain: str) -> Decision[Answer]:
    """Begin a transaction if nobody objects."""
    smtpd, state = session.smtpd, session.state
    if not smtpd.delay_reject:
        verdict = yield from smtpd.checker.mail(state, address, domain)
        if verdict in ENDED:
            yield from session.forget()
            return (yield from refused(session, verdict))
    session.context = yield from rewrite_context(session)
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
    refusal = yield from milter.refused(session, "MAIL")
    if refusal is not None:
        yield from session.forget()
        return refusal, False
    if not session.parameters.delay_open:
        refusal = yield from session.begin()
        if refusal is not None:
            yield from session.forget()
            return refusal, False
    answer = session.answer(MAIL_OK)
    return answer if isinstance(answer, tuple) else (yield from answer)


#: A refusal's code and text.
Wrong = tuple[int, str] | tuple[int, str, str]
_ENCODINGS = {"BODY=8BITMIME": "8bit", "BODY=7BIT": "7bit"}


def _ask_for_utf8(session: SmtpdSession, options: Sequence[str]) -> None:
    """Take in whether addresses may be of Unicode, before they are looked at."""
    session.state.smtputf8 = "SMTPUTF8" in map(str.upper, options) and offers(session, "SMTPUTF8")


def _mail_option(session: SmtpdSession, text: str, verp: bool = False) -> Wrong | None:
    """Take in one parameter of MAIL; what is wrong with it, or None.

    Args:
        session: the session.
        text: name and value.
        verp: whether the client may ask for XVERP.
    """
    name, equals, value = text.partition("=")
    name = name.upper()
    take = _OPTIONS.get(name) if equals else None
    if take is not None:
        return take(session, value)
    if text.upper() in _ENCODINGS:
        session.state.encoding = _ENCODINGS[text.upper()]
        return None
    if name == "SMTPUTF8" and not equals and offers(session, name):
        return None
    if name == "XVERP" and verp:
        return _verp(session, value if equals else session.parameters.verp_delimiters)
    return 555, f"5.5.4 Unsupported option: {text}"


def _size(session: SmtpdSession, value: str) -> Wrong | None:
    if not value.isascii() or not value.isdigit():
        return 501, "5.5.4 Bad message size syntax"
    if int(value) > MAX_SIZE:
        session.state.size = -1
        return 552, "5.3.4 Message size exceeds file system imposed limit", "policy"
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
    if session.state.sasl_sender:
        return 503, "5.5.4 Error: multiple AUTH= options"
    if value != "<>":
        session.state.sasl_sender = session.smtpd.masked(value)
    return None


def _verp(session: SmtpdSession, value: str) -> Wrong | None:
    allowed = session.parameters.verp_filter
    if len(value) != 2 or any(c not in allowed for c in value):
        return 501, f"5.5.4 Error: XVERP needs two characters from {allowed}"
    session.state.verp = value
    return None


#: The other parameters of MAIL that have a value.
_OPTIONS: dict[str, Callable[[SmtpdSession, str], Wrong | None]] = {
    "SIZE": _size, "RET": _ret, "ENVID": _envid, "AUTH": _auth,
}  # fmt: skip


# ---- RCPT


def rcpt(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """RCPT."""
    state, parameters = session.state, session.parameters
    if state.sender is None:
        return no(session, 503, "5.5.1 Error: need MAIL command")
    if state.bdat is not Bdat.NONE:
        return no(session, 503, "5.5.1 Error: RCPT after BDAT")
    found = addressed(argument, "to:")
    if found is None:
        return no(session, 501, "5.5.4 Syntax: RCPT TO:<address>")
    text, domain, options = found
    if parameters.recipient_rate > 0 or domain not in session.smtpd.likes:
        return _rcpt_asked(session, text, domain, options)
    address = text[1:-1]
    return _rcpt_to(session, Recipient(address, orcpt=f"rfc822;{address}"), domain, options)


def _rcpt_asked(session: SmtpdSession, text: str, domain: str, options: Sequence[str]) -> Decision[Answer]:
    """The same where something has to be asked before it is clear what the client says."""
    parameters = session.parameters
    if parameters.recipient_rate > 0:
        refusal = yield from over_recipient_rate(session)
        if refusal is not None:
            return refusal
    path = (yield from parsed_address(session, text, domain, False, parameters.strict)) if text else None
    if path is None:
        return (yield from no(session, 501, "5.1.3 Bad recipient address syntax"))
    recipient = Recipient(path.address, orcpt=f"rfc822;{path.external}")
    return (yield from _rcpt_to(session, recipient, domain, options))


def _rcpt_to(session: SmtpdSession, recipient: Recipient, domain: str, options: Sequence[str]) -> Decision[Answer]:
    """Take a recipient, or not."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    given: list[str] = []
    for option in options:
        wrong = _rcpt_option(session, option, recipient, given)
        if smtpd.pending:
            yield from smtpd.heard()
        if wrong is not None:
            return (yield from no(session, *wrong))
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
    if address.lower() == parameters.probe_sender.lower():  # two servers must not keep each other's probes out
        recipient.address = address = parameters.probe_sender
    else:
        verdict = yield from smtpd.checker.rcpt(state, address, domain)
        state.recipient, state.recipient_domain = first
        if verdict in ENDED:
            return (yield from refused(session, verdict))
    if session.filtered:
        state.recipient = address
        yield from milter.told(session, "RCPT")
        state.recipient = first[0]
    if session.transaction is None:
        refusal = yield from session.begin(address)
        if refusal is not None:
            return refusal, False
    state.accepted += 1
    if state.recipient is None:
        state.recipient, state.recipient_domain = address, domain
    state.recipients.append(recipient)
    answer = session.answer(RCPT_OK)
    return answer if isinstance(answer, tuple) else (yield from answer)


def _rcpt_option(session: SmtpdSession, text: str, recipient: Recipient, given: list[str]) -> Wrong | None:
    """Take in one parameter of RCPT; what is wrong with it, or None."""
    name, equals, value = text.partition("=")
    name = name.upper()
    if not equals or name not in ("NOTIFY", "ORCPT"):
        return 555, f"5.5.4 Unsupported option: {text}"
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
    plain = decode_orcpt(type, coded) if semicolon else None
    if twice or not type or plain is None:
        return 501, "5.5.4 Error: Bad ORCPT parameter syntax"
    recipient.orcpt = f"{type};{plain}"
    return None
