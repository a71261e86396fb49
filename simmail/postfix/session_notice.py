"""NAME
    session_notice - tell the postmaster of an SMTP session with errors

DESCRIPTION
    The transcript of a session, as smtpd(8) and smtp(8) mail it where notify_classes names a class of its errors.

PARAMETERS
    error_notice_recipient, mail_name, myhostname

SEE ALSO
    postconf(5): notify_classes
"""

from __future__ import annotations

from collections.abc import Iterable

from simmail.mail.questions import Decision
from simmail.postfix.bounce_report import wrap
from simmail.postfix.post_mail import double_bounce_address, post_mail
from simmail.postfix.program import Program

WIDTH = 78


def post_notice(
    program: Program,
    title: str,
    said: Iterable[str],
    before: Iterable[str] = (),
    after: Iterable[str] = (),
    recipient: str = "",
) -> Decision[None]:
    """Mail a transcript.

    Args:
        program: who had the session.
        title: what the subject says behind mail_name.
        said: `In:  ...` and `Out: ...`, one for each line.
        before: lines before the transcript.
        after: lines behind it.
        recipient: who gets it, error_notice_recipient by default; the header names that one all the same.
    """
    config = program.config
    postmaster = str(config["error_notice_recipient"])
    lines = [
        f"From: Mail Delivery System <MAILER-DAEMON@{config['myhostname']}>",
        f"To: Postmaster <{postmaster}>",
        f"Subject: {config['mail_name']} {title}",
        "",
        *before,
        "Transcript of session follows.",
        "",
        *(f" {part}" for line in said for part in wrap(line, WIDTH)),
        "",
        *after,
        "For other details, see the local mail logfile",
    ]
    yield from post_mail(program, double_bounce_address(config), recipient or postmaster, lines, source="notify")
