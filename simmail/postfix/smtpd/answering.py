"""NAME
    smtpd.answering - what the commands of SMTP share

DESCRIPTION
    Answers to good and bad commands, addresses as commands hold them, and anvil's limits on what a client asks for.

DIAGNOSTICS
    don't know if EHLO feature XCLIENT should be announced to HOST
    Illegal address syntax from HOST in COMMAND command: ADDRESS
    Message delivery request rate limit exceeded: N from HOST for service SERVICE, and its kin

SEE ALSO
    RFC 5321 section 4.1.2, anvil(8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.answers import AnvilCounts
from simmail.mail.questions import Anvil, Decision, Sleep
from simmail.postfix.resolve_client import until_known
from simmail.postfix.resolved import ResolveFlag
from simmail.postfix.smtpd.check import Verdict
from simmail.postfix.smtpd.token import Path, path
from simmail.smtp.replies import HANG_UP, Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd
    from simmail.postfix.smtpd.session import SmtpdSession

#: A reply, and whether the client did well; None for neither well nor badly.
Answer = tuple[Reply, bool | None]
#: Between two tries to reach anvil(8), seconds.
RETRY_S = 1.0
#: What makes a client's words unsafe to show; each becomes a question mark.
NEUTERED = str.maketrans(dict.fromkeys([*' <>()\\";@', *map(chr, (*range(32), 127))], "?"))


def no(session: SmtpdSession, code: int, text: str, error: str = "protocol") -> Decision[Answer]:
    """A refusal; `error`: its class in notify_classes."""
    return (yield from session.mistaken(code, text, error)), False


def refused(session: SmtpdSession, verdict: Verdict) -> Decision[Answer]:
    """The refusal that restrictions came to."""
    if verdict is Verdict.HANGUP:
        return HANG_UP, False
    refusal = session.state.refusal
    return (yield from session.say(int(refusal[:3]), refusal[4:])), False


def one_too_many(session: SmtpdSession, counts: AnvilCounts) -> Decision[Reply]:
    """Refuse a connection, of which its client has too many."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    text = f"4.7.0 {parameters.hostname} Error: too many connections from {state.client.address}"
    reply = yield from session.mistaken(421, text, "policy")
    what, count = "rate", counts.rate
    if 0 < parameters.connection_count < counts.connections:
        what, count = "concurrency", counts.connections
    yield smtpd.note(
        "warning", "",
        f"Connection {what} limit exceeded: {count} from {state.namaddr} for service {smtpd.service.name}",
    )  # fmt: skip
    return (yield from session.close(reply))


def unsure(session: SmtpdSession, doubt: str) -> Decision[Answer]:
    """The end of a session of which a table would have to tell something, and cannot be read.

    Args:
        session: the session.
        doubt: what nobody can tell now, `if command XCLIENT should be allowed from`.
    """
    yield session.smtpd.note("warning", "", f"don't know {doubt} {session.state.namaddr}")
    return (yield from without_data(session)), False


def unauthorized(session: SmtpdSession, allowed: bool | None) -> Decision[Answer]:
    """The answer to a command that a client is not allowed, or (None) might be."""
    if allowed is None:
        return (yield from unsure(session, f"if command {session.state.stage} should be allowed from"))
    return (yield from no(session, 550, "5.7.0 Error: insufficient authorization", "policy"))


