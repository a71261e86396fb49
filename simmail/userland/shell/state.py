"""What a shell knows: variables, functions, options, open descriptors."""

from __future__ import annotations

import zlib
from typing import Self

from simmail.mail.questions import Decision
from simmail.userland.process import DEFAULT_PATH, Process
from simmail.userland.shell.control import ShellError
from simmail.userland.shell.nodes import Node
from simmail.userland.shell.patterns import Glob
from simmail.userland.streams import Collected, Output, PipeFull, Stream

DEFAULT_IFS = " \t\n"
Descriptor = Stream | Output
MOST_GLOBS = 200
#: What making a subshell counts, in steps.
FORK_STEPS = 10


class ShellState:
    """What one shell, or subshell, knows.

    Args:
        process: the program it runs as.
        name: `$0`.
        parameters: `$1`, `$2`, ...

    Attributes:
        variables: name -> value; exported, readonly: the names of those.
        functions: name -> body.
        options: letters that `set` switched on.
        status: `$?`.
        descriptors: number -> where it reads from or prints to.
        scopes: for each function being run, the variables that are local to it with what they were before.
        line: the number of the line being run.
        loops: how many loops are around the present command.
        signals: those that were sent to it and have not come yet; its subshells know them too.
        forked: whether it is a subshell.
        terminals: what prints to a terminal.
        tested: how many commands are around it whose status somebody looks at, so that `set -e` does not.
    """

    def __init__(self, process: Process, name: str, parameters: list[str]) -> None:
        self.process, self.name, self.parameters = process, name, parameters
        self.variables: dict[str, str] = dict(process.environment)
        self.exported: set[str] = {*self.variables, "PWD"}
        self.readonly: set[str] = set()
        self.variables.update({"IFS": DEFAULT_IFS, "OPTIND": "1", "PWD": process.folder})
        self.variables.setdefault("PATH", DEFAULT_PATH)
        self.functions: dict[str, Node] = {}
        self.options: set[str] = set()
        self.scopes: list[dict[str, str | None]] = []
        self.traps: dict[str, str] = {}
        self.signals: list[str] = []
        self.forked = False
        self.status = self.line = self.loops = self.tested = self.calls = self.last_background = 0
        self.substituted: int | None = None
        self.option_offset = 0
        self._globs: dict[str, Glob] = {}
        job = process.job
        output = Collected(process.out, job)
        errors = output if process.err is process.out else Collected(process.err, job)
        self.descriptors: dict[int, Descriptor] = {0: process.source, 1: output, 2: errors}
        self.terminals = (output, errors) if process.terminal else ()
        self.pid = 300 + zlib.crc32(f"{process.now} {process.user} {process.argv}".encode("utf-8", "replace")) % 32000

    def fork(self) -> Self:
        """A subshell: all is as here, and nothing that it changes comes back."""
        self.process.job.step(FORK_STEPS)
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.process = self.process.child(self.process.argv)
        other.variables, other.functions = dict(self.variables), dict(self.functions)
        other.exported, other.readonly, other.options = set(self.exported), set(self.readonly), set(self.options)
        other.parameters, other.descriptors = list(self.parameters), dict(self.descriptors)
        other.scopes = [dict(scope) for scope in self.scopes]
        other.traps = {}
        other.forked = True
        return other

    def glob(self, pattern: str) -> Glob:
        """A pattern, read once."""
        found = self._globs.get(pattern)
        if found is None:
            if len(self._globs) >= MOST_GLOBS:
                self._globs.clear()
            found = self._globs[pattern] = Glob(pattern)
        return found

    # ---- variables

    @property
    def separators(self) -> str:
        """What words are split at."""
        return self.variables.get("IFS", DEFAULT_IFS)

    def get(self, name: str) -> str | None:
        """A variable's value, None where it is not set."""
        return str(self.line) if name == "LINENO" else self.variables.get(name)

    def put(self, name: str, value: str) -> None:
        """Set a variable.  Raises ShellError where it is read-only."""
        if name in self.readonly:
            raise ShellError(f"{name}: is read only")
        self.variables[name] = value
        if "a" in self.options:
            self.exported.add(name)

    def drop(self, name: str) -> None:
        """Unset a variable.  Raises ShellError where it is read-only."""
        if name in self.readonly:
            raise ShellError(f"unset: {name}: is read only")
        self.variables.pop(name, None)
        self.exported.discard(name)

    def environment(self) -> dict[str, str]:
        """What programs inherit."""
        return {name: self.variables[name] for name in self.exported if name in self.variables}

    # ---- printing

    def write(self, number: int, text: str) -> bool:
        """Print to a descriptor; False where it is not open for that."""
        target = self.descriptors.get(number)
        if target is None:
            return False
        target.write(text)
        return True

    def say(self, text: str) -> None:
        """Print an error message as dash does."""
        self.write(2, f"{self.name}: {self.line}: {text}\n")

    def drain(self) -> Decision[None]:
        """Wait while the pipe that is printed to is full."""
        target = self.descriptors.get(1)
        while isinstance(target, Stream) and target.full:
            yield PipeFull(target)
