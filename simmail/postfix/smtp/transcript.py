"""NAME
    transcript - what was said in a session of the client, for the postmaster

DESCRIPTION
    A server that answers with what makes no sense, or says that the client does not know the protocol, is an error of
    class `protocol`: where notify_classes names that, and the mail has a sender, the postmaster gets the transcript.

PARAMETERS
    notify_classes, error_notice_recipient, smtp_skip_quit_response

BUGS
    No other class of error is noticed.

SEE ALSO
    smtp_chat(3)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from simmail.mail.answers import Lost
from simmail.mail.questions import Decision
from simmail.postfix.session_notice import post_notice
from simmail.postfix.smtp.attempt import readable
from simmail.smtp.commands import Command, Data
from simmail.smtp.replies import Reply

if TYPE_CHECKING:
    from simmail.postfix.smtp.client import Smtp


def confused(code: int) -> bool:
    """Whether a refusal means that one side does not speak the protocol."""
    return not 400 <= code <= 599 or code == 555 or 500 <= code < 510


class Transcript:
    """One session's.

    Attributes:
        said: the lines, with who said them.
        wrong: whether there was an error.
    """

    __slots__ = ("said", "wrong")

    def __init__(self) -> None:
        self.said: list[str] = []
        self.wrong = False

    def sent(self, commands: Iterable[Command | Data]) -> None:
        """The client said something."""
        self.said += ("Out: " + (command.line() if type(command) is Command else ".") for command in commands)

    def heard(self, reply: Reply | Lost, utf8: bool) -> None:
        """The server answered, if it did; `utf8`: whether letters beyond ASCII are text."""
        if type(reply) is Reply:
            self.said += (f"In:  {readable(line, utf8)}" for line in reply.wire())

    def post(self, client: Smtp, relay: str) -> Decision[None]:
        """Mail it to the postmaster."""
        before = (f"Unexpected response from {relay}.", "")
        yield from post_notice(client, f"{client.prefix.upper()} client: errors from {relay}", self.said, before)
