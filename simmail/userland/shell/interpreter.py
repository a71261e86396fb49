"""Runs a script's commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from simmail.mail.questions import Decision
from simmail.userland.process import LaunchError, Process, Program, Tool, load, perform, which
from simmail.userland.shell.builtins import ASSIGNERS, BUILTINS, SPECIAL
from simmail.userland.shell.control import ExitShell, LeaveLoop, ReturnFrom, ShellError
from simmail.userland.shell.expansion import Expansion
from simmail.userland.shell.nodes import (
    AndOr,
    Background,
    Case,
    For,
    Function,
    If,
    Loop,
    Node,
    Not,
    Pipeline,
    Redirected,
    Redirection,
    Script,
    Sequence,
    Simple,
    Subshell,
)
from simmail.userland.shell.parser import assignment
from simmail.userland.shell.pipeline import run_pipeline
from simmail.userland.shell.redirection import redirected
from simmail.userland.shell.signals import MEANINGS, deliver
from simmail.userland.shell.state import Descriptor, ShellState
from simmail.userland.streams import BrokenPipe, Collected, Nowhere, Printed, Stream

DEEPEST_CALL = 50


class Shell(ShellState):
    """One shell, or subshell, at work.

    Args:
        process: the program it runs as.
        name: `$0`.
        parameters: `$1`, `$2`, ...
    """

    def __init__(self, process: Process, name: str, parameters: list[str]) -> None:
        super().__init__(process, name, parameters)
        self.expansion = Expansion(self)

    def fork(self) -> Self:
        """A subshell: all is as here, and nothing that it changes comes back."""
        other = super().fork()
        other.expansion = Expansion(other)
        return other

    # ---- running

    def run(self, node: Node) -> Decision[int]:
        """Run a command; its status."""
        status: int = yield from HANDLERS[type(node)](self, node)
        self.status = status
        if self.signals and not self.forked:
            yield from deliver(self)
        return status

    def script(self, script: Script) -> Decision[int]:
        """Run a script as far as it can be read; the status of its last command.  Raises what ends shells."""
        status = 0
        for command in script.commands:
            status = yield from self.run(command)
        if script.error is not None:
            self.line = script.error.line
            raise ShellError(f"Syntax error: {script.error.text}")
        return status

    def to_the_end(self, running: Decision[int]) -> Decision[int]:
        """Run what makes up a whole (sub)shell: `exit`, errors and stray jumps end it."""
        try:
            status = yield from running
        except ShellError as error:
            self.say(error.text)
            status = error.status
        except (ExitShell, ReturnFrom) as end:
            status = end.status
        except LeaveLoop:
            status = 0
        trap = self.traps.pop("EXIT", None)
        if trap is not None:
            self.status = status
            ended = yield from self.to_the_end(BUILTINS["eval"](self, ["eval", trap]))
            status = ended if self.status != status and ended else status
        return status

    def subshell(self, node: Node) -> Decision[int]:
        """Run a command as this subshell's only one."""
        self.loops = 0
        return (yield from self.to_the_end(self.run(node)))

    def substitute(self, body: Node | None) -> Decision[str]:
        """What `$(body)` prints, without the newlines at its end."""
        if body is None:
            self.substituted = 0
            return ""
        job = self.process.job
        job.step()
        job.enter()
        output = Collected([], job)
        inner = self.fork()
        inner.descriptors[1] = output
        try:
            self.substituted = yield from inner.subshell(body)
        finally:
            job.leave()
        return output.text().rstrip("\n").replace("\0", "")

    # ---- compound commands

    def _sequence(self, node: Sequence) -> Decision[int]:
        status = 0
        for command in node.commands:
            status = yield from self.run(command)
        return status

    def _and_or(self, node: AndOr) -> Decision[int]:
        status = yield from self._tested(node.first)
        if (status == 0) is (node.operator == "&&"):
            status = yield from self.run(node.second)
        return status

    def _tested(self, node: Node) -> Decision[int]:
        """Run a command whose status is looked at."""
        self.tested += 1
        try:
            return (yield from self.run(node))
        finally:
            self.tested -= 1

    def _not(self, node: Not) -> Decision[int]:
        return int((yield from self._tested(node.command)) == 0)

    def _checked(self, status: int) -> int:
        """A status that `set -e` looks at."""
        if status and "e" in self.options and not self.tested:
            raise ExitShell(status)
        return status

    def _pipeline(self, node: Pipeline) -> Decision[int]:
        return self._checked((yield from run_pipeline(self, node.commands)))

    def _background(self, node: Background) -> Decision[int]:
        inner = self.fork()
        inner.descriptors[0] = Stream()
        self.last_background = inner.pid = self.pid + 1 + self.last_background % 1000
        yield from inner.subshell(node.command)
        return 0

    def _subshell(self, node: Subshell) -> Decision[int]:
        inner = self.fork()
        return self._checked((yield from inner.subshell(node.body)))

    def _if(self, node: If) -> Decision[int]:
        if (yield from self._tested(node.condition)) == 0:
            return (yield from self.run(node.body))
        if node.otherwise is not None:
            return (yield from self.run(node.otherwise))
        return 0

    def _turn(self, body: Node, status: int) -> Decision[tuple[int, bool]]:
        """One turn of a loop: its status, and whether the loop goes on."""
        self.process.job.step()
        try:
            return (yield from self.run(body)), True
        except LeaveLoop as leave:
            if leave.levels > 1 and self.loops > 1:
                raise LeaveLoop(leave.levels - 1, leave.again) from None
            return 0, leave.again

    def _loop(self, node: Loop) -> Decision[int]:
        status, goes_on = 0, True
        self.loops += 1
        try:
            while goes_on:
                condition, goes_on = yield from self._condition(node.condition)
                if not goes_on or (condition == 0) is node.until:
                    break
                status, goes_on = yield from self._turn(node.body, status)
        finally:
            self.loops -= 1
        return status

    def _condition(self, node: Node) -> Decision[tuple[int, bool]]:
        self.tested += 1
        try:
            return (yield from self._turn(node, 0))
        finally:
            self.tested -= 1

    def _for(self, node: For) -> Decision[int]:
        values = list(self.parameters) if node.words is None else (yield from self.expansion.fields(node.words))
        status = 0
        self.loops += 1
        try:
            for value in values:
                self.put(node.name, value)
                status, goes_on = yield from self._turn(node.body, status)
                if not goes_on:
                    break
        finally:
            self.loops -= 1
        return status

    def _case(self, node: Case) -> Decision[int]:
        self.line = node.line
        text = yield from self.expansion.text(node.word)
        for patterns, body in node.branches:
            for word in patterns:
                if word.constant is not None:
                    matches = word.constant == text
                else:
                    matches = self.glob((yield from self.expansion.pattern(word))).matches(text)
                if matches:
                    return (yield from self.run(body)) if body is not None else 0
        return 0

    def _function(self, node: Function) -> Decision[int]:
        yield from ()
        self.functions[node.name] = node.body
        return 0

    def _redirected(self, node: Redirected) -> Decision[int]:
        try:
            descriptors = yield from redirected(self, node.redirections)
        except ShellError as error:
            self.say(error.text)
            return self._checked(error.status)
        before, self.descriptors = self.descriptors, descriptors
        try:
            return (yield from self.run(node.command))
        finally:
            self.descriptors = before

    # ---- simple commands

    def _simple(self, node: Simple) -> Decision[int]:
        self.process.job.step()
        self.line = node.line
        self.substituted = None
        words = yield from self._words(node)
        if not words:
            return self._checked((yield from self._assignments_only(node)))
        name = words[0]
        special = name in SPECIAL
        try:
            descriptors = (yield from redirected(self, node.redirections)) if node.redirections else self.descriptors
        except ShellError as error:
            if special:
                raise
            self.say(error.text)
            return self._checked(error.status)
        assignments: list[tuple[str, str]] = []
        for variable, word in node.assignments:
            assignments.append((variable, (yield from self.expansion.text(word))))
        if "x" in self.options:
            self.write(2, "+ " + " ".join([f"{n}={v}" for n, v in assignments] + words) + "\n")
        self.line = node.line
        before, self.descriptors = self.descriptors, descriptors
        try:
            if special:
                for variable, value in assignments:
                    self.put(variable, value)
                status = yield from BUILTINS[name](self, words)
            else:
                status = yield from self._with_assignments(assignments, words)
            if isinstance(self.descriptors.get(1), Stream):
                yield from self.drain()
        finally:
            if name == "exec" and len(words) == 1:
                before = self.descriptors
            self.descriptors = before
        return self._checked(status)

    def _words(self, node: Simple) -> Decision[list[str]]:
        """The words of a command, expanded; what only looks like an assignment is split, but not behind `export`."""
        if not node.words or node.words[0].constant not in ASSIGNERS:
            return (yield from self.expansion.fields(node.words))
        words = []
        for word in node.words:
            assigned = assignment(word)
            if assigned is None:
                words += yield from self.expansion.fields((word,))
            else:
                words.append(assigned[0] + "=" + (yield from self.expansion.text(assigned[1])))
        return words

    def _assignments_only(self, node: Simple) -> Decision[int]:
        if node.redirections:
            try:
                yield from redirected(self, node.redirections)
            except ShellError as error:
                self.say(error.text)
                return error.status
        for variable, word in node.assignments:
            value = yield from self.expansion.text(word)
            self.line = node.line
            if "x" in self.options:
                self.write(2, f"+ {variable}={value}\n")
            self.put(variable, value)
        return self.substituted or 0

    def _with_assignments(self, assignments: list[tuple[str, str]], words: list[str]) -> Decision[int]:
        """Run a command with variables that are set only for it."""
        if not assignments:
            return (yield from self.call(words))
        before = [(name, self.variables.get(name), name in self.exported) for name, _ in assignments]
        for name, value in assignments:
            self.put(name, value)
            self.exported.add(name)
        try:
            return (yield from self.call(words))
        finally:
            for name, old, exported in reversed(before):
                if old is None:
                    self.variables.pop(name, None)
                else:
                    self.variables[name] = old
                if not exported:
                    self.exported.discard(name)

    def call(self, words: list[str], functions: bool = True) -> Decision[int]:
        """Run a function, a builtin or a program by its words."""
        name = words[0]
        body = self.functions.get(name) if functions else None
        if body is not None:
            return (yield from self._call_function(body, words))
        builtin = BUILTINS.get(name)
        if builtin is not None:
            return (yield from builtin(self, words))
        return (yield from self.start(words))

    def _call_function(self, body: Node, words: list[str]) -> Decision[int]:
        job = self.process.job
        if self.calls >= DEEPEST_CALL:
            raise ShellError(f"Maximum function recursion depth ({DEEPEST_CALL}) reached")
        before, self.parameters = self.parameters, words[1:]
        loops, self.loops = self.loops, 0
        self.scopes.append({})
        self.calls += 1
        job.enter()
        try:
            return (yield from self.run(body))
        except ReturnFrom as end:
            return end.status
        finally:
            job.leave()
            self.calls -= 1
            self.parameters, self.loops = before, loops
            for name, old in self.scopes.pop().items():
                if old is None:
                    self.variables.pop(name, None)
                else:
                    self.variables[name] = old

    # ---- programs

    def find(self, name: str) -> Program:
        """The program of a name.  Raises LaunchError."""
        process = self.process
        return load(process, which(process, name, self.variables.get("PATH", "")), name)

    def start(self, words: list[str]) -> Decision[int]:
        """Run a program and wait for it; its status, and a word about the signal that ended it."""
        status = yield from self.status_of(words)
        if status >= 0:
            return status & 0xFF
        if -status in MEANINGS:
            err = self.descriptors.get(2)
            (Nowhere() if err is None else err).write(MEANINGS[-status] + "\n")
        return 128 - status

    def status_of(self, words: list[str]) -> Decision[int]:
        """Run a program and wait for it; its status, negative where a signal ended it."""
        process = self.process
        process.job.settle()
        try:
            program = self.find(words[0])
        except LaunchError as error:
            reason = "not found" if error.status == 127 else error.reason
            self.say(f"{words[0]}: {reason}")
            return error.status
        source = self.descriptors.get(0)
        if not isinstance(program.command, Tool) and isinstance(source, Stream) and not source.interactive:
            yield from source.wait()
        out, err = self.descriptors.get(1), self.descriptors.get(2)
        printed: list[str] = []
        complained = printed if out is err else []
        child = process.child(
            (*program.before, *words[1:]),
            source=source if isinstance(source, Stream) else Stream(),
            environment=self.environment(),
            terminal=err in self.terminals,
            out=printed,
            err=complained,
        )
        running = perform(program.command, child)
        answer: Any = None
        while True:
            try:
                question = running.send(answer)
            except StopIteration as stop:
                self._collect(out, err, printed, complained)
                return int(stop.value)
            except BrokenPipe:
                raise
            except BaseException:
                self._collect(out, err, printed, complained)
                raise
            self._collect(out, err, printed, complained)
            if isinstance(question, Printed):
                yield from self.drain()
                answer = None
            else:
                answer = yield question

    @staticmethod
    def _collect(out: Descriptor | None, err: Descriptor | None, printed: list[str], complained: list[str]) -> None:
        """Hand on what a program has printed."""
        if complained and complained is not printed:
            text = "".join(complained)
            complained.clear()
            (Nowhere() if err is None else err).write(text)
        if printed:
            text = "".join(printed)
            printed.clear()
            (Nowhere() if out is None else out).write(text)

    def redirect(self, redirections: tuple[Redirection, ...]) -> Decision[None]:
        """Change the shell's own descriptors."""
        self.descriptors = yield from redirected(self, redirections)


HANDLERS: dict[type, Callable[[Shell, Any], Decision[int]]] = {
    Simple: Shell._simple,
    Sequence: Shell._sequence,
    AndOr: Shell._and_or,
    Not: Shell._not,
    Pipeline: Shell._pipeline,
    Background: Shell._background,
    Subshell: Shell._subshell,
    If: Shell._if,
    Loop: Shell._loop,
    For: Shell._for,
    Case: Shell._case,
    Function: Shell._function,
    Redirected: Shell._redirected,
}
