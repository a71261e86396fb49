"""NAME
    smtpd.commands - the commands of SMTP

DESCRIPTION
    For each command what it demands, does and answers.  A command's function gets the session and what stands behind
    the verb; it returns the reply, and whether the client did well.

PARAMETERS
    see parameters

DIAGNOSTICS
    Illegal address syntax from HOST in COMMAND command: ADDRESS
    Message delivery request rate limit exceeded: N from HOST for service SERVICE, and its kin
    discarding EHLO keywords: KEYWORDS

SEE ALSO
    RFC 5321 section 4.1, RFC 1870, RFC 3461, RFC 6531
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from simmail.mail.answers import AnvilCounts
from simmail.mail.message import Notify, Recipient
from simmail.mail.questions import Anvil, Decision, Sleep
from simmail.postfix.smtpd import etrn, message, xclient
from simmail.postfix.smtpd.check import Verdict
from simmail.postfix.smtpd.rewriting import rewrite_context
from simmail.postfix.smtpd.token import Path, Word, path, words
from simmail.postfix.trivial_rewrite import ResolveFlag
from simmail.smtp.parameters import MAX_SIZE, decode_xtext, notify_set
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.session import SmtpdSession

#: A reply, and whether the client did well.
Answer = tuple[Reply, bool]
Run = Callable[..., Decision[Any]]

#: What makes a HELO name unsafe to show; each becomes a question mark.
NEUTERED = str.maketrans(dict.fromkeys([*" <>()\\\";@", *map(chr, (*range(32), 127))], "?"))
OK, MAIL_OK, RCPT_OK = (Reply(250, (text,)) for text in ("2.0.0 Ok", "2.1.0 Ok", "2.1.5 Ok"))
XCLIENT_ATTRIBUTES = "NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT"
XFORWARD_ATTRIBUTES = "NAME ADDR PROTO HELO SOURCE PORT IDENT"


class SmtpCommand(NamedTuple):
    """A command.

    Args:
        name: its verb.
        run: what it does.
        last: whether a client that pipelines has to wait for its reply.
        idle: whether it gets nowhere, so that too many of it count as mistakes.
    """

    name: str
    run: Run
    last: bool = False
    idle: bool = False


def no(session: SmtpdSession, code: int, text: str, error: str = "protocol") -> Decision[Answer]:
    """A refusal; `error`: its class in notify_classes."""
    return (yield from session.mistaken(code, text, error)), False


def yes(session: SmtpdSession, reply: Reply) -> Decision[Answer]:
    """A constant reply to a good command."""
    if session.state.errors < session.parameters.soft_errors:
        return session.state.transcript.told(reply), True
    return (yield from session.say(reply.code, *reply.lines)), True


def refused(session: SmtpdSession, verdict: Verdict) -> Decision[Answer]:
    """What restrictions came to."""
    return (yield from session.refused(verdict)), False


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
    if hidden and "SILENT-DISCARD" not in hidden:
        shown = session.parameters.shown_keywords(hidden)
        yield session.smtpd.note("text", "", f"discarding EHLO keywords: {shown}")
    lines = tuple((yield from _keywords(session, hidden)))
    if state.errors >= session.parameters.soft_errors:
        yield Sleep(session.parameters.error_sleep * (len(lines) - 1))
    return (yield from session.say(250, *lines)), True


def _greeted(session: SmtpdSession, argument: str, verb: str) -> Decision[Answer | None]:
    """What HELO and EHLO share; an answer where it ends there."""
    found = words(argument)
    if not found:
        return (yield from no(session, 501, f"Syntax: {verb} hostname"))
    name = " ".join(word.text for word in found)
    if not session.smtpd.delay_reject:
        verdict = yield from session.smtpd.checker.helo(session.state, name)
        if verdict in (Verdict.REJECT, Verdict.HANGUP):
            return (yield from refused(session, verdict))
    yield from session.forget()
    session.state.helo = name if name.isalnum() else name.translate(NEUTERED)
    return None


def _keywords(session: SmtpdSession, hidden: frozenset[str]) -> Decision[list[str]]:
    parameters = session.parameters
    limit = parameters.size_limit
    verp = yield from session.listed(parameters.verp_clients)
    xclient_too = yield from session.listed(parameters.xclient_hosts)
    xforward_too = yield from session.listed(parameters.xforward_hosts)
    offered = (
        ("PIPELINING", "PIPELINING", True),
        ("SIZE", f"SIZE {limit}" if limit else "SIZE", True),
        ("VRFY", "VRFY", parameters.vrfy),
        ("ETRN", "ETRN", True),
        ("VERP", "VERP", verp),
        ("XCLIENT", f"XCLIENT {XCLIENT_ATTRIBUTES}", xclient_too),
        ("XFORWARD", f"XFORWARD {XFORWARD_ATTRIBUTES}", xforward_too),
        ("ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES", True),
        ("8BITMIME", "8BITMIME", True),
        ("DSN", "DSN", True),
        ("SMTPUTF8", "SMTPUTF8", parameters.smtputf8),
        ("CHUNKING", "CHUNKING", True),
    )
    return [parameters.hostname, *(text for name, text, so in offered if so and name not in hidden)]


# ---- addresses


def _address(session: SmtpdSession, word: Word, empty: bool, strict: bool) -> Decision[Path | None]:
    """The address in a command; None, with a warning, where it is none."""
    smtpd, state = session.smtpd, session.state
    found = smtpd.paths.get(word.text)
    if found is None:
        found = smtpd.paths[word.text] = path(word.text)
    address = found.address
    wrong = found.addresses > 1 or (strict and (found.junk or not found.bracketed))
    if not wrong:
        if address:
            other = state.recipient if state.stage == "MAIL" else state.sender
            resolved = smtpd.resolve((other or "") if smtpd.by_sender else "", address)
            if smtpd.pending or smtpd.rewriter.pending:
                yield from smtpd.heard()
            domain = resolved.recipient.rpartition("@")[2]
            wrong = (
                ResolveFlag.ERROR in resolved.flags
                or (strict and address[0] == "@")
                or (not state.smtputf8 and not domain.isascii())
            )
        else:
            wrong = not empty
    if wrong:
        shown = smtpd.masked(word.text)
        yield smtpd.note(
            "warning", "", f"Illegal address syntax from {state.namaddr} in {state.stage} command: {shown}"
        )
        return None
    return found


def _undeclared(session: SmtpdSession, address: str, whose: str) -> Decision[Answer | None]:
    """A refusal of an address that is not ASCII where SMTPUTF8 was not asked for."""
    smtpd, state = session.smtpd, session.state
    if state.smtputf8:
        return None
    if session.parameters.strict_smtputf8:
        return (yield from no(session, 553, "5.6.7 Must declare SMTPUTF8 to send unicode address"))
    if session.parameters.old_smtputf8:
        yield smtpd.note(
            "text", "",
            f"using backwards-compatible default setting smtputf8_enable=no to accept non-ASCII {whose} address "
            f'"{smtpd.masked(address)}" from {state.namaddr}',
        )  # fmt: skip
    return None


def _over_rate(session: SmtpdSession, event: str, limit: int, what: str, title: str) -> Decision[Answer | None]:
    """A refusal where the client has done something too often in anvil's time unit."""
    if limit <= 0 or session.xclient:
        return None
    smtpd, state = session.smtpd, session.state
    if (yield from session.listed(smtpd.hoggers)):
        return None
    service = smtpd.service.name
    counts: AnvilCounts = yield Anvil(event, service, state.client.address)
    if counts.rate <= limit:
        return None
    answer = yield from no(session, 450, f"4.7.1 Error: too {what} from {state.client.address}", "policy")
    yield smtpd.note(
        "warning", "", f"{title} rate limit exceeded: {counts.rate} from {state.namaddr} for service {service}"
    )
    return answer


