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
    NOQUEUE: reject: COMMAND from HOST: 421 4.3.0 HOST Server local data error

BUGS
    The octets behind a BDAT that smtpd_command_filter makes another command, or that is refused for want of TLS, are
    lost; in life they are commands.  A line ends at a NUL; the log of the real one shows `\\000` and what follows.

SEE ALSO
    smtpd.session
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from simmail.mail.content import clipped, octets
from simmail.mail.questions import Decision
from simmail.postfix.headers import field_name
from simmail.postfix.smtpd import milter
from simmail.postfix.smtpd.answering import without_data
from simmail.postfix.smtpd.commands import COMMANDS, SmtpCommand
from simmail.postfix.smtpd.token import words
from simmail.postfix.tables import LookupFailure, Table
from simmail.smtp.commands import Chunk, Command
from simmail.smtp.replies import Reply
from simmail.smtp.wire import encoded, escaped

if TYPE_CHECKING:
    from simmail.postfix.match_lists import StringList
    from simmail.postfix.smtpd.session import SmtpdSession

#: How much of a line the log shows, octets.
SHOWN = 100


def unusual(session: SmtpdSession, command: Command | Chunk) -> Decision[tuple[SmtpCommand | None, str, Reply | None]]:
    """A line that needs a closer look: the command and its argument, or the reply to what is none."""
    smtpd, state, parameters = session.smtpd, session.state, session.parameters
    line = command.line() if type(command) is Command else f"BDAT {command.argument}"
    limit = parameters.line_limit
    if octets(line) >= limit:  # with its line end it is longer
        line = clipped(line, limit)
        yield smtpd.note(
            "warning", "", f"{state.namaddr}: request longer than {limit}: {smtpd.printable(line)[:30]}..."
        )
    if parameters.command_filter is not None:
        found = yield from _filtered(session, parameters.command_filter, line)
        if found is None:
            return None, "", (yield from without_data(session))
        line = found
    if parameters.smtputf8 and not line.isascii() and any("\udc80" <= c <= "\udcff" for c in line):
        reply = yield from session.mistaken(500, "5.5.2 Error: bad UTF-8 syntax")
        state.errors += 1
        return None, "", reply
    parts = words(line)
    if not parts:
        reply = yield from session.mistaken(500, "5.5.2 Error: bad syntax")
        state.errors += 1
        return None, "", reply
    verb = parts[0].text
    if parameters.noop_commands and (yield from _among(session, parameters.noop_commands, verb)):
        reply = yield from session.say(250, "2.0.0 Ok")
        session.count_junk()
        return None, "", reply
    known = COMMANDS.get(verb.upper())
    if known is None:
        return None, "", (yield from _unknown(session, verb, line))
    return known, line[line.find(verb) + len(verb) :].strip(), None


def _among(session: SmtpdSession, commands: StringList, verb: str) -> Decision[bool]:
    """Whether a list of commands has one; a list that cannot tell has not."""
    found = False
    with suppress(LookupFailure):
        found = commands.matches(verb)
    yield from session.smtpd.heard()
    return found


def _filtered(session: SmtpdSession, table: Table, line: str) -> Decision[str | None]:
    """A line after smtpd_command_filter; None where that cannot tell."""
    smtpd = session.smtpd
    key = line.lstrip(" \t")
    try:
        found = table.find(key)
    except LookupFailure:
        yield from smtpd.heard()
        yield smtpd.note("warning", "", f'{table.spec} lookup error for "{clipped(key, SHOWN)}"')
        return None
    yield from smtpd.heard()
    if found is None:
        return line
    before, after = clipped(line, SHOWN), clipped(found, SHOWN)
    yield smtpd.note("text", "", f'{session.state.namaddr}: replacing command "{before}" with "{after}"')
    return found


def _unknown(session: SmtpdSession, verb: str, line: str) -> Decision[Reply]:
    """A word that is no command."""
    smtpd, state = session.smtpd, session.state
    session.total.append("UNKNOWN")
    session.failed.append("UNKNOWN")
    state.stage = "UNKNOWN"
    if field_name(verb) is not None or (yield from _among(session, session.parameters.forbidden_commands, verb)):
        yield smtpd.note("warning", "", f"non-SMTP command from {state.namaddr}: {escaped(encoded(line))[:SHOWN]}")
        return (yield from session.say(221, "2.7.0 Error: I can break rules, too. Goodbye."))._replace(closes=True)
    if state.access_denied:
        return (yield from session.denied())
    reply = (yield from milter.refused(session, "UNKNOWN")) or (
        yield from session.mistaken(500, "5.5.2 Error: command not recognized")
    )
    state.errors += 1
    return reply


def in_clear(session: SmtpdSession) -> Decision[Reply]:
    """The refusal of a command that needs TLS first; to the log it was never given."""
    reply = yield from session.mistaken(530, "5.7.0 Must issue a STARTTLS command first", "policy")
    session.state.errors += 1
    return reply
