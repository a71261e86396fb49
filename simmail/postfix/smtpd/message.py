"""NAME
    smtpd.message - DATA, and what becomes of content

DESCRIPTION
    Opens a queue file with the first valid recipient, takes the content in, and tells the client what cleanup made of
    it.

PARAMETERS
    message_size_limit, content_filter, receive_override_options, smtpd_per_request_deadline, smtpd_min_data_rate,
    smtpd_data_restrictions, smtpd_end_of_data_restrictions

DIAGNOSTICS
    QUEUEID: client=HOST
    QUEUEID: queue file size limit exceeded

    `Fatal`, without a word: where content comes whose queue file has been closed (after a refusal at the end of the
    data, or a last chunk that was thrown away) the process dies of signal 11.

    Content that a slow line brings too late for smtpd_per_request_deadline is cut off when all of it would be here.

SEE ALSO
    RFC 5321 section 4.1.1.4
"""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING, Any

from simmail.mail.address import quote_local
from simmail.mail.content import Content, octets
from simmail.mail.message import Message, Notify, Recipient
from simmail.mail.questions import Decision, Note, Now
from simmail.postfix.cleanup_status import CleanupFlag, CleanupOutcome, CleanupStatus
from simmail.postfix.smtpd import milter
from simmail.postfix.smtpd.answering import Answer, no, refused
from simmail.postfix.smtpd.check import ENDED
from simmail.postfix.smtpd.state import UNKNOWN, Bdat
from simmail.postfix.smtpd.xclient import CLIENT, forwarded_text
from simmail.smtp.commands import Data
from simmail.smtp.replies import HANG_UP, Reply

if TYPE_CHECKING:
    from simmail.postfix.cleanup_transaction import Transaction
    from simmail.postfix.smtpd.session import SmtpdSession
    from simmail.postfix.smtpd.state import SmtpdState

GO_AHEAD = Reply(354, ("End data with <CR><LF>.<CR><LF>",))
_FROM = re.compile(r">*From ")
#: What a first line may begin with that can be mistaken.
_DOUBTFUL = frozenset(" \t>F")


def begin(session: SmtpdSession, recipient: str = "") -> Decision[None]:
    """Open a queue file.

    Args:
        session: the session.
        recipient: whose acceptance is the reason; "" where that is the sender's.
    """
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    cleanup = yield from session.summon(parameters.cleanup_service)
    client, helo = state.client, state.helo or ""
    name, address, greeted, protocol = client.name, client.address, helo, state.protocol
    context, told, behind = session.context, session.forwarded, ""
    if told:
        behind, context = forwarded_text(told), told.get("SOURCE", "").lower() or context
        if not CLIENT.isdisjoint(told):
            name, address = told.get("NAME", UNKNOWN), told.get("ADDR", UNKNOWN)
            greeted, protocol = told.get("HELO", ""), told.get("PROTO", UNKNOWN)
    message = Message(
        sender=state.sender or "",
        client_name=name,
        client_address=address,
        helo=greeted,
        protocol=protocol,
        envid=state.envid,
        ret=state.ret,
        encoding=state.encoding,
        smtputf8=state.smtputf8,
        filter=parameters.content_filter,
        verp=state.verp,
    )
    if state.sasl_username or state.sasl_sender:
        message.authentication = state.authentication
        behind = login_text(state) + behind
    session.transaction = cleanup.open(message, context, parameters.cleanup_flags)
    state.queue_id = yield from session.transaction.begin()
    session.arrival = session.transaction.message.arrival
    yield smtpd.note(
        "client", state.queue_id, *state.known_as, behind,
        state.sender, recipient, state.protocol, helo, state.permitted or "",
    )  # fmt: skip


def login_text(state: SmtpdState) -> str:
    """The client's login, as the log shows it behind the client."""
    return "".join(f", sasl_{key}={value}" for key, value in state.authentication._asdict().items() if value)


