"""Runs the commands of a pipeline side by side, each until it must wait for another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simmail.mail.questions import Decision, Question
from simmail.userland.shell.nodes import Node
from simmail.userland.streams import BrokenPipe, NeedInput, PipeFull, Stream

if TYPE_CHECKING:
    from simmail.userland.shell.interpreter import Shell

SIGPIPE = 141


class Stage:
    """One command of a pipeline.

    Args:
        shell: the subshell that it runs in.
        node: the command.
        reads: the pipe before it, or None.
        writes: the pipe behind it, or None.
    """

    __slots__ = ("_running", "reads", "shell", "status", "waits_for", "writes")

    def __init__(self, shell: Shell, node: Node, reads: Stream | None, writes: Stream | None) -> None:
        self.shell, self.reads, self.writes = shell, reads, writes
        self._running = shell.subshell(node)
        self.status: int | None = None
        self.waits_for: Question | None = None

    def can_go_on(self) -> bool:
        """Whether what it waits for has come."""
        waits_for = self.waits_for
        if isinstance(waits_for, NeedInput):
            return waits_for.answered
        if isinstance(waits_for, PipeFull):
            return not waits_for.stream.full
        return True

    def run(self, answer: Any = None) -> Question | None:
        """Run on until it asks something, waits, or ends; the question, or None."""
        self.waits_for = None
        try:
            question = self._running.send(answer)
        except StopIteration as stop:
            self._end(stop.value)
            return None
        except BrokenPipe:
            self._end(SIGPIPE)
            return None
        if isinstance(question, NeedInput | PipeFull):
            self.waits_for = question
            return None
        return question

    def _end(self, status: int) -> None:
        self.status = status
        if self.writes is not None:
            self.writes.end()
        if self.reads is not None:
            self.reads.broken = True

    def close(self) -> None:
        """Stop it for good."""
        self._running.close()


def run_pipeline(shell: Shell, nodes: tuple[Node, ...]) -> Decision[int]:
    """Run a pipeline; its status is the last command's."""
    pipes = [Stream(ended=False) for _ in nodes[1:]]
    stages = []
    for index, node in enumerate(nodes):
        reads = pipes[index - 1] if index else None
        writes = pipes[index] if index < len(pipes) else None
        stage_shell = shell.fork()
        if reads is not None:
            stage_shell.descriptors[0] = reads
        if writes is not None:
            stage_shell.descriptors[1] = writes
        stages.append(Stage(stage_shell, node, reads, writes))
    try:
        yield from _turns(shell, stages)
    finally:
        for stage in stages:
            stage.close()
    return stages[-1].status or 0


def _turns(shell: Shell, stages: list[Stage]) -> Decision[None]:
    """Let the stages take turns, the first one first, until all have ended."""
    while any(stage.status is None for stage in stages):
        moved = False
        for stage in stages:
            if stage.status is not None or not stage.can_go_on():
                continue
            moved = True
            shell.process.job.step()
            question = stage.run()
            while question is not None:
                answer = yield question
                question = stage.run(answer)
        if not moved:
            # All wait for what comes from outside; whoever feeds that stream hears it.
            waiting = next(stage.waits_for for stage in stages if stage.waits_for is not None)
            yield waiting
