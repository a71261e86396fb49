"""What a client has written, all at once: commands, and the content and chunks that belong to them."""

from __future__ import annotations

from simmail.mail.content import Content, octets
from simmail.smtp.commands import Chunk, Command, Data


class Written:
    """What a client has written, taken piece by piece.

    Args:
        text: all of it; lines end with LF, or CR LF.
    """

    def __init__(self, text: str) -> None:
        self._text, self._place = text, 0

    @property
    def left(self) -> bool:
        """Whether there is one more line; one without an end is never taken for one."""
        return self._text.find("\n", self._place) >= 0

    def command(self) -> Command | Chunk:
        """The next command; one that announces a chunk comes with it."""
        line = self._line()
        if line[:5].upper() != "BDAT ":
            return Command.parse(line)
        return self._chunk(line[5:].strip())

    def _line(self) -> str:
        start, end = self._place, self._text.index("\n", self._place)
        self._place = end + 1
        return self._text[start:end].removesuffix("\r")

    def content(self) -> Data:
        """All up to a lone dot."""
        lines: list[str] = []
        while self.left:
            line = self._line()
            if line == ".":
                return Data(Content(lines))
            lines.append(line.removeprefix("."))
        return Data(Content(lines), complete=False)

    def _chunk(self, argument: str) -> Chunk:
        """So many octets as a BDAT command says; fewer where there are not so many."""
        count, start = argument.split(" ", maxsplit=1)[0], self._place
        wanted = int(count) if count.isascii() and count.isdigit() else 0
        while wanted > 0 and self._place < len(self._text):
            wanted -= octets(self._text[self._place])
            self._place += 1
        return Chunk(argument, self._text[start : self._place])
