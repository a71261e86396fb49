"""awk: runs a small program on each record.

It is mawk 1.3.4, as Debian has it: octets are counted, braces in regular expressions mean themselves, whole numbers
end at 2147483647, and `for (key in array)` follows its hash tables.  It starts no programs but those that something
is printed to (`print | "sort"`), and these run when it has ended.
"""

from __future__ import annotations

from importlib import import_module

from simmail.mail.questions import Decision
from simmail.userland.process import Process, Tool


def awk(process: Process) -> Decision[int]:
    """Run a program on each record of some files; all that it takes is loaded when it is first typed."""
    found: Decision[int] = import_module("simmail.userland.commands.awk.command").awk(process)
    return found


TOOLS = {name: Tool(awk) for name in ("awk", "mawk", "nawk")}
