"""NAME
    smtpd.places - where in a file the words of a list stand

DESCRIPTION
    A list of restrictions often goes on over many lines of main.cf.  Each of its words is found on the line that it
    was written on, as far as one can tell: what comes out of `$name` counts as standing where the list goes on.

SEE ALSO
    postconf(5)
"""

from __future__ import annotations

from collections.abc import Sequence

from simmail.files.file_errors import FileError
from simmail.files.machine import Machine
from simmail.mail.errors import Location
from simmail.postfix.maincf import SPACE


def places(machine: Machine, start: Location | None, words: Sequence[str]) -> list[str]:
    """The place of each word, `/etc/postfix/main.cf:12`; "" for those of a default.

    Args:
        machine: whose files they are.
        start: where the setting begins; None for a default.
        words: the list's words, in order.
    """
    if start is None:
        return [""] * len(words)
    lines = _setting(machine, start)
    found: list[str] = []
    at = 0
    for word in words:
        at = next((n for n in range(at, len(lines)) if word in lines[n][1]), at)
        found.append(str(start._replace(line=lines[at][0])))
    return found


def _setting(machine: Machine, start: Location) -> list[tuple[int, str]]:
    """The numbers and texts of the lines that a setting goes over."""
    try:
        lines = machine.files.read(start.file).split("\n")[start.line - 1 :]
    except FileError:
        return [(start.line, "")]
    found = [(start.line, lines[0] if lines else "")]
    for number, line in enumerate(lines[1:], start.line + 1):
        visible = line.lstrip(SPACE)
        if not visible or visible[0] == "#":
            continue
        if line[0] not in SPACE:
            break
        found.append((number, line))
    return found