# ---- MAIL


def mail(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """MAIL."""
    state, parameters = session.state, session.parameters
    state.smtputf8, state.encoding, state.ret = False, "", ""
    if parameters.helo_required and state.helo is None:
        return (yield from no(session, 503, "5.5.1 Error: send HELO/EHLO first", "policy"))
    if state.sender is not None:
        return (yield from no(session, 503, "5.5.1 Error: nested MAIL command"))
    if state.bdat:
        return (yield from no(session, 503, "5.5.1 Error: MAIL after BDAT"))
    found = session.smtpd.words(argument)
    if len(found) < 2 or found[0].text.lower() != "from:":
        return (yield from no(session, 501, "5.5.4 Syntax: MAIL FROM:<address>"))
    refusal = yield from _over_rate(
        session, "mail", parameters.message_rate, "much mail", "Message delivery request"
    )
    if refusal is not None:
        return refusal
    sender = yield from _mail_arguments(session, found)
    if type(sender) is tuple:
        return sender
    assert type(sender) is str
    return (yield from _mail_from(session, sender))


def _mail_arguments(session: SmtpdSession, found: tuple[Word, ...]) -> Decision[str | Answer]:
    """The sender, and the parameters taken in; or an answer where it ends there."""
    state, parameters = session.state, session.parameters
    options = found[2:]
    if options:
        state.smtputf8 = _offers(session, "SMTPUTF8") and any(o.text.upper() == "SMTPUTF8" for o in options)
    sender = (yield from _address(session, found[1], True, parameters.strict)) if found[1].complete else None
    if sender is None:
        return (yield from no(session, 501, "5.1.7 Bad sender address syntax"))
    state.envid = ""
    for option in options:
        wrong = yield from _mail_option(session, option.text)
        if wrong is not None:
            return (yield from no(session, *wrong))
    address = sender.address
    if 0 < parameters.size_limit < state.size:
        state.sender = address
        verdict = yield from session.smtpd.checker.size(state)
        state.sender = None
        return (yield from refused(session, verdict))
    if state.verp and not address:
        return (yield from no(session, 503, "5.5.4 Error: XVERP requires non-null sender"))
    return address


def _mail_from(session: SmtpdSession, address: str) -> Decision[Answer]:
    """Begin a transaction."""
    state, parameters = session.state, session.parameters
    if not session.smtpd.delay_reject:
        verdict = yield from session.smtpd.checker.mail(state, address)
        if verdict in (Verdict.REJECT, Verdict.HANGUP):
            yield from session.forget()
            return (yield from refused(session, verdict))
    session.context = yield from rewrite_context(session)
    if not session.context:
        yield from session.forget()
        return (yield from no(session, 451, "4.3.0 Temporary lookup error", "resource"))
    if not address.isascii():
        undeclared = yield from _undeclared(session, address, "sender")
        if undeclared is not None:
            yield from session.forget()
            return undeclared
    state.sender = address
    state.route_sender = address if session.smtpd.by_sender else ""
    if not parameters.delay_open:
        yield from message.begin(session)
    return (yield from yes(session, MAIL_OK))


def _offers(session: SmtpdSession, keyword: str) -> bool:
    if keyword == "SMTPUTF8" and not session.parameters.smtputf8:
        return False
    return keyword not in session.state.discard_mask


#: A refusal's code and text.
Wrong = tuple[int, str]


def _mail_option(session: SmtpdSession, text: str) -> Decision[Wrong | None]:
    """Take in one parameter of MAIL; what is wrong with it, or None."""
    state = session.state
    name, _, value = text.partition("=")
    name = name.upper()
    wrong: Wrong | None = (555, f"5.5.4 Unsupported option: {text}")
    if name == "BODY" and value.upper() in ("8BITMIME", "7BIT"):
        state.encoding = "8bit" if value.upper() == "8BITMIME" else "7bit"
        wrong = None
    elif name == "SIZE" and "=" in text:
        wrong = _size(session, value)
    elif name == "SMTPUTF8" and "=" not in text and _offers(session, "SMTPUTF8"):
        wrong = None
    elif name == "RET" and "=" in text:
        wrong = _ret(session, value)
    elif name == "ENVID" and "=" in text:
        wrong = _envid(session, value)
    elif name == "XVERP" and (yield from session.listed(session.parameters.verp_clients)):
        wrong = _verp(session, value if "=" in text else session.parameters.verp_delimiters)
    return wrong


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
    if not _offers(session, "DSN"):
        return _NO_DSN
    if session.state.ret or value.upper() not in ("FULL", "HDRS"):
        return 501, "5.5.4 Bad RET parameter syntax"
    session.state.ret = value.upper()
    return None


def _envid(session: SmtpdSession, value: str) -> Wrong | None:
    if not _offers(session, "DSN"):
        return _NO_DSN
    plain = decode_xtext(value)
    if session.state.envid or plain is None or not plain.isprintable():
        return 501, "5.5.4 Bad ENVID parameter syntax"
    session.state.envid = value
    return None


def _verp(session: SmtpdSession, value: str) -> Wrong | None:
    allowed = session.parameters.verp_filter
    if len(value) != 2 or any(c not in allowed for c in value):
        return 501, f"5.5.4 Error: XVERP needs two characters from {allowed}"
    session.state.verp = value
    return None


# ---- RCPT


def rcpt(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """RCPT."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    if state.sender is None:
        return (yield from no(session, 503, "5.5.1 Error: need MAIL command"))
    if state.bdat:
        return (yield from no(session, 503, "5.5.1 Error: RCPT after BDAT"))
    found = smtpd.words(argument)
    if len(found) < 2 or found[0].text.lower() != "to:":
        return (yield from no(session, 501, "5.5.4 Syntax: RCPT TO:<address>"))
    refusal = yield from _over_rate(
        session, "rcpt", parameters.recipient_rate, "many recipients", "Recipient address"
    )
    if refusal is not None:
        return refusal
    target = (yield from _address(session, found[1], False, parameters.strict)) if found[1].complete else None
    if target is None:
        return (yield from no(session, 501, "5.1.3 Bad recipient address syntax"))
    recipient = Recipient(target.address, orcpt=f"rfc822;{target.external}")
    given: set[str] = set()
    for option in found[2:]:
        wrong = _rcpt_option(session, option.text, recipient, given)
        if wrong is not None:
            return (yield from no(session, *wrong))
    return (yield from _rcpt_to(session, target.address, recipient))


def _rcpt_to(session: SmtpdSession, address: str, recipient: Recipient) -> Decision[Answer]:
    """Take a recipient, or not."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    if state.accepted >= parameters.recipient_limit > 0:
        state.overshoot += 1
        if state.overshoot <= parameters.overshoot_limit:
            return (yield from session.say(452, "4.5.3 Error: too many recipients")), True
        return (yield from no(session, 452, "4.5.3 Error: too many recipients", "policy"))
    if not address.isascii():
        undeclared = yield from _undeclared(session, address, "recipient")
        if undeclared is not None:
            return undeclared
    verdict = yield from smtpd.checker.rcpt(state, address)
    if verdict is Verdict.REJECT or verdict is Verdict.HANGUP:
        return (yield from refused(session, verdict))
    if session.transaction is None:
        yield from message.begin(session)
    state.accepted += 1
    if state.recipient is None:
        state.recipient = address
    state.recipients.append(recipient)
    return (yield from yes(session, RCPT_OK))


def _rcpt_option(session: SmtpdSession, text: str, recipient: Recipient, given: set[str]) -> Wrong | None:
    """Take in one parameter of RCPT; what is wrong with it, or None."""
    name, equals, value = text.partition("=")
    name = name.upper()
    if not equals or name not in ("NOTIFY", "ORCPT"):
        return 555, f"5.5.4 Unsupported option: {text}"
    if not _offers(session, "DSN"):
        return _NO_DSN
    twice = name in given
    given.add(name)
    if name == "NOTIFY":
        asked = notify_set(value)
        if twice or asked is None:
            return 501, "5.5.4 Error: Bad NOTIFY parameter syntax"
        recipient.notify = frozenset(map(Notify, asked))
        return None
    type, semicolon, coded = value.partition(";")
    plain = decode_xtext(coded) if semicolon else None
    if twice or not type or plain is None:
        return 501, "5.5.4 Error: Bad ORCPT parameter syntax"
    recipient.orcpt = f"{type};{plain}"
    return None


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
    if not parameters.vrfy:
        return (yield from no(session, 502, "5.5.1 VRFY command is disabled", "policy"))
    found = words(argument)
    state_utf8 = state.smtputf8
    if len(found) > 1 and found[-1].text.upper() == "SMTPUTF8" and _offers(session, "SMTPUTF8"):
        found, state_utf8 = found[:-1], True
    if not found:
        usage = " [SMTPUTF8]" if parameters.smtputf8 else ""
        return (yield from no(session, 501, f"5.5.4 Syntax: VRFY address{usage}"))
    whole = Word(" ".join(word.text for word in found), all(word.complete for word in found))
    saved, state.smtputf8 = state.smtputf8, state_utf8
    target = yield from _address(session, whole, False, False)
    state.smtputf8 = saved
    if target is None:
        return (yield from no(session, 501, "5.1.3 Bad recipient address syntax"))
    verdict = yield from smtpd.checker.rcpt(state, target.address)
    if verdict is Verdict.REJECT or verdict is Verdict.HANGUP:
        return (yield from refused(session, verdict))
    return (yield from session.say(252, f"2.0.0 {whole.text}")), True


def quit(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """QUIT."""
    return (yield from session.say(221, "2.0.0 Bye"))._replace(closes=True), True


def starttls(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """STARTTLS: not offered."""
    return (yield from no(session, 502, "5.5.1 Error: command not implemented"))


def auth(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """AUTH: not offered."""
    return (yield from no(session, 503, "5.5.1 Error: authentication not enabled"))


#: Every command, in the order in which the log counts them.
COMMANDS: dict[str, SmtpCommand] = {
    command.name: command
    for command in (
        SmtpCommand("HELO", helo, last=True, idle=True),
        SmtpCommand("EHLO", ehlo, last=True, idle=True),
        SmtpCommand("XCLIENT", xclient.xclient),
        SmtpCommand("XFORWARD", xclient.xforward),
        SmtpCommand("STARTTLS", starttls),
        SmtpCommand("AUTH", auth),
        SmtpCommand("MAIL", mail),
        SmtpCommand("RCPT", rcpt),
        SmtpCommand("DATA", message.data, last=True),
        SmtpCommand("BDAT", message.bdat),
        SmtpCommand("RSET", rset, idle=True),
        SmtpCommand("NOOP", noop, last=True, idle=True),
        SmtpCommand("VRFY", vrfy, last=True, idle=True),
        SmtpCommand("ETRN", etrn.etrn, idle=True),
        SmtpCommand("QUIT", quit),
    )
}