def comment(text: str) -> str:
    """A text as it may stand in a comment of a header: without backslashes, its parentheses in pairs."""
    shown, depth = "", 0
    for letter in text:
        if not letter.isascii() or not letter.isprintable() or letter == "\\" or (letter == ")" and not depth):
            letter = "?"
        depth += (letter == "(") - (letter == ")")
        shown += letter
    return shown + ")" * depth


def data(session: SmtpdSession, argument: str, sent: Any) -> Answer | Decision[Answer]:
    """DATA, up to its first reply; the content may still turn out to be bad."""
    state = session.state
    if state.bdat is not Bdat.NONE:
        return no(session, 503, "5.5.1 Error: DATA after BDAT")
    if not state.accepted and state.sender is None:
        return no(session, 503, "5.5.1 Error: need RCPT command")
    if session.filtered or not state.accepted or argument or session.smtpd.lists["smtpd_data_restrictions"]:
        return _data_checked(session, argument)
    return _go_ahead(session)


def _data_checked(session: SmtpdSession, argument: str) -> Decision[Answer]:
    """DATA where there is something to ask, or wrong."""
    state = session.state
    if not state.accepted:
        return (yield from session.say(554, "5.5.1 Error: no valid recipients")), False
    if argument.strip():
        return (yield from no(session, 501, "5.5.4 Syntax: DATA"))
    if session.smtpd.lists["smtpd_data_restrictions"]:
        verdict = yield from session.smtpd.checker.data(state)
        if verdict in ENDED:
            return (yield from refused(session, verdict))
    if session.transaction is not None:
        yield from milter.told(session, "DATA")
    answer = _go_ahead(session)
    return answer if isinstance(answer, tuple) else (yield from answer)


def _go_ahead(session: SmtpdSession) -> Answer | Decision[Answer]:
    """Let the content come."""
    if session.transaction is None:
        return _without_file(session)
    session.content = ("DATA", 0)
    return _in_time(session) if session.parameters.by_request else session.answer(GO_AHEAD)


def _in_time(session: SmtpdSession) -> Decision[Answer]:
    """Let the content come, but not for as long as it likes."""
    session.asked = yield Now()
    answer = session.answer(GO_AHEAD)
    return answer if isinstance(answer, tuple) else (yield from answer)


def _without_file(session: SmtpdSession) -> Decision[Answer]:
    """DATA where no queue file is open."""
    refusal = yield from session.without_file()
    if refusal is not None:
        return refusal, False
    answer = _go_ahead(session)
    return answer if isinstance(answer, tuple) else (yield from answer)


def receive(session: SmtpdSession, sent: Data) -> Decision[Answer]:
    """The content that follows DATA's 354."""
    lines = sent.content.lines
    size = sent.content.size + len(lines)
    if sent.complete:
        if session.parameters.by_request:
            return _timed(session, sent, size)
        return finish(session, as_received(sent.content), size)
    return _broken_off(session, _within(sent.content, session.parameters.size_limit), len(lines))


def _broken_off(session: SmtpdSession, kept: Content, lines: int) -> Decision[Answer]:
    """Content within which the client hangs up: all that the limit lets through, of so many lines, is kept and counted.

    Args:
        kept: those lines.
        lines: how many came.
    """
    if len(kept.lines) < lines:
        yield _too_big(session)
    session.content = ("DATA", kept.size + len(kept.lines))
    if kept.lines:
        session.partial = as_received(kept)
    return Reply(0, ("",)), True


def _too_big(session: SmtpdSession) -> Note:
    text = f"{session.state.queue_id or 'NOQUEUE'}: queue file size limit exceeded"
    return session.smtpd.note("warning", "", text)


def _within(content: Content, limit: int) -> Content:
    """The lines that cleanup(8) gets of content: those before the first that goes beyond a limit.

    Args:
        content: the content.
        limit: octets as they travel, line ends counted; 0 or less for none.
    """
    if limit <= 0:
        return content
    lines: list[str] = []
    for line in content.lines:
        limit -= octets(line) + len("\r\n")
        if limit < 0:
            break
        lines.append(line)
    return Content(lines)


