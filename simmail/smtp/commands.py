"""What a client says: commands as values.  A typed line and a simulated client give the same ones."""

from __future__ import annotations

from typing import NamedTuple

from simmail.mail.content import Content


class Command(NamedTuple):
    """A command line (RFC 5321 section 4.1.1).

    Args:
        verb: the first word as it was written.
        argument: all behind the first blank, as it was written; None where there was no blank.
    """

    verb: str
    argument: str | None = None

    def line(self) -> str:
        """The line as it travels, without CR LF."""
        return self.verb if self.argument is None else f"{self.verb} {self.argument}"

    @classmethod
    def parse(cls, line: str) -> Command:
        """The command that a line (without CR LF) is: as servers see it, for whom it ends at a NUL."""
        verb, blank, argument = line.partition("\0")[0].partition(" ")
        return cls(verb, argument if blank else None)


class Data(NamedTuple):
    """What follows a 354 reply: the content, dots already unstuffed, up to the lone dot.

    Args:
        content: its lines.
        complete: False where the client hung up before the lone dot.
    """

    content: Content
    complete: bool = True


class Chunk(NamedTuple):
    """A BDAT command with its octets (RFC 3030).

    Args:
        argument: what stands behind BDAT, `86 LAST`.
        text: the octets, line ends as they came.
    """

    argument: str
    text: str


#: Whatever a client can send.
Sent = Command | Data | Chunk
