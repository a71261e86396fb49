"""A script that is talked to: it reads a line, answers, reads the next, as one behind spawn(8) does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simmail.files.invocation import Command, Invocation
from simmail.mail.questions import Decision
from simmail.userland.job import Exhausted, Job
from simmail.userland.process import KILLED, LaunchError, Process, load, perform, which
from simmail.userland.streams import BrokenPipe, NeedInput, Printed, Stream

#: How many commands it may run, and how much text it may make (octets), for one text that it is sent.
STEPS, OCTETS = 50_000, 16 * 1024 * 1024


class Conversation:
    """A program that runs as long as its connection is open.

    It is started by the first `say`, runs until it needs more input than it was given, and goes on from there at
    the next one.  Nothing of it is lost between: variables, open files, the loop it is in.

    Args:
        argv: the program and its arguments, as execvp(3) takes them: `("/bin/sh", "/etc/postfix/policy.sh")`.
        invocation: where it runs; its argv and stdin do not count.
        commands: the host's programs by name.

    Attributes:
        status: the exit status; None as long as it runs.
        unlaunched: why it could not be started, in the system's words; "" where it could.
    """

    def __init__(self, argv: tuple[str, ...], invocation: Invocation, commands: Mapping[str, Command]) -> None:
        self._input = Stream(ended=False, interactive=True)
        self.job = Job(STEPS, OCTETS)
        self._printed: list[str] = []
        self.process = Process(
            argv,
            invocation,
            source=self._input,
            commands=commands,
            job=self.job,
            out=self._printed,
            err=self._printed,  # as spawn(8) has it
        )
        self.status: int | None = None
        self.unlaunched = ""
        self._running: Decision[int] | None = None

    def say(self, text: str, now: float | None = None) -> Decision[str]:
        """Send it a text, and let it run until it wants more.

        Args:
            text: what it reads next.
            now: the time, seconds since the world's start; None: as before.

        Returns:
            What it printed since the last time.
        """
        if now is not None:
            self.process.now = max(now, self.process.now)
        self._input.write(text)
        yield from self._go_on()
        return self._take()

    @property
    def has_read(self) -> bool:
        """Whether it has read all that it was sent."""
        return len(self._input) == 0

    def hang_up(self, now: float | None = None) -> Decision[str]:
        """Close the connection: it reads the end of its input and comes to its own.  What it still printed.

        Args: `now`: as for `say`.
        """
        if now is not None:
            self.process.now = max(now, self.process.now)
        self._input.end()
        yield from self._go_on()
        return self._take()

    def _take(self) -> str:
        text = "".join(self._printed)
        self._printed.clear()
        return text

    def _go_on(self) -> Decision[None]:
        """Run until it waits for input that is not there, or ends."""
        if self.status is not None:
            return
        self.job.steps, self.job.octets = STEPS, OCTETS
        try:
            if self._running is None:
                program = load(self.process, which(self.process, self.process.argv[0]), self.process.argv[0])
                self.process.argv = (*program.before, *self.process.argv[1:])
                self._running = perform(program.command, self.process)
            answer: Any = None
            while True:
                question = self._running.send(answer)
                if isinstance(question, NeedInput) and not question.answered:
                    break
                answer = None if isinstance(question, NeedInput | Printed) else (yield question)
        except StopIteration as stop:
            self.status = int(stop.value) & 0xFF
        except LaunchError as error:
            self.unlaunched, self.status = error.reason, error.status
        except BrokenPipe:
            self.status = 141
        except Exhausted as error:
            self._printed.append(f"{self.process.argv[0]}: {error.text}\n")
            self.status = KILLED
        finally:
            self.job.settle()
