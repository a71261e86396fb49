"""One run of a command on a simulated host: what it is given, and where it prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Self

from simmail.files.machine import Machine
from simmail.mail.questions import Decision

#: Octets of the buffer in which a program of Postfix collects its standard output.
BUFFER = 4096
#: Which permissions new files do not get: those of a user's programs, and of all that a daemon of Postfix starts.
UMASK, DAEMON_UMASK = 0o022, 0o077


@dataclass(slots=True)
class Invocation:
    """What a command sees when it runs.

    Args:
        argv: its words, the command's own name first.
        machine: the computer it runs on.
        stdin: all the text it can read.
        user: the account it runs as.
        folder: its working directory.
        environment: name -> value.
        now: seconds since the world's start.
        system: the host's running mail system (`simmail.postfix.system.MailSystem`), or None.
        file_limit: octets that no file it writes may exceed (setrlimit(2), RLIMIT_FSIZE); 0 for no limit.
        umask: which permissions new files do not get.
        control: what starts and stops it (`simmail.postfix.control.Control`), or None on a host without Postfix.
        terminal: whether somebody sits at a terminal and reads what it prints to standard error.

    `out` and `err` collect what it prints, in order.
    """

    argv: tuple[str, ...]
    machine: Machine
    stdin: str = ""
    user: str = "root"
    folder: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    now: float = 0.0
    system: Any = None
    control: Any = None
    file_limit: int = 0
    umask: int = UMASK
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    terminal: bool = False

    def called(self, *argv: str) -> Self:
        """The same run under other words: for a program that does its work as another one."""
        other = copy(self)
        other.argv = argv
        return other

    def lose_output(self, start: int = 0) -> None:
        """Drop what a dying command has printed and not written yet: only full buffers have been.

        Args:
            start: how many texts of `out` were there when it began.
        """
        octets = "".join(self.out[start:]).encode("utf-8", "surrogateescape")
        written = octets[: len(octets) // BUFFER * BUFFER].decode("utf-8", "surrogateescape")
        self.out[start:] = [written] if written else []

    def print(self, text: str) -> None:
        """Print a line."""
        self.out.append(text + "\n")

    def complain(self, text: str) -> None:
        """Print a line to standard error."""
        self.err.append(text + "\n")


#: A command: a decision (it may ask questions) whose verdict is the exit status.  `Fatal` ends it with its status.
Command = Callable[[Invocation], Decision[int]]
