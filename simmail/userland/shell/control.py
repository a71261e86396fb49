"""How a shell's commands end other than by coming to their end."""

from __future__ import annotations


class ShellError(Exception):
    """An error that ends a shell which no person sits at; its text is dash's.

    Args:
        text: what is printed behind the shell's name and the line's number.
    """

    #: The exit status.
    status = 2

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


class ExitShell(Exception):
    """`exit`: the (sub)shell ends with a status."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


class ReturnFrom(Exception):
    """`return`: the function, or the file read by `.`, ends with a status."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


class LeaveLoop(Exception):
    """`break` and `continue`.

    Args:
        levels: how many loops.
        again: whether the outermost of them goes on with its next turn.
    """

    def __init__(self, levels: int, again: bool) -> None:
        self.levels, self.again = levels, again
        super().__init__(str(levels))
