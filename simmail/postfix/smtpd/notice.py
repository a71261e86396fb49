"""NAME
    smtpd.notice - letters to the postmaster

DESCRIPTION
    Where a session had errors of a class that notify_classes names, its transcript is mailed to the postmaster: at the
    end, or at HELO, EHLO, RSET and the end of a message once the transcript has grown long.

PARAMETERS
    notify_classes, error_notice_recipient, bounce_notice_recipient, smtpd_history_flush_threshold

SEE ALSO
    postconf(5): notify_classes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.questions import Decision
from simmail.postfix.session_notice import post_notice
from simmail.smtp.commands import Chunk, Command, Sent
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtpd.program import Smtpd


class Transcript:
    """What was said in a session, and the errors in it.

    Attributes:
        said: the client's command lines, and the replies; those of one line may be added without more ado.
        longer: how many lines that is more than things said.
        errors: classes of errors, as notify_classes names them.
    """

    __slots__ = ("errors", "longer", "said")

    def __init__(self) -> None:
        self.said: list[Sent | Reply] = []
        self.longer = 0
        self.errors: set[str] = set()

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return len(self.said) + self.longer

    def told(self, reply: Reply) -> Reply:
        """A reply was given."""
        self.said.append(reply)
        self.longer += len(reply.lines) - 1
        return reply

    def forget(self) -> None:
        """Begin a new transcript."""
        self.said = []
        self.longer = 0
        self.errors.clear()

    def text(self, smtpd: Smtpd) -> list[str]:
        """The lines of a letter."""
        out: list[str] = []
        for item in self.said:
            if type(item) is Reply:
                out += (f"Out: {line}" for line in item.wire())
            elif type(item) is Command:
                out.append(f"In:  {item.line()}")
            else:
                assert type(item) is Chunk
                out.append(f"In:  BDAT {item.argument}")
        return list(map(smtpd.masked, out))


def notify(smtpd: Smtpd, transcript: Transcript, client: str, reason: str) -> Decision[None]:
    """Write to the postmaster.

    Args:
        smtpd: the program.
        transcript: the session's.
        client: `name[address]`.
        reason: why the session ended, where that was not the client's QUIT.
    """
    after = (f"Session aborted, reason: {reason}", "") if reason else ("",)
    recipient = str(smtpd.config["bounce_notice_recipient"]) if "bounce" in transcript.errors else ""
    title = f"SMTP server: errors from {client}"
    yield from post_notice(smtpd, title, transcript.text(smtpd), after=after, recipient=recipient)
