"""The errors a user can cause, each of which says where, what was found, and what would do."""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class Location(NamedTuple):
    """A place in a file: its name as the user knows it, and the line (from 1; 0 where no line is meant)."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class SimmailError(Exception):
    """Root of all errors that are shown to a user as a message, never as a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it, in notebooks too: the message."""
        return [f"simmail: {self}"]


class InputError(SimmailError, ValueError):
    """A file or an argument that cannot be used.

    Args:
        where: the file and line, or the argument's name.
        found: what stands there.
        wanted: what would do instead (a sentence without its full stop); may be empty.
    """

    def __init__(self, where: Location | str, found: str, wanted: str = "") -> None:
        self.where, self.found, self.wanted = where, found, wanted
        super().__init__(f"{where}: {found}" + (f"; {wanted}" if wanted else ""))


class NobodyError(InputError):
    """A host or a person that is asked for by name, and is not there."""


class Fatal(SimmailError):
    """A program of a simulated host gives up, as msg_fatal() does: `text` is what follows `fatal: `.

    In a daemon, master(8) logs it and throttles the service; a command prints it and exits with `status`.  Where
    another program dies, and the one that needs it hears nothing, `program` is the other's name.

    Attributes:
        event: how the log calls it.
        end: how master(8) calls the end of its process.
    """

    event: ClassVar[str] = "fatal"
    end: ClassVar[str] = "exit status 1"

    def __init__(self, text: str, status: int = 1, program: str = "") -> None:
        self.text, self.status, self.program = text, status, program
        super().__init__(text)


class Panic(Fatal):
    """A program has found itself out of order, as msg_panic() says, and aborts."""

    event = "panic"
    end = "killed by signal 6"


class LateFatal(Fatal):
    """The same, of a daemon that has taken its first client already, who finds the connection closed."""
