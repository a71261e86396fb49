"""What a server of mailboxes says: replies whose lines travel as they are."""

from __future__ import annotations

from simmail.smtp.replies import Reply

GOOD, BAD = 200, 500


class Answer(Reply):
    """A reply of POP3 or IMAP; `code` is 200 where what was asked was done, 500 where not."""

    __slots__ = ()

    def wire(self) -> list[str]:
        """The lines as they travel, without CR LF."""
        return list(self.lines)

    @property
    def good(self) -> bool:
        """Whether it was done."""
        return self.code == GOOD


def good(*lines: str, closes: bool = False) -> Answer:
    """It was done."""
    return Answer(GOOD, lines, closes)


def bad(*lines: str) -> Answer:
    """It was not done."""
    return Answer(BAD, lines)