def _timed(session: SmtpdSession, sent: Data, size: int) -> Decision[Answer]:
    """Content that is complete, if it has come in time."""
    now: float = yield Now()
    asked, parameters = session.asked, session.parameters
    if now <= parameters.deadline(asked, size):
        session.asked = inf
        return (yield from finish(session, as_received(sent.content), size))
    here = int(size * parameters.patience / (now - asked - size / parameters.data_rate))
    session.content = ("DATA", here)
    yield from session.lost("timeout")
    return HANG_UP, False


def as_received(content: Content) -> Content:
    """Content whose first lines cannot be mistaken for an mbox separator or a continuation."""
    lines = content.lines
    if not lines or lines[0][:1] not in _DOUBTFUL or not (lines[0][:1] in (" ", "\t") or _FROM.match(lines[0])):
        return content
    start = 0
    while start < len(lines) and _FROM.match(lines[start]):
        start += 1
    head = tuple(f"X-Mailbox-Line: {line}" for line in lines[:start])
    rest = lines[start:]
    return Content((*head, *(("",) if rest and rest[0][:1] in (" ", "\t") else ()), *rest))


def received(session: SmtpdSession) -> tuple[str, ...]:
    """The lines that go before the content: PREPEND's, and the Received: header."""
    state = session.state
    client = state.client
    protocol, login = "UTF8SMTP" if state.smtputf8 else state.protocol, ""
    if state.sasl_username:
        protocol += "A" if state.protocol == "ESMTP" else ""
        if session.parameters.shows_login:
            login = f"\t(Authenticated sender: {comment(state.sasl_username)})"
    by = f"\tby {session.parameters.receiver} with {protocol}"
    if state.queue_id:
        by += f" id {state.queue_id}"
    date = session.smtpd.system.machine.calendar.header(session.arrival)
    if state.accepted == 1 and state.recipient:
        tail = f"\tfor <{quote_local(state.recipient)}>; {date}"
    else:
        by, tail = f"{by};", f"\t{date}"
    return (
        *state.actions.prepend,
        f"Received: from {state.helo or client.name} ({client.name} [{client.literal}])",
        *((login,) if login else ()),
        by,
        tail,
    )


def finish(session: SmtpdSession, content: Content, size: int) -> Decision[Answer]:
    """The content is complete: hand it over, and tell the client.

    Args:
        session: the session.
        content: its lines.
        size: octets as they travelled.
    """
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    chunked = state.bdat is not Bdat.NONE
    if 0 < parameters.size_limit < size:
        yield _too_big(session)
        outcome = CleanupOutcome(CleanupStatus.SIZE)
        session.partial = _within(content, parameters.size_limit)
    else:
        state.stage = "END-OF-MESSAGE"
        state.size = state.carried + size
        discards = state.actions.discard
        if smtpd.lists["smtpd_end_of_data_restrictions"]:
            verdict = yield from smtpd.checker.end_of_data(state)
            if verdict in ENDED:
                refusal = yield from refused(session, verdict)
                session.partial = content
                yield from drop(session)
                state.recipients, state.carried = [], state.size
                return refusal
        transaction = _handed_over(session)
        if state.actions.discard and not discards:  # only now, when cleanup(8) has read it
            outcome = yield from transaction.read_in_vain(content, received(session))
        else:
            outcome = yield from transaction.finish(content, received(session))
        session.transaction = None
    queue_id = state.queue_id
    answer: Answer | Decision[Answer]
    if outcome.status is CleanupStatus.OK:
        state.errors = state.junk = 0
        state.transcript.errors.clear()
        text = f"2.0.0 Ok: {size} bytes queued as {queue_id}" if chunked else f"2.0.0 Ok: queued as {queue_id}"
        answer = session.answer(Reply(250, (text,)))
    else:
        answer = _complaint(session, outcome)
    reply, good = answer if isinstance(answer, tuple) else (yield from answer)
    yield from session.forget()
    return reply, good


