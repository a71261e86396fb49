"""Signals that a shell sends itself: kill, and what comes of them.

No other process of a host can be reached: what a shell starts in the background has ended before it goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simmail.mail.questions import Decision

if TYPE_CHECKING:
    from simmail.userland.shell.interpreter import Shell

#: Their names, the number of the first being 1.
NAMES = tuple(
    """
    HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM 16 CHLD CONT STOP TSTP TTIN TTOU URG XCPU
    XFSZ VTALRM PROF WINCH IO PWR SYS
    """.split()
)
#: All that kill -l shows.
_ALL = (
    "0", *NAMES, "32", "33", "RTMIN", *(f"RTMIN+{n}" for n in range(1, 16)),
    *(f"RTMAX-{n}" for n in range(14, 0, -1)), "RTMAX",
)  # fmt: skip
#: Those that do not end a program which has no trap for them; and PIPE, which daemons ignore for all that they start.
_HARMLESS = frozenset("CHLD CONT STOP TSTP TTIN TTOU URG WINCH PIPE".split())
UNTRAPPED = frozenset({"KILL", "STOP"})
#: What a shell says of a program that one of them ended (strsignal(3)).
MEANINGS = {
    number: meaning
    for number, meaning in enumerate(
        """
        Hangup,,Quit,Illegal instruction,Trace/breakpoint trap,Aborted,Bus error,Floating point exception,Killed,
        User defined signal 1,Segmentation fault,User defined signal 2,,Alarm clock,Terminated,Stack fault,,,,,,,,
        CPU time limit exceeded,File size limit exceeded,Virtual timer expired,Profiling timer expired,,I/O possible,
        Power failure,Bad system call
        """.replace("\n", "").replace(" " * 8, "").split(","), 1,
    )
    if meaning
}  # fmt: skip
_USAGE = "Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]"


class Signalled(Exception):
    """A signal ends the shell.

    Args:
        number: which.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(str(number))


def signal_name(word: str) -> str:
    """The name of a signal, given that or its number; "" where there is none."""
    if word.isdecimal() and word.isascii():
        number = int(word[:4])
        return _ALL[number] if number < len(_ALL) else ""
    return word if word in _ALL else ""


def deliver(shell: Shell) -> Decision[None]:
    """Let the shell have the signals that were sent to it: its traps run, or it ends.  Raises Signalled."""
    names = list(shell.signals)
    shell.signals.clear()
    for name in names:
        action = shell.traps.get(name) if name not in UNTRAPPED else None
        if action is None:
            if name not in _HARMLESS:
                raise Signalled(_ALL.index(name))
        elif action:
            status = shell.status
            yield from shell.call(["eval", action])
            shell.status = status


def kill(shell: Shell, words: list[str]) -> int:
    """The builtin: only the shell itself is there to be sent anything."""
    words = words[1:]
    if words[:1] == ["-l"]:
        return _listed(shell, words[1:])
    name = "TERM"
    if words and words[0][:1] == "-" and words[0] != "--":
        option = words.pop(0)
        if option == "-s":
            if not words:
                return _wrong(shell, "No arg for -s option")
            given = words.pop(0)
        else:
            given = option[2:] if option.startswith("-s") else option[1:]
            if not option.startswith("-s") and not signal_name(given):
                return _wrong(shell, f"Illegal option -{given[:1]}")
        name = signal_name(given.upper())
        if not name:
            return _wrong(shell, f"invalid signal number or name: {given}")
    if words[:1] == ["--"]:
        words = words[1:]
    if not words:
        return _wrong(shell, _USAGE)
    status = 0
    for word in words:
        if word.startswith("%"):
            return _wrong(shell, f"No such job: {word}")
        if not (word.removeprefix("-").isdecimal() and word.isascii()):
            return _wrong(shell, f"Illegal number: {word}")
        if word != str(shell.pid):
            shell.say("kill: No such process\n")
            status = 1
        elif name != "0":
            shell.signals.append(name)
    return status


def _wrong(shell: Shell, text: str) -> int:
    shell.say(f"kill: {text}")
    return 2


def _listed(shell: Shell, words: list[str]) -> int:
    """`-l`: the names of all signals, or that of the one that an exit status tells of."""
    if not words:
        shell.write(1, "".join(name + "\n" for name in _ALL))
        return 0
    word = words[0]
    number = int(word[:4]) if word.isdecimal() and word.isascii() else 0
    number -= 128 if number > 128 else 0
    if not 0 < number < len(_ALL):
        return _wrong(shell, f"invalid signal number or exit status: {word}")
    shell.write(1, _ALL[number] + "\n")
    return 0
