"""NAME
    smtpd.bdat - BDAT

DESCRIPTION
    Takes the content in by chunks.  After a chunk that could not be taken all others are thrown away, up to the last.

PARAMETERS
    message_size_limit, smtpd_data_restrictions

DIAGNOSTICS
    QUEUEID: malformed BDAT command syntax from HOST: LINE
    QUEUEID: null BDAT request from HOST
    QUEUEID: BDAT request from HOST exceeds message size limit

BUGS
    The chunk of a client that is refused whatever it says, or that has to use TLS, is thrown away; the real smtpd takes
    its lines for commands.

SEE ALSO
    RFC 3030
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.mail.content import octets
from simmail.mail.questions import Decision
from simmail.postfix.smtpd.answering import Answer, refused
from simmail.postfix.smtpd.check import ENDED
from simmail.postfix.smtpd.message import finish, joined
from simmail.postfix.smtpd.state import Bdat
from simmail.smtp.commands import Chunk
from simmail.smtp.parameters import MAX_SIZE
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.session import SmtpdSession

#: How much of a malformed command the log shows.
SHOWN = 100


def bdat(session: SmtpdSession, argument: str, sent: Any) -> Decision[Answer]:
    """BDAT: a chunk of the content."""
    state = session.state
    if "CHUNKING" in state.discard_mask:
        reply = yield from session.say(521, "5.5.1 Error: command not implemented")
        return reply._replace(closes=True), False
    fields = argument.split()
    last = len(fields) == 2 and fields[1].upper() == "LAST"
    number = fields[0] if len(fields) == 1 + last else ""
    if not (number.isascii() and number.isdigit()) or int(number) > MAX_SIZE:
        yield _warning(
            session, f"malformed BDAT command syntax from {state.namaddr}: {f'BDAT {argument}'.rstrip()[:SHOWN]}"
        )
        reply = yield from session.mistaken(521, "5.5.4 Syntax: BDAT count [LAST]")
        return reply._replace(closes=True), False
    text = sent.text if type(sent) is Chunk else ""
    size = int(number) if type(sent) is Chunk else octets(text)
    wrong = yield from _refused(session, size, last)
    if wrong is not None:
        if last:
            accepted, first = state.accepted, (state.recipient, state.recipient_domain)
            yield from session.forget()
            state.accepted = accepted  # which counts for the next message
            state.recipient, state.recipient_domain = first
        else:
            state.bdat = Bdat.ERROR
        return wrong
    if octets(text) < size:
        session.content = ("BDAT", sum(map(octets, (*session.chunks, text))))  # the client hangs up within it
        return Reply(0, ("",)), None
    state.bdat = Bdat.OK
    session.chunks += (text,)
    size = sum(map(octets, session.chunks))
    session.content = None if last else ("BDAT", size)
    if not last:
        return (yield from session.say(250, f"2.0.0 Ok: {octets(text)} bytes")), True
    content = joined(session.chunks)
    return (yield from finish(session, content, content.size + len(content.lines)))


def told_size(chunks: tuple[str, ...], said: Reply) -> int:
    """How much has come of a client that falls silent, as the log has it: the reply in the buffer counts, too."""
    return sum(map(octets, (*chunks, said.wire()[0])))


def _warning(session: SmtpdSession, text: str) -> Any:
    return session.smtpd.note("warning", "", f"{session.state.queue_id or 'NOQUEUE'}: {text}")


def _refused(session: SmtpdSession, size: int, last: bool) -> Decision[Answer | None]:
    """A refusal of a chunk; None for one that can be taken."""
    state = session.state
    if not size and not last:
        yield _warning(session, f"null BDAT request from {state.namaddr}")
        return (yield from session.say(551, "5.7.1 Null BDAT request")), False
    if state.bdat is Bdat.ERROR:
        return (yield from session.say(551, f"5.0.0 Discarded {size} bytes after earlier error")), False
    if state.bdat is Bdat.NONE:
        wrong = yield from _too_early(session)
        if wrong is not None:
            return wrong
    limit = session.parameters.size_limit
    if 0 < limit < sum(map(octets, session.chunks)) + size:
        yield _warning(session, f"BDAT request from {state.namaddr} exceeds message size limit")
        return (yield from session.mistaken(552, "5.3.4 Chunk exceeds message size limit", "policy")), False
    if session.transaction is None:
        refusal = yield from session.without_file()
        return None if refusal is None else (refusal, False)
    return None


def _too_early(session: SmtpdSession) -> Decision[Answer | None]:
    """A refusal of a first chunk that comes at the wrong time, or that smtpd_data_restrictions refuse."""
    state = session.state
    if not state.accepted:
        if state.sender is None:
            return (yield from session.mistaken(503, "5.5.1 Error: need RCPT command")), False
        return (yield from session.say(554, "5.5.1 Error: no valid recipients")), False
    if session.smtpd.lists["smtpd_data_restrictions"]:
        verdict = yield from session.smtpd.checker.data(state)
        if verdict in ENDED:
            return (yield from refused(session, verdict))
    return None
