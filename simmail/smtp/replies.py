"""What a server says: replies as values (RFC 5321 section 4.2)."""

from __future__ import annotations

from typing import NamedTuple


class Reply(NamedTuple):
    """A reply.

    Args:
        code: the three digits; 0 or less for one that is never said.
        lines: the text of each line behind the code, the enhanced status code included; at least one.
        closes: whether the server ends the connection after it.
        teaser: lines before it that begin another reply, as they travel: `220-mail.example ESMTP`, then `521 5.5.1 no`.
    """

    code: int
    lines: tuple[str, ...]
    closes: bool = False
    teaser: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it in one line, as Postfix quotes a remote reply: `550-5.1.1 no 550 5.1.1 such user`."""
        lines = self.lines
        if len(lines) == 1 and not self.teaser:
            return f"{self.code} {lines[0]}" if lines[0] else str(self.code)
        text = " ".join(self.wire())
        return text if lines[-1] else text[:-1]

    @property
    def kind(self) -> int:
        """The first digit: decide on this alone."""
        return self.code // 100

    def wire(self) -> list[str]:
        """The lines as they travel, without CR LF."""
        *most, last = self.lines
        return [*self.teaser, *(f"{self.code}-{line}" for line in most), f"{self.code} {last}"]

    @classmethod
    def parse(cls, text: str) -> Reply | None:
        """The reply that `text` (`550 5.1.1 no`, or several lines) is; None where its last line does not end one."""
        lines = text.split("\n")
        code, rest = lines[-1][:3], lines[-1][3:]
        if not (code.isascii() and code.isdigit() and len(code) == 3 and rest[:1] in ("", " ")):
            return None
        if any(line[:4] != code + "-" for line in lines[:-1]):
            return cls(int(code), (lines[-1][4:],), teaser=tuple(lines[:-1]))
        return cls(int(lines[-1][:3]), tuple(line[4:] for line in lines))


#: A reply that says nothing and ends the connection.
HANG_UP = Reply(0, ("",), True)
#: The same of a process that dies; what it has not sent yet of earlier replies is lost.
DIED = HANG_UP._replace(code=-1)
