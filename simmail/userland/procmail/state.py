"""What a running procmail knows: its variables, its message, and where it is in its recipe files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simmail.mail.questions import Decision
from simmail.userland.process import Process
from simmail.userland.procmail.log import Log
from simmail.userland.procmail.mail import Mail
from simmail.userland.procmail.rcfile import Statement

if TYPE_CHECKING:
    from simmail.userland.procmail.programs import Ran

VERSION = "3.23pre"
LINE_BUFFER, LEAST_LINE_BUFFER, MOST_LINE_BUFFER = 2048, 128, 1_000_000
UMASK = 0o077
_FALSE = "0ofnd"


@dataclass(slots=True)
class Frame:
    """A recipe file or nesting block, and how far it was worked through.

    Attributes:
        statements: all of them.
        rcfile: the name of the file they stand in.
        index: the next one.
        is_block: whether it is a nesting block.
        matched: whether the last recipe without the flags A and a matched (what those ask for).
        executed: whether a recipe of the present chain of `E` recipes matched.
    """

    statements: tuple[Statement, ...]
    rcfile: str
    index: int = 0
    is_block: bool = False
    matched: bool = False
    executed: bool = False

    def copy(self) -> Frame:
        """Another of the same, to go on from."""
        return Frame(self.statements, self.rcfile, self.index, self.is_block, self.matched, self.executed)


@dataclass(slots=True)
class State:
    """All that a clone gets a copy of.

    Attributes:
        mail: the message as it is now.
        environment: its variables, which are those of the programs it starts.
        arguments: `$1`, `$2`...
        frames: the recipe files and blocks it is in, the innermost last.
        score: of the last recipe (`$=`).
        status: of the last program (`$?`).
        succeeded: whether the last action did.
        folder, umask: its working directory, and which permissions new files do not get.
        size: octets last written to a folder.
    """

    mail: Mail
    environment: dict[str, str]
    arguments: list[str]
    frames: list[Frame] = field(default_factory=list)
    score: float = 0.0
    status: int = 0
    succeeded: bool = True
    folder: str = "/"
    umask: int = UMASK
    size: int = 0

    def clone(self) -> State:
        """A copy that goes its own way."""
        return State(
            self.mail, dict(self.environment), list(self.arguments), [frame.copy() for frame in self.frames],
            self.score, self.status, self.succeeded, self.folder, self.umask, self.size,
        )  # fmt: skip


class Session:
    """One run of procmail: its process, its log, its state.

    Args:
        process: the running program.
        state: what it begins with.
    """

    def __init__(self, process: Process, state: State) -> None:
        self.process, self.state, self.log = process, state, Log(process)
        self.pid = process.machine.files.inode() & 0x7FFF
        self.names = 0

    # ---- variables

    def lookup(self, name: str) -> str | None:
        """A variable, or an argument; None where it is not set."""
        if name.isdigit():
            arguments = ["procmail", *self.state.arguments]
            return arguments[int(name)] if int(name) < len(arguments) else None
        return self.state.environment.get(name)

    def variable(self, name: str) -> str:
        """The same, "" where it is not set."""
        return self.lookup(name) or ""

    def special(self, sign: str) -> str:
        """What stands for `$$`, `$?`, `$#`, `$-`, `$=`, `$_`."""
        state = self.state
        return {
            "$": str(self.pid),
            "?": str(state.status),
            "#": str(len(state.arguments)),
            "-": self.variable("LASTFOLDER"),
            "=": str(shown_score(state.score)),
            "_": state.frames[-1].rcfile if state.frames else "",
        }[sign]

    def is_true(self, name: str, default: bool = False) -> bool:
        """Whether a variable says yes."""
        return truth(self.variable(name), default)

    def number(self, name: str, default: int) -> int:
        """A variable that is a number; `default` where it is none."""
        text = self.variable(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default

    @property
    def line_limit(self) -> int:
        """LINEBUF: how long a line may become."""
        return min(max(self.number("LINEBUF", LINE_BUFFER), LEAST_LINE_BUFFER), MOST_LINE_BUFFER)

    def assign(self, name: str, text: str, quiet: bool = False) -> None:
        """Set a variable that means nothing special."""
        self.state.environment[name] = text
        if not quiet:
            self.log.tell(f'Assigning "{name}={text}"')

    def last_folder(self, name: str) -> None:
        """A delivery is tried: LASTFOLDER."""
        self.assign("LASTFOLDER", name)

    # ---- programs

    def captured(self, command: str) -> Decision[str]:
        """What a command in backquotes prints, without the newlines at its end; it can read the message."""
        from simmail.userland.procmail.programs import run

        ran: Ran = yield from run(self, command, self.state.mail.part(), captured=True)
        return ran.output.rstrip("\n")

    def turn_to(self, state: State) -> None:
        """Go on with another state: a clone's, or its parent's."""
        self.state = state
        self.process.folder, self.process.umask = state.folder, state.umask


def shown_score(score: float) -> int:
    """A score as a whole number; what is positive is never shown as none."""
    return 1 if 0 < score < 1 else int(score)


def truth(text: str, default: bool) -> bool:
    """What a boolean variable's text means: a non-zero number, on, y, t, e; zero, off, n, f, d."""
    letter = text[:1].lower()
    if letter.isdigit():
        return text.strip("0") != ""
    if letter in "yte" and letter:
        return True
    if letter == "o":
        return text[1:2].lower() == "n"
    return False if letter and letter in _FALSE else default