def drop(session: SmtpdSession) -> Decision[None]:
    """Let go of the queue file, whatever is in it."""
    if session.transaction is not None:
        partial, session.partial = session.partial, None
        if partial is None and session.chunks:
            partial = joined(session.chunks, complete=False)
        for recipient in session.state.recipients:
            session.transaction.recipient(recipient)
        if partial is None or session.state.actions.discard:
            yield from session.transaction.abandon()
        else:
            yield from session.transaction.hang_up(partial, received(session))
        session.transaction = None
    session.chunks = ()
    session.content = None


def joined(chunks: tuple[str, ...], complete: bool = True) -> Content:
    """The lines in some chunks; `complete`: whether what stands behind the last line end is a line, too."""
    *lines, rest = "".join(chunks).split("\n")
    lines = [line.rstrip("\r") for line in lines]
    if rest and complete:
        lines.append(rest)
    return Content(lines)


def _handed_over(session: SmtpdSession) -> Transaction:
    """The transaction, with all that its envelope has come to."""
    transaction, actions = session.transaction, session.state.actions
    assert transaction is not None
    for recipient in session.state.recipients:
        transaction.recipient(recipient)
    notify: frozenset[Notify] = frozenset()
    for address in actions.bcc:  # that nobody will hear of one is said behind it, and counts for the next
        transaction.recipient(Recipient(address, notify=notify), late=True)
        notify = frozenset({Notify.NEVER})
    if actions.filter:
        transaction.filter = actions.filter
    if actions.redirect:
        transaction.redirect = actions.redirect
    if actions.hold:
        transaction.flags |= CleanupFlag.HOLD
    if actions.discard:
        transaction.flags |= CleanupFlag.DISCARD
    return transaction


#: In which order what is wrong with a message is told.
_GRAVEST = (CleanupStatus.DEFER, CleanupStatus.BAD, CleanupStatus.SIZE, CleanupStatus.HOPS, CleanupStatus.CONTENT,
            CleanupStatus.WRITE, CleanupStatus.NO_RECIPIENTS)  # fmt: skip


#: Their classes in notify_classes.
_ERRORS = {
    CleanupStatus.DEFER: "policy",
    CleanupStatus.BAD: "software",
    CleanupStatus.SIZE: "bounce",
    CleanupStatus.HOPS: "bounce",
    CleanupStatus.CONTENT: "policy",
    CleanupStatus.WRITE: "resource",
}


def _complaint(session: SmtpdSession, outcome: CleanupOutcome) -> Decision[Answer]:
    """The answer to a message that was not taken here."""
    if outcome.reply is not None:
        return _passed_on(session, outcome.reply)
    return _objected(session, outcome)


def _passed_on(session: SmtpdSession, reply: Reply) -> Decision[Answer]:
    """The answer of a before-queue filter."""
    state = session.state
    good = reply.kind == 2
    if good:
        state.errors = state.junk = 0
        state.transcript.errors.clear()
    elif "software" not in state.transcript.errors:
        state.transcript.errors.add("policy")
    return (yield from session.say(reply.code, *reply.lines)), good


def _objected(session: SmtpdSession, outcome: CleanupOutcome) -> Decision[Answer]:
    """The answer to a message that cleanup(8) did not take."""
    detail = outcome.detail(*_GRAVEST)
    error = next((error for status, error in _ERRORS.items() if status & outcome.status), "")
    if error:
        session.state.transcript.errors.add(error)
    if outcome.reason and outcome.status & (CleanupStatus.DEFER | CleanupStatus.CONTENT):
        return (yield from session.say(detail.code, session.smtpd.printable(outcome.reason))), False
    return (yield from session.say(detail.code, f"{detail.dsn} Error: {detail.text}")), False