def parsed_address(session: SmtpdSession, text: str, domain: str, empty: bool, strict: bool) -> Decision[Path | None]:
    """The address in a command; None, with a warning, where it is none.

    Args:
        session: the session.
        text: as it was written.
        domain: its domain where it is a plain one in brackets.
        empty: whether the null address will do.
        strict: whether it must have the form of RFC 821.
    """
    smtpd, state = session.smtpd, session.state
    found = Path(text[1:-1], text[1:-1], 1, junk=False, bracketed=True) if domain else path(text)
    address = found.address
    wrong = found.addresses > 1 or (strict and (found.junk or not found.bracketed))
    if not wrong:
        if strict and address[:1] == "@":
            wrong = True
        elif not address:
            wrong = not empty
        elif not smtpd.stands_alone:  # nobody is asked for the user of this computer
            other = state.recipient if state.stage == "MAIL" else state.sender
            writer = (other or "") if smtpd.by_sender else ""
            resolved = smtpd.resolve(writer, address)
            if ResolveFlag.NOWHERE in resolved.flags:
                state.stuck = f"the transport of {address}"
                resolved = yield from until_known(smtpd, writer, address, resolved)
                state.stuck = ""
            if smtpd.unsaid:
                yield from smtpd.heard()
            target = resolved.recipient.rpartition("@")[2]
            wrong = ResolveFlag.ERROR in resolved.flags or (not state.smtputf8 and not target.isascii())
            if not wrong and domain:
                smtpd.liken(address, domain)
    if wrong:
        shown = smtpd.masked(text)
        yield smtpd.note(
            "warning", "", f"Illegal address syntax from {state.namaddr} in {state.stage} command: {shown}"
        )
        return None
    return found


def undeclared(session: SmtpdSession) -> Decision[Answer]:
    """The refusal of an address that is not ASCII, under strict_smtputf8."""
    return no(session, 553, "5.6.7 Must declare SMTPUTF8 to send unicode address")


def undeclared_utf8(session: SmtpdSession, address: str, whose: str) -> Decision[Answer | None]:
    """A refusal of an address that is not ASCII where SMTPUTF8 was not asked for."""
    smtpd, state = session.smtpd, session.state
    if state.smtputf8:
        return None
    if session.parameters.strict_smtputf8:
        return (yield from undeclared(session))
    if session.parameters.old_smtputf8:
        yield smtpd.note(
            "text", "",
            f"using backwards-compatible default setting smtputf8_enable=no to accept non-ASCII {whose} address "
            f'"{smtpd.masked(address)}" from {state.namaddr}',
        )  # fmt: skip
    return None


def anvil_missed(smtpd: Smtpd) -> Decision[None]:
    """What the log hears, each time, of an anvil(8) that is not there."""
    socket = "private/anvil"
    for pause in (RETRY_S, 0.0):
        yield smtpd.note("warning", "", smtpd.system.unreachable(socket))
        yield Sleep(pause)
    yield smtpd.note("warning", "", f"problem talking to server {socket}: {smtpd.system.spool.unanswered(socket)}")


def over_rate(session: SmtpdSession, event: str, limit: int, what: str, title: str) -> Decision[Answer | None]:
    """A refusal where the client has done something too often in anvil's time unit."""
    if limit <= 0 or session.xclient:
        return None
    smtpd, state = session.smtpd, session.state
    if (yield from session.listed(smtpd.hoggers)):
        return None
    if smtpd.uncounted:
        yield from anvil_missed(smtpd)
        return None
    service = smtpd.service.name
    counts: AnvilCounts = yield Anvil(event, service, state.client.address, smtpd.system.generation)
    if counts.rate <= limit:
        return None
    answer = yield from no(session, 450, f"4.7.1 Error: too {what} from {state.client.address}", "policy")
    yield smtpd.note(
        "warning", "", f"{title} rate limit exceeded: {counts.rate} from {state.namaddr} for service {service}"
    )
    return answer


def over_recipient_rate(session: SmtpdSession) -> Decision[Answer | None]:
    """A refusal where the client has named too many recipients, in RCPT or VRFY."""
    limit = session.parameters.recipient_rate
    return over_rate(session, "rcpt", limit, "many recipients", "Recipient address")


def offers(session: SmtpdSession, keyword: str) -> bool:
    """Whether an extension of SMTP is on offer to this client."""
    if keyword == "SMTPUTF8" and not session.parameters.smtputf8:
        return False
    return keyword not in session.state.discard_mask


def without_data(session: SmtpdSession) -> Decision[Reply]:
    """The last word to a client who asks for what cannot be looked up."""
    smtpd, state = session.smtpd, session.state
    text = f"4.3.0 {session.parameters.hostname} Server local data error"
    where = f"{state.queue_id or 'NOQUEUE'}: reject: {state.stage} from {state.namaddr}"
    yield smtpd.note("text", "", f"{where}: 421 {text}")
    return (yield from session.mistaken(421, text, "data"))
