"""NAME
    smtpd.unusual - lines that need a closer look

DESCRIPTION
    A line that does not begin with a command, is long or not in ASCII, or is changed or let pass by the configuration.

PARAMETERS
    line_length_limit, smtpd_command_filter, smtpd_noop_commands, smtpd_forbidden_commands

DIAGNOSTICS
    non-SMTP command from HOST: TEXT
    HOST: replacing command "LINE" with "LINE"
    HOST: request longer than LIMIT: TEXT...

SEE ALSO
    smtpd.session
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.questions import Decision
from simmail.postfix.headers import field_name
from simmail.postfix.smtpd import milter
from simmail.postfix.smtpd.commands import SmtpCommand
from simmail.postfix.smtpd.token import words
from simmail.postfix.tables import LookupFailure
from simmail.smtp.commands import Command
from simmail.smtp.replies import Reply
from simmail.smtp.wire import encoded, escaped

if TYPE_CHECKING:
    from simmail.postfix.smtpd.session import SmtpdSession


def unusual(session: SmtpdSession, command: Command) -> Decision[tuple[SmtpCommand | None, str, Reply | None]]:
    """A line that needs a closer look: the command and its argument, or the reply to what is none."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    line = command.line()
    limit = parameters.line_limit
    if len(line.encode("utf-8", "surrogateescape")) > limit:
        line = line.encode("utf-8", "surrogateescape")[:limit].decode("utf-8", "surrogateescape")
        yield smtpd.note(
            "warning", "", f"{state.namaddr}: request longer than {limit}: {smtpd.printable(line)[:30]}..."
        )
    if parameters.smtputf8 and not line.isascii() and any("\udc80" <= c <= "\udcff" for c in line):
        reply = yield from session.mistaken(500, "5.5.2 Error: bad UTF-8 syntax")
        state.errors += 1
        return None, "", reply
    if parameters.command_filter:
        line = yield from _filtered(session, line)
    found = words(line)
    if not found:
        reply = yield from session.mistaken(500, "5.5.2 Error: bad syntax")
        state.errors += 1
        return None, "", reply
    verb = found[0].text
    if parameters.noop_commands and parameters.noop_commands.matches(verb):
        reply = yield from session.say(250, "2.0.0 Ok")
        session.count_junk()
        return None, "", reply
    known = parameters.commands.get(verb.upper())
    if known is None:
        return None, "", (yield from _unknown(session, verb, line))
    return known, line[line.find(verb) + len(verb) :].strip(), None


def _filtered(session: SmtpdSession, line: str) -> Decision[str]:
    """A line after smtpd_command_filter."""
    smtpd = session.smtpd
    try:
        found = session.parameters.command_filter.find(line.lstrip(" \t"))
    except LookupFailure:
        found = None
    yield from smtpd.heard()
    if found is None:
        return line
    yield smtpd.note("text", "", f'{session.state.namaddr}: replacing command "{line}" with "{found}"')
    return found


def _unknown(session: SmtpdSession, verb: str, line: str) -> Decision[Reply]:
    """A word that is no command."""
    smtpd, state = session.smtpd, session.state
    session.total.append("UNKNOWN")
    session.failed.append("UNKNOWN")
    state.stage = "UNKNOWN"
    if field_name(verb) is not None or session.parameters.forbidden_commands.matches(verb):
        yield smtpd.note("warning", "", f"non-SMTP command from {state.namaddr}: {escaped(encoded(line))[:100]}")
        return (yield from session.say(221, "2.7.0 Error: I can break rules, too. Goodbye."))._replace(closes=True)
    if state.access_denied:
        return (yield from session.denied())
    reply = (yield from milter.refused(session, "UNKNOWN")) or (
        yield from session.mistaken(500, "5.5.2 Error: command not recognized")
    )
    state.errors += 1
    return reply
