"""What programs read from and print to: texts, pipes, connections, files."""

from __future__ import annotations

from typing import Protocol

from simmail.mail.questions import Decision, Question
from simmail.userland.files import UserFiles
from simmail.userland.job import Job

PIPE_CAPACITY = 64 * 1024


class NeedInput(Question):
    """A program has read all there is and waits for more.  Answer: None, once there is more or it has ended.

    Asked of whoever feeds the stream (a pipeline, a `Conversation`); no other driver ever hears it.
    """

    __slots__ = ("seen", "stream")

    def __init__(self, stream: Stream, enough: bool = False) -> None:
        """`enough`: as much as a pipe holds will do."""
        self.stream, self.seen = stream, stream.written
        stream.awaited = not enough

    @property
    def answered(self) -> bool:
        """Whether there is more now, or nothing to come."""
        return self.stream.ended or self.stream.written != self.seen


class PipeFull(Question):
    """A program has filled a pipe and waits until somebody reads it.  Answer: None.  Asked of a pipeline."""

    __slots__ = ("stream",)

    def __init__(self, stream: Stream) -> None:
        self.stream = stream


class Printed(Question):
    """A program has printed much, and would print more.  Answer: None, once there is room.

    Asked of whoever started it (a shell, a program, a `Conversation`); no other driver ever hears it.
    """

    __slots__ = ()


class BrokenPipe(Exception):
    """Something was written to a pipe that nobody reads any more (SIGPIPE)."""


class Output(Protocol):
    """Where a program prints to."""

    def write(self, text: str) -> None:
        """Print."""


class Stream:
    """A text that is read from its beginning and may still grow at its end.

    Args:
        text: what is there already.
        ended: whether nothing will come any more.
        interactive: whether what comes next may depend on what was answered so far.

    Attributes:
        ended: as above.
        broken: nobody will read it any more.
        awaited: somebody waits for more than a pipe holds.
        written: how often something was written.
    """

    __slots__ = ("_added", "_more", "_position", "_text", "awaited", "broken", "ended", "interactive", "written")

    def __init__(self, text: str = "", ended: bool = True, interactive: bool = False) -> None:
        self._text, self._position, self._more = text, 0, list[str]()
        self._added = 0
        self.ended, self.broken, self.interactive = ended, False, interactive
        self.awaited, self.written = False, 0

    # ---- the writer's end

    def write(self, text: str) -> None:
        """Add to the end.  Raises BrokenPipe."""
        if self.broken:
            raise BrokenPipe
        self._more.append(text)
        self._added += len(text)
        self.written += 1

    def end(self) -> None:
        """Nothing will come any more."""
        self.ended = True

    @property
    def full(self) -> bool:
        """Whether a writer had better wait."""
        return not self.broken and not self.awaited and len(self) > PIPE_CAPACITY

    # ---- the reader's end

    def _join(self) -> None:
        if self._more:
            self._text = self._text[self._position :] + "".join(self._more)
            self._position = 0
            self._more.clear()
            self._added = 0

    def __len__(self) -> int:
        """How many characters can be read now."""
        return len(self._text) - self._position + self._added

    def take(self, count: int | None = None) -> str:
        """At most `count` characters of what can be read now; None: all."""
        self._join()
        end = len(self._text) if count is None else self._position + count
        taken = self._text[self._position : end]
        self._position += len(taken)
        return taken

    def take_line(self) -> str | None:
        """The next line with its newline, the rest at the end ("" when nothing is left), None where one must wait."""
        end = self._text.find("\n", self._position)
        if end < 0:
            self._join()
            end = self._text.find("\n", self._position)
        if end >= 0:
            line = self._text[self._position : end + 1]
        elif self.ended:
            line = self._text[self._position :]
        else:
            return None
        self._position += len(line)
        return line

    def read_line(self) -> Decision[str]:
        """The next line with its newline, if it has one; "" at the end."""
        while (line := self.take_line()) is None:
            yield NeedInput(self, enough=len(self) <= PIPE_CAPACITY)
        self.awaited = False
        return line

    def wait(self) -> Decision[None]:
        """Wait until all has come."""
        while not self.ended:
            yield NeedInput(self)

    def read_all(self) -> Decision[str]:
        """All there is until the end."""
        yield from self.wait()
        return self.take()


class Collected:
    """Prints into a list of texts.

    Args:
        parts: the list.
        job: who counts what is printed.
    """

    __slots__ = ("job", "parts")

    def __init__(self, parts: list[str], job: Job) -> None:
        self.parts, self.job = parts, job

    def write(self, text: str) -> None:
        """Print."""
        self.job.spend(len(text))
        self.parts.append(text)

    def text(self) -> str:
        """All that was printed."""
        return "".join(self.parts)


class Nowhere:
    """/dev/null."""

    __slots__ = ()

    def write(self, text: str) -> None:
        """Forget it."""


class FileOutput:
    """Prints to a file's end.

    Args:
        files: the host's files as the user sees them.
        path: the file, which is there.
        job: who counts what is printed, and remembers that this must be put on the disk.
    """

    __slots__ = ("_unwritten", "files", "job", "path")

    def __init__(self, files: UserFiles, path: str, job: Job) -> None:
        self.files, self.path, self.job = files, path, job
        self._unwritten: list[str] = []

    def write(self, text: str) -> None:
        """Print; the file has it when the job settles."""
        self.job.spend(len(text))
        self._unwritten.append(text)
        self.job.unwritten[id(self)] = self

    def flush(self) -> None:
        """Put on the disk what was written; a file that was removed meanwhile does not come back."""
        if self._unwritten:
            text = "".join(self._unwritten)
            self._unwritten.clear()
            if self.files.is_file(self.path):
                self.files.append(self.path, self.files.fitting(self.path, text))
