"""NAME
    smtpd.pipelining - what a client has sent before it might

PARAMETERS
    smtpd_forbid_unauth_pipelining

DIAGNOSTICS
    improper command pipelining after COMMAND from HOST: TEXT

SEE ALSO
    smtpd(8), RFC 2920
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.questions import Decision, Note
from simmail.postfix.smtpd.answering import Answer
from simmail.smtp.commands import Sent
from simmail.smtp.replies import Reply
from simmail.smtp.wire import encoded, escaped, wire

if TYPE_CHECKING:
    from simmail.postfix.smtpd.commands import SmtpCommand
    from simmail.postfix.smtpd.session import SmtpdSession

#: How much of what a client sent too early the log shows, octets.
PIPELINED_SHOWN = 100


def too_early(
    session: SmtpdSession, command: SmtpCommand, argument: str, more: tuple[Sent, ...], sent: Sent | None
) -> Decision[Answer]:
    """The answer to a command behind which the client has sent more than it may."""
    yield improper(session, command.name, more)
    if session.parameters.forbids_pipelining:
        return (yield from unsynchronized(session)), False
    answer = command.run(session, argument, sent)
    return answer if isinstance(answer, tuple) else (yield from answer)


def improper(session: SmtpdSession, after: str, more: tuple[Sent, ...]) -> Note:
    """Remember, and let the log tell, that the client has sent ahead where it may not."""
    state = session.state
    state.pipelined = True
    early = escaped(encoded(wire(more))[:PIPELINED_SHOWN])
    return session.smtpd.note("text", "", f"improper command pipelining after {after} from {state.namaddr}: {early}")


def unsynchronized(session: SmtpdSession) -> Decision[Reply]:
    """The last word to a client that has sent ahead where that is forbidden."""
    return (yield from session.say(554, "5.5.0 Error: SMTP protocol synchronization"))._replace(closes=True)
