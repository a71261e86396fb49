"""NAME
    smtpd.footer - what is hung on refusals

DESCRIPTION
    A footer is more lines below a refusal, with its enhanced status code, or text behind its last line where the footer
    begins with `\\c`.

PARAMETERS
    smtpd_reject_footer, smtpd_reject_footer_maps, postscreen_reject_footer (read by postscreen)

SEE ALSO
    postconf(5): smtpd_reject_footer
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.questions import Decision
from simmail.postfix.tables import LookupFailure

if TYPE_CHECKING:
    from simmail.postfix.smtpd.session import SmtpdSession


def with_footer(session: SmtpdSession, code: int, lines: tuple[str, ...]) -> Decision[tuple[str, ...]]:
    """A session's refusal with the footer that main.cf gives it."""
    smtpd, parameters = session.smtpd, session.parameters
    footer: str | None = None
    if parameters.footer_maps:
        try:
            footer = parameters.footer_maps.find(f"{code} {lines[0]}")
        except LookupFailure:
            footer = None
        yield from smtpd.heard()
    footer = footer or parameters.reject_footer
    if not footer:
        return lines
    expansions = smtpd.expansions
    time = yield from expansions.local_time(footer)
    done = expansions.expand(footer, dict(expansions.facts(session.state) + time))
    yield from smtpd.heard()
    return lines if done.failed else hang(lines, done.text)


def hang(lines: tuple[str, ...], footer: str) -> tuple[str, ...]:
    """A refusal's lines with a footer, whose names are expanded.

    >>> hang(("5.7.1 No",), "Call us\\\\nor write")
    ('5.7.1 No', '5.7.1 Call us', '5.7.1 or write')
    """
    if footer.startswith("\\c"):
        joined, *more = footer[2:].split("\\n")
        lines = (*lines[:-1], lines[-1] + joined)
    else:
        more = footer.split("\\n")
    status = lines[0].split(" ", 1)[0]
    prefix = f"{status} " if status[:2] in ("4.", "5.") else ""
    return (*lines, *(prefix + part for part in more))


def softened(code: int, lines: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """A reply as soft_bounce has it: a refusal for good becomes one for now.

    >>> softened(550, ("5.7.1 No",))
    (450, ('4.7.1 No',))
    """
    if code < 500:
        return code, lines
    return code - 100, tuple("4" + line[1:] if line[:2] == "5." else line for line in lines)
